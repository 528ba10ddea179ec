"""The reader of the pages sees what is not as the page shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.pages import Command
from docs.reader import Reader, agrees, program


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """In an empty folder."""
    return Reader(tmp_path, {})


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (("one", "two"), "one\ntwo\n"),
        (("a   b", "c   d"), "a b\nc        d"),
        (("one", "[...]"), "one\ntwo\nthree"),
        (("first [...] last",), "first, second, last"),
        (("NAME   [...]   MESSAGE", "jane             well"), "NAME  READY  AGE  MESSAGE\njane  True  3s  well"),
        (("jane   True   0s",), "jane   True   12s"),
        (("jane condition met",), 'I1127 03:01:11.719264   14538 reflector.go:664] "Warning"\njane condition met'),
        (("at 2026-11-24T00:39:23Z",), "at 2031-01-01T10:20:30.5Z"),
        (("d8d28cdc-9f66-435a-921b-73690ba028de",), "00000000-0000-4000-8000-000000000000"),
    ],
)
def test_what_is_the_same(shown: tuple[str, ...], said: str) -> None:
    """But for what differs each time, and what the page leaves out."""
    assert agrees(shown, said)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (("one",), "one\ntwo"),
        (("one", "two"), "one"),
        (("jane   True",), "jane   False"),
        (("first [...] last",), "first, second"),
        (("6",), "5"),
    ],
)
def test_what_is_not(shown: tuple[str, ...], said: str) -> None:
    """A page that lies is told."""
    assert not agrees(shown, said)


def test_a_command_that_fails(reader: Reader) -> None:
    """In any of its lines, and in the middle of a pipe."""
    reader.follow(Command("true\ntrue"))
    for text in ("false\ntrue", "false | cat", "echo $UNSET"):
        with pytest.raises(AssertionError, match="ended with"):
            reader.follow(Command(text))


def test_a_refusal_is_expected(reader: Reader) -> None:
    """Where the page shows one; then success is wrong."""
    refusal = ("Error from server: no",)
    reader.follow(Command("echo Error from server: no; exit 1", refusal))
    with pytest.raises(AssertionError):
        reader.follow(Command("echo Error from server: no", refusal))


def test_variables_last(reader: Reader) -> None:
    """As in the shell of somebody who reads on."""
    reader.follow(Command("NAME=$(echo jane)"))
    reader.follow(Command("echo $NAME", ("jane",)))
    reader.begin()
    with pytest.raises(AssertionError, match="unbound"):
        reader.follow(Command("echo $NAME"))


def test_processes_that_go_on() -> None:
    """They are told from commands that end."""
    assert program("cxone-operator run --namespace a > log 2> errors") == ("operator", ["--namespace", "a"])
    assert program("make control-plane   # comment") == ("control-plane", [])
    assert program("cxone-operator bridge send hire jane@example.com") is None
    assert program("kubectl get cxu") is None

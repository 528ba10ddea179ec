"""How lines are shown: on a terminal as a table, whatever a server has said in them."""

from __future__ import annotations

import sys

import pytest

from cxone_operator.cli.output import print_table

ROW = ("users", "failed", "CXone answered 500: [red]no[/red] [/x]", "")


def test_a_terminal_gets_a_table_with_colours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What looks like markup is shown, and changes nothing."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table(("CHECK", "OUTCOME", "SEEN", "REMEDY"), [ROW], ("bold",), lambda row: "red" * (row[1] == "failed"))
    shown = capsys.readouterr().out
    assert "[red]no[/red] [/x]" in shown
    assert "\x1b[31m" in shown


def test_a_pipe_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Without headers and colours."""
    print_table(("CHECK", "OUTCOME", "SEEN", "REMEDY"), [ROW])
    assert capsys.readouterr().out == "\t".join(ROW) + "\n"


def test_a_table_without_rows_is_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Headers alone would look as if something were missing."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table(("OUTCOME", "RESOURCE"), [])
    assert capsys.readouterr().out == ""

"""Whom an event is about: the table of `bridge/person.py`, row by row, and what it says to whoever sent it."""

from __future__ import annotations

from typing import Any

import pytest

from cxone_operator.bridge.person import Found, whom
from unit.bridge.builders import EMAIL, an_event, found

OLD, NEW = "anna.alt@example.com", EMAIL


def at(name: str, email: str = NEW, number: str | None = None, **changes: Any) -> Found:
    """A resource of that address and employeeId."""
    return found(name=name, userName=email, **({"employeeId": number} if number else {}), **changes)


CHANGES = ("hire", "rehire", "update")
ALL = (*CHANGES, "terminate")


@pytest.mark.parametrize(
    ("actions", "number", "known", "about"),
    [
        (ALL, None, [], None),
        (ALL, "E1", [], None),
        (ALL, None, [at("a")], "a"),
        (ALL, None, [at("a", number="E1")], "a"),
        (ALL, "E1", [at("a")], "a"),
        (ALL, "E1", [at("a", number="E1")], "a"),
        (ALL, "E1", [at("a", OLD, "E1")], "a"),
        (ALL, "E1", [at("a", OLD, "E1", active=False)], "a"),
        (ALL, "E1", [at("a", OLD, "E1", former=(NEW,))], "a"),
        (ALL, None, [at("old"), at("young")], "old"),
        (ALL, "E1", [at("old", number="E1"), at("young")], "old"),
        (ALL, None, [at("a", deleting=True)], None),
        (ALL, "E1", [at("a", OLD, "E1", deleting=True)], None),
        (ALL, "E1", [at("a", number="E1", deleting=True), at("b", number="E1")], "b"),
        (("terminate",), "E1", [at("a", OLD, "E1"), at("b", number="E2")], "a"),
        (("terminate",), "E1", [at("a", OLD, "E1"), at("b", number="E2", deleting=True)], "a"),
        (("terminate",), "E1", [at("a", OLD, "E1"), at("b", "b@x.com", "E2", former=(NEW,))], "a"),
    ],
)
def test_a_person_is_known(actions: tuple[str, ...], number: str | None, known: list[Found], about: str | None) -> None:
    """By employeeId, then by address; None is somebody who has no resource."""
    for action in actions:
        person = whom(an_event(action, **({"employeeId": number} if number else {})), known)
        assert person.contested is None
        assert (person.found.name if person.found else None) == about


@pytest.mark.parametrize(
    ("actions", "number", "known", "named", "words"),
    [
        (ALL, "E1", [at("a", OLD, "E1"), at("b", "c@x.com", "E1")], ("a", "b"), "have this employeeId"),
        (ALL, "E9", [at("a", number="E2")], ("a",), "no address is inherited"),
        (ALL, "E9", [at("a", number="E2", active=False)], ("a",), "no address is inherited"),
        (ALL, "E9", [at("a", number="E2", deleting=True)], ("a",), "no address is inherited"),
        (ALL, "E9", [at("a", OLD, "E2", former=(NEW,))], ("a",), "former-user-names"),
        (ALL, None, [at("a", OLD, "E2", former=(NEW,))], ("a",), "send the employeeId or the present address"),
        (CHANGES, "E1", [at("a", OLD, "E1"), at("b", number="E2")], ("b", "a"), "belongs to the CxoneUser b"),
        (CHANGES, "E1", [at("a", OLD, "E1"), at("b", number="E2", deleting=True)], ("b", "a"), "give one of them"),
        (CHANGES, "E1", [at("a", OLD, "E1"), at("b", "b@x.com", "E2", former=(NEW,))], ("b", "a"), "another address"),
        (ALL, "E1", [at("a", OLD, "E1"), at("b")], ("b", "a"), "delete one of them"),
        (CHANGES, "E1", [at("a", OLD, "E1"), at("b", deleting=True)], ("b", "a"), "delete one of them"),
        (ALL, "E1", [at("old"), at("young", number="E1")], ("old", "young"), "delete one of them"),
    ],
)
def test_who_is_not_clear_is_asked(
    actions: tuple[str, ...], number: str | None, known: list[Found], named: tuple[str, ...], words: str
) -> None:
    """With the names of the resources and the remedy, and no address, as the answer reaches ordinary logs."""
    for action in actions:
        contested = whom(an_event(action, **({"employeeId": number} if number else {})), known).contested
        assert contested is not None
        assert (contested.resources, words in contested.why) == (named, True), contested.why
        assert all(name in contested.why for name in named)
        assert "@" not in contested.why


def test_every_spelling_of_an_address_is_the_same() -> None:
    """Composed or not, in any case, and the domain as DNS has it."""
    known = [at("jose", "jos\u00e9@m\u00fcnchen.example", "E1")]
    for email in ("jose\u0301@m\u00fcnchen.example", "JOS\u00c9@XN--MNCHEN-3YA.example"):
        assert whom(an_event("terminate", email=email), known).found == known[0]
        assert whom(an_event("hire", email=email, employeeId="E9"), known).contested is not None

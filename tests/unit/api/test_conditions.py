"""Conditions: most users say the same, which is kept once however it came."""

from __future__ import annotations

from unit.builders import a_user

READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Succeeded",
    "message": "CXone agrees with the spec",
    "observedGeneration": 1,
    "lastTransitionTime": "2026-11-26T12:00:00Z",
}


def test_what_many_say_is_one_object() -> None:
    """Each would keep 1 kB of text, which is 100 MB for a hundred thousand users."""
    jane, john = (a_user(name, status={"conditions": [dict(READY)]}) for name in ("jane", "john"))
    (of_jane,), (of_john,) = jane.status.conditions, john.status.conditions
    assert of_jane is of_john


def test_what_differs_stays_different() -> None:
    jane = a_user(status={"conditions": [READY, {**READY, "message": "something else"}]})
    assert [condition.message for condition in jane.status.conditions] == [READY["message"], "something else"]

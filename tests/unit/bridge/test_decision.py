"""Decisions as a truth table, and the order of events as a property."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.api.hr import HrEvent, decode_events, encode_events
from cxone_operator.bridge.decision import NEVER, Applied, Apply, Blocked, Found, Outdated, decide, manifest
from cxone_operator.cluster.errors import Ownership
from unit.bridge.builders import EMAIL, an_event, found, happened
from unit.builders import NOW

AHEAD = (NOW + timedelta(days=7)).isoformat()
LATER = (NOW + timedelta(days=30)).isoformat()
PAST = (NOW - timedelta(days=7)).isoformat()
IDENTITY = {"userName": EMAIL, "name": {"givenName": "Jane", "familyName": "Smith"}}


def applied(action: str, existing: Found | None = None, tenant: str = "default", **fields: Any) -> Apply:
    decision = decide(an_event(action, **fields), happened("msg_9"), existing, tenant, NOW)
    assert isinstance(decision, Apply)
    return decision


@pytest.mark.parametrize(
    ("action", "fields", "spec"),
    [
        ("hire", {"role": "Agent", "group": "A"}, {"role": "Agent", "groups": ["A"], "active": True}),
        ("hire", {"effectiveDate": AHEAD}, {"active": True, "activeFrom": AHEAD}),
        ("hire", {"effectiveDate": PAST}, {"active": True}),
        ("hire", {"firstName": "J"}, {"active": True, "name": {"givenName": "J", "familyName": "Smith"}}),
        ("rehire", {"employeeId": "7"}, {"active": True, "employeeId": "7"}),
        ("update", {"role": "Agent"}, {"role": "Agent"}),
        ("terminate", {}, {"active": False}),
        ("terminate", {"role": "Agent", "group": "A"}, {"active": False}),
        ("terminate", {"effectiveDate": AHEAD}, {"activeUntil": AHEAD}),
    ],
)
def test_without_a_resource(action: str, fields: dict[str, Any], spec: dict[str, Any]) -> None:
    """Every event makes one; a terminate makes an inactive one."""
    assert applied(action, **fields).spec == IDENTITY | spec


@pytest.mark.parametrize(
    ("action", "fields", "before", "after"),
    [
        ("hire", {}, {"active": False}, {"active": True}),
        ("hire", {"role": "B"}, {"role": "A"}, {"role": "B"}),
        ("hire", {"groups": []}, {"groups": ["A"]}, {"groups": []}),
        ("hire", {"effectiveDate": AHEAD}, {"active": False}, {"active": True, "activeFrom": AHEAD}),
        ("hire", {"effectiveDate": AHEAD}, {}, {}),
        ("rehire", {}, {"activeUntil": PAST}, {"activeUntil": None}),
        ("rehire", {}, {"activeUntil": AHEAD, "role": "A"}, {"activeUntil": None}),
        ("rehire", {"effectiveDate": AHEAD}, {"activeUntil": PAST}, {"activeUntil": None, "activeFrom": AHEAD}),
        ("update", {"lastName": "Doe"}, {}, {"name": {"givenName": "Jane", "familyName": "Doe"}}),
        ("update", {"role": "B"}, {"active": False, "activeUntil": PAST}, {"role": "B"}),
        ("terminate", {"role": "B"}, {"role": "A"}, {"active": False}),
        ("terminate", {}, {"activeFrom": AHEAD}, {"active": False, "activeFrom": None}),
        ("terminate", {}, {"activeUntil": AHEAD}, {"active": False, "activeUntil": None}),
        ("terminate", {"effectiveDate": AHEAD}, {}, {"activeUntil": AHEAD}),
        ("terminate", {"effectiveDate": LATER}, {"activeFrom": AHEAD}, {"activeUntil": LATER}),
        ("terminate", {"effectiveDate": AHEAD}, {"activeFrom": LATER}, {"active": False, "activeFrom": None}),
    ],
)
def test_with_a_resource(action: str, fields: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    """What the event speaks of changes; everything that was applied before is applied again."""
    existing = found(**before)
    expected = {name: value for name, value in {**existing.values, **after}.items() if value is not None}
    assert applied(action, existing, **fields).spec == expected


def test_only_what_is_ours_is_applied_again() -> None:
    """What Git declares stays Git's."""
    existing = found(role="Agent", applied={"groups": ["A"]})
    assert applied("update", existing, employeeId="7").spec == {"groups": ["A"], "employeeId": "7"}


def test_an_end_that_somebody_else_declares_blocks_a_rehire() -> None:
    """Leaving the field out would not remove it, and the sender must not believe that it did."""
    existing = found(activeUntil=PAST, applied={}, owners={"activeUntil": "argocd"})
    decision = decide(an_event("rehire"), happened(), existing, "default", NOW)
    assert decision == Blocked(Ownership("spec.activeUntil", "argocd"))


def test_order_and_repetition() -> None:
    """Once is enough, older is too late, and of two at one time the one that comes later counts."""
    existing = found(happened("msg_1", -60), happened("msg_2", 0))
    for id_, minutes, expected in [("msg_1", 5, Applied), ("msg_2", 0, Applied), ("msg_3", -1, Outdated)]:
        assert isinstance(decide(an_event("update"), happened(id_, minutes), existing, "default", NOW), expected)
    assert isinstance(decide(an_event("update"), happened("msg_3", 0), existing, "default", NOW), Apply)


def test_another_tenant_is_named_only_where_it_is_not_the_default() -> None:
    """The CRD fills in the default, and an applied field is one that Git could not declare otherwise."""
    assert applied("hire", tenant="emea").spec["tenantRef"] == {"name": "emea"}
    assert "tenantRef" not in applied("hire").spec


@pytest.mark.parametrize(
    ("fields", "guessed", "left"),
    [
        ({}, None, {"givenName": "Jane", "familyName": "Smith"}),
        ({"firstName": "Janet"}, None, {"familyName": "Smith"}),
        ({"firstName": "Jane", "lastName": "Smith"}, None, {}),
        ({"role": "A"}, frozenset({"familyName"}), {"familyName": "Smith"}),
        ({"lastName": "Doe"}, frozenset({"familyName"}), {}),
        ({}, frozenset(), {}),
    ],
)
def test_guesses_are_marked_until_they_are_said(
    fields: dict[str, Any], guessed: frozenset[str] | None, left: dict[str, str]
) -> None:
    """So that the operator never renames an account after a guess."""
    existing = None if guessed is None else found(guessed=guessed)
    assert applied("update", existing, **fields).guessed == left


def test_the_audit_trail_learns_old_and_new() -> None:
    """Only what changes."""
    assert applied("hire", found(role="A"), role="B", groups=["X"]).changes == {"role": "A → B", "groups": ' → ["X"]'}


def test_the_manifest_names_the_version_that_it_is_for() -> None:
    """One that was read, or the one that nothing has; and it remembers the event."""
    existing = found(happened("msg_1", -60))
    old = manifest("workforce", existing.name, applied("update", existing), happened("msg_9"), existing)
    new = manifest("workforce", "jane-1", applied("hire"), happened("msg_9"), None)
    assert (old["metadata"]["resourceVersion"], new["metadata"]["resourceVersion"]) == ("7", NEVER)
    events = decode_events(old["metadata"]["annotations"]["cxone.dev/hr-events"])
    assert [event.id for event in events] == ["msg_1", "msg_9"]
    assert old["metadata"]["labels"] == new["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "cxone-hr-bridge"}
    git = found(made_here=False)
    assert manifest("workforce", git.name, applied("update", git), happened(), git)["metadata"]["labels"] == {}


@given(st.permutations(range(6)), st.data())
def test_whatever_the_order_of_arrival_the_newest_counts(order: list[int], data: st.DataObject) -> None:
    """Deliveries in any order, some of them twice, end in the state that the newest event asks for."""
    events: tuple[HrEvent, ...] = ()
    role = ""
    repeats = data.draw(st.lists(st.sampled_from(order), max_size=4))
    for number in [*order, *repeats]:
        event = HrEvent(f"msg_{number}", NOW + timedelta(minutes=number - 10))
        decision = decide(
            an_event("update", role=f"R{number}"),
            event,
            found(*events, **({"role": role} if role else {})),
            "default",
            NOW,
        )
        if isinstance(decision, Apply):
            events, role = (*events, event), str(decision.spec["role"])
    assert role == "R5"
    assert [event.id for event in events] == list(dict.fromkeys(event.id for event in events))


def test_memory_is_bounded_and_survives_damage() -> None:
    """A resource stays small, and an annotation that somebody has spoilt is as none."""
    many = [happened(f"msg_{number}", number) for number in range(100)]
    assert [event.id for event in decode_events(encode_events(many))][-1] == "msg_99"
    assert len(decode_events(encode_events(many))) == 16
    for spoilt in ("", "{", "[1]", '[{"id": "x", "time": "2026-11-23T12:00:00"}]', None, 7):
        assert decode_events(spoilt) == ()

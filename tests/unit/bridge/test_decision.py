"""Decisions as a truth table, and the order of events as a property."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.api.hr import HrEvent, decode_events, encode_events
from cxone_operator.bridge.decision import NEVER, Applied, Apply, Blocked, Nobody, Outdated, decide, manifest
from cxone_operator.bridge.person import Contested, Found, Person
from cxone_operator.cluster.errors import Ownership
from unit.bridge.builders import EMAIL, an_event, found, happened
from unit.builders import NOW

AHEAD = (NOW + timedelta(days=7)).isoformat()
LATER = (NOW + timedelta(days=30)).isoformat()
PAST = (NOW - timedelta(days=7)).isoformat()
IDENTITY = {"userName": EMAIL, "name": {"givenName": "Jane", "familyName": "Smith"}}


def applied(action: str, existing: Found | None = None, tenant: str = "default", **fields: Any) -> Apply:
    decision = decide(an_event(action, **fields), happened("msg_9"), Person(existing), tenant, NOW)
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
        ("terminate", {}, {"active": False}),
        ("terminate", {"employeeId": "7"}, {"active": False, "employeeId": "7"}),
        ("terminate", {"role": "Agent", "group": "A"}, {"active": False}),
        ("terminate", {"effectiveDate": AHEAD}, {"activeUntil": AHEAD}),
    ],
)
def test_without_a_resource(action: str, fields: dict[str, Any], spec: dict[str, Any]) -> None:
    """A hire makes one; a terminate makes an inactive one, so that the operator locks out whoever CXone has."""
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
        ("update", {"employeeId": "7", "email": "neu@x.com"}, {"employeeId": "7"}, {"userName": "neu@x.com"}),
        (
            "update",
            {"employeeId": "7", "email": "neu@x.com"},
            {"active": False},
            {"userName": "neu@x.com", "employeeId": "7"},
        ),
        ("update", {"employeeId": "7", "email": EMAIL.upper()}, {}, {"employeeId": "7"}),
        ("terminate", {"employeeId": "7", "email": "neu@x.com"}, {"employeeId": "7"}, {"active": False}),
        ("terminate", {"employeeId": "7"}, {}, {"active": False, "employeeId": "7"}),
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
    decision = decide(an_event("rehire"), happened(), Person(existing), "default", NOW)
    assert decision == Blocked(Ownership("spec.activeUntil", "argocd"))


def test_order_and_repetition() -> None:
    """Once is enough, older is too late, and of two at one time the one that comes later counts."""
    existing = found(happened("msg_1", -60), happened("msg_2", 0))
    for id_, minutes, expected in [("msg_1", 5, Applied), ("msg_2", 0, Applied), ("msg_3", -1, Outdated)]:
        assert isinstance(
            decide(an_event("update"), happened(id_, minutes), Person(existing), "default", NOW), expected
        )
    assert isinstance(decide(an_event("update"), happened("msg_3", 0), Person(existing), "default", NOW), Apply)


def test_an_update_makes_nobody() -> None:
    """Neither a stranger, nor somebody whose resource is being deleted, is active because something else is new."""
    leaving = found(happened("msg_1", -60), deleting=True)
    for person in (Person(), Person(gone=(leaving,))):
        assert decide(an_event("update", role="Agent"), happened("msg_2"), person, "default", NOW) == Nobody()


def test_what_the_last_resource_remembers_counts_for_the_next() -> None:
    """Somebody who is hired while the old resource goes: once, in order, and the memory goes on."""
    person = Person(gone=(found(happened("msg_1", -60), happened("msg_2", 0), deleting=True),))
    for id_, minutes, expected in [("msg_1", 5, Applied), ("msg_3", -1, Outdated), ("msg_3", 1, Apply)]:
        decision = decide(an_event("hire"), happened(id_, minutes), person, "default", NOW)
        assert isinstance(decision, expected)
    assert isinstance(decision, Apply)
    made = manifest("workforce", "jane-2", decision, happened("msg_3", 1), person)["metadata"]
    assert [event.id for event in decode_events(made["annotations"]["cxone.dev/hr-events"])] == [
        "msg_1",
        "msg_2",
        "msg_3",
    ]


def test_who_is_not_clear_is_asked_only_where_the_event_would_count() -> None:
    """A late or repeated event is no reason to call a person."""
    contested = Contested("who?", ("a", "b"))
    person = Person(found(happened("msg_1", 0)), contested=contested)
    for id_, minutes, expected in [("msg_1", 0, Applied()), ("msg_2", -1, Outdated()), ("msg_2", 1, contested)]:
        assert decide(an_event("hire"), happened(id_, minutes), person, "default", NOW) == expected


def test_a_renamed_resource_remembers_its_names() -> None:
    """Once each, without the one that it has; and it goes on to say so."""
    event = an_event("update", employeeId="7", email="c@x.com")
    before = found(employeeId="7", userName="b@x.com", former=("a@x.com", "C@x.com"))
    wanted = decide(event, happened(), Person(before), "default", NOW)
    assert isinstance(wanted, Apply)
    assert wanted.changes == {"userName": "b@x.com → c@x.com"}
    made = manifest("workforce", before.name, wanted, happened(), Person(before))["metadata"]
    assert json.loads(made["annotations"]["cxone.dev/former-user-names"]) == ["a@x.com", "b@x.com"]
    kept = applied("update", before, employeeId="7", email="B@x.com", role="Agent")
    made = manifest("workforce", before.name, kept, happened(), Person(before))["metadata"]
    assert json.loads(made["annotations"]["cxone.dev/former-user-names"]) == ["a@x.com", "C@x.com"]


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
    assert applied("hire", existing, **fields).guessed == left


def test_the_audit_trail_learns_old_and_new() -> None:
    """Only what changes."""
    assert applied("hire", found(role="A"), role="B", groups=["X"]).changes == {"role": "A → B", "groups": ' → ["X"]'}


def test_the_manifest_names_the_version_that_it_is_for() -> None:
    """One that was read, or the one that nothing has; and it remembers the event."""
    existing = found(happened("msg_1", -60))
    old = manifest("workforce", existing.name, applied("update", existing), happened("msg_9"), Person(existing))
    new = manifest("workforce", "jane-1", applied("hire"), happened("msg_9"), Person())
    assert (old["metadata"]["resourceVersion"], new["metadata"]["resourceVersion"]) == ("7", NEVER)
    events = decode_events(old["metadata"]["annotations"]["cxone.dev/hr-events"])
    assert [event.id for event in events] == ["msg_1", "msg_9"]
    assert old["metadata"]["labels"] == new["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "cxone-hr-bridge"}
    git = found(made_here=False)
    assert manifest("workforce", git.name, applied("update", git), happened(), Person(git))["metadata"]["labels"] == {}


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
            Person(found(*events, **({"role": role} if role else {}))),
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

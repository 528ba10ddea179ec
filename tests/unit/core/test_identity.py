"""Whose account it is, what a dispute leads to, and the rows of the plan that depend on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import (
    Action,
    Announce,
    Claim,
    Create,
    Deactivate,
    LookUp,
    Refuse,
    Release,
    Report,
    Settle,
    Update,
    Wait,
    names_in,
)
from cxone_operator.core.adoption import is_ours
from cxone_operator.core.desired import schedule
from cxone_operator.core.dispute import settle
from cxone_operator.core.facts import Facts
from cxone_operator.core.identity import Traces, identify, stand_in
from cxone_operator.core.knowledge import UNKNOWN, Absent, Ambiguous, Knowledge, Present, Proof, Unknown
from cxone_operator.core.plan import plan
from cxone_operator.core.users import Change, Field
from unit.builders import NOW, a_remote, a_state, a_tenant, a_user, condition

OWN = Present(a_remote("jane"), 3.0)
"""id-jane, called jane@example.com."""
OTHER = Present(a_remote("john"), 3.0)
NOBODY = Absent(3.0)

IDENTITIES: dict[str, tuple[Traces, Knowledge]] = {
    "its name": (Traces(OWN, "id-jane", OWN), OWN),
    "its name, in a list": (Traces(Present(OWN.user, 1.0), "id-jane", OWN), Present(OWN.user, 1.0)),
    "another name": (Traces(NOBODY, "id-jane", OWN), OWN),
    "another name, and nobody has looked for the new one": (Traces(UNKNOWN, "id-jane", OWN), UNKNOWN),
    "another name, and a stranger has it": (
        Traces(OTHER, "id-jane", OWN),
        Ambiguous(("id-jane", "id-john"), OWN),
    ),
    "another name, and another resource's account has it": (
        Traces(OTHER, "id-jane", OWN, holder="john"),
        Ambiguous(("id-jane", "id-john"), OWN, "john"),
    ),
    "another name, and two strangers have it": (
        Traces(Ambiguous(("a", "b")), "id-jane", OWN),
        Ambiguous(("id-jane", "a", "b"), OWN),
    ),
    "its name, that another one has, too": (
        Traces(Ambiguous(("id-jane", "b")), "id-jane", OWN),
        Ambiguous(("id-jane", "b"), OWN),
    ),
    "not in the list": (Traces(NOBODY, "id-jane"), Unknown(itself=True)),
    "not in the list, and a stranger has its name": (Traces(OTHER, "id-jane"), Unknown(itself=True)),
    "read by name only": (Traces(OWN, "id-jane"), OWN),
    "nothing was read": (Traces(UNKNOWN, "id-jane"), UNKNOWN),
    "gone": (Traces(NOBODY, "id-jane", Absent(0.0)), NOBODY),
    "gone, and somebody has its name": (Traces(OTHER, "id-jane", Absent(0.0)), OTHER),
    "new": (Traces(NOBODY), NOBODY),
    "new, and somebody has the name": (Traces(OTHER), OTHER),
    "new, and another resource's account has the name": (
        Traces(OTHER, holder="john"),
        Ambiguous(("id-john",), holder="john"),
    ),
    "claimed under another name, which nobody has": (Traces(OTHER, first=NOBODY), NOBODY),
    "claimed under another name, which was not looked for": (Traces(NOBODY, first=UNKNOWN), UNKNOWN),
    "claimed under another name, and made": (Traces(NOBODY, first=OWN), OWN),
    "claimed under another name, and both are there": (
        Traces(OTHER, first=OWN),
        Ambiguous(("id-jane", "id-john")),
    ),
    "found by its employeeId": (Traces(NOBODY, matches=(OWN.user,)), OWN),
    "found by both": (Traces(OWN, matches=(OWN.user,)), OWN),
    "the name finds one, the employeeId another": (
        Traces(OTHER, matches=(OWN.user,)),
        Ambiguous(("id-john", "id-jane")),
    ),
    "two have the employeeId": (
        Traces(NOBODY, matches=(OWN.user, OTHER.user)),
        Ambiguous(("id-jane", "id-john")),
    ),
    "an employeeId does not stand against the id": (Traces(OWN, "id-jane", OWN, matches=(OTHER.user,)), OWN),
}


@pytest.mark.parametrize(("traces", "known"), IDENTITIES.values(), ids=IDENTITIES.keys())
def test_identity(traces: Traces, known: Knowledge) -> None:
    """The table of the module, row by row."""
    assert identify(traces) == known


RENAMED = a_user(
    "jane",
    userName="jones@example.com",
    status={"userId": "id-jane", "active": True, "observedGeneration": 1},
    metadata={"generation": 2},
)
LEAVES = a_user("jane", userName="jones@example.com", active=False, status={"userId": "id-jane"})
GOES = a_user("jane", userName="jones@example.com", deleting=True, status={"userId": "id-jane"})
_AS_JANE = {"annotations": {"cxone.dev/claimed-as": "Jane@Example.com"}}
CLAIMED = a_user("jane", userName="jones@example.com", metadata=_AS_JANE)
AGREED = a_user(
    "jane",
    status={
        "userId": "id-jane",
        "active": True,
        "conditions": [condition(kind, "True", "Succeeded") for kind in ("Ready", "Synced")],
    },
)
ELSEWHERE = Present(a_remote("jane", user_name="by-hand@example.com"))
STRANGER = Ambiguous(("id-jane", "id-john"), OWN)
HELD = Ambiguous(("id-jane", "id-john"), OWN, "john")
OUT = Ambiguous(("id-jane", "id-john"), Present(a_remote("jane", active=False)))


def step(user: CxoneUser, known: Knowledge, *, drift: str = "Correct", **facts: Any) -> Action:
    tenant = a_tenant(driftPolicy=drift, license={"mode": "None"})
    return plan(Facts(user, tenant, schedule(user.spec, NOW), known, **facts))


def test_a_new_name_is_sent_last_and_alone() -> None:
    """A refusal of the name stops nothing else; the account is the one that it was, by its id."""
    first = step(RENAMED, OWN)
    assert isinstance(first, Update)
    assert (first.remote.id, first.change.fields) == ("id-jane", (Field.EMAILS,))
    emails = first.change.target.emails
    last = step(RENAMED, Present(a_remote("jane", emails=emails)))
    assert isinstance(last, Update)
    assert (last.change.fields, last.takes_seat) == ((Field.USER_NAME,), False)
    assert names_in(last) == ("jones@example.com", "jane@example.com")
    assert isinstance(step(RENAMED, Present(a_remote("jane", user_name="jones@example.com", emails=emails))), Settle)


@pytest.mark.parametrize(("drift", "expected"), [("Correct", Update), ("Report", Report)])
def test_a_rename_in_cxone_is_drift(drift: str, expected: type) -> None:
    """Set back or reported, as policy says; never a reason for a second account."""
    action = step(AGREED, ELSEWHERE, drift=drift)
    assert isinstance(action, expected)
    if isinstance(action, Report):
        assert [(item.field, item.actual) for item in action.differences] == [("userName", "by-hand@example.com")]


@pytest.mark.parametrize(
    ("known", "holds", "expected"),
    [
        (STRANGER, True, Deactivate),
        (HELD, True, Deactivate),
        (OUT, True, Refuse),
        (Ambiguous(("a", "b")), True, Refuse),
        (STRANGER, False, Refuse),
    ],
)
def test_whoever_is_to_have_no_access_has_none(known: Knowledge, holds: bool, expected: type) -> None:
    """Whatever becomes of the name: the account that is ours by its id, and no other."""
    action = step(LEAVES, known, holds=holds)
    assert isinstance(action, expected)
    if isinstance(action, Deactivate):
        assert action.remote.id == "id-jane"


def test_a_leaver_whose_name_an_older_resource_has_is_locked_out() -> None:
    """By the account of its own, which is looked for where it is not known."""
    assert isinstance(step(LEAVES, OWN, owner="john", holds=True), Deactivate)
    assert isinstance(step(LEAVES, UNKNOWN, owner="john", holds=True), LookUp)
    assert isinstance(step(LEAVES, OWN, owner="john"), Refuse)
    assert isinstance(step(RENAMED, OWN, owner="john", holds=True), Refuse), "nobody else loses access by a dispute"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (OWN, Deactivate),
        (ELSEWHERE, Deactivate),
        (STRANGER, Deactivate),
        (HELD, Deactivate),
        (OUT, Release),
        (Ambiguous(("id-john",), holder="john"), Release),
        (Ambiguous(("a", "b")), Refuse),
        (Unknown(itself=True), LookUp),
    ],
)
def test_deletion_acts_on_the_id(known: Knowledge, expected: type) -> None:
    """Whatever the account is called now."""
    assert isinstance(step(GOES, known, deleting_for=60.0), expected)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"doubt_ended": -5.0}, Wait),
        ({"doubt_ended": 2.0}, LookUp),
        ({"old_job": True}, Wait),
        ({}, Claim),
    ],
)
def test_a_new_name_waits_for_what_may_come_under_the_old_one(facts: dict[str, Any], expected: type) -> None:
    """Until then the first account may still appear; then the new name is claimed, and only then created."""
    assert isinstance(step(CLAIMED, Absent(3.0), **facts), expected)
    again = replace_claim(CLAIMED, "jones@example.com")
    assert isinstance(step(again, Absent(3.0)), Create)


def test_what_was_made_under_the_old_name_is_renamed() -> None:
    """No second account, also where a crash came before the status."""
    emails = a_state("jane", emails=a_state("jones").emails).emails
    assert isinstance(step(CLAIMED, Present(a_remote("jane", emails=emails))), Announce), "the id comes first"
    action = step(at_id(CLAIMED), Present(a_remote("jane", emails=emails)))
    assert isinstance(action, Update)
    assert (action.remote.id, action.change.fields) == ("id-jane", (Field.USER_NAME,))


@pytest.mark.parametrize("spec", [{"active": False}, {"deleting": True}])
def test_nobody_is_let_go_before_the_declared_name_was_looked_for(spec: dict[str, Any]) -> None:
    """It may be that of the account, as after a restore."""
    user = a_user("jane", userName="jones@example.com", metadata=_AS_JANE, **spec)
    assert isinstance(step(user, Absent(3.0), deleting_for=60.0), Claim)


def at_id(user: CxoneUser) -> CxoneUser:
    status = msgspec.structs.replace(user.status, user_id="id-jane")
    return msgspec.structs.replace(user, status=status)


def replace_claim(user: CxoneUser, name: str) -> CxoneUser:
    metadata = msgspec.structs.replace(user.metadata, annotations={"cxone.dev/claimed-as": name})
    return msgspec.structs.replace(user, metadata=metadata)


@pytest.mark.parametrize("protected", ["jane@*", "jones@example.com"])
def test_a_protected_name_protects_the_account_that_has_it(protected: str) -> None:
    """Nobody is changed by way of a new name."""
    tenant = a_tenant(safety={"protectedUsers": [protected]})
    action = plan(Facts(RENAMED, tenant, schedule(RENAMED.spec, NOW), OWN))
    assert isinstance(action, Refuse)
    assert action.reason is Reason.PROTECTED_USER


def test_what_a_dispute_says() -> None:
    """Both accounts, or the other resource, and the remedy."""
    stranger, held, strangers = settle(STRANGER), settle(HELD), settle(Ambiguous(("a", "b")))
    assert isinstance(stranger, Refuse)
    assert isinstance(held, Refuse)
    assert isinstance(strangers, Refuse)
    assert (stranger.reason, held.reason) == (Reason.AMBIGUOUS_MATCH, Reason.OWNERSHIP_CONFLICT)
    assert all(id_ in stranger.message for id_ in ("id-jane", "id-john", "set spec.userName back"))
    assert "CxoneUser 'john'" in held.message
    assert "(a, b)" in strangers.message
    assert isinstance(settle(replace(HELD, passing=True)), Wait)


def test_a_circle_opens_by_a_name_for_a_moment() -> None:
    """Two accounts cannot change names at once: one of them gives way, always by the same name."""
    action = settle(replace(HELD, passing=True, gives_way=True))
    assert action == Update(OWN.user, Change(stand_in(OWN.user), (Field.USER_NAME,)), takes_seat=False)
    assert stand_in(OWN.user).user_name == "moving-id-jane@example.com"


@pytest.mark.parametrize(
    ("employee", "match_by", "ours"),
    [
        ("4711", ("userName", "employeeId"), True),
        ("4711", ("userName",), False),
        ("4712", ("userName", "employeeId"), False),
        (None, ("userName", "employeeId"), False),
    ],
)
def test_a_restored_resource_knows_its_account_again(
    employee: str | None, match_by: tuple[str, ...], ours: bool
) -> None:
    """Under adoptionPolicy Never: by the employeeId that it left there, where that identifies people."""
    user = a_user("jane", adoptionPolicy="Never", employeeId=employee)
    assert is_ours(user, a_remote("jane", employee_id="4711"), match_by) is ours


def test_an_absence_in_a_list_is_no_reason_for_a_second_account() -> None:
    assert isinstance(step(AGREED, Absent(0.0, Proof.LISTED)), LookUp)

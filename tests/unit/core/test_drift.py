"""Drift: what somebody else has changed in CXone, and nothing that we were asked to change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cxone_operator.api.user import CxoneUser, Difference
from cxone_operator.core.actions import Action, Create, Deactivate, Reclaim, Report, Settle, Update
from cxone_operator.core.desired import schedule
from cxone_operator.core.drift import drifted_fields
from cxone_operator.core.facts import Facts
from cxone_operator.core.knowledge import Absent, Knowledge, Present
from cxone_operator.core.plan import plan
from cxone_operator.core.users import Change, Field
from unit.builders import NOW, a_remote, a_state, a_tenant, a_user, condition

REMOTE = a_remote("jane")
INACTIVE = replace(REMOTE, state=replace(REMOTE.state, active=False))


def agreed(
    *,
    active: bool | None = True,
    user_id: str | None = "id-jane",
    generation: int = 1,
    synced: str = "True",
    **fields: Any,
) -> CxoneUser:
    """A user that agreed with CXone when its status was written."""
    conditions = [
        {"type": kind, "status": synced, "reason": "Succeeded", "observedGeneration": 1} for kind in ("Ready", "Synced")
    ]
    status = {"observedGeneration": 1, "userId": user_id, "active": active, "conditions": conditions}
    return a_user("jane", status=status, metadata={"generation": generation}, **fields)


def update(*fields: Field, active: bool = True) -> Update:
    return Update(REMOTE, Change(a_state("jane", active=active), fields), takes_seat=Field.ACTIVE in fields)


DRIFT: dict[str, tuple[CxoneUser, Action, tuple[str, ...]]] = {
    "fields of somebody who agreed": (agreed(), update(Field.ROLES, Field.GROUPS), ("groups", "roles")),
    "a deactivation by hand": (agreed(), update(Field.ACTIVE), ("active",)),
    "an activation by hand": (agreed(active=False), Deactivate(REMOTE), ("active",)),
    "an account that is gone": (agreed(), Create(a_state("jane")), ("userName",)),
    "differences that are only reported": (agreed(), Report((Difference("team", "a", "b"),)), ("team",)),
    "a reported deactivation by hand": (agreed(), Report((Difference("active", "true", "false"),)), ("active",)),
}
NO_DRIFT: dict[str, tuple[CxoneUser, Action]] = {
    "a new spec": (agreed(generation=2), update(Field.ROLES)),
    "a new resource": (a_user("jane"), Create(a_state("jane"))),
    "differences that are known": (agreed(synced="False"), Report((Difference("team", "a", "b"),))),
    "an end that has come": (agreed(), Deactivate(REMOTE)),
    "a beginning that has come": (agreed(active=False), update(Field.ACTIVE)),
    "a first day that has come": (agreed(active=None, user_id=None), Create(a_state("jane"))),
    "a beginning that is only reported": (agreed(active=False), Report((Difference("active", "true", "false"),))),
    "a deletion": (agreed(active=False, deleting=True), Deactivate(REMOTE)),
    "a seat given back": (agreed(), Reclaim(INACTIVE)),
    "agreement": (agreed(), Settle(REMOTE)),
}


@pytest.mark.parametrize("case", DRIFT)
def test_what_others_changed_is_drift(case: str) -> None:
    user, action, fields = DRIFT[case]
    assert drifted_fields(user, action) == fields


@pytest.mark.parametrize("case", NO_DRIFT)
def test_what_was_asked_for_is_none(case: str) -> None:
    user, action = NO_DRIFT[case]
    assert drifted_fields(user, action) == ()


def test_a_beginning_brings_other_drift_along() -> None:
    """The other fields of the same request were changed by somebody."""
    assert drifted_fields(agreed(active=False), update(Field.ACTIVE, Field.TEAM)) == ("team",)


MOVED, GONE = Present(a_remote("jane", groups=("Sales-Team",))), Absent(0)
PAST = "2026-11-01T00:00:00Z"
"""An end, or a beginning, that has come."""


def differed(field: str, desired: str, *, active: bool | None, retried: bool = False, **fields: Any) -> CxoneUser:
    """A user whose status lists a difference: reported by policy, or `retried` as a request had no effect."""
    retry = [condition("Reconciling", "True", "ProgressingWithRetry")] if retried else []
    conditions = [condition("Synced", "False", "DifferencesFound"), *retry]
    found = [{"field": field, "desired": desired, "actual": "otherwise" if active is not None else "(none)"}]
    return a_user("jane", status={"active": active, "differences": found, "conditions": conditions}, **fields)


UNDER_REPORT: dict[str, tuple[CxoneUser, Knowledge, type]] = {
    "fields of somebody who agreed": (agreed(), MOVED, Report),
    "the same again": (differed("groups", "Support-Team", active=True), MOVED, Report),
    "a lock-out by hand": (agreed(), Present(INACTIVE), Report),
    "the same lock-out again": (differed("active", "true", active=False), Present(INACTIVE), Report),
    "an account that is gone": (agreed(), GONE, Report),
    "an account that is still gone": (differed("userName", "jane", active=None), GONE, Report),
    "a leaver who was let in by hand": (agreed(active=False, activeUntil=PAST), Present(REMOTE), Report),
    "the same leaver again": (differed("active", "false", active=True, activeUntil=PAST), Present(REMOTE), Report),
    "a new spec": (agreed(generation=2), MOVED, Update),
    "a new spec that had no effect": (differed("groups", "Support-Team", active=True, retried=True), MOVED, Update),
    "an end that comes": (agreed(activeUntil=PAST), Present(REMOTE), Deactivate),
    "an end that comes where drift was reported": (
        differed("groups", "Support-Team", active=True, activeUntil=PAST),
        MOVED,
        Deactivate,
    ),
    "an end that had no effect": (
        differed("active", "false", active=True, retried=True, activeUntil=PAST),
        Present(REMOTE),
        Deactivate,
    ),
    "a first day that comes": (agreed(active=None, user_id=None, activeFrom=PAST), GONE, Create),
    "a beginning that comes": (agreed(active=False, activeFrom=PAST), Present(INACTIVE), Update),
}


@pytest.mark.parametrize(("user", "known", "expected"), UNDER_REPORT.values(), ids=UNDER_REPORT.keys())
def test_only_what_others_changed_is_only_reported(user: CxoneUser, known: Knowledge, expected: type) -> None:
    """Nobody keeps access, or waits for it, because an end or a beginning looks like somebody's doing."""
    tenant = a_tenant(driftPolicy="Report")
    assert type(plan(Facts(user, tenant, schedule(user.spec, NOW), known))) is expected


@pytest.mark.parametrize(("user", "known"), [row[:2] for row in UNDER_REPORT.values()], ids=UNDER_REPORT.keys())
def test_where_drift_is_corrected_nothing_is_only_reported(user: CxoneUser, known: Knowledge) -> None:
    """Whatever the status says of before."""
    assert not isinstance(plan(Facts(user, a_tenant(), schedule(user.spec, NOW), known)), Report)

"""The plan as a truth table, and as a fixpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.api.bounds import LONGEST_ID
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser, Difference
from cxone_operator.core import actions
from cxone_operator.core.actions import Action, takes_seat
from cxone_operator.core.adoption import is_ours
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.desired import schedule
from cxone_operator.core.facts import Facts, Heir
from cxone_operator.core.failure import Failure
from cxone_operator.core.knowledge import Absent, Ambiguous, Knowledge, Present, Unknown
from cxone_operator.core.plan import plan
from cxone_operator.core.users import Field, RemoteUser, UserState
from cxone_operator.core.work import Work
from unit.builders import NOW, a_remote, a_state, a_tenant, a_user, condition

ACTIVE = a_remote()
INACTIVE = a_remote(active=False)
US, OUR_ID = frozenset({"jane@example.com"}), frozenset({"id-jane"})
MOVED = a_remote(groups=("Sales-Team",))
GUESSED = {"cxone.dev/guessed-name": '{"givenName": "Jane", "familyName": "Smith"}'}
REPORTS = a_tenant(driftPolicy="Report")
SYNCED = {"active": True, "conditions": [condition("Synced", "True", "Succeeded")]}
RELEASED = {"conditions": [condition("Licensed", "False", "Released")]}
ANNOUNCED = {"conditions": [condition("Synced", "False", "Progressing")]}
SEATLESS = {"conditions": [condition("Licensed", "False", "NotRequired")]}
SEATED = {"conditions": [condition("Licensed", "True", "Licensed")]}
IMPORTED = {"annotations": {"cxone.dev/imported-inactive": "true"}}
IMPORTED_WAITED = {"metadata": IMPORTED, "status": {"conditions": [condition("Licensed", "Unknown", "Pending")]}}
DELETES = a_tenant(safety={"allowDelete": True})
DELETED = a_user(deleting=True, deletionPolicy="Delete")


def unheeded(*fields: str) -> Work:
    """CXone has accepted these without effect the last time."""
    found = tuple(Difference(field, "J", "(none)") for field in fields)
    failure = Failure(Reason.DIFFERENCES_FOUND, "no", retryable=True, code="no-effect", differences=found)
    return Work(0.0, 0.0, failure=failure, failures=1)


def after_seat(released: bool) -> Work:
    """Nothing is under way, and this is what became of the seat."""
    return Work(0.0, 0.0, seat_released=released)


def facts(user: CxoneUser, known: Knowledge, **more: Any) -> Facts:
    tenant = more.pop("tenant", a_tenant())
    return Facts(user=user, tenant=tenant, schedule=schedule(user.spec, NOW), known=known, **more)


TABLE: list[tuple[str, Facts, type]] = [
    ("unknown is looked up", facts(a_user(), Unknown()), actions.LookUp),
    ("several of one name", facts(a_user(), Ambiguous(("1", "2"))), actions.Refuse),
    ("unclaimed is claimed first", facts(a_user(claimed=False), Absent(0)), actions.Claim),
    ("joiner", facts(a_user(), Absent(0)), actions.Create),
    ("in sync", facts(a_user(), Present(ACTIVE)), actions.Settle),
    ("mover", facts(a_user(), Present(MOVED)), actions.Update),
    ("rehire", facts(a_user(), Present(INACTIVE)), actions.Update),
    ("leaver", facts(a_user(active=False), Present(ACTIVE)), actions.Deactivate),
    ("leaver goes first, other fields later", facts(a_user(active=False), Present(MOVED)), actions.Deactivate),
    ("seat is given back", facts(a_user(active=False), Present(INACTIVE)), actions.Reclaim),
    (
        "seat first, other fields later",
        facts(a_user(active=False), Present(a_remote(active=False, groups=("Sales-Team",)))),
        actions.Reclaim,
    ),
    (
        "other fields after the seat",
        facts(a_user(active=False, status=RELEASED), Present(a_remote(active=False, groups=("Sales-Team",)))),
        actions.Update,
    ),
    ("seat was given back", facts(a_user(active=False, status=RELEASED), Present(INACTIVE)), actions.Settle),
    ("seat was just given back", facts(a_user(active=False), Present(INACTIVE), work=after_seat(True)), actions.Settle),
    (
        "drifted leaver: the old release does not count",
        facts(a_user(active=False, status=RELEASED), Present(INACTIVE), work=after_seat(False)),
        actions.Reclaim,
    ),
    ("never had a seat", facts(a_user(active=False, status=SEATLESS), Present(INACTIVE)), actions.Settle),
    ("was inactive before", facts(a_user(active=False, metadata=IMPORTED), Present(INACTIVE)), actions.Settle),
    (
        "was inactive before, told to wait",
        facts(a_user(active=False, **IMPORTED_WAITED), Present(INACTIVE)),
        actions.Settle,
    ),
    (
        "was inactive before, and we had to lock it out since",
        facts(a_user(active=False, metadata=IMPORTED), Present(INACTIVE), work=after_seat(False)),
        actions.Reclaim,
    ),
    (
        "was inactive before, and had a seat since",
        facts(a_user(active=False, metadata=IMPORTED, status=SEATED), Present(INACTIVE)),
        actions.Reclaim,
    ),
    ("CXone may still free it", facts(a_user(active=False), Present(INACTIVE), reclaim_due=False), actions.Wait),
    ("CXone has freed it", facts(a_user(active=False), Present(INACTIVE), seat_seen_free=True), actions.Settle),
    (
        "the tenant does not reclaim",
        facts(a_user(active=False), Present(INACTIVE), tenant=a_tenant(license={"reclaim": False})),
        actions.Settle,
    ),
    (
        "no reclaim where seats are not counted",
        facts(a_user(active=False), Present(INACTIVE), tenant=a_tenant(license={"mode": "None"})),
        actions.Settle,
    ),
    ("nobody is created inactive", facts(a_user(active=False), Absent(0)), actions.Settle),
    ("not before activeFrom", facts(a_user(activeFrom="2026-12-01T00:00:00Z"), Absent(0)), actions.Settle),
    ("from activeFrom on", facts(a_user(activeFrom="2026-11-01T00:00:00Z"), Absent(0)), actions.Create),
    ("after activeUntil", facts(a_user(activeUntil="2026-11-01T00:00:00Z"), Present(ACTIVE)), actions.Deactivate),
    ("suspended", facts(a_user(suspend=True), Present(MOVED)), actions.Pause),
    ("suspended but deleted", facts(a_user(suspend=True, deleting=True), Present(ACTIVE)), actions.Deactivate),
    ("observed, differs", facts(a_user(managementPolicy="ObserveOnly"), Present(MOVED)), actions.Report),
    ("observed, absent", facts(a_user(managementPolicy="ObserveOnly"), Absent(0)), actions.Report),
    ("observed, agrees", facts(a_user(managementPolicy="ObserveOnly", claimed=False), Present(ACTIVE)), actions.Settle),
    ("never adopted", facts(a_user(adoptionPolicy="Never"), Present(ACTIVE)), actions.Refuse),
    ("never to be adopted, absent", facts(a_user(adoptionPolicy="Never"), Absent(0)), actions.Announce),
    (
        "never to be adopted, announced",
        facts(a_user(adoptionPolicy="Never", status=ANNOUNCED), Absent(0)),
        actions.Create,
    ),
    (
        "never adopted, but ours by id",
        facts(a_user(adoptionPolicy="Never", status={"userId": "id-jane"}), Present(ACTIVE)),
        actions.Settle,
    ),
    (
        "never adopted, but ours by the record of its creation",
        facts(a_user(adoptionPolicy="Never", status=ANNOUNCED), Present(ACTIVE)),
        actions.Settle,
    ),
    ("younger namesake", facts(a_user(), Absent(0), owner="older"), actions.Refuse),
    (
        "protected",
        facts(a_user(), Present(MOVED), tenant=a_tenant(safety={"protectedUsers": ["JANE@example.com"]})),
        actions.Refuse,
    ),
    (
        "protected by prefix, deleted",
        facts(a_user(deleting=True), Present(ACTIVE), tenant=a_tenant(safety={"protectedUsers": ["jane@*"]})),
        actions.Refuse,
    ),
    (
        "drift is only reported",
        facts(a_user(status=SYNCED), Present(MOVED), tenant=REPORTS),
        actions.Report,
    ),
    (
        "a new spec is carried out all the same",
        facts(a_user(status=SYNCED, metadata={"generation": 2}), Present(MOVED), tenant=REPORTS),
        actions.Update,
    ),
    ("deleted, not ours", facts(a_user(deleting=True, claimed=False), Present(ACTIVE)), actions.Ignore),
    ("deleted, active", facts(a_user(deleting=True), Present(ACTIVE)), actions.Deactivate),
    ("deleted, inactive", facts(a_user(deleting=True), Present(INACTIVE)), actions.Reclaim),
    (
        "deleted, done",
        facts(a_user(deleting=True, status=RELEASED), Present(INACTIVE, 1.0), deleting_for=2.0),
        actions.Release,
    ),
    (
        "deleted, done, seen a while ago",
        facts(a_user(deleting=True, status=RELEASED), Present(INACTIVE, 100.0), deleting_for=2.0),
        actions.LookUp,
    ),
    (
        "a guessed name renames nobody",
        facts(a_user(metadata={"annotations": GUESSED}), Present(a_remote(given_name="J.", family_name="S."))),
        actions.Settle,
    ),
    (
        "a guess that somebody has replaced is none",
        facts(
            a_user(name={"givenName": "Jo", "familyName": "Doe"}, metadata={"annotations": GUESSED}), Present(ACTIVE)
        ),
        actions.Update,
    ),
    (
        "a guessed name is good enough to begin with",
        facts(a_user(metadata={"annotations": GUESSED}), Absent(0)),
        actions.Create,
    ),
    ("younger namesake, unclaimed", facts(a_user(claimed=False), Absent(0), owner="older"), actions.Claim),
    ("our own account, by name", facts(a_user(), Absent(0), own_identities=US), actions.Refuse),
    ("our own account, by id", facts(a_user(active=False), Present(ACTIVE), own_identities=OUR_ID), actions.Refuse),
    ("our own account, deleted", facts(a_user(deleting=True), Present(ACTIVE), own_identities=OUR_ID), actions.Refuse),
    ("deleted, absent just now", facts(a_user(deleting=True), Absent(1), deleting_for=2.0), actions.Release),
    ("deleted, absent a while ago", facts(a_user(deleting=True), Absent(100), deleting_for=2.0), actions.LookUp),
    ("deleted, unknown", facts(a_user(deleting=True), Unknown()), actions.LookUp),
    ("deleted, retained", facts(a_user(deleting=True, deletionPolicy="Retain"), Present(ACTIVE)), actions.Release),
    (
        "deleted, retained by the tenant's default",
        facts(a_user(deleting=True), Present(ACTIVE), tenant=a_tenant(defaults={"deletionPolicy": "Retain"})),
        actions.Release,
    ),
    ("deleted, Delete not allowed", facts(DELETED, Present(INACTIVE)), actions.Reclaim),
    ("deleted, Delete allowed, still active", facts(DELETED, Present(ACTIVE), tenant=DELETES), actions.Deactivate),
    ("deleted, Delete allowed", facts(DELETED, Present(INACTIVE), tenant=DELETES), actions.Delete),
    (
        "deleted, Delete allowed and not offered",
        facts(DELETED, Present(INACTIVE), tenant=DELETES, offers=Capabilities(deletes=False)),
        actions.Reclaim,
    ),
    (
        "deleted, CXone may still free the seat",
        facts(a_user(deleting=True), Present(INACTIVE), reclaim_due=False),
        actions.Wait,
    ),
    (
        "deleted, CXone has freed the seat",
        facts(a_user(deleting=True), Present(INACTIVE), seat_seen_free=True, deleting_for=2.0),
        actions.Release,
    ),
    ("deleted, several of one name", facts(a_user(deleting=True), Ambiguous(("1", "2"))), actions.Refuse),
    ("deleted, handed over", facts(a_user(deleting=True), Present(ACTIVE), heir=Heir.CLAIMED), actions.Release),
    (
        "deleted, to be handed over",
        facts(a_user(deleting=True), Present(ACTIVE), heir=Heir.UNCLAIMED),
        actions.Wait,
    ),
    (
        "deleted, abandoned",
        facts(a_user(deleting=True, metadata={"annotations": {"cxone.dev/abandon": "true"}}), Unknown()),
        actions.Release,
    ),
    (
        "deleted, refused because it was somebody else's",
        facts(a_user(deleting=True, adoptionPolicy="Never"), Present(ACTIVE)),
        actions.Release,
    ),
    (
        "deleted, never to be adopted, but ours",
        facts(a_user(deleting=True, adoptionPolicy="Never", status={"userId": "id-jane"}), Present(ACTIVE)),
        actions.Deactivate,
    ),
    (
        "deleted, observed only",
        facts(a_user(deleting=True, managementPolicy="ObserveOnly"), Present(ACTIVE)),
        actions.Release,
    ),
]


@pytest.mark.parametrize(("given_facts", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_plan_table(given_facts: Facts, expected: type) -> None:
    """Each row of the table in core/plan.py gives the action that the table names."""
    assert type(plan(given_facts)) is expected


def test_rehire_takes_a_seat_and_a_move_does_not() -> None:
    """Only a change that activates goes through the licence gate."""
    rehire = plan(facts(a_user(), Present(INACTIVE)))
    move = plan(facts(a_user(), Present(MOVED)))
    assert isinstance(rehire, actions.Update)
    assert isinstance(move, actions.Update)
    assert (takes_seat(rehire), takes_seat(move)) == (True, False)


@pytest.mark.parametrize(
    ("user", "ours"),
    [
        (a_user(), True),
        (a_user(status={"userId": "another"}), True),
        (a_user(adoptionPolicy="Never"), False),
        (a_user(adoptionPolicy="Never", status={"userId": "another"}), False),
        (a_user(adoptionPolicy="Never", status={"userId": "id-jane"}), True),
        (a_user(adoptionPolicy="Never", status=ANNOUNCED), True),
    ],
)
def test_whose_account_it_is(user: CxoneUser, ours: bool) -> None:
    """Where adoption is forbidden, only what the status records, by id or as an announcement, is ours."""
    assert is_ours(user, ACTIVE) is ours


def test_refusals_name_their_reason() -> None:
    """A refusal carries the reason that the author will read."""
    refused = plan(facts(a_user(), Absent(0), owner="older"))
    assert isinstance(refused, actions.Refuse)
    assert refused.reason is Reason.OWNERSHIP_CONFLICT
    assert "'older'" in refused.message


def test_additive_groups_keep_foreign_ones() -> None:
    """Under groupsPolicy Additive the target has the union, so nobody's group is lost."""
    action = plan(facts(a_user(), Present(MOVED), tenant=a_tenant(groupsPolicy="Additive")))
    assert isinstance(action, actions.Update)
    assert action.change.target.groups == ("Sales-Team", "Support-Team")


def carry_out(action: Action, known: Knowledge) -> tuple[Knowledge, bool | None]:
    """What CXone would have after the action, and what we would remember of the seat."""
    match action:
        case actions.Create(state):
            return Present(RemoteUser("new", state)), None
        case actions.Update(remote, change):
            values = {field.attribute: getattr(change.target, field.attribute) for field in change.fields}
            return Present(RemoteUser(remote.id, replace(remote.state, **values))), None
        case actions.Deactivate(remote):
            return Present(RemoteUser(remote.id, replace(remote.state, active=False))), False
        case actions.Reclaim():
            return known, True
        case actions.Delete():
            return Absent(0), None
    return known, None


names = st.sampled_from(["Agent", "Supervisor", "Evaluator"])
states = st.builds(
    lambda given, active, roles, groups, zone: a_state(
        given_name=given, active=active, roles=tuple(roles), groups=tuple(groups), timezone=zone
    ),
    st.sampled_from(["Jane", "Janet", ""]),
    st.booleans(),
    st.lists(names, max_size=3, unique=True),
    st.lists(names, max_size=3, unique=True),
    st.sampled_from([None, "Europe/Berlin"]),
)
users = st.builds(
    lambda active, role, groups, zone, policy, deleting: a_user(
        active=active,
        role=role,
        groups=groups,
        deletionPolicy=policy,
        deleting=deleting,
        **({"timezone": zone} if zone else {}),
    ),
    st.booleans(),
    names,
    st.lists(names, max_size=3, unique=True),
    st.sampled_from([None, "Europe/Berlin"]),
    st.sampled_from(["Deactivate", "Delete", "Retain"]),
    st.booleans(),
)
tenants = st.builds(
    lambda groups, allow, mode: a_tenant(groupsPolicy=groups, safety={"allowDelete": allow}, license={"mode": mode}),
    st.sampled_from(["Exact", "Additive"]),
    st.booleans(),
    st.sampled_from(["Quota", "None"]),
)


@given(users, st.none() | states, tenants)
def test_planning_after_carrying_out_yields_nothing(user: CxoneUser, state: UserState | None, tenant: Any) -> None:
    """plan∘apply is a fixpoint: within four steps nothing remote is left, and what is declared is reached."""
    known: Knowledge = Absent(0) if state is None else Present(RemoteUser("old", state))
    released: bool | None = None
    for _ in range(4):
        action = plan(facts(user, known, tenant=tenant, work=None if released is None else after_seat(released)))
        if not isinstance(action, actions.RemoteAction):
            break
        known, hint = carry_out(action, known)
        released = released if hint is None else hint
    assert isinstance(action, actions.Settle | actions.Release)
    if isinstance(action, actions.Settle) and isinstance(known, Present):
        assert known.user.state.active is user.spec.active
        assert Field.ROLES not in _differing(user, known.user, tenant)


def _differing(user: CxoneUser, remote: RemoteUser, tenant: Any) -> tuple[Field, ...]:
    again = plan(facts(user, Present(remote), tenant=tenant, work=after_seat(True)))
    return again.change.fields if isinstance(again, actions.Update) else ()


@pytest.mark.parametrize(
    ("before", "fields"),
    [
        (None, ("displayName",)),
        (unheeded("displayName"), ("userName",)),
        (unheeded("displayName", "timezone"), ("userName",)),
        (unheeded("userName"), ("displayName",)),
        (unheeded("timezone"), ("displayName",)),
    ],
)
def test_what_cxone_does_not_heed_stops_no_rename(before: Work | None, fields: tuple[str, ...]) -> None:
    """Nor the other way round: the two take turns."""
    user = a_user(displayName="J", status={"userId": "id-jane"})
    found = plan(facts(user, Present(a_remote(user_name="jones@example.com")), work=before))
    assert isinstance(found, actions.Update)
    assert found.change.fields == fields


@pytest.mark.parametrize(("length", "action"), [(LONGEST_ID, actions.Announce), (LONGEST_ID + 1, actions.Refuse)])
def test_whose_id_cannot_be_recorded_is_not_renamed(length: int, action: type) -> None:
    """It would be announced for ever; nobody would know the account again."""
    account = replace(a_remote(user_name="jones@example.com"), id="1" * length)
    assert isinstance(plan(facts(a_user(), Present(account))), action)

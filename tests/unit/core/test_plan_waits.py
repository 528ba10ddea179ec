"""The rows of the plan that depend on what is under way, has failed, or may still happen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core import actions
from cxone_operator.core.actions import Create, Deactivate, Delete, RemoteAction, Update
from cxone_operator.core.desired import schedule
from cxone_operator.core.facts import Facts
from cxone_operator.core.failure import Failure
from cxone_operator.core.knowledge import Absent, Knowledge, Present, Unknown
from cxone_operator.core.plan import plan
from cxone_operator.core.users import Change, Field
from cxone_operator.core.work import Attempt, Phase, Trigger, Work
from unit.builders import NOW, a_remote, a_state, a_tenant, a_user, condition

ACTIVE, INACTIVE, MOVED = a_remote(), a_remote(active=False), a_remote(groups=("Sales-Team",))
TO_RENAME = a_remote("jones", user_name="jane@example.com")
JONES = a_user("jones", status={"userId": "id-jones"})
JOINER, LEAVER, DELETED = a_user(), a_user(active=False), a_user(deleting=True)
ALLOWS_DELETE = a_tenant(safety={"allowDelete": True})
FAILURE = Failure(Reason.ROLE_NOT_FOUND, "role 'Agnet' does not exist", retryable=False)
MOVE = Update(ACTIVE, Change(a_state(), (Field.GROUPS,)), takes_seat=False)
REHIRE = Update(INACTIVE, Change(a_state(), (Field.ACTIVE,)), takes_seat=True)
AS_IT_WAS = Trigger(generation=1, epoch=0, requested_at=None, leaving=False)
AGREED = {"conditions": [condition("Ready", "True", "Succeeded")]}


def facts(user: CxoneUser, known: Knowledge, work: Work | None = None, **more: Any) -> Facts:
    tenant = more.pop("tenant", a_tenant())
    return Facts(user=user, tenant=tenant, schedule=schedule(user.spec, NOW), known=known, work=work, **more)


def sent(phase: Phase, action: RemoteAction) -> Work:
    return Work(0.0, 0.0, phase, Attempt(JOINER, action, 0.0))


def failed(phase: Phase, **more: Any) -> Work:
    return Work(0.0, 0.0, phase, failures=1, failure=FAILURE, **more)


STALLED = failed(Phase.STALLED, trigger=AS_IT_WAS)
FAILED_JUST_NOW = failed(Phase.BACKING_OFF, until=30.0)

TABLE: list[tuple[str, Facts, type]] = [
    ("being sent", facts(JOINER, Absent(0), sent(Phase.SENDING, Create(a_state()))), actions.Stay),
    ("in a job", facts(JOINER, Absent(0), sent(Phase.IN_JOB, Create(a_state()))), actions.Stay),
    ("a request cannot be left", facts(LEAVER, Absent(0), sent(Phase.SENDING, Create(a_state()))), actions.Stay),
    ("a job can", facts(LEAVER, Absent(0), sent(Phase.IN_JOB, Create(a_state()))), actions.LeaveJob),
    ("a job can, deleted", facts(DELETED, Present(ACTIVE), sent(Phase.IN_JOB, MOVE)), actions.LeaveJob),
    (
        "a job that locks out is theirs",
        facts(LEAVER, Present(ACTIVE), sent(Phase.IN_JOB, Deactivate(ACTIVE))),
        actions.Stay,
    ),
    (
        "inactive, in a job that lets nobody in",
        facts(LEAVER, Present(INACTIVE), sent(Phase.IN_JOB, MOVE)),
        actions.Stay,
    ),
    (
        "inactive, in a job that lets them in",
        facts(LEAVER, Present(INACTIVE), sent(Phase.IN_JOB, REHIRE)),
        actions.LeaveJob,
    ),
    (
        "still active, in a job that lets nobody in",
        facts(LEAVER, Present(ACTIVE), sent(Phase.IN_JOB, MOVE)),
        actions.LeaveJob,
    ),
    (
        "nobody knows, in a job that lets nobody in",
        facts(LEAVER, Unknown(), sent(Phase.IN_JOB, MOVE)),
        actions.LeaveJob,
    ),
    (
        "deleted, inactive, in a job that lets nobody in",
        facts(DELETED, Present(INACTIVE), sent(Phase.IN_JOB, MOVE)),
        actions.LeaveJob,
    ),
    ("a job that deletes is theirs", facts(DELETED, Present(ACTIVE), sent(Phase.IN_JOB, Delete(ACTIVE))), actions.Stay),
    ("seen, as a job of an earlier process runs", facts(JOINER, Present(MOVED), old_job=True), actions.Update),
    (
        "unclaimed, as a job of an earlier process runs",
        facts(a_user(claimed=False), Absent(0), old_job=True),
        actions.Claim,
    ),
    ("absent, as a job of an earlier process runs", facts(JOINER, Absent(0), old_job=True), actions.Wait),
    ("a joiner need not wait for its own doubt", facts(JOINER, Absent(0), doubt_ended=-5.0), actions.Create),
    ("a leaver does", facts(LEAVER, Absent(0), doubt_ended=-5.0), actions.Wait),
    ("a deleted one does", facts(DELETED, Absent(0), doubt_ended=-5.0, deleting_for=9.0), actions.Wait),
    (
        "an unclaimed one does not",
        facts(a_user(active=False, claimed=False), Absent(0), doubt_ended=-5.0),
        actions.Claim,
    ),
    ("nor who has settled so", facts(a_user(active=False, status=AGREED), Absent(0), doubt_ended=-5.0), actions.Settle),
    (
        "who has settled before the deletion does",
        facts(a_user(deleting=True, status=AGREED), Absent(0), doubt_ended=-5.0),
        actions.Wait,
    ),
    ("doubt is over, and was not looked at since", facts(LEAVER, Absent(9.0), doubt_ended=5.0), actions.LookUp),
    ("doubt is over, and the absence proves it", facts(LEAVER, Absent(3.0), doubt_ended=5.0), actions.Settle),
    (
        "a rename waits while its old name may be taken",
        facts(JONES, Present(TO_RENAME), doubt_ended=-5.0),
        actions.Wait,
    ),
    ("and not for longer", facts(JONES, Present(TO_RENAME), doubt_ended=1.0), Update),
    ("a joiner waits for an account that is made for another", facts(JOINER, Absent(0), maker="john"), actions.Wait),
    ("stalled", facts(JOINER, Absent(0), STALLED), actions.Refuse),
    ("stalled, unknown meanwhile", facts(JOINER, Unknown(), STALLED), actions.Refuse),
    ("a new spec frees", facts(a_user(metadata={"generation": 2}), Absent(0), STALLED), actions.Create),
    (
        "a request to reconcile frees",
        facts(a_user(metadata={"annotations": {"cxone.dev/reconcile-requested-at": "1"}}), Absent(0), STALLED),
        actions.Create,
    ),
    ("news of the tenant free", facts(JOINER, Absent(0), STALLED, epoch=1), actions.Create),
    ("an end date frees", facts(LEAVER, Present(ACTIVE), STALLED), actions.Deactivate),
    ("a deletion frees", facts(DELETED, Present(ACTIVE), STALLED), actions.Deactivate),
    ("failed just now", facts(JOINER, Absent(0), FAILED_JUST_NOW, now=10.0), actions.Wait),
    ("failed a while ago", facts(JOINER, Absent(0), FAILED_JUST_NOW, now=30.0), actions.Create),
    ("failed just now, unknown since", facts(JOINER, Unknown(), FAILED_JUST_NOW, now=10.0), actions.LookUp),
    ("failed just now, and agrees since", facts(JOINER, Present(ACTIVE), FAILED_JUST_NOW, now=10.0), actions.Settle),
    (
        "failed just now, unclaimed since",
        facts(a_user(claimed=False), Absent(0), FAILED_JUST_NOW, now=10.0),
        actions.Claim,
    ),
    ("nobody joins a tenant that goes", facts(JOINER, Absent(0), closing=True), actions.Wait),
    ("nobody comes back to a tenant that goes", facts(JOINER, Present(INACTIVE), closing=True), actions.Wait),
    ("movers move", facts(JOINER, Present(MOVED), closing=True), actions.Update),
    ("leavers leave", facts(LEAVER, Present(ACTIVE), closing=True), actions.Deactivate),
    ("deleted ones go", facts(DELETED, Absent(0), closing=True), actions.Release),
    (
        "nobody is announced who is not created",
        facts(a_user(adoptionPolicy="Never"), Absent(0), closing=True),
        actions.Wait,
    ),
    (
        "nobody is announced during a pause",
        facts(a_user(adoptionPolicy="Never"), Absent(0), FAILED_JUST_NOW, now=10.0),
        actions.Wait,
    ),
]


@pytest.mark.parametrize(("given_facts", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_plan_table(given_facts: Facts, expected: type) -> None:
    """Each row of the table in core/plan.py gives the action that the table names."""
    assert type(plan(given_facts)) is expected


@pytest.mark.parametrize("known", [Unknown(), Absent(0), Present(ACTIVE)])
@pytest.mark.parametrize("phase", Phase)
def test_what_is_sent_is_waited_for_and_nothing_else(phase: Phase, known: Knowledge) -> None:
    """Two requests for one user are never under way together; any other phase plans as if nothing was there."""
    work = sent(phase, Create(a_state()))
    planned = plan(facts(JOINER, known, work))
    assert isinstance(planned, actions.Stay) is (phase in (Phase.SENDING, Phase.IN_JOB))
    if not work.sent:
        assert planned == plan(facts(JOINER, known))


def test_a_stalled_user_is_refused_in_the_words_of_cxone() -> None:
    """The audit trail has the refusal already; a refusal of our own is not CXone's."""
    refused = plan(facts(JOINER, Absent(0), STALLED))
    assert refused == actions.Refuse(FAILURE.reason, FAILURE.message, by_cxone=True)
    ours = plan(facts(JOINER, Absent(0), owner="older"))
    assert isinstance(ours, actions.Refuse)
    assert not ours.by_cxone


ERASED = a_user(deleting=True, deletionPolicy="Delete")
LOCK_OUT_FAILED = replace(FAILED_JUST_NOW, locks_out=True)


@pytest.mark.parametrize(
    ("user", "known", "work", "departing"),
    [
        (JOINER, Absent(0), FAILED_JUST_NOW, False),
        (JOINER, Present(MOVED), FAILED_JUST_NOW, False),
        (LEAVER, Present(INACTIVE), FAILED_JUST_NOW, False),
        (JOINER, Present(MOVED), LOCK_OUT_FAILED, False),
        (LEAVER, Present(ACTIVE), LOCK_OUT_FAILED, True),
        (DELETED, Present(ACTIVE), LOCK_OUT_FAILED, True),
        (ERASED, Present(INACTIVE), LOCK_OUT_FAILED, True),
    ],
)
def test_a_pause_after_a_failure_says_how_long_and_for_what(
    user: CxoneUser, known: Knowledge, work: Work, departing: bool
) -> None:
    """What the guard has let pass stays so meanwhile: only whoever is to lose access has passed it."""
    wait = plan(facts(user, known, work, now=10.0, tenant=ALLOWS_DELETE))
    assert wait == actions.Wait(FAILURE.reason, FAILURE.message, 20.0, departing, retries=True)


@pytest.mark.parametrize(
    ("user", "known", "action"),
    [
        (LEAVER, Present(ACTIVE), actions.Deactivate),
        (DELETED, Present(ACTIVE), actions.Deactivate),
        (ERASED, Present(INACTIVE), actions.Delete),
    ],
)
def test_a_lock_out_does_not_wait_because_something_else_has_failed(
    user: CxoneUser, known: Knowledge, action: type
) -> None:
    """A promotion that CXone refuses for now keeps nobody's access."""
    assert isinstance(plan(facts(user, known, FAILED_JUST_NOW, now=10.0, tenant=ALLOWS_DELETE)), action)


def test_a_doubt_says_when_it_ends() -> None:
    """So that somebody looks again then; the end of a job is an event."""
    doubt = plan(facts(LEAVER, Absent(0), doubt_ended=-5.0))
    job = plan(facts(JOINER, Absent(0), old_job=True))
    closing = plan(facts(JOINER, Absent(0), closing=True))
    assert isinstance(doubt, actions.Wait)
    assert isinstance(job, actions.Wait)
    assert isinstance(closing, actions.Wait)
    assert (doubt.reason, doubt.seconds) == (Reason.PROGRESSING, 5.0)
    assert (job.reason, job.seconds) == (Reason.JOB_RUNNING, None)
    assert (closing.reason, closing.seconds) == (Reason.TENANT_NOT_READY, None)


def test_a_pause_that_is_over_is_no_wait_at_its_very_end() -> None:
    """The alarm rings at `until`; a wait of no seconds would ring for ever."""
    work = replace(FAILED_JUST_NOW, until=10.0)
    assert isinstance(plan(facts(JOINER, Absent(0), work, now=10.0)), actions.Create)

"""The phases as a truth table: work before, event, next phase, effects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser, Difference
from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, Update
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.knowledge import UNKNOWN, Absent, Ambiguous, Knowledge, Present
from cxone_operator.core.phase import LONGEST_SILENCE_SECONDS, QUICK_LOOKS, advance, is_final
from cxone_operator.core.users import Change, Field
from cxone_operator.core.work import (
    Accepted,
    Attempt,
    Audit,
    Closed,
    Done,
    Effect,
    Ended,
    Event,
    Failed,
    Freed,
    Gone,
    Left,
    Moment,
    Phase,
    Planned,
    Seen,
    Sent,
    Trigger,
    Withdrawn,
    Work,
)
from unit.builders import a_remote, a_state, a_user

ACTIVE, INACTIVE = Present(a_remote()), Present(a_remote(active=False))
PROMOTED, GONE = Present(a_remote(roles=("Supervisor",))), Absent(0.0)
CREATE, LOCK, ERASE, RECLAIM = Create(a_state()), Deactivate(a_remote()), Delete(a_remote()), Reclaim(a_remote())
PROMOTE = Update(a_remote(), Change(a_state(roles=("Supervisor",)), (Field.ROLES,)), takes_seat=False)
REHIRE = Update(a_remote(active=False), Change(a_state(), (Field.ACTIVE,)), takes_seat=True)
NOW = Moment(now=100.0, jitter=0.0, sync_period=900.0)
RENAME = Update(a_remote(), Change(a_state("jones"), (Field.USER_NAME,)), takes_seat=False)
TRIGGER = Trigger(generation=1, epoch=0, requested_at=None, leaving=False)


def work(phase: Phase, action: RemoteAction | None = None, **of_attempt: bool) -> Work:
    """Entered that phase a while ago, with an attempt where an action is given."""
    attempt = Attempt(a_user(), action, 60.0, **of_attempt) if action is not None else None  # type: ignore[arg-type]
    return Work(50.0, 90.0, phase, attempt)


def failure(reason: Reason = Reason.REMOTE_REJECTED, *, retryable: bool = True, **more: object) -> Failure:
    return Failure(reason, "no", retryable, **more)  # type: ignore[arg-type]


def named(effects: tuple[Effect, ...]) -> list[str]:
    """Effects in the words of the table."""
    return [f"audit {item.result}" if isinstance(item, Audit) else type(item).__name__ for item in effects]


IDLE, QUEUED, SENDING, IN_JOB = Phase.IDLE, Phase.QUEUED, Phase.SENDING, Phase.IN_JOB
VERIFYING, BACKING_OFF, STALLED = Phase.VERIFYING, Phase.BACKING_OFF, Phase.STALLED
SENT = Sent(Attempt(a_user(), CREATE, 100.0))
LOST, PASSES, TENANT = failure(uncertain=True), failure(), failure(scope=Scope.TENANT)
NO_SEAT = failure(Reason.LICENSE_UNAVAILABLE)

UNHEEDED = failure(Reason.DIFFERENCES_FOUND, code="no-effect")


def anew(of: Work) -> Work:
    """The resource has an account, which is gone."""
    attempt = of.attempt
    assert attempt is not None
    return replace(of, attempt=replace(attempt, user=a_user(status={"userId": "id-gone"})))


TABLE: dict[str, tuple[Work, Event, Phase | None, list[str]]] = {
    "a first request": (work(IDLE), SENT, SENDING, ["PromiseSeat"]),
    "from the queue": (work(QUEUED), SENT, SENDING, ["PromiseSeat"]),
    "a rehire takes a seat": (work(QUEUED), Sent(Attempt(a_user(), REHIRE, 1.0)), SENDING, ["PromiseSeat"]),
    "a mover takes none": (work(QUEUED), Sent(Attempt(a_user(), PROMOTE, 1.0)), SENDING, []),
    "nor does a leaver": (work(QUEUED), Sent(Attempt(a_user(), LOCK, 1.0)), SENDING, []),
    "one was left open": (work(QUEUED, PROMOTE), SENT, SENDING, ["audit unknown", "PromiseSeat"]),
    "withdrawn": (work(SENDING, CREATE), Withdrawn(), IDLE, []),
    "created": (work(SENDING, CREATE), Done(ACTIVE), IDLE, ["audit success"]),
    "made anew": (anew(work(SENDING, CREATE)), Done(ACTIVE), VERIFYING, ["Forget"]),
    "made, and not seen before": (
        replace(work(SENDING, CREATE), failure=UNHEEDED),
        Done(ACTIVE),
        VERIFYING,
        ["Forget"],
    ),
    "changed": (work(SENDING, PROMOTE), Done(PROMOTED), IDLE, ["audit success"]),
    "locked out": (work(SENDING, LOCK), Done(INACTIVE), IDLE, ["audit success", "RecountSeats"]),
    "deleted": (work(SENDING, ERASE), Done(GONE), IDLE, ["audit success", "RecountSeats"]),
    "a seat is not shown": (work(SENDING, RECLAIM), Done(), IDLE, ["audit success", "RecountSeats"]),
    "the answer shows nothing": (work(SENDING, PROMOTE), Done(), VERIFYING, ["Forget"]),
    "gone, or never there": (work(SENDING, ERASE), Done(), VERIFYING, ["Forget"]),
    "the answer shows two": (work(SENDING, PROMOTE), Done(Ambiguous(("1", "2"))), VERIFYING, ["Forget"]),
    "without effect": (work(SENDING, PROMOTE), Done(ACTIVE), BACKING_OFF, ["audit failure"]),
    "without effect in bulk": (work(SENDING, PROMOTE, shared=True), Done(ACTIVE), IDLE, ["audit failure"]),
    "a bulk result shows nothing": (work(SENDING, CREATE, shared=True), Done(), VERIFYING, ["Forget"]),
    "a job works on it": (work(SENDING, CREATE, shared=True), Accepted("job-1"), IN_JOB, []),
    "a bulk request has no result for it": (work(SENDING, CREATE, shared=True), Ended(), VERIFYING, ["Forget"]),
    "a look before the answer": (work(SENDING, PROMOTE), Seen(PROMOTED), SENDING, []),
    "nobody answers anybody": (work(SENDING, CREATE), Failed(TENANT), IDLE, ["audit failure"]),
    "not even tried": (work(SENDING, CREATE), Failed(replace(TENANT, tried=False)), IDLE, []),
    "refused for now": (work(SENDING, PROMOTE), Failed(PASSES), BACKING_OFF, ["audit failure"]),
    "lost": (work(SENDING, PROMOTE), Failed(LOST), BACKING_OFF, ["audit unknown", "Forget"]),
    "a creation is lost": (work(SENDING, CREATE), Failed(LOST), BACKING_OFF, ["audit unknown", "Doubt", "Forget"]),
    "a rehire is lost": (work(SENDING, REHIRE), Failed(LOST), BACKING_OFF, ["audit unknown", "Doubt", "Forget"]),
    "news": (work(SENDING, PROMOTE), Failed(failure(news=True)), IDLE, ["audit failure", "Forget"]),
    "no seat": (work(SENDING, CREATE), Failed(NO_SEAT), BACKING_OFF, ["audit failure", "RecountSeats", "ReturnSeat"]),
    "refused for good": (
        work(SENDING, CREATE),
        Failed(failure(retryable=False), trigger=TRIGGER),
        STALLED,
        ["audit failure", "ReturnSeat", "GiveUp"],
    ),
    "a change is refused for good": (
        work(SENDING, PROMOTE),
        Failed(failure(retryable=False), trigger=TRIGGER),
        STALLED,
        ["audit failure", "ReturnSeat"],
    ),
    "job: nobody answers anybody": (work(IN_JOB, CREATE, shared=True), Failed(TENANT), IDLE, ["audit failure"]),
    "job: refused for now": (work(IN_JOB, PROMOTE, shared=True), Failed(PASSES), BACKING_OFF, ["audit failure"]),
    "job: refused for good": (
        work(IN_JOB, CREATE, shared=True),
        Failed(failure(retryable=False), trigger=TRIGGER),
        STALLED,
        ["audit failure", "ReturnSeat", "GiveUp"],
    ),
    "job: seen as wanted": (work(IN_JOB, CREATE, shared=True), Seen(ACTIVE), IDLE, ["audit success"]),
    "job: not seen yet": (work(IN_JOB, CREATE, shared=True), Seen(GONE), IN_JOB, []),
    "job: not looked at": (work(IN_JOB, CREATE, shared=True), Seen(UNKNOWN), IN_JOB, []),
    "job: ended": (work(IN_JOB, CREATE, shared=True), Ended(), VERIFYING, ["Forget"]),
    "job: given up": (work(IN_JOB, CREATE, shared=True), Ended(given_up=True), VERIFYING, ["Forget"]),
    "job: left": (work(IN_JOB, CREATE, shared=True), Left(9.0), IDLE, ["audit unknown", "Doubt", "Forget"]),
    "seen as wanted": (work(VERIFYING, PROMOTE), Seen(PROMOTED), IDLE, ["audit success"]),
    "seen to be locked out": (work(VERIFYING, LOCK), Seen(INACTIVE), IDLE, ["audit success", "RecountSeats"]),
    "seen to be gone": (work(VERIFYING, ERASE), Seen(GONE), IDLE, ["audit success", "RecountSeats"]),
    "not looked at": (work(VERIFYING, PROMOTE), Seen(UNKNOWN), VERIFYING, []),
    "not seen after a job": (work(VERIFYING, CREATE, shared=True), Seen(GONE), IDLE, ["audit failure"]),
    "not seen, job given up": (
        work(VERIFYING, CREATE, shared=True, doubtful=True),
        Seen(GONE),
        IDLE,
        ["audit unknown"],
    ),
    "not seen, sent alone": (work(VERIFYING, PROMOTE), Seen(ACTIVE), BACKING_OFF, ["audit failure"]),
    "a deletion without effect": (work(VERIFYING, ERASE), Seen(INACTIVE), BACKING_OFF, ["audit failure"]),
    "stalled, freed": (work(STALLED), Freed(), None, []),
    "idle, freed": (work(IDLE), Freed(), None, []),
    "freed, but not seen yet": (work(VERIFYING, PROMOTE), Freed(), VERIFYING, []),
    "freed on its way": (work(SENDING, PROMOTE), Freed(), SENDING, []),
    "freed in a job": (work(IN_JOB, PROMOTE), Freed(), IN_JOB, []),
    "gone": (work(QUEUED), Gone(), None, []),
    "gone before it was seen": (work(VERIFYING, PROMOTE), Gone(), None, ["audit unknown"]),
    "closed at rest": (work(STALLED), Closed(), None, []),
    "closed on its way": (work(SENDING, PROMOTE), Closed(), None, ["audit unknown"]),
    "closed in a job": (work(IN_JOB, PROMOTE), Closed(), None, ["audit unknown"]),
}


@pytest.mark.parametrize(("before", "event", "phase", "effects"), TABLE.values(), ids=TABLE.keys())
def test_phase_table(before: Work, event: Event, phase: Phase | None, effects: list[str]) -> None:
    """Each row of the table in core/phase.py gives the phase and the effects that the table names."""
    after, found = advance(before, event, NOW)
    assert (after.phase if after is not None else None, named(found)) == (phase, effects)
    if after is not None:
        assert after.since == 50.0
        assert after.entered == (90.0 if phase is before.phase else NOW.now)


@pytest.mark.parametrize("planned", [Phase.LOOKING, Phase.HELD, Phase.QUEUED, Phase.WAITING, Phase.IDLE])
@pytest.mark.parametrize("before", Phase)
def test_a_plan_moves_everybody_but_what_is_sent(before: Phase, planned: Phase) -> None:
    """Whatever is planned meanwhile, an answer is on its way."""
    after, effects = advance(work(before, PROMOTE), Planned(planned), NOW)
    assert after is not None
    assert (after.phase, effects) == (before if before in (SENDING, IN_JOB) else planned, ())
    assert after.attempt == work(before, PROMOTE).attempt


@pytest.mark.parametrize("event", [Accepted("job-1"), Ended(), Left(9.0), Done(ACTIVE), Seen(ACTIVE), Failed(PASSES)])
@pytest.mark.parametrize("phase", [IDLE, QUEUED, STALLED])
def test_an_answer_to_nothing_means_nothing(phase: Phase, event: Event) -> None:
    """It has been answered for already, by whoever came first."""
    assert advance(work(phase), event, NOW) == (work(phase), ())


def test_a_job_is_part_of_the_attempt() -> None:
    """The audit line names it, and CXone's own name for the request."""
    accepted, _ = advance(work(SENDING, CREATE, shared=True), Accepted("job-1", "r-1"), NOW)
    assert accepted is not None
    _, (told,) = advance(accepted, Seen(ACTIVE), NOW)
    assert isinstance(told, Audit)
    assert (told.attempt.job, told.attempt.request_id) == ("job-1", "r-1")


@pytest.mark.parametrize(("given", "expected"), [("r-2", "r-2"), ("", "r-1")])
def test_an_answer_names_its_request(given: str, expected: str) -> None:
    """Or else what was known before stays."""
    before = work(SENDING, CREATE)
    assert before.attempt is not None
    before = replace(before, attempt=replace(before.attempt, request_id="r-1"))
    _, (told,) = advance(before, Done(ACTIVE, given), NOW)
    assert isinstance(told, Audit)
    assert told.attempt.request_id == expected


@pytest.mark.parametrize(
    ("action", "shown", "before", "after"),
    [(LOCK, INACTIVE, True, False), (RECLAIM, UNKNOWN, False, True), (PROMOTE, PROMOTED, True, True)],
)
def test_what_became_of_the_seat_is_remembered(
    action: RemoteAction, shown: Knowledge, before: bool, after: bool
) -> None:
    """After a lock-out it is to be given back again, whatever the status says of the last time."""
    found, _ = advance(replace(work(SENDING, action), seat_released=before), Done(shown), NOW)
    assert found is not None
    assert found.seat_released is after


def test_success_forgets_failures_and_keeps_the_deletion() -> None:
    """How long a deletion is known decides what was seen since."""
    before = replace(work(SENDING, LOCK), failures=7, failure=PASSES, until=99.0, alone=True, deleting_since=55.0)
    after, _ = advance(before, Done(INACTIVE), NOW)
    assert after == Work(50.0, 100.0, deleting_since=55.0, seat_released=False)


def test_a_new_start_keeps_what_was_not_seen_yet_and_no_failure() -> None:
    """The write is still to be accounted for; patience begins anew."""
    before = replace(work(BACKING_OFF, PROMOTE), failures=7, failure=PASSES, until=400.0, deleting_since=55.0)
    after, effects = advance(before, Freed(), NOW)
    assert after == Work(50.0, 100.0, VERIFYING, before.attempt, deleting_since=55.0)
    assert effects == ()


def test_a_lasting_refusal_says_what_would_cure_it() -> None:
    """In the words of whoever knows better than CXone, if anybody does."""
    refused = Failed(failure(retryable=False), trigger=TRIGGER, message="role 'Agnet' does not exist; 'Agent'?")
    after, effects = advance(work(SENDING, CREATE), refused, NOW)
    assert after is not None
    assert after.failure is not None
    assert (after.trigger, after.failure.message) == (TRIGGER, "role 'Agnet' does not exist; 'Agent'?")
    told = effects[0]
    assert isinstance(told, Audit)
    assert told.failure == refused.failure, "the trail has what CXone said"


def test_a_change_without_effect_is_explained() -> None:
    """Which field, what was sent, and what CXone shows instead."""
    after, _ = advance(work(SENDING, PROMOTE), Done(ACTIVE), NOW)
    assert after is not None
    assert after.failure is not None
    assert after.failure.reason is Reason.DIFFERENCES_FOUND
    assert after.failure.differences == (Difference("roles", "Supervisor", "Agent"),)
    assert "roles: sent Supervisor, CXone shows Agent" in after.failure.message
    assert "growing pauses" in after.failure.message


def test_a_tenant_that_fails_costs_nobody_patience() -> None:
    """Its circuit paces everything."""
    before = replace(work(SENDING, PROMOTE), failures=2)
    after, _ = advance(before, Failed(TENANT), NOW)
    assert after is not None
    assert (after.failures, after.until) == (2, 0.0)


def test_news_is_looked_at_at_once_but_not_for_ever() -> None:
    """A server that says 404 to whatever it lists is asked with growing pauses."""
    now, steps = work(SENDING, PROMOTE), []
    for _ in range(QUICK_LOOKS + 2):
        after, effects = advance(now, Failed(failure(news=True)), NOW)
        assert after is not None
        steps.append((after.phase, "Forget" in named(effects)))
        now = replace(after, phase=SENDING, attempt=now.attempt)
    assert steps == [(IDLE, True)] * QUICK_LOOKS + [(BACKING_OFF, True), (BACKING_OFF, False)]


@pytest.mark.parametrize(
    ("before", "event", "longest"),
    [
        (work(SENDING, PROMOTE), Done(ACTIVE), 900.0),
        (work(VERIFYING, PROMOTE), Seen(ACTIVE), 1800.0),
        (work(VERIFYING, CREATE), Seen(GONE), 2700.0),
        (work(SENDING, PROMOTE), Failed(failure(retryable=False)), 900.0),
        (replace(work(SENDING, PROMOTE), failures=QUICK_LOOKS), Failed(failure(news=True)), 900.0),
        (work(SENDING, PROMOTE), Failed(PASSES), 300.0),
    ],
)
def test_whom_cxone_never_agrees_about_is_asked_for_ever_more_seldom(
    before: Work, event: Event, longest: float
) -> None:
    """1, 2, 4 … seconds, and in the long run one request in each sync period; what passes by itself is tried sooner."""
    now, pauses = before, []
    for _ in range(15):
        after, _ = advance(now, event, NOW)
        assert after is not None
        pauses.append(after.until - NOW.now)
        now = replace(after, phase=before.phase, attempt=now.attempt)
    assert pauses == [min(2.0**n, longest) for n in range(before.failures, before.failures + 15)]


@pytest.mark.parametrize(
    ("action", "locks_out"), [(CREATE, False), (PROMOTE, False), (RECLAIM, False), (LOCK, True), (ERASE, True)]
)
def test_a_pause_says_whether_a_lock_out_has_failed(action: RemoteAction, locks_out: bool) -> None:
    """Any other failure stops nobody from being locked out; and the next failure is the one that counts."""
    before = replace(work(SENDING, action), locks_out=not locks_out)
    after, _ = advance(before, Failed(PASSES), NOW)
    assert after is not None
    assert after.locks_out is locks_out


@pytest.mark.parametrize(("asked", "pause"), [(None, 1.0), (40.0, 40.0), (9000.0, LONGEST_SILENCE_SECONDS)])
def test_cxone_may_ask_for_a_pause(asked: float | None, pause: float) -> None:
    """It is obeyed, within reason."""
    after, _ = advance(work(SENDING, PROMOTE), Failed(failure(retry_after=asked)), NOW)
    assert after is not None
    assert after.until == NOW.now + pause


NEVER = a_user(adoptionPolicy="Never")


@pytest.mark.parametrize(
    ("user", "action", "refusal", "final"),
    [
        (a_user(), CREATE, failure(Reason.ROLE_NOT_FOUND, retryable=False), True),
        (a_user(), CREATE, failure(Reason.REMOTE_UNAVAILABLE), False),
        (a_user(), CREATE, failure(Reason.AUTHENTICATION_FAILED, retryable=False, scope=Scope.TENANT), False),
        (a_user(), CREATE, failure(Reason.ALREADY_EXISTS, retryable=False, news=True), False),
        (NEVER, CREATE, failure(Reason.ALREADY_EXISTS, retryable=False, news=True), True),
        (NEVER, PROMOTE, failure(Reason.ALREADY_EXISTS, retryable=False, news=True), False),
        (a_user(), RENAME, failure(Reason.ALREADY_EXISTS, retryable=False, news=True, code="400"), False),
        (a_user(), RENAME, failure(Reason.INVALID_SPEC, retryable=False, code="400"), True),
        (a_user(), PROMOTE, failure(Reason.UNSUPPORTED, retryable=False, news=True), True),
        (a_user(), ERASE, failure(Reason.UNSUPPORTED, retryable=False, news=True), False),
        (a_user(), PROMOTE, failure(retryable=False, news=True), False),
        (a_user(deleting=True), LOCK, failure(Reason.PERMISSION_DENIED, retryable=False), False),
        (a_user(active=False), LOCK, failure(Reason.PERMISSION_DENIED, retryable=False), True),
    ],
)
def test_what_is_final(user: CxoneUser, action: RemoteAction, refusal: Failure, final: bool) -> None:
    """A deleted resource never gives up; what is not offered is not asked for again, unless a lock-out does instead."""
    assert is_final(user, action, refusal) is final


@pytest.mark.parametrize(
    ("refusal", "final"),
    [
        (failure(Reason.ALREADY_EXISTS, retryable=False, news=True), False),
        (failure(Reason.ROLE_NOT_FOUND, retryable=False), True),
    ],
)
def test_who_may_be_our_own_is_no_stranger(refusal: Failure, final: bool) -> None:
    """Another request of ours may have created the account that is in the way; it excuses no other refusal."""
    assert is_final(NEVER, CREATE, refusal, doubtful=True) is final


def test_a_name_that_is_taken_is_final_when_it_was_looked_at() -> None:
    """Whatever status it is refused with."""
    taken = failure(Reason.ALREADY_EXISTS, retryable=False, news=True, code="400")
    assert is_final(a_user(), RENAME, taken, looked=True)


def test_what_is_not_shown_is_told_as_that() -> None:
    """A server that leaves active out where it is false does not show that the user is active."""
    hidden = Present(replace(a_remote(), shows_active=False))
    after, _ = advance(work(VERIFYING, LOCK), Seen(hidden), NOW)
    assert after is not None
    assert after.failure is not None
    assert "(active: sent false, CXone shows (none))" in after.failure.message
    assert after.failure.differences == (Difference("active", "false", "(none)"),)


@pytest.mark.parametrize(("code", "forgotten"), [("412", True), ("404", False)])
def test_an_old_version_is_never_sent_again(code: str, forgotten: bool) -> None:
    """Quick looks may all have come from a copy that was behind; other news wait for the next comparison."""
    before = replace(work(SENDING, LOCK), failures=QUICK_LOOKS + 2)
    _, effects = advance(before, Failed(failure(news=True, code=code)), NOW)
    assert ("Forget" in named(effects)) is forgotten

"""The phases of the work for one user: what an event means for it, and what must be done then.

A user at rest has no `Work`. One that is not has a phase, and everything that happens to it comes as an event to
`advance`, which gives the new work and its effects; nothing else changes a work. The audit trail is what it tells.

| phase          | event                                | next                    | effects                            |
|----------------|--------------------------------------|-------------------------|------------------------------------|
| any but sent   | Planned                              | the planned phase       |                                    |
| Idle, Queued   | Sent                                 | Sending                 | seat promised                      |
| Sending        | Withdrawn                            | Idle                    |                                    |
| Sending        | Done, and the answer shows it        | Idle                    | audit success                      |
| Sending        | Done, the answer shows it otherwise  | as Verifying, not seen  |                                    |
| Sending        | Done, the answer does not show it    | Verifying               | forget                             |
| Sending        | Done, made anew after it was gone    | Verifying               | forget                             |
| Sending        | Accepted                             | InJob                   |                                    |
| Sending, InJob | Failed, for the tenant as a whole    | Idle                    | audit failure                      |
| Sending, InJob | Failed, may pass                     | BackingOff, Idle: news  | audit failure or unknown           |
| Sending, InJob | Failed for good                      | Stalled                 | audit failure, seat back           |
| InJob          | Seen as wanted                       | Idle                    | audit success                      |
| InJob          | Ended                                | Verifying               | forget                             |
| InJob          | Left                                 | Idle                    | audit unknown, doubt, forget       |
| Verifying      | Seen as wanted                       | Idle                    | audit success                      |
| Verifying      | not Seen, after a job                | Idle, to be sent alone  | audit failure, unknown if given up |
| Verifying      | not Seen, sent alone                 | BackingOff              | audit failure                      |
| Stalled        | Freed                                | none                    |                                    |
| any            | Gone, Closed                         | none                    | audit unknown of what is open      |

Seats are settled by what CXone shows, wherever that is learned (`engine.router`).
"""

from __future__ import annotations

from dataclasses import replace

from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser, Difference
from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, Update, renames, takes_seat
from cxone_operator.core.backoff import LONGEST_SECONDS, backoff
from cxone_operator.core.diff import NOTHING, change_between, differences
from cxone_operator.core.evidence import carried_out
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.knowledge import Knowledge, Present
from cxone_operator.core.users import Change, Field, RemoteUser
from cxone_operator.core.work import (
    Accepted,
    Attempt,
    Audit,
    Closed,
    Done,
    Doubt,
    Effect,
    Ended,
    Event,
    Failed,
    Forget,
    Freed,
    GiveUp,
    Gone,
    Left,
    Moment,
    Phase,
    Planned,
    PromiseSeat,
    RecountSeats,
    ReturnSeat,
    Seen,
    Sent,
    Step,
    Withdrawn,
    Work,
)
from cxone_operator.telemetry.audit import Result

QUICK_LOOKS = 2
"""How often in a row a surprise is answered by looking again at once; after that it backs off like any failure, and the
next comparison with CXone tells as much."""
LONGEST_SILENCE_SECONDS = 300.0
"""However long CXone asks to wait with one user."""
_NOT_SERVED = Failure(
    Reason.REMOTE_REJECTED, "the bulk job has ended without it; it is sent again alone", retryable=True, code="job"
)
_NO_EFFECT = "no-effect"
_OLD_VERSION = "412"
"""What is known is older than what CXone has: however often that was so, the same request again would be in vain."""
_GIVEN_UP = "the bulk job was given up and may still go on"
_LEFT = "the user left the bulk job before its end and is read back"
_UNFINISHED = "the operator ended before the answer came; the next one reads it back"
_UNSEEN = "it was not read back"


def advance(work: Work, event: Event, moment: Moment) -> Step:
    """The table above."""
    match event:
        case Planned() | Freed():
            return _planned(work, event, moment), ()
        case Sent(attempt):
            return _sent(work, attempt, moment)
        case Withdrawn():
            return replace(_enter(work, Phase.IDLE, moment), attempt=None), ()
        case Accepted() | Ended() | Left():
            return _job(work, event, moment)
        case Done() | Seen():
            return _evidence(work, event, moment)
        case Failed():
            return _failed(work, event, moment)
        case Gone() | Closed():
            return None, _left_open(work, _UNSEEN if isinstance(event, Gone) else _UNFINISHED)


def is_final(
    user: CxoneUser, action: RemoteAction, failure: Failure, *, doubtful: bool = False, looked: bool = False
) -> bool:
    """Trying again helps nobody; but a resource that is being deleted never gives up locking its user out.

    `doubtful`: another request of ours may have created the user, so that one who exists already is no stranger.
    `looked`: it was looked at after such a refusal before, and nothing was found that explains it.
    """
    if user.metadata.deleting or failure.scope is Scope.TENANT:
        return False
    if renames(action) and (failure.code == "409" or failure.reason is Reason.ALREADY_EXISTS):
        return looked
    if failure.reason is Reason.ALREADY_EXISTS and isinstance(action, Create):
        return user.spec.adoption_policy == "Never" and not doubtful
    if failure.reason is Reason.UNSUPPORTED:
        return not isinstance(action, Delete)
    return not failure.retryable and not failure.news


def _enter(work: Work, phase: Phase, moment: Moment) -> Work:
    return work if work.phase is phase else replace(work, phase=phase, entered=moment.now)


def _planned(work: Work, event: Planned | Freed, moment: Moment) -> Work | None:
    """What was sent goes on whatever is planned. A new start forgets failures, but not what has not been seen yet."""
    if work.sent:
        return work
    if isinstance(event, Planned):
        return _enter(work, event.phase, moment)
    if work.attempt is None:
        return None
    kept = Work(work.since, work.entered, work.phase, work.attempt, deleting_since=work.deleting_since)
    return _enter(kept, Phase.VERIFYING, moment)


def _sent(work: Work, attempt: Attempt, moment: Moment) -> Step:
    promise = (PromiseSeat(),) if takes_seat(attempt.action) else ()
    before = _left_open(work, _UNSEEN)
    return replace(_enter(work, Phase.SENDING, moment), attempt=attempt), (*before, *promise)


def _job(work: Work, event: Accepted | Ended | Left, moment: Moment) -> Step:
    attempt = work.attempt
    if attempt is None:
        return work, ()
    match event:
        case Accepted(job, request_id):
            accepted = replace(attempt, job=job, request_id=request_id)
            return replace(_enter(work, Phase.IN_JOB, moment), attempt=accepted), ()
        case Ended(given_up):
            doubted = replace(attempt, doubtful=given_up)
            return replace(_enter(work, Phase.VERIFYING, moment), attempt=doubted), (Forget(),)
        case Left(seconds):
            rest = replace(_enter(work, Phase.IDLE, moment), attempt=None)
            return rest, (*_left_open(work, _LEFT), Doubt(seconds), Forget())


def _evidence(work: Work, event: Done | Seen, moment: Moment) -> Step:
    """Done means seen: an answer that does not show the change is followed by a look."""
    if work.attempt is None:
        return work, ()
    return _done(work, work.attempt, event, moment) if isinstance(event, Done) else _seen(work, event.known, moment)


def _done(work: Work, attempt: Attempt, event: Done, moment: Moment) -> Step:
    attempt = replace(attempt, request_id=event.request_id or attempt.request_id)
    seen = None if _vanishes(work, attempt) else carried_out(attempt.action, event.shown)
    if seen or isinstance(attempt.action, Reclaim):
        return _succeeded(work, attempt, moment)
    if seen is None:
        return replace(_enter(work, Phase.VERIFYING, moment), attempt=attempt), (Forget(),)
    return _not_seen(work, attempt, event.shown, moment, requests=1)


def _vanishes(work: Work, attempt: Attempt) -> bool:
    """There was an account, and it is gone: whether the new one stays is seen by a look, whatever the answer shows."""
    before = work.failure is not None and work.failure.code == _NO_EFFECT
    return isinstance(attempt.action, Create) and (before or attempt.user.status.user_id is not None)


def _seen(work: Work, known: Knowledge, moment: Moment) -> Step:
    """Before a job has ended, what it has not done yet says nothing."""
    attempt = work.attempt
    seen = carried_out(attempt.action, known) if attempt is not None and work.phase is not Phase.SENDING else None
    if attempt is None or seen is None or (not seen and work.phase is Phase.IN_JOB):
        return work, ()
    if seen:
        return _succeeded(work, attempt, moment)
    by_id_too = isinstance(attempt.action, Create)
    return _not_seen(work, attempt, known, moment, requests=3 if by_id_too else 2)


def _succeeded(work: Work, attempt: Attempt, moment: Moment) -> Step:
    released = {Deactivate: False, Reclaim: True}.get(type(attempt.action), work.seat_released)
    done = Work(work.since, moment.now, deleting_since=work.deleting_since, seat_released=released)
    moved = (RecountSeats(),) if isinstance(attempt.action, Deactivate | Reclaim | Delete) else ()
    return done, (Audit(attempt, Result.SUCCESS), *moved)


def _not_seen(work: Work, attempt: Attempt, known: Knowledge, moment: Moment, *, requests: int) -> Step:
    """`requests`: what an attempt costs, so that it is one in a sync period in the long run."""
    rest = replace(_enter(work, Phase.IDLE, moment), attempt=None)
    if attempt.doubtful:
        return replace(rest, alone=True), _left_open(work, _GIVEN_UP)
    if attempt.shared:
        return replace(rest, alone=True), (Audit(attempt, Result.FAILURE, _NOT_SERVED),)
    failure = _unheeded(attempt.action, known)
    pause = backoff(work.failures + 1, moment.jitter, requests * moment.sync_period)
    return _backs_off(rest, attempt, failure, pause, moment), (Audit(attempt, Result.FAILURE, failure),)


def _failed(work: Work, event: Failed, moment: Moment) -> Step:
    attempt, failure = work.attempt, event.failure
    if attempt is None:
        return work, ()
    rest = replace(_enter(work, Phase.IDLE, moment), attempt=None)
    effects = [*_told(attempt, failure), *_consequences(attempt, event, rest.failures)]
    if failure.scope is Scope.TENANT:
        return rest, tuple(effects)
    if event.trigger is not None:
        effects += [ReturnSeat(), *((GiveUp(),) if isinstance(attempt.action, Create) else ())]
        explained = replace(failure, message=event.message or failure.message)
        stalled = replace(_enter(rest, Phase.STALLED, moment), trigger=event.trigger, failures=rest.failures + 1)
        return replace(stalled, failure=explained), tuple(effects)
    if failure.news and rest.failures < QUICK_LOOKS:
        return replace(rest, failures=rest.failures + 1, failure=failure), tuple(effects)
    passes = failure.retryable and not failure.news
    longest = LONGEST_SECONDS if passes else max(LONGEST_SECONDS, moment.sync_period)
    asked = min(failure.retry_after or 0.0, LONGEST_SILENCE_SECONDS)
    pause = max(backoff(rest.failures + 1, moment.jitter, longest), asked)
    return _backs_off(rest, attempt, failure, pause, moment), tuple(effects)


def _backs_off(rest: Work, attempt: Attempt, failure: Failure, pause: float, moment: Moment) -> Work:
    waiting = replace(_enter(rest, Phase.BACKING_OFF, moment), failures=rest.failures + 1, failure=failure)
    return replace(waiting, until=moment.now + pause, locks_out=isinstance(attempt.action, Deactivate | Delete))


def _told(attempt: Attempt, failure: Failure) -> tuple[Effect, ...]:
    if not failure.tried:
        return ()
    return (Audit(attempt, Result.UNKNOWN if failure.uncertain else Result.FAILURE, failure),)


def _consequences(attempt: Attempt, event: Failed, failures: int) -> tuple[Effect, ...]:
    failure, found = event.failure, list[Effect]()
    if failure.uncertain and takes_seat(attempt.action):
        found.append(Doubt(event.doubt_seconds))
    if failure.uncertain or failure.code == _OLD_VERSION or (failure.news and failures <= QUICK_LOOKS):
        found.append(Forget())
    if failure.reason is Reason.LICENSE_UNAVAILABLE:
        found += [RecountSeats(), ReturnSeat()]
    return tuple(found)


def _left_open(work: Work, why: str) -> tuple[Effect, ...]:
    if work.attempt is None:
        return ()
    return (Audit(work.attempt, Result.UNKNOWN, Failure(Reason.REMOTE_UNAVAILABLE, why, retryable=True)),)


def _unheeded(action: RemoteAction, known: Knowledge) -> Failure:
    """CXone says that it did it, and shows that it did not: which fields, what was sent, and what it shows."""
    found: tuple[Difference, ...] = ()
    if isinstance(action, Update | Deactivate) and isinstance(known, Present):
        left = change_between(action.change.target, known.user.state)
        fields = tuple(field for field in left.fields if field in action.change.fields) if left is not None else ()
        found = _as_shown(differences(Change(action.change.target, fields), known.user.state), known.user)
    said = "; ".join(f"{item.field}: sent {item.desired}, CXone shows {item.actual}" for item in found)
    what = said or f"nothing of the {action.name} is to be seen"
    text = f"CXone accepted the request without effect ({what}); it is asked again with growing pauses"
    return Failure(Reason.DIFFERENCES_FOUND, text, retryable=True, code=_NO_EFFECT, differences=found)


def _as_shown(found: tuple[Difference, ...], remote: RemoteUser) -> tuple[Difference, ...]:
    """Who is not shown to be active counts as active; what people read is what is shown."""
    if remote.shows_active:
        return found
    return tuple(
        Difference(Field.ACTIVE, item.desired, NOTHING) if item.field == Field.ACTIVE else item for item in found
    )

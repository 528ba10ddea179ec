"""What holds of the phases whatever happens, in whatever order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.api.reasons import Reason
from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, Update
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.knowledge import UNKNOWN, Absent, Ambiguous, Present
from cxone_operator.core.phase import LONGEST_SILENCE_SECONDS, QUICK_LOOKS, advance
from cxone_operator.core.users import Change, Field
from cxone_operator.core.work import (
    SENT,
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

USER = a_user()
ACTIONS: list[RemoteAction] = [
    Create(a_state()),
    Deactivate(a_remote()),
    Delete(a_remote()),
    Reclaim(a_remote()),
    Update(a_remote(), Change(a_state(roles=("Supervisor",)), (Field.ROLES,)), takes_seat=False),
]
knowledge = st.sampled_from(
    [
        *(UNKNOWN, Absent(0.0), Ambiguous(("1", "2"))),
        *(Present(a_remote()), Present(a_remote(active=False)), Present(a_remote(roles=("Supervisor",)))),
    ]
)
failures = st.builds(
    Failure,
    reason=st.sampled_from([Reason.REMOTE_REJECTED, Reason.REMOTE_UNAVAILABLE, Reason.LICENSE_UNAVAILABLE]),
    message=st.just("no"),
    retryable=st.booleans(),
    scope=st.sampled_from(Scope),
    uncertain=st.booleans(),
    news=st.booleans(),
    tried=st.booleans(),
    retry_after=st.none() | st.floats(0, 10_000),
)
triggers = st.none() | st.just(Trigger(1, 0, None, leaving=False))
planned = st.sampled_from([Phase.IDLE, Phase.LOOKING, Phase.HELD, Phase.QUEUED, Phase.WAITING])
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Planned, planned),
    st.builds(
        lambda action, shared: Sent(Attempt(USER, action, 0.0, shared=shared)), st.sampled_from(ACTIONS), st.booleans()
    ),
    st.just(Withdrawn()),
    st.just(Accepted("job-1")),
    st.builds(Done, knowledge),
    st.builds(Failed, failures, trigger=triggers),
    st.builds(Ended, st.booleans()),
    st.just(Left(9.0)),
    st.builds(Seen, knowledge),
    st.sampled_from([Freed(), Gone()]),
)
scripts = st.lists(st.tuples(events, st.floats(0.0, 30.0), st.floats(0.0, 1.0)), max_size=40)


class Story:
    """One user's work, each attempt with a number, and everything that it told."""

    def __init__(self) -> None:
        self.work = Work(0.0, 0.0)
        self.sent = 0
        self.excused: set[int] = set()
        self.told: list[Audit] = []
        self.now = 0.0

    def happens(self, event: Event, jitter: float = 0.0) -> tuple[Work, Work | None, tuple[Effect, ...]]:
        """Before, after, effects."""
        if isinstance(event, Sent):
            self.sent += 1
            event = Sent(replace(event.attempt, began=float(self.sent)))
        before = self.work
        if before.attempt is not None and (
            isinstance(event, Withdrawn) or (isinstance(event, Failed) and not event.failure.tried)
        ):
            self.excused.add(int(before.attempt.began))
        after, effects = advance(before, event, Moment(self.now, jitter, 900.0))
        self.told += [effect for effect in effects if isinstance(effect, Audit)]
        self.work = after if after is not None else Work(self.now, self.now)
        return before, after, effects


def possible(work: Work, event: Event) -> bool:
    """Only what has not left can be taken back, and nobody is sent who is being sent."""
    if isinstance(event, Withdrawn):
        return work.phase is Phase.SENDING
    return not (isinstance(event, Sent) and work.sent)


@given(scripts)
def test_every_attempt_is_told_exactly_once(script: list[tuple[Event, float, float]]) -> None:
    """The audit trail is the list of transitions: unless nothing was sent, each attempt has one line, and only one."""
    story = Story()
    for event, seconds, jitter in script:
        if not possible(story.work, event):
            continue
        story.now += seconds
        _, after, effects = story.happens(event, jitter)
        ended = {effect.attempt.began for effect in effects if isinstance(effect, Audit)}
        assert after is None or after.attempt is None or after.attempt.began not in ended
    story.happens(Closed())
    lines = Counter(int(told.attempt.began) for told in story.told)
    assert lines == Counter(set(range(1, story.sent + 1)) - story.excused)


ANSWERS = {
    Phase.SENDING: (Withdrawn, Accepted, Done, Failed, Ended, Left, Gone, Closed),
    Phase.IN_JOB: (Done, Failed, Ended, Left, Seen, Gone, Closed),
}


@given(scripts)
def test_what_is_sent_is_left_by_an_answer_only(script: list[tuple[Event, float, float]]) -> None:
    """No plan, no new spec and no look undoes a request."""
    story = Story()
    for event, seconds, jitter in script:
        if not possible(story.work, event):
            continue
        story.now += seconds
        before, after, _ = story.happens(event, jitter)
        if before.phase in SENT and (after is None or after.phase is not before.phase):
            assert isinstance(event, ANSWERS[before.phase])
        if after is not None and after.phase in SENT:
            assert after.attempt is not None


@given(scripts)
def test_pauses_have_a_cause_and_an_end(script: list[tuple[Event, float, float]]) -> None:
    """Whoever begins to back off knows why, and until when: not at once, and not for ever."""
    story = Story()
    for event, seconds, jitter in script:
        if not possible(story.work, event):
            continue
        story.now += seconds
        before, after, _ = story.happens(event, jitter)
        if after is not None and after.phase is Phase.BACKING_OFF:
            assert after.failure is not None
            if before.attempt is not None and after.attempt is None:
                longest = 900.0 * 1.25 if after.failure.code == "no-effect" else LONGEST_SILENCE_SECONDS
                assert story.now < after.until <= story.now + longest
                assert after.failures == before.failures + 1
        if after is not None and after.phase is Phase.STALLED:
            assert after.trigger is not None


@given(st.lists(st.tuples(failures.filter(lambda found: found.scope is Scope.USER), st.booleans()), max_size=20))
def test_surprises_in_a_row_are_followed_by_a_pause(script: list[tuple[Failure, bool]]) -> None:
    """At most so many looks at once between two successes, whatever else fails between them."""
    story, quick = Story(), 0
    for failure, success in script:
        story.happens(Sent(Attempt(USER, ACTIONS[-1], 0.0)))
        if success:
            story.happens(Done(Present(a_remote(roles=("Supervisor",)))))
            quick = 0
            continue
        _, after, _ = story.happens(Failed(failure))
        quick += after is not None and after.phase is Phase.IDLE
        assert quick <= QUICK_LOOKS


@given(scripts)
def test_a_deletion_that_was_seen_is_not_forgotten(script: list[tuple[Event, float, float]]) -> None:
    """What was seen of CXone before it proves nothing, so its moment outlives every attempt."""
    story = Story()
    story.work = replace(story.work, deleting_since=1.0)
    for event, seconds, jitter in script:
        if not possible(story.work, event):
            continue
        story.now += seconds
        _, after, _ = story.happens(event, jitter)
        if after is None:
            return
        assert after.deleting_since == 1.0

"""The works and the alarms: who is not at rest, and who wants to be looked at when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.core.actions import Create
from cxone_operator.core.work import Attempt, Audit, Closed, Done, Freed, Gone, Moment, Phase, Planned, Sent, Work
from cxone_operator.engine.memory.work import Alarms, Works
from unit.builders import a_state, a_user

JANE = "uid-jane"
SENT = Sent(Attempt(a_user(), Create(a_state()), 1.0))


def test_a_user_at_rest_costs_nothing() -> None:
    """To ask is not to begin."""
    works = Works()
    assert works.get(JANE) is None
    assert (len(works), list(works)) == (0, [])


def test_a_work_begins_with_the_first_event() -> None:
    """Its beginning stays, whatever happens to it."""
    works = Works()
    works.advance(JANE, Planned(Phase.QUEUED), Moment(5.0))
    works.advance(JANE, SENT, Moment(7.0))
    work = works.get(JANE)
    assert work is not None
    assert (work.since, work.entered, work.phase) == (5.0, 7.0, Phase.SENDING)


def test_the_effects_are_handed_on() -> None:
    """They are for somebody else to carry out."""
    works = Works()
    works.advance(JANE, SENT, Moment(1.0))
    (told,) = works.advance(JANE, Closed(), Moment(2.0))
    assert isinstance(told, Audit)
    assert works.get(JANE) is None


def test_an_event_that_ends_a_work_ends_it() -> None:
    """And may come to one that never was."""
    works = Works()
    works.open(JANE, 1.0)
    for event in (Freed(), Gone()):
        assert works.advance(JANE, event, Moment(2.0)) == ()
        assert len(works) == 0


def test_nothing_is_left_to_do() -> None:
    """A write whose end was not seen yet keeps its work, or nobody would ever look."""
    works = Works()
    works.open(JANE, 1.0)
    works.rest(JANE)
    works.rest(JANE)
    assert len(works) == 0
    works.advance(JANE, SENT, Moment(1.0))
    works.advance(JANE, Done(), Moment(2.0))
    works.rest(JANE)
    assert list(works) == [JANE]


def test_works_may_end_while_they_are_gone_through() -> None:
    """At the end of a process each of them does."""
    works = Works()
    for uid in "abc":
        works.open(uid, 1.0)
    for uid in works:
        works.advance(uid, Closed(), Moment(2.0))
    assert len(works) == 0


def test_a_deletion_is_dated_by_when_it_was_first_seen() -> None:
    """Also where there was no work before, and where it goes on."""
    works = Works()
    assert works.see_deletion(JANE, 5.0) == 0.0
    works.advance(JANE, Planned(Phase.HELD), Moment(6.0))
    assert works.see_deletion(JANE, 9.0) == 4.0
    assert works.get(JANE) == Work(5.0, 6.0, Phase.HELD, deleting_since=5.0)


def test_a_deletion_at_the_beginning_of_time_is_dated_too() -> None:
    """0.0 is a moment like any other."""
    works = Works()
    works.see_deletion(JANE, 0.0)
    assert works.see_deletion(JANE, 3.0) == 3.0


def test_an_alarm_rings_once_and_not_before_its_time() -> None:
    alarms = Alarms()
    alarms.set(5.0, JANE)
    assert alarms.next() == 5.0
    assert alarms.due(4.9) == []
    assert alarms.due(5.0) == [JANE]
    assert (alarms.due(99.0), alarms.next()) == ([], None)


def test_the_earliest_alarm_counts() -> None:
    """A later one adds nothing: who rings is looked at, and sets the next."""
    alarms = Alarms()
    for at in (9.0, 5.0, 7.0):
        alarms.set(at, JANE)
    assert alarms.due(5.0) == [JANE]
    assert alarms.due(99.0) == []


def test_an_alarm_can_be_set_again_when_it_has_rung() -> None:
    alarms = Alarms()
    alarms.set(5.0, JANE)
    alarms.due(5.0)
    alarms.set(8.0, JANE)
    assert alarms.due(8.0) == [JANE]


def test_no_more_ring_at_once_than_are_asked_for() -> None:
    """The rest rings the next time, the earliest first."""
    alarms = Alarms()
    for number in range(5):
        alarms.set(float(5 - number), str(number))
    assert alarms.due(9.0, 2) == ["4", "3"]
    assert alarms.due(9.0, 2) == ["2", "1"]
    assert alarms.due(9.0, 2) == ["0"]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9), st.booleans()), max_size=60))
def test_nobody_is_forgotten_and_nobody_rings_early(script: list[tuple[str, int, bool]]) -> None:
    """Whoever set an alarm rings at its earliest, whatever was set and rung in between."""
    alarms, wanted, now = Alarms(), dict[str, float](), 0.0
    for uid, seconds, ring in script:
        at = now + seconds
        alarms.set(at, uid)
        wanted[uid] = min(at, wanted.get(uid, at))
        if ring:
            now += 1
            rung = alarms.due(now)
            assert sorted(rung) == sorted(uid for uid, at in wanted.items() if at <= now)
            wanted = {uid: at for uid, at in wanted.items() if at > now}
    assert sorted(alarms.due(99.0)) == sorted(wanted)

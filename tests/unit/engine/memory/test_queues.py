"""The queues: whose turn it is, and who stands where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.core.lane import Lane
from cxone_operator.engine.memory.queues import FRONT, Order, Queues

JOINERS, UPDATES, LEAVERS = Lane.JOINERS, Lane.UPDATES, Lane.LEAVERS


def age(number: int) -> Order:
    """Of a resource: the smaller, the older."""
    return (f"2026-11-{number:02}", f"uid-{number}")


def joiners(*ages: int, alone: bool = False) -> Queues:
    """They come in that order."""
    queues = Queues()
    for number in ages:
        queues.put(f"uid-{number}", JOINERS, float(number), alone=alone, age=age(number))
    return queues


def first(queues: Queues, lane: Lane, most: int = 100, *, alone: bool = False) -> list[str]:
    return queues.first(lane, most, alone=alone)


def test_the_oldest_joiner_is_first() -> None:
    """Whenever it came: where seats are short, it gets one."""
    queues = joiners(5, 3, 9, 1)
    assert first(queues, JOINERS) == ["uid-1", "uid-3", "uid-5", "uid-9"]
    assert first(queues, JOINERS, 2) == ["uid-1", "uid-3"]
    assert queues.depth(JOINERS) == 4, "to look is not to take"


@pytest.mark.parametrize("lane", [LEAVERS, UPDATES])
def test_everybody_else_comes_in_turn(lane: Lane) -> None:
    """First come, first served, whatever the age."""
    queues = Queues()
    for number in (5, 3, 9, 1):
        queues.put(f"uid-{number}", lane, 0.0, alone=False, age=age(number))
    assert first(queues, lane) == ["uid-5", "uid-3", "uid-9", "uid-1"]


@pytest.mark.parametrize("most", [0, -3])
def test_nobody_is_asked_for(most: int) -> None:
    """No place is left, or fewer than none."""
    assert first(joiners(1), JOINERS, most) == []


def test_who_waits_already_keeps_the_place() -> None:
    """Each look at a user puts it in line again."""
    queues = Queues()
    for uid, now in (("a", 1.0), ("b", 2.0), ("a", 3.0)):
        queues.put(uid, UPDATES, now, alone=False)
    assert first(queues, UPDATES) == ["a", "b"]
    assert queues.discard("a") == 1.0


@pytest.mark.parametrize(("lane", "alone"), [(LEAVERS, False), (UPDATES, True)])
def test_who_waits_for_something_else_stands_at_its_end(lane: Lane, alone: bool) -> None:
    """In one queue only; the wait begins anew."""
    queues = Queues()
    queues.put("a", UPDATES, 1.0, alone=False)
    queues.put("b", lane, 2.0, alone=alone)
    queues.put("a", lane, 3.0, alone=alone)
    assert first(queues, UPDATES) == []
    assert first(queues, lane, alone=alone) == ["b", "a"]
    assert queues.lane_of("a") is lane
    assert queues.discard("a") == 3.0


def test_who_is_discarded_is_nowhere() -> None:
    """And whoever waited nowhere had not waited."""
    queues = joiners(1, 2, 3)
    assert queues.discard("uid-2") == 2.0
    assert queues.discard("uid-2") is None
    assert first(queues, JOINERS) == ["uid-1", "uid-3"]
    assert queues.lane_of("uid-2") is None


def test_who_must_go_alone_shares_nothing() -> None:
    """Both count as waiting in the lane; only one is gathered for a job."""
    queues = joiners(1, 2)
    queues.put("uid-3", JOINERS, 3.0, alone=True, age=age(3))
    assert (queues.depth(JOINERS), queues.shared(JOINERS), queues.depth(UPDATES)) == (3, 2, 0)
    assert first(queues, JOINERS, alone=True) == ["uid-3"]


def test_waits_are_those_of_whoever_may_share() -> None:
    """The newest decides whether more is to come, the oldest how long it may be waited for."""
    queues = Queues()
    for uid, now in (("a", 1.0), ("b", 4.0), ("c", 6.0)):
        queues.put(uid, UPDATES, now, alone=False)
    queues.put("alone", UPDATES, 9.0, alone=True)
    assert (queues.oldest_wait(UPDATES, 10.0), queues.newest_wait(UPDATES, 10.0)) == (9.0, 4.0)
    queues.discard("a")
    queues.discard("c")
    assert (queues.oldest_wait(UPDATES, 10.0), queues.newest_wait(UPDATES, 10.0)) == (6.0, 6.0)
    queues.discard("b")
    assert (queues.oldest_wait(UPDATES, 10.0), queues.newest_wait(UPDATES, 10.0)) == (0.0, 0.0)


def test_waits_are_in_the_order_of_arrival_also_among_joiners() -> None:
    """Who is oldest need not have come first."""
    queues = joiners(7, 2)
    assert (queues.oldest_wait(JOINERS, 10.0), queues.newest_wait(JOINERS, 10.0)) == (3.0, 8.0)


def test_a_place_in_line_has_an_order() -> None:
    """By which it is known who stands behind the last free seat; nobody behind the end."""
    queues = joiners(5, 3, 9)
    assert [queues.order_at(JOINERS, place) for place in range(4)] == [age(3), age(5), age(9), None]
    assert Queues().order_at(JOINERS, 0) is None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (FRONT, None, [1, 2, 4, 5]),
        (FRONT, 4, [1, 2]),
        (2, None, [2, 4, 5]),
        (2, 5, [2, 4]),
        (3, 5, [4]),
        (5, 2, []),
        (9, None, []),
    ],
)
def test_who_stands_between(start: int | Order, end: int | None, expected: list[int]) -> None:
    """From an order on, and before another one; of both queues of the lane."""
    queues = joiners(1, 4, 5)
    queues.put("uid-2", JOINERS, 2.0, alone=True, age=age(2))
    begin = start if isinstance(start, tuple) else age(start)
    found = queues.between(JOINERS, begin, None if end is None else age(end))
    assert sorted(found) == [f"uid-{number}" for number in expected]


def test_who_stands_behind() -> None:
    """At that order or later; nobody who must go alone, or waits elsewhere, or nowhere."""
    queues = joiners(1, 2, 3)
    queues.put("uid-4", JOINERS, 4.0, alone=True, age=age(4))
    assert [queues.is_behind(f"uid-{number}", age(2)) for number in range(1, 6)] == [False, True, True, False, False]


class Model:
    """The same in two lists, sorted at every look."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[Lane, bool, object, float]] = {}
        self.arrivals = 0

    def put(self, uid: str, lane: Lane, now: float, *, alone: bool, age: Order) -> None:
        if uid in self.places and self.places[uid][:2] == (lane, alone):
            return
        self.arrivals += 1
        self.places[uid] = (lane, alone, age if lane is JOINERS else self.arrivals, now)

    def first(self, lane: Lane, *, alone: bool) -> list[str]:
        here = [(place[2], uid) for uid, place in self.places.items() if place[:2] == (lane, alone)]
        return [uid for _, uid in sorted(here)]  # type: ignore[type-var]


numbers = st.integers(1, 9)
happenings = st.lists(
    st.tuples(numbers, st.sampled_from([None, JOINERS, UPDATES, LEAVERS]), st.booleans()), max_size=60
)


@given(happenings)
def test_queues_are_what_sorting_would_give(script: list[tuple[int, Lane | None, bool]]) -> None:
    """Whoever comes, goes and changes lanes in whatever order."""
    queues, model = Queues(), Model()
    for now, (number, lane, alone) in enumerate(script):
        uid = f"uid-{number}"
        if lane is None:
            gone = model.places.pop(uid, None)
            assert queues.discard(uid) == (None if gone is None else gone[3])
        else:
            queues.put(uid, lane, float(now), alone=alone, age=age(number))
            model.put(uid, lane, float(now), alone=alone, age=age(number))
        for each in (JOINERS, UPDATES, LEAVERS):
            for apart in (False, True):
                assert first(queues, each, alone=apart) == model.first(each, alone=apart)
            assert queues.depth(each) == sum(place[0] is each for place in model.places.values())

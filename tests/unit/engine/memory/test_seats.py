"""Seat reservations: promised, taken, returned, and vacated, and when to read again."""

from __future__ import annotations

from cxone_operator.core.seats import Quota
from cxone_operator.engine.memory.seats import FEW, SETTLE_SECONDS, SeatReservations


def test_a_seat_is_counted_once_from_promise_to_reading() -> None:
    """Promised, then taken, then part of a reading that began later."""
    seats = SeatReservations()
    seats.learn(Quota(10, 4), 0.0)
    seats.promise("jane")
    assert (seats.reserved, seats.taken, seats.seats(0).free) == (1, 0, 5)
    seats.confirm("jane", 1.0)
    assert (seats.reserved, seats.taken, seats.seats(0).free) == (0, 1, 5)
    seats.learn(Quota(10, 5), 2.0)
    assert (seats.reserved, seats.taken, seats.seats(0).free) == (0, 0, 5)


def test_a_reading_that_began_before_a_seat_was_taken_does_not_include_it() -> None:
    seats = SeatReservations()
    seats.promise("jane")
    seats.confirm("jane", 5.0)
    seats.learn(Quota(10, 4), 4.0)
    assert seats.seats(0).free == 5


def test_a_promise_that_nobody_followed_to_its_end_asks_for_a_reading() -> None:
    """The seat may have been taken."""
    seats = SeatReservations()
    seats.learn(Quota(10, 4), 0.0)
    seats.promise("jane")
    assert not seats.read_due(1.0)
    seats.lose_sight("jane")
    assert seats.read_due(1.0)
    assert seats.reserved == 0


def test_a_reading_that_is_overtaken_says_nothing() -> None:
    """Two are under way at once: what the newer one includes must not be counted as free by the older."""
    seats = SeatReservations()
    seats.promise("jane")
    seats.confirm("jane", 1.0)
    seats.learn(Quota(10, 5), 2.0)
    seats.recount()
    seats.learn(Quota(10, 4), 0.5)
    assert (seats.quota, seats.taken) == (Quota(10, 5), 0)
    assert seats.read_due(2.0)


def test_while_somebody_is_short_the_quota_is_read_more_often() -> None:
    seats = SeatReservations()
    seats.learn(Quota(10, 10), 0.0)
    assert not seats.read_due(15.0)
    seats.short = True
    assert seats.read_due(15.0)


def test_a_promise_may_be_counted_twice() -> None:
    """Nobody is admitted to such a seat, and nobody is told that there is none."""
    seats = SeatReservations()
    seats.promise("jane")
    seats.learn(Quota(10, 9), 0.0)
    assert (seats.seats(0).free, seats.most_free(0)) == (0, 1)


def vacated(count: int, used: int = 50) -> SeatReservations:
    seats = SeatReservations()
    seats.learn(Quota(100, used), 0.0)
    for number in range(count):
        seats.vacate(f"uid-{number}", 1.0)
    return seats


def test_the_seats_of_few_are_released_at_once() -> None:
    seats = vacated(FEW)
    assert seats.release_due("uid-0")
    assert not seats.doubted(1000.0)


def test_the_seats_of_many_are_counted_first() -> None:
    """All of them are free, or none is known to be."""
    for given_back in (FEW + 1, FEW):
        seats = vacated(FEW + 1)
        assert not seats.release_due("uid-0")
        assert not seats.doubted(1.0 + SETTLE_SECONDS / 2)
        assert seats.doubted(1.0 + SETTLE_SECONDS)
        assert len(seats.learn(Quota(100, 50 - given_back), 4.0)) == FEW + 1
        assert seats.is_free("uid-0") is (given_back > FEW)
        assert seats.release_due("uid-0")
        assert not seats.doubted(1000.0)


def test_seats_that_were_taken_meanwhile_explain_the_reading() -> None:
    seats = vacated(FEW + 1)
    seats.promise("joiner")
    seats.confirm("joiner", 2.0)
    seats.learn(Quota(100, 50 - FEW), 4.0)
    assert seats.is_free("uid-0")


def test_somebody_who_waits_for_a_seat_waits_for_no_count() -> None:
    seats = vacated(FEW + 1)
    seats.short = True
    assert seats.release_due("uid-0")


def test_where_the_quota_cannot_be_read_every_seat_is_released() -> None:
    seats = vacated(FEW + 1)
    assert len(seats.distrust()) == FEW + 1
    assert seats.release_due("uid-0")
    assert seats.distrust() == ()


def test_a_seat_that_was_released_is_not_waited_for() -> None:
    seats = vacated(FEW + 1)
    seats.settle("uid-0")
    assert seats.release_due("uid-1")

"""The licence ledger: promised, taken, returned, and when to read again."""

from __future__ import annotations

from cxone_operator.engine.ledger import Ledger

from cxone_operator.core.seats import Quota


def test_a_seat_is_counted_once_from_promise_to_reading() -> None:
    """Promised, then taken, then part of a reading that began later."""
    ledger = Ledger()
    ledger.learn(Quota(10, 4), 0.0)
    ledger.promise("jane")
    assert (ledger.reserved, ledger.taken, ledger.seats(0).free) == (1, 0, 5)
    ledger.confirm("jane", 1.0)
    assert (ledger.reserved, ledger.taken, ledger.seats(0).free) == (0, 1, 5)
    ledger.learn(Quota(10, 5), 2.0)
    assert (ledger.reserved, ledger.taken, ledger.seats(0).free) == (0, 0, 5)


def test_a_reading_that_began_before_a_seat_was_taken_does_not_include_it() -> None:
    ledger = Ledger()
    ledger.promise("jane")
    ledger.confirm("jane", 5.0)
    ledger.learn(Quota(10, 4), 4.0)
    assert ledger.seats(0).free == 5


def test_a_promise_that_nobody_followed_to_its_end_asks_for_a_reading() -> None:
    """The seat may have been taken."""
    ledger = Ledger()
    ledger.learn(Quota(10, 4), 0.0)
    ledger.promise("jane")
    assert not ledger.read_due(1.0, short=False)
    ledger.lose_sight("jane")
    assert ledger.read_due(1.0, short=False)
    assert ledger.reserved == 0


def test_a_reading_that_is_overtaken_says_nothing() -> None:
    """Two are under way at once: what the newer one includes must not be counted as free by the older."""
    ledger = Ledger()
    ledger.promise("jane")
    ledger.confirm("jane", 1.0)
    ledger.learn(Quota(10, 5), 2.0)
    ledger.doubt()
    ledger.learn(Quota(10, 4), 0.5)
    assert (ledger.quota, ledger.taken) == (Quota(10, 5), 0)
    assert ledger.read_due(2.0, short=False)

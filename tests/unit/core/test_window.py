"""The sliding window: what it promises to the server, and what it keeps for leavers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cxone_operator.core.lane import Lane
from cxone_operator.core.window import MARGIN_SECONDS, WINDOW_SECONDS, SlidingWindow


def busy_window(limit: int = 100, **options: int) -> SlidingWindow:
    """A window whose first minute is over, so that requests need not be spread."""
    return SlidingWindow(limit, started=-1000.0, **options)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 100),
    st.lists(
        st.tuples(st.floats(0, 5), st.floats(0, 40), st.floats(0, 1), st.sampled_from(list(Lane))),
        min_size=1,
        max_size=400,
    ),
    st.floats(-1000, 0),
)
def test_no_window_of_the_server_ever_sees_more_than_the_limit(limit: int, asks: list, started: float) -> None:
    """Whatever the network delays: a request arrives some time between being sent and being answered."""
    window = SlidingWindow(limit, started=started, reserved_for_leavers=limit // 10)
    now, arrivals, pending = 0.0, [], []
    for think, latency, share, lane in asks:
        now += think
        while True:
            for answered in sorted(end for end in pending if end <= now):
                window.leave(answered)
                pending.remove(answered)
            wait = window.delay(lane, now)
            if wait <= 0:
                break
            now = min([now + wait, *pending])
        window.enter(now)
        arrivals.append(now + latency * share)
        pending.append(now + latency)
    arrivals.sort()
    for index, first in enumerate(arrivals):
        if index + limit < len(arrivals):
            assert arrivals[index + limit] - first >= WINDOW_SECONDS


def test_a_full_window_opens_when_the_oldest_answer_is_a_minute_old() -> None:
    """The wait is exactly until the oldest place becomes free."""
    window = busy_window(2)
    for answered in (10.0, 20.0):
        window.enter(answered)
        window.leave(answered)
    assert window.delay(Lane.LEAVERS, 30.0) == 10.0 + WINDOW_SECONDS + MARGIN_SECONDS - 30.0


def test_a_share_is_kept_for_leavers() -> None:
    """When joiners have used their part, a leaver still goes at once."""
    window = busy_window(10, reserved_for_leavers=1)
    for _ in range(9):
        window.enter(0.0)
        window.leave(0.0)
    assert window.delay(Lane.JOINERS, 1.0) > 0
    assert window.delay(Lane.LEAVERS, 1.0) == 0


def test_the_first_window_is_spread_evenly() -> None:
    """A process that may follow another one does not send a burst."""
    window = SlidingWindow(100, started=0.0)
    window.enter(0.0)
    window.leave(0.0)
    assert window.delay(Lane.LEAVERS, 0.0) == 0.6
    assert window.delay(Lane.LEAVERS, 61.0) == 0.0


def test_throttling_blocks_and_shrinks_and_grows_back() -> None:
    """Retry-After is obeyed to the second, and the limit recovers by a tenth each quiet minute."""
    window = busy_window(100)
    window.throttled(30.0, now=0.0)
    assert window.delay(Lane.LEAVERS, 10.0) == 20.0
    assert window.remaining(31.0) == 70
    assert window.remaining(61.0) == 80
    assert window.remaining(500.0) > 80


def test_a_long_silence_lets_one_leaver_a_minute_through() -> None:
    """Everybody else waits to its end."""
    window = SlidingWindow(100, started=-100.0)
    window.throttled(3600.0, now=0.0)
    assert (window.delay(Lane.LEAVERS, 0.0), window.delay(Lane.JOINERS, 0.0)) == (60.0, 3600.0)
    assert window.delay(Lane.LEAVERS, 60.0) == 0.0
    window.enter(60.0)
    assert (window.delay(Lane.LEAVERS, 60.0), window.delay(Lane.UPDATES, 60.0)) == (60.0, 3540.0)
    assert (window.blocked(60.0), window.blocked(3600.0)) == (3540.0, 0.0)


def test_requests_throttled_together_are_one_lesson() -> None:
    """A burst takes the limit down once, whatever Retry-After says, and the share for leavers goes down with it."""
    window = SlidingWindow(600, -100.0, 60)
    for _ in range(8):
        window.enter(0.0)
    for number in range(8):
        window.leave(0.1 + number / 100)
        window.throttled(0.0, 0.1 + number / 100)
    assert window.limit == 420
    assert window.delay(Lane.LEAVERS, 0.2) > 0.9
    assert window.delay(Lane.JOINERS, 1.2) == 0


def test_a_small_limit_keeps_a_small_share() -> None:
    """Otherwise nothing would be left for anybody else."""
    window = SlidingWindow(600, -100.0, 60)
    window.limit = 49.0
    for _ in range(20):
        window.enter(0.0)
        window.leave(0.0)
    assert window.delay(Lane.JOINERS, 2.0) == 0


def test_refusals_one_after_the_other_last_until_something_else_is_answered() -> None:
    """However short the pauses are that the server asks for."""
    window = busy_window()
    assert window.refusing(5.0) == 0.0
    window.throttled(0.0, 10.0)
    window.throttled(None, 15.0)
    assert window.refusing(40.0) == 30.0
    window.served()
    assert window.refusing(50.0) == 0.0

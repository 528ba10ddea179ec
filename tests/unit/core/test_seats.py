"""The licence gate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.core.seats import Quota, Seats, admit
from cxone_operator.engine.memory.seats import SeatReservations


@pytest.mark.parametrize(
    ("waiting", "seats", "hold", "expected"),
    [
        (5, Seats(None), False, 5),
        (5, Seats(Quota(10, 0)), False, 5),
        (5, Seats(Quota(10, 7)), False, 3),
        (5, Seats(Quota(10, 7)), True, 0),
        (3, Seats(Quota(10, 7)), True, 3),
        (5, Seats(Quota(10, 7), promised=3), False, 0),
        (5, Seats(Quota(10, 7), reserve=2), False, 1),
        (5, Seats(Quota(10, 12)), False, 0),
    ],
)
def test_admission(waiting: int, seats: Seats, hold: bool, expected: int) -> None:
    """Oldest first up to what is free; a held batch goes whole or not at all."""
    assert admit(waiting, seats, hold_batch=hold) == expected


steps = st.lists(
    st.tuples(st.sampled_from(["ask", "succeed", "fail", "read", "outsider", "leaver"]), st.integers(1, 5)), max_size=60
)


@given(st.integers(0, 12), steps)
def test_seats_are_never_oversubscribed_by_us(total: int, script: list[tuple[str, int]]) -> None:
    """Whatever the order of admissions, ends, readings and other people's doings: we never send one create too many."""
    reservations, now, used, sent = SeatReservations(), 0.0, 0, list[str]()
    reservations.learn(Quota(total, used), now)
    surprised = False
    for number, (step, count) in enumerate(script):
        now += 1
        if step == "ask":
            for index in range(admit(count, reservations.seats(0), hold_batch=False)):
                sent.append(f"{number}-{index}")
                reservations.promise(sent[-1])
        elif step == "succeed" and sent:
            uid = sent.pop(0)
            assert used < total or surprised
            if used < total:
                used += 1
                reservations.confirm(uid, now)
            else:
                reservations.give_back(uid)
        elif step == "fail" and sent:
            reservations.give_back(sent.pop(0))
        elif step == "read":
            reservations.learn(Quota(total, used), now)
        elif step == "outsider" and used < total:
            used, surprised = used + 1, True
        elif step == "leaver" and used:
            used -= 1

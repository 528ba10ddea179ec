"""The guard's arithmetic: the allowance, the window, and what a plan hash covers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.api.tenant import Deprovisioning
from cxone_operator.core.deprovisioning import (
    MOST_ADMISSIONS,
    Admission,
    Admissions,
    Leaver,
    admits,
    allowance,
    plan_hash,
)

JANE, JOHN = Leaver("uid-jane", 1, "jane@example.com"), Leaver("uid-john", 1, "john@example.com")


@pytest.mark.parametrize(
    ("active", "expected"),
    [(0, 5), (10, 5), (25, 5), (30, 6), (100, 20), (250, 50), (10_000, 50)],
)
def test_the_smaller_of_share_and_number_but_never_less_than_the_floor(active: int, expected: int) -> None:
    assert allowance(Deprovisioning(), active) == expected


def test_nothing_goes_without_approval_where_the_owner_wants_it_so() -> None:
    policy = Deprovisioning(max_users=0, min_users=0)
    assert not admits([JANE], 0, allowance(policy, 10_000))


def test_a_hash_covers_a_set_and_not_its_order() -> None:
    assert plan_hash([JANE, JOHN], "t") == plan_hash([JOHN, JANE], "t")


@pytest.mark.parametrize(
    ("leavers", "since"),
    [([JANE], "t"), ([JANE, JOHN], "later"), ([JANE, Leaver("uid-john", 2, "john@example.com")], "t")],
)
def test_any_change_needs_a_new_approval(leavers: list[Leaver], since: str) -> None:
    """Somebody less, another time, or the same person after a rehire."""
    assert plan_hash(leavers, since) != plan_hash([JANE, JOHN], "t")


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 9)), max_size=3 * MOST_ADMISSIONS))
def test_no_window_ever_sees_more_than_the_allowance(batches: list[tuple[float, int]]) -> None:
    """However admissions arrive, and although only so many entries are kept."""
    window, allowed, now = 60.0, 20, 0.0
    kept, all_of_them = Admissions(), []
    for pause, users in batches:
        now += pause
        kept = kept.within(window, now)
        if admits([JANE] * users, kept.users, allowed):
            kept = kept.plus(Admission(now, "", users))
            all_of_them.append((now, users))
        assert sum(users for at, users in all_of_them if now - at < window) <= allowed
        assert len(kept.entries) <= MOST_ADMISSIONS


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3 * MOST_ADMISSIONS))
def test_joining_entries_forgets_nobody(users: list[int]) -> None:
    kept = Admissions()
    for moment, number in enumerate(users):
        kept = kept.plus(Admission(float(moment), str(moment), number))
    assert kept.users == sum(users)

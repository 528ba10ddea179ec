"""Back-off: what fails is asked for less often, and no longer than a leaver can wait for its end."""

from __future__ import annotations

from dataclasses import replace

from cxone_operator.api.reasons import Reason
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.engine.base.backoff import LONGEST_SECONDS, BackOff

DENIED = Failure(Reason.PERMISSION_DENIED, "the client lacks a scope", retryable=False)
AWAY = Failure(Reason.REMOTE_UNAVAILABLE, "CXone answered 503", retryable=True)


def failing(failure: Failure, times: int) -> BackOff:
    found = BackOff()
    for _ in range(times):
        found.failed(failure, 0.0, 0.0)
    return found


def test_pauses_grow_up_to_a_limit() -> None:
    assert [failing(DENIED, times).remaining(0.0) for times in range(7)] == [0, 1, 2, 4, 8, 16, LONGEST_SECONDS]


def test_a_pause_ends() -> None:
    found = failing(DENIED, 3)
    assert (found.remaining(3.0), found.remaining(4.0), found.failure) == (1.0, 0.0, DENIED)


def test_what_the_server_asks_for_is_obeyed() -> None:
    """A shorter pause does not end it sooner."""
    found = failing(Failure(Reason.RATE_LIMITED, "429", retryable=True, retry_after=50.0), 1)
    found.failed(DENIED, 0.0, 0.0)
    assert found.remaining(0.0) == 50.0


def test_whatever_the_server_asks_for_leavers_are_looked_up_once_a_minute() -> None:
    found = failing(Failure(Reason.RATE_LIMITED, "429", retryable=True, retry_after=3600.0), 1)
    assert found.remaining(0.0) == 60.0


def test_where_cxone_as_a_whole_fails_the_circuit_paces() -> None:
    """A few quick tries open it."""
    found = failing(AWAY, 10)
    assert (found.remaining(0.0), found.failure, found.lasting) == (0.0, AWAY, True)


def test_a_success_ends_it_all() -> None:
    found = failing(DENIED, 10)
    found.succeeded()
    assert (found.remaining(0.0), found.failure, found.lasting) == (0.0, None, False)
    found.failed(DENIED, 0.0, 0.0)
    assert found.remaining(0.0) == 1.0


def test_a_word_on_the_tenant_is_worth_more_than_two_failures() -> None:
    assert [failing(DENIED, times).lasting for times in range(5)] == [False, False, False, True, True]


def test_what_the_whole_tenant_suffers_from_for_good_is_worth_a_word_at_once() -> None:
    assert failing(replace(DENIED, scope=Scope.TENANT), 1).lasting
    assert not failing(replace(AWAY, scope=Scope.TENANT), 1).lasting

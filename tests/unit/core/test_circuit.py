"""The circuit: when it opens, what passes while it is half-open, and how it closes."""

from __future__ import annotations

import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.core.circuit import LONGEST_SECONDS, Circuit
from cxone_operator.core.failure import Failure

AWAY = Failure(Reason.REMOTE_UNAVAILABLE, "503", retryable=True)
REFUSED = Failure(Reason.AUTHENTICATION_FAILED, "401", retryable=False)
WRONG_ROLE = Failure(Reason.ROLE_NOT_FOUND, "no such role", retryable=False)
THROTTLED = Failure(Reason.RATE_LIMITED, "429", retryable=True)


def opened(now: float = 0.0) -> Circuit:
    circuit = Circuit()
    for _ in range(5):
        circuit.answered(AWAY, now, 0.0)
    assert circuit.is_open
    return circuit


def test_four_failures_prove_nothing() -> None:
    circuit = Circuit()
    for _ in range(4):
        circuit.answered(AWAY, 0.0, 0.0)
    assert circuit.admits(0.0)


def test_half_of_the_last_twenty_open_it() -> None:
    circuit = Circuit()
    for _ in range(10):
        circuit.answered(None, 0.0, 0.0)
    for number in range(10):
        assert circuit.is_open is False, number
        circuit.answered(AWAY, 0.0, 0.0)
    assert circuit.is_open


def test_refused_credentials_open_it_at_once() -> None:
    circuit = Circuit()
    circuit.answered(REFUSED, 0.0, 0.0)
    assert circuit.failure is REFUSED


@pytest.mark.parametrize("failure", [WRONG_ROLE, THROTTLED])
def test_refusals_are_answers(failure: Failure) -> None:
    circuit = Circuit()
    for _ in range(100):
        circuit.answered(failure, 0.0, 0.0)
    assert not circuit.is_open


def test_nothing_passes_until_the_pause_is_over_and_then_one() -> None:
    circuit = opened()
    assert circuit.remaining(0.0) == 1.0
    assert not circuit.admits(0.99)
    assert circuit.admits(1.0)
    circuit.probing = True
    assert not circuit.admits(1.0)


def test_an_answered_probe_closes_it() -> None:
    circuit = opened()
    circuit.probing = True
    circuit.answered(WRONG_ROLE, 1.0, 0.0)
    assert circuit.admits(1.0)
    assert not circuit.is_open


def test_each_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    circuit, now, pauses = opened(), 0.0, []
    for _ in range(8):
        pauses.append(circuit.remaining(now))
        now += pauses[-1]
        circuit.answered(AWAY, now, 0.0)
    assert pauses == [1, 2, 4, 8, 16, LONGEST_SECONDS, LONGEST_SECONDS, LONGEST_SECONDS]


def test_stragglers_neither_close_nor_prolong_it() -> None:
    circuit = opened()
    circuit.answered(None, 0.5, 0.0)
    circuit.answered(AWAY, 0.5, 0.0)
    assert circuit.is_open
    assert circuit.remaining(0.5) == 0.5


def test_a_service_that_fails_again_soon_gets_a_longer_pause() -> None:
    circuit = opened()
    circuit.answered(None, 1.0, 0.0)
    for _ in range(5):
        circuit.answered(AWAY, 2.0, 0.0)
    assert circuit.remaining(2.0) == 2.0
    circuit.answered(None, 4.0, 0.0)
    for _ in range(20):
        circuit.answered(None, 5.0, 0.0)
    for _ in range(20):
        circuit.answered(AWAY, 6.0, 0.0)
    assert circuit.remaining(6.0) == 1.0


def test_retry_after_is_obeyed() -> None:
    circuit = Circuit()
    for _ in range(5):
        circuit.answered(Failure(Reason.REMOTE_UNAVAILABLE, "503", retryable=True, retry_after=20.0), 0.0, 0.0)
    assert circuit.remaining(0.0) == 20.0


def test_a_reset_forgets_everything() -> None:
    circuit = opened()
    circuit.reset()
    assert circuit.admits(0.0)
    circuit.answered(AWAY, 0.0, 0.0)
    assert not circuit.is_open


def test_no_silence_that_is_asked_for_lasts_longer_than_a_minute() -> None:
    """A leaver is worth a try."""
    circuit = Circuit()
    for _ in range(10):
        circuit.answered(Failure(Reason.REMOTE_UNAVAILABLE, "503", retryable=True, retry_after=1e9), 0.0, 0.0)
    assert circuit.remaining(0.0) == 60.0

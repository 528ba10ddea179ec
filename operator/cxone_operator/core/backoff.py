"""Exponential backoff; jitter is an argument, so the same failure always gives the same answer in a test."""

from __future__ import annotations

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0


def backoff(failures: int, jitter: float, longest: float = LONGEST_SECONDS) -> float:
    """Seconds until the next attempt after `failures` in a row: 1, 2, 4 … `longest`, then up to a quarter more.

    `jitter` is a number from 0 to 1.
    """
    exponent = min(max(failures - 1, 0), 16)
    return min(FIRST_SECONDS * 2.0**exponent, longest) * (1.0 + 0.25 * jitter)

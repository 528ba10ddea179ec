"""A pause between attempts at one kind of request, so that its failures do not hold up the others."""

from __future__ import annotations

from cxone_operator.api.reasons import Reason
from cxone_operator.core.backoff import backoff
from cxone_operator.core.circuit import LONGEST_ASKED_SECONDS
from cxone_operator.core.failure import Failure, Scope

LONGEST_SECONDS = 30.0
"""However long something has failed: a leaver must not wait longer than this for its end to be noticed."""


class BackOff:
    """Open, or closed until some moment after a failure."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = float("-inf")
        self.failure: Failure | None = None
        """The last failure, None after a success."""

    def failed(self, failure: Failure, now: float, jitter: float) -> None:
        """Close for longer after each failure in a row, and as long as the server asked, up to a minute.

        Not where CXone as a whole fails: a few quick tries open the circuit, which then paces everything.
        """
        self._failures += 1
        self.failure = failure
        if failure.reason is Reason.REMOTE_UNAVAILABLE:
            return
        pause = max(
            min(backoff(self._failures, jitter), LONGEST_SECONDS),
            min(failure.retry_after or 0.0, LONGEST_ASKED_SECONDS),
        )
        self._until = max(self._until, now + pause)

    def succeeded(self) -> None:
        """Open again."""
        self._failures, self._until, self.failure = 0, float("-inf"), None

    def remaining(self, now: float) -> float:
        """Seconds until the next attempt; 0 means now."""
        return max(0.0, self._until - now)

    @property
    def lasting(self) -> bool:
        """It has failed so often, or in such a way, that it is worth a word on the tenant."""
        failure = self.failure
        final = failure is not None and failure.scope is Scope.TENANT and not failure.retryable
        return final or self._failures > 2

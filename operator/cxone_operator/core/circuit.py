"""The circuit of a tenant: where CXone as a whole fails, stop asking, and find out with one request at a time.

    closed ──▶ open        the credentials are refused, or half of the last requests failed
    open ──▶ half-open     the pause is over: one request may pass
    half-open ──▶ closed   it was answered
    half-open ──▶ open     it failed: a longer pause

Only failures of the service count. A refusal that concerns one user is an answer like any other.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from cxone_operator.api.reasons import Reason
from cxone_operator.core.backoff import backoff
from cxone_operator.core.failure import Failure

LONGEST_SECONDS = 30.0
"""However long CXone has failed: a leaver must not wait longer than this for its end to be noticed."""
LONGEST_ASKED_SECONDS = 60.0
"""However long CXone asks to wait: a leaver may try once a minute."""
_RECENT = 20
_FEWEST_FAILURES = 5
"""Fewer prove nothing: a user's own retries deal with them."""
_SERVICE_FAILURES = (Reason.REMOTE_UNAVAILABLE, Reason.AUTHENTICATION_FAILED)


@dataclass(slots=True)
class Circuit:
    """Whether requests to one tenant are worth sending. Times are seconds of any monotonic clock."""

    failure: Failure | None = None
    """Why it is open, None while it is closed."""
    probing: bool = False
    """The one request of a half-open circuit is under way."""
    _recent: deque[bool] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _openings: int = 0
    _until: float = float("-inf")

    @property
    def is_open(self) -> bool:
        """Open or half-open."""
        return self.failure is not None

    def remaining(self, now: float) -> float:
        """Seconds until a request may pass; 0 means now."""
        return max(0.0, self._until - now) if self.is_open else 0.0

    def admits(self, now: float) -> bool:
        """A request may be sent now; in a half-open circuit only where no other one is under way."""
        return not self.is_open or (now >= self._until and not self.probing)

    def answered(self, failure: Failure | None, now: float, jitter: float) -> None:
        """A request has ended, `failure` None where it succeeded; stragglers from before the opening do not count."""
        if self.is_open and now < self._until:
            return
        served = failure is None or failure.reason not in _SERVICE_FAILURES
        self._recent.append(served)
        if served:
            self._close()
        elif failure is not None and (self.is_open or self._is_enough(failure)):
            self._open(failure, now, jitter)

    def reset(self) -> None:
        """The cause is gone: start as new."""
        self.failure, self.probing, self._openings = None, False, 0
        self._recent.clear()

    def _is_enough(self, failure: Failure) -> bool:
        failures = self._recent.count(False)
        half = failures >= _FEWEST_FAILURES and 2 * failures >= len(self._recent)
        return half or failure.reason is Reason.AUTHENTICATION_FAILED

    def _open(self, failure: Failure, now: float, jitter: float) -> None:
        self._openings += 1
        self.failure, self.probing = failure, False
        pause = min(backoff(self._openings, jitter), LONGEST_SECONDS)
        self._until = now + max(pause, min(failure.retry_after or 0.0, LONGEST_ASKED_SECONDS))

    def _close(self) -> None:
        """The pauses begin short again only when all recent requests were answered."""
        if self.is_open:
            self.failure, self.probing = None, False
            self._recent.clear()
        elif len(self._recent) == _RECENT and all(self._recent):
            self._openings = 0

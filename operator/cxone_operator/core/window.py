"""The request budget: a sliding window, so that no 60 seconds ever see more than the limit.

A token bucket does not promise that (a full bucket and a full refill fit into one window). And because the server
counts when a request *arrives*, some time between our sending it and its answer, a request holds its place from the
moment it is sent until 60 seconds after it was answered: whatever the network delays, no window of the server's can
hold more than ours.

The window is a value with methods that take the time; waiting is the business of whoever asks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from cxone_operator.core.lane import Lane

WINDOW_SECONDS = 60.0
MARGIN_SECONDS = 0.25
"""Added to the window: clocks of two machines do not tick alike, and servers round."""
_SHRINK = 0.7
"""Share of the limit that is kept after a 429 that we did not expect."""
_DEFAULT_PAUSE_SECONDS = 5.0
"""After a 429 that names no time."""
_LEAST_PAUSE_SECONDS = 1.0
"""After a 429 whose time has passed already: the server's clock may be behind ours."""
LEAVERS_SECONDS = 60.0
"""However long the server asks to wait, a leaver is tried after that."""
_GROW_AFTER_SECONDS = 60.0
"""How long without a 429 until the limit grows back by a tenth of what was configured."""


@dataclass(slots=True)
class SlidingWindow:
    """Who may send when. Times are seconds of any monotonic clock."""

    configured: int
    started: float
    reserved_for_leavers: int = 0
    limit: float = field(init=False)
    in_flight: int = 0
    _answered: deque[float] = field(default_factory=deque)
    _blocked_until: float = 0.0
    _asked_at: float = float("-inf")
    """When the server was asked last while it wants no requests."""
    _refusing_since: float | None = None
    """When the first of the 429s came that are all that has been answered since."""
    _last_grant: float = float("-inf")
    _changed: float = 0.0

    def __post_init__(self) -> None:
        self.limit = float(self.configured)
        self._changed = self.started

    def configure(self, limit: int, reserved_for_leavers: int) -> None:
        """The tenant's limit was changed."""
        self.configured, self.reserved_for_leavers = limit, reserved_for_leavers
        self.limit = float(limit)

    def delay(self, lane: Lane, now: float) -> float:
        """Seconds until a request of that lane may be sent; 0 means now."""
        self._forget_old(now)
        waits = [self._block(lane) - now, self._pace(now), self._room(lane, now)]
        return max(0.0, *waits)

    def enter(self, now: float) -> None:
        """A request is being sent. Only after `delay` said 0."""
        self.in_flight += 1
        self._last_grant = now
        if now < self._blocked_until:
            self._asked_at = now

    def leave(self, now: float) -> None:
        """Its answer came, or it failed."""
        self.in_flight -= 1
        self._answered.append(now)

    def throttled(self, retry_after: float | None, now: float) -> None:
        """The server answered 429: obey Retry-After (seconds), and ask for less from here on.

        Requests that were under way together are throttled together: that is one lesson, not many.
        """
        if now >= self._blocked_until:
            self.limit = max(1.0, self.limit * _SHRINK)
            self._changed = now
        if self._refusing_since is None:
            self._refusing_since = now
        pause = _DEFAULT_PAUSE_SECONDS if retry_after is None else max(retry_after, _LEAST_PAUSE_SECONDS)
        self._blocked_until = max(self._blocked_until, now + pause)
        self._asked_at = now

    def served(self) -> None:
        """The server answered something else than 429."""
        self._refusing_since = None

    def refusing(self, now: float) -> float:
        """Seconds for which the server has answered nothing but 429, however short the pauses that it asked for."""
        return 0.0 if self._refusing_since is None else now - self._refusing_since

    def blocked(self, now: float) -> float:
        """Seconds for which the server wants no requests."""
        return max(0.0, self._blocked_until - now)

    def remaining(self, now: float) -> int:
        """Requests of the first lane that could be sent at this moment."""
        self._forget_old(now)
        return max(0, int(self.limit) - self._used())

    def usage(self, now: float) -> float:
        """Used share of the window, 0 to 1."""
        self._forget_old(now)
        return min(1.0, self._used() / max(1, int(self.limit)))

    def _block(self, lane: Lane) -> float:
        """Leavers are tried all the same, one a minute: nobody stays in for as long as a server likes."""
        if lane is not Lane.LEAVERS:
            return self._blocked_until
        return min(self._blocked_until, self._asked_at + LEAVERS_SECONDS)

    def _used(self) -> int:
        return self.in_flight + len(self._answered)

    def _forget_old(self, now: float) -> None:
        while self._answered and self._answered[0] <= now - WINDOW_SECONDS - MARGIN_SECONDS:
            self._answered.popleft()
        if self.limit < self.configured and now - self._changed >= _GROW_AFTER_SECONDS:
            self.limit = min(float(self.configured), self.limit + self.configured / 10)
            self._changed = now

    def _room(self, lane: Lane, now: float) -> float:
        reserved = 0 if lane is Lane.LEAVERS else int(self.reserved_for_leavers * self.limit / self.configured)
        allowed = max(1, int(self.limit) - reserved)
        excess = self._used() - allowed + 1
        if excess <= 0:
            return 0.0
        if excess > len(self._answered):
            return MARGIN_SECONDS
        return self._answered[excess - 1] + WINDOW_SECONDS + MARGIN_SECONDS - now

    def _pace(self, now: float) -> float:
        """In the first window requests are spread evenly: an earlier process may have spent this one's budget."""
        if now >= self.started + WINDOW_SECONDS:
            return 0.0
        return self._last_grant + WINDOW_SECONDS / self.configured - now

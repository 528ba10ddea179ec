"""The rate limit: a sliding window, and the count of what passed it."""

from __future__ import annotations

from collections import Counter, deque

WINDOW_SECONDS = 60.0


class Throttle:
    """Admits at most a number of requests in any 60 seconds; what it refuses does not count."""

    def __init__(self) -> None:
        self._admitted: deque[float] = deque()
        self.requests: dict[str, Counter[str]] = {}
        self.throttled = 0
        self.most_in_window = 0

    def admit(self, limit: int, now: float) -> float:
        """0 where the request is admitted, else the seconds until one will be."""
        while self._admitted and now - self._admitted[0] >= WINDOW_SECONDS:
            self._admitted.popleft()
        if limit and len(self._admitted) >= limit:
            self.throttled += 1
            return WINDOW_SECONDS - (now - self._admitted[len(self._admitted) - limit])
        self._admitted.append(now)
        self.most_in_window = max(self.most_in_window, len(self._admitted))
        return 0.0

    def count(self, route: str, status: int) -> None:
        """A request was answered."""
        self.requests.setdefault(route, Counter())[str(status)] += 1

    @property
    def total(self) -> int:
        """All requests that were answered, throttled ones too."""
        return sum(counts.total() for counts in self.requests.values())

    def reset(self) -> None:
        """Count from zero; the window stays as it is."""
        self.requests.clear()
        self.throttled = self.most_in_window = 0

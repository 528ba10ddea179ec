"""The request budget of one tenant: the sliding window, with people waiting in front of it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cxone_operator.core.lane import Lane
from cxone_operator.core.window import SlidingWindow

Clock = Callable[[], float]


class Budget:
    """Hands out places in the window, by lane first and by arrival second."""

    def __init__(self, window: SlidingWindow, clock: Clock, throttled: Callable[[], None]) -> None:
        self.window = window
        self._clock = clock
        self._on_throttled = throttled
        self._queue: list[tuple[Lane, int]] = []
        self._arrivals = itertools.count()
        self._moved = asyncio.Event()
        self._closed = False

    def close(self) -> None:
        """Nothing more is sent: whoever waits is sent away."""
        self._closed = True
        self._notify()

    @asynccontextmanager
    async def slot(self, lane: Lane) -> AsyncIterator[None]:
        """Wait for a place and hold it until the answer has come (or will not come)."""
        await self._enter(lane)
        try:
            yield
        finally:
            self.window.leave(self._clock())
            self._notify()

    def throttled(self, retry_after: float | None) -> None:
        """The server answered 429."""
        self.window.throttled(retry_after, self._clock())
        self._on_throttled()

    def delay(self, lane: Lane) -> float:
        """Seconds until a new request of that lane could be sent, with nobody else in the way."""
        waiting_before = sum(1 for waiting, _ in self._queue if waiting <= lane)
        return max(self.window.delay(lane, self._clock()), 0.05 if waiting_before else 0.0)

    @property
    def usage(self) -> float:
        """Used share of the window, 0 to 1."""
        return self.window.usage(self._clock())

    @property
    def remaining(self) -> int:
        """Requests that could be sent right now."""
        return self.window.remaining(self._clock())

    async def _enter(self, lane: Lane) -> None:
        ticket = (lane, next(self._arrivals))
        heapq.heappush(self._queue, ticket)
        try:
            while (delay := self._delay_of(ticket)) > 0:
                await self._wait(delay)
                if self._closed:
                    raise asyncio.CancelledError
            self.window.enter(self._clock())
        finally:
            self._queue.remove(ticket)
            heapq.heapify(self._queue)
            self._notify()

    def _delay_of(self, ticket: tuple[Lane, int]) -> float:
        if self._queue[0] != ticket:
            return 60.0
        return self.window.delay(ticket[0], self._clock())

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            return

    def _notify(self) -> None:
        """Everybody who waits looks at the window again."""
        self._moved.set()
        self._moved = asyncio.Event()

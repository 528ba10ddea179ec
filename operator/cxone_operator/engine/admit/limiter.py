"""The rate limiter of one tenant: the circuit and the sliding window, with people waiting in front of them."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cxone_operator.api.reasons import Reason
from cxone_operator.core.circuit import Circuit
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.core.window import SlidingWindow
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.scim.errors import CircuitOpen
from cxone_operator.scim.transport import NotSent


class RateLimiter:
    """Hands out places in the window, by lane first and by arrival second."""

    def __init__(self, window: SlidingWindow, clocks: Clocks, throttled: Callable[[], None]) -> None:
        self.window = window
        """May be that of neighbours, too: whatever they send counts as well."""
        self.circuit = Circuit()
        self._clocks = clocks
        self._clock = clocks.monotonic
        self._on_throttled = throttled
        self._queue: list[tuple[Lane, int]] = []
        self._arrivals = itertools.count()
        self._moved = asyncio.Event()
        self._closed = False
        self._leavers_come = False

    def close(self) -> None:
        """Nothing more is sent: whoever waits is sent away."""
        self._closed = True
        self._notify()

    @asynccontextmanager
    async def slot(self, lane: Lane) -> AsyncIterator[None]:
        """Wait for a place and hold it until the answer has come (or will not come); raises CircuitOpen, NotSent.

        Nobody waits in front of an open circuit: what is wanted may be something else when it closes.
        """
        window = await self._enter(lane)
        probes = self.circuit.probing = self.circuit.is_open
        try:
            yield
        finally:
            if probes:
                self.circuit.probing = False
            window.leave(self._clock())
            self._notify()

    def expect_leavers(self, come: bool) -> None:
        """Somebody is about to be locked out and is sent when there is a place: nobody else takes the next one.

        A request that waits in line itself could not be called back, should the lock-out be undone meanwhile.
        """
        if self._leavers_come and not come:
            self._notify()
        self._leavers_come = come

    def answered(self, failure: Failure | None) -> None:
        """A request has ended, `failure` None where it succeeded."""
        now = self._clock()
        self.circuit.answered(failure, now, self._clocks.jitter())
        if failure is not None and failure.reason is Reason.RATE_LIMITED:
            self.window.throttled(failure.retry_after, now)
            self._on_throttled()
        else:
            self.window.served()
        if self.circuit.is_open:
            self._notify()

    def delay(self, lane: Lane) -> float:
        """Seconds until a new request of that lane could be sent, with nobody else in the way."""
        waiting_before = sum(1 for waiting, _ in self._queue if waiting <= lane)
        return max(self.window.delay(lane, self._clock()), 0.05 if waiting_before else 0.0)

    @property
    def usage(self) -> float:
        """Used share of the window, 0 to 1."""
        return self.window.usage(self._clock())

    @property
    def blocked(self) -> float:
        """Seconds for which CXone wants no requests."""
        return self.window.blocked(self._clock())

    @property
    def refusing(self) -> float:
        """Seconds for which CXone has refused every request as one too many."""
        return self.window.refusing(self._clock())

    @property
    def remaining(self) -> int:
        """Requests that could be sent right now."""
        return self.window.remaining(self._clock())

    async def _enter(self, lane: Lane) -> SlidingWindow:
        ticket = (lane, next(self._arrivals))
        heapq.heappush(self._queue, ticket)
        try:
            self._check_circuit()
            while (delay := self._delay_of(ticket)) > 0:
                await self._wait(delay)
                if self._closed:
                    raise NotSent
                self._check_circuit()
            window = self.window
            window.enter(self._clock())
            return window
        finally:
            self._queue.remove(ticket)
            heapq.heapify(self._queue)
            self._notify()

    def _check_circuit(self) -> None:
        failure = self.circuit.failure
        if failure is not None and not self.circuit.admits(self._clock()):
            raise CircuitOpen(f"not sent, as CXone fails: {failure.message}", code="circuit")

    def _delay_of(self, ticket: tuple[Lane, int]) -> float:
        if self._queue[0] != ticket or (self._leavers_come and ticket[0] > Lane.LEAVERS):
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

"""The election: the Lease in a thread with a loop of its own, so that no amount of work keeps a renewal from leaving.

Whoever works asks the fence, which is a moment of the monotonic clock and the same in every thread. A thread that
renews whatever the rest does must not keep a process in office that has stopped working: it asks the loop of the
process for a sign of life, and without one the process ends.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import AbstractAsyncContextManager, suppress

from cxone_operator.cluster.lease import Lease, LeaseStore, Timing
from cxone_operator.telemetry.logging import get_logger

LONGEST_SILENCE_SECONDS = 30.0
"""A loop that has not come round for so long does no work, and another process should."""

log = get_logger(__name__)

OpenStore = Callable[[], AbstractAsyncContextManager[LeaseStore]]
"""Opens the store in the loop that uses it."""


class Election:
    """Leadership of one process, renewed in a thread."""

    def __init__(
        self,
        open_store: OpenStore,
        identity: str,
        timing: Timing,
        clock: Callable[[], float],
        lost: Callable[[], None],
    ) -> None:
        self._open_store = open_store
        self._identity = identity
        self._timing = timing
        self._clock = clock
        self._lost = lost
        self._lease: Lease | None = None
        self._elected: Future[None] = Future()
        self._over: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._sign_of_life = clock()

    @property
    def held(self) -> bool:
        """This process may act."""
        return self._lease is not None and self._lease.held

    def fence(self) -> None:
        """Raises asyncio.CancelledError where another process may act by now."""
        if not self.held:
            raise asyncio.CancelledError("the lease is not held")

    async def acquire(self) -> None:
        """Wait until the Lease is ours; it is renewed from then on.

        Raises Forbidden where we may not even try, and Gone where the namespace does not exist.
        """
        working = asyncio.get_running_loop()
        threading.Thread(target=self._run, args=(working,), name="election", daemon=True).start()
        await asyncio.wrap_future(self._elected)

    async def release(self) -> None:
        """Give the Lease up at once, if it is ours, or stop standing for it."""
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # the thread has ended already
                self._loop.call_soon_threadsafe(self._task.cancel)
            await asyncio.wrap_future(self._over)

    def _run(self, working: asyncio.AbstractEventLoop) -> None:
        try:
            asyncio.run(self._serve(working))
        finally:
            self._over.set_result(None)

    async def _serve(self, working: asyncio.AbstractEventLoop) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            async with self._open_store() as store:
                await self._stand(store, working)
        except Exception as error:
            if not self._elected.done():
                self._elected.set_exception(error)

    async def _stand(self, store: LeaseStore, working: asyncio.AbstractEventLoop) -> None:
        lease = self._lease = Lease(store, self._identity, self._timing, self._clock, self._lost)
        try:
            await lease.acquire()
            with suppress(InvalidStateError):  # nobody waits for it any more
                self._elected.set_result(None)
            await self._watch(working)
        except asyncio.CancelledError:
            await lease.release()

    async def _watch(self, working: asyncio.AbstractEventLoop) -> None:
        """Ends the process where its loop has stopped working."""
        self._sign_of_life = self._clock()
        while self._clock() - self._sign_of_life < LONGEST_SILENCE_SECONDS:
            working.call_soon_threadsafe(self._live)
            await asyncio.sleep(self._timing.retry)
        log.error("loop_stands_still", seconds=LONGEST_SILENCE_SECONDS)
        self._lost()

    def _live(self) -> None:
        self._sign_of_life = self._clock()

"""Background work of one tenant: started freely, ended together, and never failing in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from cxone_operator.telemetry.logging import get_logger

log = get_logger(__name__)


class Tasks:
    """The tasks of one owner."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run it beside everything else."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def sleep(self, seconds: float) -> None:
        """Wait, as part of a task; a task that is asleep when all are to finish ends there."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
        raise asyncio.CancelledError

    async def finish(self, seconds: float) -> None:
        """End what is asleep, give everything else that long to end, then cancel what is left."""
        self._closing.set()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task_failed", exc_info=task.exception())

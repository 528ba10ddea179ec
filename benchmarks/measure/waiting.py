"""Waiting for what only polling can see: the logs of other processes, and whether they run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], seconds: float | None = None, *, every: float = 0.02) -> None:
    """Look again and again; raises TimeoutError after that many seconds, without any when the run's time is up."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (another process has no event to wait for)
            await asyncio.sleep(every)

"""Time that is not waited for: an event loop on which an hour costs no more than what happens in it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_TURN_SECONDS = 1e-6
"""What a turn takes: real ones take time too, and without it a wait too short for a float would never end."""


class _Clock(selectors.SelectSelector):
    """Instead of waiting, the time moves to the next timer. Nothing here has a socket that could become readable."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("a rehearsal waits for something that never comes")
        self.now += max(_TURN_SECONDS, timeout)
        return []


class TimelessLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose time is a number."""

    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._clock.now


def run_timeless(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=TimelessLoop) as runner:
        return runner.run(work)

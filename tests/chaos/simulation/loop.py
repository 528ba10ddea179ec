"""Virtual time: an event loop on which a minute costs what its events cost, and every run is the same.

The loop never waits. Where asyncio would sleep until the next timer, `select` moves the clock there. Nothing in a
run reads a real clock or real randomness, and tasks hash by the order in which they were made, so sets of tasks are
walked in the same order each time. What is left to Python is the hash of strings: PYTHONHASHSEED must be fixed.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar

T = TypeVar("T")

TURN_SECONDS = 1e-6
"""What a turn takes: real ones take time too, and without it a wait too short for a float would never end."""
MOST_TURNS = 300_000
"""Turns of the loop in one run; more means that something goes round in circles."""
MOST_TURNS_AT_ONCE = 20_000
"""Turns without any time passing."""


class Livelock(Exception):
    """The run does not come to an end, or waits for nothing."""


class Task(asyncio.Task[Any]):
    """A task that sets order by its number, not by its address."""

    _made = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Task._made += 1
        self._number = Task._made  # asyncio hashes the task while it is being made
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self._number


class _Clock(selectors.SelectSelector):
    """Instead of waiting, the time moves to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.turns = self.turns_at_once = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Livelock("everybody waits for somebody else")
        self.turns += 1
        self.turns_at_once = 0 if timeout > 0 else self.turns_at_once + 1
        if self.turns > MOST_TURNS or self.turns_at_once > MOST_TURNS_AT_ONCE:
            raise Livelock(f"no end in sight after {self.turns} turns and {self.now:.1f} s")
        self.now += max(TURN_SECONDS, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose time is a number."""

    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)
        self.on_task: Callable[[asyncio.Task[Any], Context], None] = lambda *_: None
        """Told of each new task and the context that it runs in."""
        self.problems: list[str] = []
        """What nobody caught."""
        self.set_task_factory(self._make_task)
        self.set_exception_handler(self._note)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._clock.now

    def forgive(self) -> None:
        """Count turns anew."""
        self._clock.turns = self._clock.turns_at_once = 0

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], context: Context | None = None
    ) -> asyncio.Task[T]:
        task = Task(work, loop=loop, context=context)
        self.on_task(task, context or copy_context())
        return task

    def _note(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.problems.append(f"{context.get('message')}: {context.get('exception')!r}")


def run(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> tuple[T, float]:
    """Run it to its end on a loop of its own; its result, and how much virtual time it took."""
    Task._made = 0
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main(loop)), loop.time()
    finally:
        loop.forgive()
        for _ in range(20):
            left = [task for task in asyncio.all_tasks(loop) if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
        loop.close()

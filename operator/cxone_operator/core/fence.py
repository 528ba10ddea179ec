"""The fence: may this process still act? Asked immediately before each request that changes something for somebody.

What remains of the race is a request that is on its way while the fence closes, so every request is also safe to
arrive late or twice.
"""

from __future__ import annotations

from collections.abc import Callable

Fence = Callable[[], None]
"""Raises asyncio.CancelledError, which ends the work in hand quietly, where another process may act by now."""


def unfenced() -> None:
    """The fence of a process that nobody can take over from."""

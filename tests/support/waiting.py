"""Waiting for what must come, with an answer to what came instead."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def eventually(look: Callable[[], Any], seconds: float = 20.0, *, every: float = 0.1) -> Any:
    """The first truthy result; fails with the last result after that many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"still {found!r} after {seconds} s"
        time.sleep(every)


def until_the_next_second() -> None:
    """The API server tells in whole seconds when something was made, and when a field manager was there."""
    now = int(time.time())
    eventually(lambda: int(time.time()) > now, every=0.02)

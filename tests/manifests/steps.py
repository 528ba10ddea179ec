"""A scenario told step by step, which ends early where the API server has refused what the step needs."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from controlplane.processes import Process
from manifests.place import Account

Look = Callable[[], object]
"""Truthy when the step's effect is there."""
_STEP_SECONDS = 45.0
_GRACE_SECONDS = 1.0
"""How long a refused step may still succeed on some other way."""
_POLL_SECONDS = 0.1


class Stuck(AssertionError):
    """A step has not had its effect."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"{step}: {why}")
        self.step = step


@dataclass
class Witness:
    """Watches one process at work for effects."""

    account: Account
    process: Process
    doomed: str = ""
    """The step that is expected to fail: here, and only here, a refusal is waited for no longer than it takes."""

    def sees(self, step: str, look: Look) -> None:
        """Wait for the effect of a step; raises Stuck."""
        began = refused = time.monotonic()
        while not look():
            now = time.monotonic()
            if not (step == self.doomed and self.account.refused):
                refused = now
            if not self.process.alive:
                raise Stuck(step, f"{self.process.name} has ended; refused: {self.account.refused}")
            if now - refused > _GRACE_SECONDS or now - began > _STEP_SECONDS:
                raise Stuck(step, f"no effect; refused: {self.account.refused}")
            time.sleep(_POLL_SECONDS)


def answers(port: int, path: str) -> bool:
    """A process on this machine says 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False

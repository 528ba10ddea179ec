"""A scenario told step by step, which ends early where the API server has refused what the step needs."""

from __future__ import annotations

import time
from collections.abc import Callable

from manifests.installation import Account
from support.daemon import Daemon

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


class Scenario:
    """Steps of one service account."""

    def __init__(self, account: Account, doomed: str = "") -> None:
        self.account = account
        self._doomed = doomed
        """The step that is expected to fail: here, and only here, a refusal is waited for no longer than it takes."""

    def play(self) -> None:
        """Every step, in order; raises Stuck at the first that has no effect."""
        raise NotImplementedError

    def sees(self, daemon: Daemon, step: str, look: Look) -> None:
        """Wait for the effect of a step at the hands of that process; raises Stuck."""
        began = refused = time.monotonic()
        while not look():
            now = time.monotonic()
            if not (step == self._doomed and self.account.refused):
                refused = now
            if not daemon.alive:
                raise Stuck(step, f"it has ended; refused: {self.account.refused}")
            if now - refused > _GRACE_SECONDS or now - began > _STEP_SECONDS:
                raise Stuck(step, f"no effect; refused: {self.account.refused}")
            time.sleep(_POLL_SECONDS)

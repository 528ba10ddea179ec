"""The status writer: every write to a CxoneUser of this process goes through it, a bounded number at a time.

A user has at most one write waiting: a newer one replaces it, as it knows more. The most urgent goes first (what a
leaver waits for before what is final, and that before what is only news of a wait), and among equals the tenants take
turns. Waiting for a place is no failure and has no time limit. Where the API server cannot be reached, whoever was
turned away waits in line again, and nobody is sent before a pause has passed.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from cxone_operator.cluster.errors import Unreachable
from cxone_operator.core.backoff import backoff
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.telemetry.logging import Streak, get_logger

PLACES = 16
"""Writes under way at once: an API server on two cores serves no more of them faster (measured), and the session has
connections left for tenants, Secrets and lists."""
_LONGEST_PAUSE_SECONDS = 8.0
"""However long the API server has been away: people wait for what is written."""

log = get_logger(__name__)


class Urgency(IntEnum):
    """Who goes first, lowest first."""

    LEAVER = 0
    FINAL = 1
    INTERIM = 2


@dataclass(frozen=True, slots=True)
class Write:
    """One write to one resource."""

    tenant: str
    uid: str
    urgency: Urgency
    send: Callable[[], Coroutine[Any, Any, None]]
    """Does it and takes over what came of it; raises Unreachable where it must be done again."""


class Writer:
    """The writes of one process."""

    def __init__(self, clocks: Clocks, places: int = PLACES) -> None:
        self._clocks = clocks
        self._places = places
        self._tasks = Tasks()
        self._waiting: dict[str, tuple[Write, int]] = {}
        """uid → its write, and the number of its entry in the heap; other entries are void."""
        self._heap: list[tuple[int, float, int, str]] = []
        """(urgency, turn of the tenant, number, uid)."""
        self._numbers = 0
        self._turns: dict[tuple[str, int], float] = {}
        """(tenant, urgency) → the turn of its last write; start-time fair queueing."""
        self._turn = 0.0
        self._sending: dict[str, str] = {}
        """uid → tenant."""
        self._failures = 0
        self._resting = False
        self._unwritten = Streak(log, "resources_not_written", "resources_written_again")

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def sending(self) -> int:
        """Writes under way, never more than there are places."""
        return len(self._sending)

    def is_sending(self, uid: str) -> bool:
        """A write for this user is under way; what it brings back is not known yet."""
        return uid in self._sending

    def put(self, write: Write) -> None:
        """Wait for a place, instead of what waited before for this user."""
        self._numbers += 1
        key = write.tenant, int(write.urgency)
        turn = self._turns[key] = max(self._turn, self._turns.get(key, 0.0) + 1.0)
        self._waiting[write.uid] = write, self._numbers
        heapq.heappush(self._heap, (write.urgency, turn, self._numbers, write.uid))
        self._send()

    def withdraw(self, uid: str) -> None:
        """What waits for this user is not wanted any more."""
        self._waiting.pop(uid, None)

    async def stop(self, seconds: float) -> None:
        """Take nothing new, and give what is under way that long to end."""
        self._waiting.clear()
        self._resting = True
        await self._tasks.finish(seconds)

    def _send(self) -> None:
        while self._heap and not self._resting and len(self._sending) < self._places:
            _, turn, number, uid = heapq.heappop(self._heap)
            write, current = self._waiting.get(uid, (None, 0))
            if write is None or current != number:
                continue
            if uid in self._sending:
                # The one under way brings a newer version, by which the user is looked at again.
                del self._waiting[uid]
                continue
            self._turn = max(self._turn, turn)
            del self._waiting[uid]
            self._sending[uid] = write.tenant
            self._tasks.start(self._run(write))

    async def _run(self, write: Write) -> None:
        again = False
        try:
            await write.send()
            self._succeeded(write)
        except Unreachable as error:
            again = True
            self._unwritten.failed(tenant=write.tenant, error=str(error))
            self._pause()
        except asyncio.CancelledError:
            # The fence is closed: for good, or until the Lease is renewed.
            again = True
            self._pause()
            raise
        finally:
            self._sending.pop(write.uid, None)
            if again and write.uid not in self._waiting:
                self.put(write)
            self._send()

    def _succeeded(self, write: Write) -> None:
        self._failures = 0
        self._unwritten.ended(tenant=write.tenant)

    def _pause(self) -> None:
        if not self._resting:
            self._failures += 1
            self._resting = True
            self._tasks.start(self._rest(min(backoff(self._failures, self._clocks.jitter()), _LONGEST_PAUSE_SECONDS)))

    async def _rest(self, seconds: float) -> None:
        await self._tasks.sleep(seconds)
        self._resting = False
        self._send()

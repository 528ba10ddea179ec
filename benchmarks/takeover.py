"""How long nobody acts when the leader ends, dies or freezes, and whether two ever act.

Two replicas on a real API server with a stream of new users. The leader gets SIGTERM or SIGKILL, or is frozen and
woken up again after the other has taken over. Counted from the signal: until the other holds the Lease, and until its
first change in CXone. Writes of the old leader after the new one held the Lease are counted from both audit trails.
The baseline is the longest pause between two changes in CXone before the signal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from itertools import pairwise

from controlplane.processes import Process
from demo.stage import start_operator
from measure.benchmark import Benchmark, Run
from measure.people import person
from measure.place import NAMESPACE, Place, open_place
from measure.remote import Remote
from measure.waiting import until

_STEP_SECONDS = 60.0
_PAUSE_SECONDS = 0.1
_FIRST_WRITES = 30
"""So many changes show how long the pauses between them are."""
_SECONDS_TO_ACT = {signal.SIGTERM: 2.0, signal.SIGKILL: 12.0}


def _targets(_options: argparse.Namespace) -> Mapping[str, float]:
    acting = {f"{number.name} seconds_to_first_remote_write": most for number, most in _SECONDS_TO_ACT.items()}
    never = ("writes_by_two_leaders", "users_created_twice")
    return acting | {f"{number.name} {name}": 0 for number in (*_SECONDS_TO_ACT, signal.SIGSTOP) for name in never}


class _Replica:
    """One operator process and its log."""

    def __init__(self, place: Place, name: str, stack: ExitStack) -> None:
        self.log = place.directory / f"{name}.log"
        self.process: Process = start_operator(self.log, place.plane.kubeconfig)
        stack.callback(self.process.stop, 0.0)

    def lines(self) -> list[dict[str, object]]:
        """Everything that it logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def times_of(self, event: str) -> list[float]:
        """When it logged that event."""
        return [_seconds(line["timestamp"]) for line in self.lines() if line.get("event") == event]

    def remote_writes(self) -> list[float]:
        """When it changed something in CXone, by its audit trail."""
        return [_seconds(line["time"]) for line in self.lines() if line.get("log") == "audit"]


async def _measure(run: Run, _options: argparse.Namespace) -> None:
    for number in (*_SECONDS_TO_ACT, signal.SIGSTOP):
        await _take_over(run, number)


async def _take_over(run: Run, number: signal.Signals) -> None:
    run.progress = lambda: number.name
    async with open_place() as place, place.cxone("--requests-per-minute", "0") as remote:
        await place.create_tenant(remote, rateLimit={"requestsPerMinute": 6000})
        with ExitStack() as stack:
            old = _Replica(place, "first", stack)
            await until(lambda: bool(old.times_of("lease_acquired")), _STEP_SECONDS)
            new = _Replica(place, "second", stack)
            await until(lambda: bool(new.times_of("waiting_for_lease")), _STEP_SECONDS)
            await _signal(run, place, remote, old, new, number)


async def _signal(run: Run, place: Place, remote: Remote, old: _Replica, new: _Replica, number: signal.Signals) -> None:
    async with _joiners(place) as created:
        await until(lambda: len(old.remote_writes()) > _FIRST_WRITES, _STEP_SECONDS)
        pauses = [later - earlier for earlier, later in pairwise(old.remote_writes())]
        signalled = time.time()
        os.kill(old.process.pid, number)
        await until(lambda: bool(new.times_of("lease_acquired")) and bool(new.remote_writes()), _STEP_SECONDS)
        if number is signal.SIGSTOP:
            os.kill(old.process.pid, signal.SIGCONT)
            await until(lambda: not old.process.alive, _STEP_SECONDS)
    made: list[str] = []
    while len(set(made)) < len(created):
        await asyncio.sleep(_PAUSE_SECONDS)
        made = [entry.user_name for entry in await remote.effects() if entry.effect == "created"]
    led = new.times_of("lease_acquired")[0]
    run.record(f"{number.name} seconds_to_lease", led - signalled)
    run.record(f"{number.name} seconds_to_first_remote_write", min(new.remote_writes()) - signalled)
    run.compare(f"{number.name} seconds_to_first_remote_write", max(pauses))
    run.record(f"{number.name} writes_by_two_leaders", sum(at > led for at in old.remote_writes()))
    run.record(f"{number.name} users_created_twice", len(made) - len(set(made)))


@asynccontextmanager
async def _joiners(place: Place) -> AsyncIterator[list[str]]:
    """New users, one after the other, as long as the block lasts."""
    created: list[str] = []

    async def join() -> None:
        while True:
            name = f"joiner-{len(created):05}"
            await place.client.create(person(NAMESPACE, name))
            created.append(name)
            await asyncio.sleep(_PAUSE_SECONDS)

    joining = asyncio.create_task(join())
    try:
        yield created
    finally:
        joining.cancel()
        await asyncio.gather(joining, return_exceptions=True)


def _seconds(timestamp: object) -> float:
    return datetime.fromisoformat(str(timestamp)).timestamp()


BENCHMARK = Benchmark(_measure, limit_seconds=600, targets=_targets, runs=3)

"""N users who are all in sync: what it costs to have them, for 10,000 and for 100,000, and whether one costs the same.

Memory and processor time of a start with everybody in sync, of a minute in which nothing happens, and of one drift
cycle, which reads all pages and compares them. To get there quickly a stub stands in for the operator
(`measure/adopted.py`); what is measured is the real thing. The baseline is an operator without any tenant or user.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Mapping

from measure import api_server
from measure.adopted import declare_adopted
from measure.benchmark import Benchmark, Run
from measure.operators import Operator
from measure.place import NAMESPACE, Place, open_place
from measure.remote import Remote

_PAGE = 500
"""Users that the operator asks for at once."""
_IDLE_SECONDS = 60.0
_BASE_SECONDS = 20.0
_POLL_SECONDS = 1.0
_MEMORY = {10_000: 150.0, 100_000: 700.0}
_MOST_GROWTH = 1.2
_PER_RESOURCE = ("kb_per_resource", "restart_cpu_ms_per_resource", "drift_cpu_ms_per_resource")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, nargs="+", default=[10_000, 100_000], help="%(default)s")
    parser.add_argument("--rate", type=int, default=100, help="requests that CXone admits in 60 s [%(default)s]")
    parser.add_argument(
        "--sync-period",
        type=int,
        default=180,
        help="seconds between drift cycles; an idle minute must fit [%(default)s]",
    )


def _targets(options: argparse.Namespace) -> Mapping[str, float]:
    targets: dict[str, float] = {}
    for count in options.users:
        targets |= {
            f"{count} restart_writes": 0,
            f"{count} restart_answers_429": 0,
            f"{count} idle_writes": 0,
            f"{count} drift_requests": -(-count // _PAGE) + 1,
            f"{count} drift_writes": 0,
        }
        if count in _MEMORY:
            targets[f"{count} resident_memory_mb"] = _MEMORY[count]
        if count == 10_000:
            targets[f"{count} restart_cpu_seconds"] = 8.0
    if len(options.users) > 1:
        targets |= {f"growth of {name}": _MOST_GROWTH for name in _PER_RESOURCE}
    return targets


async def _measure(run: Run, options: argparse.Namespace) -> None:
    for count in options.users:
        there = ("--users", str(count), "--seats", str(count), "--requests-per-minute", str(options.rate))
        async with open_place() as place, place.cxone(*there) as remote:
            state = _State(run, place, remote, count)
            await state.without_users()
            limits = {"rateLimit": {"requestsPerMinute": options.rate}, "syncPeriodSeconds": options.sync_period}
            await place.create_tenant(remote, **limits)
            await declare_adopted(run, place, remote, count)
            async with place.operator("--namespace", NAMESPACE) as operator:
                await state.start(operator)
                await state.idle(operator)
                await state.drift_cycle(operator)
    if len(options.users) > 1:
        small, large = min(options.users), max(options.users)
        for name in _PER_RESOURCE:
            run.record(f"growth of {name}", run.figures[f"{large} {name}"] / run.figures[f"{small} {name}"])


class _State:
    """N users, in sync."""

    def __init__(self, run: Run, place: Place, remote: Remote, count: int) -> None:
        self._run = run
        self._place = place
        self._remote = remote
        self._count = count
        self._base_mb = 0.0
        self._base_cpu = 0.0

    async def without_users(self) -> None:
        """What the process costs by itself."""
        async with self._place.operator("--namespace", "default") as operator:
            _, self._base_cpu = await operator.until_quiet()
            cpu = operator.cpu
            await asyncio.sleep(_BASE_SECONDS)
            self._base_mb = operator.resident
            self._compare("restart_cpu_seconds", self._base_cpu)
            self._compare("idle_cpu_seconds_per_minute", (operator.cpu - cpu) * 60 / _BASE_SECONDS)
            self._compare("resident_memory_mb", self._base_mb)

    async def start(self, operator: Operator) -> None:
        """Until everybody is known to be in sync."""
        started, since, before = time.monotonic(), api_server.now(), await self._remote.stats()
        self._run.progress = lambda: f"{self._count:,}: start, {operator.cpu:.1f} s of CPU, {operator.peak:.0f} MB"
        synced, cpu = await operator.until_synced()
        after = await self._remote.stats()
        self._record("restart_seconds_to_sync", synced - started)
        self._record("restart_cpu_seconds", cpu)
        self._record("restart_cpu_ms_per_resource", 1000 * (cpu - self._base_cpu) / self._count, digits=4)
        self._record("restart_writes", self._writes(since))
        self._record("restart_requests", after.total - before.total)
        self._record("restart_answers_429", after.throttled - before.throttled)
        self._record("resident_memory_mb", operator.resident)
        self._record("peak_memory_mb", operator.peak)
        self._record("kb_per_resource", 1000 * (operator.resident - self._base_mb) / self._count)

    async def idle(self, operator: Operator) -> None:
        """A minute in which nothing happens."""
        self._run.progress = lambda: f"{self._count:,}: an idle minute"
        since, before, cpu = api_server.now(), await self._remote.stats(), operator.cpu
        await asyncio.sleep(_IDLE_SECONDS)
        self._record("idle_cpu_seconds_per_minute", operator.cpu - cpu)
        self._record("idle_writes", self._writes(since))
        self._record("idle_requests", (await self._remote.stats()).total - before.total)

    async def drift_cycle(self, operator: Operator) -> None:
        """The next reading of everybody, and what is done about it."""
        self._run.progress = lambda: f"{self._count:,}: waiting for a drift cycle to end"
        since, before, cpu, started = api_server.now(), await self._remote.stats(), operator.cpu, time.monotonic()
        pages = before.count("GET /scim/v2/Users") + -(-self._count // _PAGE)
        while (now := await self._remote.stats()).count("GET /scim/v2/Users") < pages:
            if now.total == before.total:
                cpu, started = operator.cpu, time.monotonic()
            await asyncio.sleep(_POLL_SECONDS)
        ended, spent = await operator.until_quiet()
        after = await self._remote.stats()
        self._record("drift_seconds", ended - started)
        self._record("drift_requests", after.total - before.total)
        self._record("drift_cpu_ms_per_resource", 1000 * (spent - cpu) / self._count, digits=4)
        self._record("drift_writes", self._writes(since))

    def _writes(self, since: str) -> int:
        made = api_server.operator_writes(self._place.plane, since)
        return made.succeeded + made.failed

    def _record(self, name: str, value: float, digits: int = 2) -> None:
        self._run.record(f"{self._count} {name}", value, digits)

    def _compare(self, name: str, value: float) -> None:
        self._run.compare(f"{self._count} {name}", value)


BENCHMARK = Benchmark(_measure, limit_seconds=3600, options=_options, targets=_targets)

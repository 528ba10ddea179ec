"""N people join at a limited number of requests a minute, and some leave meanwhile: how long, and at what cost.

A fresh operator on a real API server, and a simulated CXone that admits `--rate` requests in any 60 s. A first wave is
there when N more are created at once; the clock runs from the first create to the moment at which the last of them is
Ready. While they queue, eight of the first wave are set inactive one after another, and CXone's own journal says when
each was locked out. Then the operator is started again, with all in sync, and after that people join one at a time.
Writes are those that the API server recorded in its audit log and counted in its metrics. The baseline: the same N
creates and 2N writes by a bare client at the end; one leaver, and the operator's memory, before the queue.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterable, Mapping

from measure import api_server, bare
from measure.benchmark import Benchmark, Run, p95
from measure.costs import TARGETS, Costs
from measure.operators import Operator
from measure.people import names, people, person, user_name
from measure.place import NAMESPACE, Place, open_place
from measure.remote import Remote, when
from measure.watch import Watch, watch

_WAVE = 60
"""Enough that the guard, at its default of 20 %, lets ten of them go."""
_LEAVERS = 8
_WINDOW_SECONDS = 61.0
"""After which no request counts any more."""
_BARE = "bare"


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, default=10_000, help="[%(default)s]")
    parser.add_argument("--rate", type=int, default=100, help="requests that CXone admits in 60 s [%(default)s]")
    parser.add_argument("--singles", type=int, default=20, help="users who join one at a time at the end [%(default)s]")


def _targets(options: argparse.Namespace) -> Mapping[str, float]:
    seconds = {1_000: 20.0, 10_000: 240.0, 20_000: 480.0}.get(options.users)
    return {
        **({"seconds_to_last_ready": seconds} if seconds and options.rate == 100 else {}),
        "leaver_seconds_p95": 3.0,
        "writes_per_user": 2.1,
        **TARGETS,
        "peak_memory_mb": 150.0 if options.users <= 10_000 else 700.0,
        "requests_per_user": 0.05,
        "restart_writes": 0,
        "restart_cpu_seconds": 8.0,
        "restart_answers_429": 0,
        **({"idle_seconds_to_ready_p95": 1.0, "idle_seconds_to_cxone_p95": 1.0} if options.singles else {}),
    }


async def _measure(run: Run, options: argparse.Namespace) -> None:
    seats = options.users + _WAVE + options.singles
    limits = ("--seats", str(seats), "--requests-per-minute", str(options.rate))
    async with open_place() as place, place.cxone(*limits) as remote:
        await place.create_tenant(remote, rateLimit={"requestsPerMinute": options.rate})
        async with watch(place.client, NAMESPACE) as seen:
            async with place.operator("--namespace", NAMESPACE) as operator:
                stay = _Stay(run, place, remote, operator, seen)
                await stay.first_wave()
                await stay.burst(options.users)
            async with place.operator("--namespace", NAMESPACE) as operator:
                stay = _Stay(run, place, remote, operator, seen)
                await stay.restart(options.users)
                if options.singles:
                    await stay.singles(options.singles)
        await _bare(run, place, options.users)


class _Stay:
    """One life of the operator."""

    def __init__(self, run: Run, place: Place, remote: Remote, operator: Operator, seen: Watch) -> None:
        self._run = run
        self._place = place
        self._remote = remote
        self._operator = operator
        self._seen = seen

    async def first_wave(self) -> None:
        """Those who are there before, and one of them who leaves while nobody waits."""
        await self._place.until_tenants_ready()
        wave = names("early", _WAVE)
        await self._create(wave)
        await self._seen.until_ready(wave)
        await self._operator.until_quiet()
        self._run.compare("peak_memory_mb", self._operator.resident, digits=1)
        left: dict[str, float] = {}
        await self._leave(wave[-1], left)
        await self._seen.until(lambda: self._seen.ready_with[2] == 1)
        self._run.compare("leaver_seconds_p95", max(await self._waits(left)))

    async def burst(self, count: int) -> None:
        """N join, eight leave."""
        run, operator, seen, joiners = self._run, self._operator, self._seen, names("joiner", count)
        costs, started = await Costs.begin(self._place, self._remote, operator), time.monotonic()
        run.progress = lambda: (
            f"{max(0, len(seen.ready) - _WAVE):,} of {count:,} Ready after {time.monotonic() - started:.0f} s, "
            f"operator {operator.cpu - costs.operator_cpu:.0f} s of CPU, {operator.peak:.0f} MB"
        )
        left: dict[str, float] = {}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._leave_meanwhile(count, left))
                group.create_task(self._create(joiners))
                ready = group.create_task(seen.until_ready(joiners))
            run.record("seconds_to_last_ready", ready.result() - started, digits=1)
            await seen.until(lambda: seen.ready_with[2] > _LEAVERS)
            await operator.until_quiet()
        finally:
            waits = await self._waits(left)
            if waits:
                run.record("leaver_seconds_median", statistics.median(waits))
                run.record("leaver_seconds_p95", p95(waits))
            await costs.record(run, sum(name in seen.ready for name in joiners))

    async def restart(self, count: int) -> None:
        """All in sync, and nothing known."""
        run, operator, started = self._run, self._operator, time.monotonic()
        since, before = api_server.now(), await self._remote.stats()
        run.progress = lambda: f"restart, {time.monotonic() - started:.0f} s, {operator.cpu:.1f} s of CPU"
        synced, cpu = await operator.until_synced()
        made = api_server.operator_writes(self._place.plane, since)
        tenants = api_server.operator_writes(self._place.plane, since, "cxonetenants")
        run.record("restart_seconds_to_sync", synced - started, digits=1)
        run.record("restart_cpu_seconds", cpu)
        run.record("restart_writes", made.succeeded + made.failed)
        run.record("restart_writes_to_tenant", tenants.succeeded + tenants.failed)
        run.record("restart_peak_memory_mb", operator.peak, digits=1)
        after = await self._remote.stats()
        run.record("restart_requests_per_user", (after.total - before.total) / count, digits=4)
        run.record("restart_answers_429", after.throttled - before.throttled)

    async def singles(self, count: int) -> None:
        """One at a time, once what went before has left the window."""
        self._run.progress = lambda: "one at a time"
        await asyncio.sleep(_WINDOW_SECONDS)
        created, ready = {}, {}
        for name in names("single", count):
            created[name] = time.monotonic()
            await self._create([name])
            ready[name] = await self._seen.until_ready([name])
            await asyncio.sleep(1.0)
        known = when(await self._remote.effects(), "created")
        waits = [ready[name] - created[name] for name in created]
        self._run.record("idle_seconds_to_ready_median", statistics.median(waits))
        self._run.record("idle_seconds_to_ready_p95", p95(waits))
        to_cxone = [known[user_name(name)] - created[name] for name in created]
        self._run.record("idle_seconds_to_cxone_p95", p95(to_cxone))

    async def _create(self, names: Iterable[str]) -> None:
        await self._place.client.each(names, lambda name: self._place.client.create(person(NAMESPACE, name)))

    async def _leave_meanwhile(self, count: int, left: dict[str, float]) -> None:
        """From a tenth of the joiners being Ready to eight tenths."""
        for number, name in enumerate(names("early", _LEAVERS), start=1):
            share = _WAVE + number * count // (_LEAVERS + 2)
            await self._seen.until(lambda share=share: len(self._seen.ready) >= share)  # type: ignore[misc]
            await self._leave(name, left)

    async def _leave(self, name: str, left: dict[str, float]) -> None:
        left[name] = time.monotonic()
        await self._place.client.patch(NAMESPACE, name, {"spec": {"active": False}})

    async def _waits(self, left: Mapping[str, float]) -> list[float]:
        """How long each took to be locked out, by CXone's own journal; who is not yet, at least until now."""
        known, now = when(await self._remote.effects(), "deactivated"), time.monotonic()
        return [known.get(user_name(name), now) - moment for name, moment in left.items()]


async def _bare(run: Run, place: Place, count: int) -> None:
    """What the API server takes for the same creates and writes."""
    await place.create_namespace(_BARE)
    joiners = names("joiner", count)
    async with watch(place.client, _BARE) as seen:
        run.progress = lambda: f"the bare client: {len(seen.ready):,} of {count:,}"
        started, cpu = time.monotonic(), time.process_time()
        await bare.create(place.client, people(_BARE, joiners))
        ended = await seen.until_ready(joiners)
    run.compare("seconds_to_last_ready", ended - started, digits=1)
    run.compare("operator_cpu_ms_per_user", 1000 * (time.process_time() - cpu) / count)


BENCHMARK = Benchmark(_measure, limit_seconds=1500, options=_options, targets=_targets)

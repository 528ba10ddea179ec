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

from controlplane.processes import Process
from measure import api_server, bare
from measure.benchmark import Benchmark, Run, p95
from measure.operators import Operator
from measure.people import names, people, person, user_name
from measure.place import NAMESPACE, Place, open_place
from measure.processes import cpu_seconds
from measure.remote import Remote, Stats, when
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
        "failed_writes": 0,
        "failed_writes_by_operator": 0,
        "operator_cpu_ms_per_joiner": 3.0,
        "peak_memory_mb": 150.0 if options.users <= 10_000 else 700.0,
        "requests_per_user": 0.05,
        "answers_429": 0,
        "operator_ends": 0,
        "restart_writes": 0,
        "restart_cpu_seconds": 8.0,
        "restart_answers_429": 0,
        **({"idle_seconds_to_ready_p95": 1.0, "idle_seconds_to_cxone_p95": 1.0} if options.singles else {}),
    }


async def _measure(run: Run, options: argparse.Namespace) -> None:
    seats = options.users + _WAVE + options.singles
    limits = ("--seats", str(seats), "--requests-per-minute", str(options.rate))
    async with open_place() as place, place.cxone(*limits) as (remote, simulator):
        await place.create_tenant(remote, rateLimit={"requestsPerMinute": options.rate})
        async with watch(place.client, NAMESPACE) as seen:
            async with place.operator("--namespace", NAMESPACE) as operator:
                stay = _Stay(run, place, remote, operator, seen)
                await stay.first_wave()
                await stay.burst(options.users, simulator)
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
        await self._create(names("early", _WAVE))
        await self._seen.until_ready(names("early", _WAVE))
        await self._operator.until_quiet()
        last = names("early", _WAVE)[-1]
        left = await self._leave(last)
        gone = (await self._locked_out([last]))[last]
        self._run.compare("leaver_seconds_p95", gone - left)
        self._run.compare("peak_memory_mb", self._operator.resident, digits=1)

    async def burst(self, count: int, simulator: Process) -> None:
        """N join, eight leave."""
        run, operator, seen, joiners = self._run, self._operator, self._seen, names("joiner", count)
        since, patched = api_server.now(), await api_server.patches(self._place.client)
        before, cpu, started = await self._remote.stats(), operator.cpu, time.monotonic()
        others = self._place.server_cpu(), cpu_seconds(simulator.pid), time.process_time()
        run.progress = lambda: (
            f"{len(seen.ready) - _WAVE:,} of {count:,} Ready after {time.monotonic() - started:.0f} s, "
            f"operator {operator.cpu - cpu:.0f} s of CPU, {operator.peak:.0f} MB, ended {operator.ends} times"
        )
        async with asyncio.TaskGroup() as group:
            leaving = group.create_task(self._leave_meanwhile(count))
            group.create_task(self._create(joiners))
            ready = group.create_task(seen.until_ready(joiners))
        run.record("seconds_to_last_ready", ready.result() - started, digits=1)
        left = leaving.result()
        gone = await self._locked_out(left)
        waits = sorted(gone[name] - left[name] for name in left)
        run.record("leaver_seconds_median", statistics.median(waits))
        run.record("leaver_seconds_p95", p95(waits))
        spent = operator.cpu - cpu
        servers = self._place.server_cpu() - others[0], cpu_seconds(simulator.pid) - others[1]
        client = time.process_time() - others[2]
        await seen.until(lambda: seen.ready_with[2] > len(left))
        await operator.until_quiet()
        made = api_server.operator_writes(self._place.plane, since)
        run.record("writes_per_user", made.succeeded / count, digits=3)
        counted = await api_server.patches(self._place.client) - patched
        run.record("patches_per_user_by_metrics", counted / count, digits=3)
        run.record("failed_writes", made.failed)
        run.record("failed_writes_by_operator", await operator.failed_writes())
        run.record("operator_cpu_ms_per_joiner", 1000 * spent / count)
        run.record("peak_memory_mb", operator.peak, digits=1)
        run.record("resident_memory_mb", operator.resident, digits=1)
        self._record_requests("", count, before, await self._remote.stats())
        run.record("operator_ends", operator.ends)
        run.record("api_server_cpu_ms_per_joiner", 1000 * servers[0] / count)
        run.record("simulator_cpu_ms_per_joiner", 1000 * servers[1] / count)
        run.record("measuring_cpu_ms_per_joiner", 1000 * client / count)

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
        self._record_requests("restart_", count, before, await self._remote.stats())

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

    async def _leave_meanwhile(self, count: int) -> dict[str, float]:
        """From a tenth of the joiners being Ready to eight tenths."""
        left = {}
        for number, name in enumerate(names("early", _LEAVERS), start=1):
            share = _WAVE + number * count // (_LEAVERS + 2)
            await self._seen.until(lambda share=share: len(self._seen.ready) >= share)  # type: ignore[misc]
            left[name] = await self._leave(name)
        return left

    async def _leave(self, name: str) -> float:
        moment = time.monotonic()
        await self._place.client.patch(NAMESPACE, name, {"spec": {"active": False}})
        return moment

    async def _locked_out(self, names: Iterable[str]) -> dict[str, float]:
        """When CXone has locked whom out, by its own journal; waits until all are."""
        while True:
            known = when(await self._remote.effects(), "deactivated")
            if all(user_name(name) in known for name in names):
                return {name: known[user_name(name)] for name in names}
            await asyncio.sleep(1.0)

    def _record_requests(self, prefix: str, count: int, before: Stats, after: Stats) -> None:
        self._run.record(f"{prefix}requests_per_user", (after.total - before.total) / count, digits=4)
        self._run.record(f"{prefix}answers_429", after.throttled - before.throttled)
        if not prefix:
            self._run.record("most_requests_in_60_s", after.max_in_window)


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
    run.compare("operator_cpu_ms_per_joiner", 1000 * (time.process_time() - cpu) / count)


BENCHMARK = Benchmark(_measure, limit_seconds=1500, options=_options, targets=_targets)

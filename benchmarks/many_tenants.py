"""100 tenants of 100 users in one operator, one of them slow and one failing: does anybody else wait longer for that?

Everything happens twice, each time with a fresh control plane and a fresh operator: once with all tenants healthy,
which is the baseline, and once with a first tenant whose CXone answers late and a second whose CXone answers 503. Users
of all tenants are created at once, in turn, and after that one user of each of the others is changed, one after
another. Measured of the others: from the create, or the change, to Ready.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable

from measure.benchmark import Benchmark, Run, p95
from measure.people import Json, person
from measure.place import Place, open_place
from measure.remote import Remote
from measure.tenants import tenants
from measure.watch import Watch, watch

_SLOW, _FAILING = 0, 1
"""The two troubled ones; all from the third on are the others."""
_PAUSE_SECONDS = 0.1
_CHANGE = {"role": "Supervisor"}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tenants", type=int, default=100, help="[%(default)s]")
    parser.add_argument("--users", type=int, default=100, help="of each tenant [%(default)s]")
    parser.add_argument("--slow-seconds", type=float, default=5.0, help="how late the slow one answers [%(default)s]")


async def _measure(run: Run, options: argparse.Namespace) -> None:
    phases = [(run.compare, False), (run.record, True)]
    for keep, troubled in phases if run.number % 2 == 0 else reversed(phases):
        await _phase(run, options, keep, troubled=troubled)
    for name in ("join_seconds_p95", "change_seconds_p95"):
        run.record(f"ratio_of_{name}", run.figures[name] / run.baselines[name])


async def _phase(run: Run, options: argparse.Namespace, keep: Callable[[str, float], None], *, troubled: bool) -> None:
    async with open_place(audit=False) as place, tenants(place, options.tenants) as remotes:
        for number, remote in enumerate(remotes):
            await place.create_tenant(remote, _namespace(number))
        async with watch(place.client) as seen, place.operator() as operator:
            run.progress = lambda: f"troubled {troubled}: {len(seen.ready):,} Ready, {operator.cpu:.0f} s of CPU"
            await place.until_tenants_ready(options.tenants)
            await operator.until_quiet()
            if troubled:
                await _trouble(remotes, options.slow_seconds)
            cpu, started = operator.cpu, time.monotonic()
            waits = await _join(place, seen, options)
            keep("join_seconds_median", statistics.median(waits))
            keep("join_seconds_p95", p95(waits))
            keep("join_seconds_max", max(waits))
            keep("operator_cpu_ms_per_user", 1000 * (operator.cpu - cpu) / (options.tenants * options.users))
            keep("seconds_until_others_ready", time.monotonic() - started)
            waits = await _change(place, seen, options.tenants)
            keep("change_seconds_median", statistics.median(waits))
            keep("change_seconds_p95", p95(waits))
            keep("change_seconds_max", max(waits))
            keep("peak_memory_mb", operator.peak)
            keep("operator_ends", operator.ends)


async def _trouble(remotes: list[Remote], slow_seconds: float) -> None:
    await remotes[_SLOW].order("PATCH", "settings", {"latencySeconds": slow_seconds})
    await remotes[_FAILING].order("POST", "faults", {"kind": "status", "status": 503})


async def _join(place: Place, seen: Watch, options: argparse.Namespace) -> list[float]:
    """Everybody at once; how long each of the others took."""
    created: dict[str, float] = {}

    async def create(user: Json) -> None:
        created[user["metadata"]["name"]] = time.monotonic()
        await place.client.create(user)

    everybody = [_person(tenant, number) for number in range(options.users) for tenant in range(options.tenants)]
    await place.client.each(everybody, create)
    others = [_name(tenant, number) for tenant in _others(options.tenants) for number in range(options.users)]
    await seen.until_ready(others)
    return [seen.ready[name] - created[name] for name in others]


async def _change(place: Place, seen: Watch, count: int) -> list[float]:
    """One user of each of the others; how long each took."""
    changed = {}
    for tenant in _others(count):
        name = _name(tenant, 0)
        changed[name] = time.monotonic()
        await place.client.patch(_namespace(tenant), name, {"spec": _CHANGE})
        await asyncio.sleep(_PAUSE_SECONDS)
    await seen.until(lambda: all(seen.generations.get(name) == 2 for name in changed))
    return [seen.ready[name] - changed[name] for name in changed]


def _others(count: int) -> range:
    return range(_FAILING + 1, count)


def _namespace(tenant: int) -> str:
    return f"tenant-{tenant:03}"


def _name(tenant: int, number: int) -> str:
    return f"user-{tenant:03}-{number:05}"


def _person(tenant: int, number: int) -> Json:
    return person(_namespace(tenant), _name(tenant, number))


BENCHMARK = Benchmark(_measure, limit_seconds=1200, options=_options)

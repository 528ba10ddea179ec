"""N new users with no rate limit in the way, against a bare client that makes the same N creates and 2N writes.

What the operator adds to the API server's own time is the ratio of the two. Both are seen by the same kind of watch on
the same API server, from the first create to the last resource being Ready; the bare client runs before the operator in
one half of the cases and after it in the other, as whoever comes second finds fuller caches.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping

from measure import bare
from measure.benchmark import Benchmark, Run
from measure.people import names, people
from measure.place import NAMESPACE, UNLIMITED, Place, open_place
from measure.remote import Remote
from measure.watch import watch

_BARE = "bare"
_TARGET = 1.3


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, nargs="+", default=[200, 2_000, 10_000], help="%(default)s")


def _targets(options: argparse.Namespace) -> Mapping[str, float]:
    return {f"{count} ratio_to_bare": _TARGET for count in options.users if count in (2_000, 10_000)}


async def _measure(run: Run, options: argparse.Namespace) -> None:
    for index, count in enumerate(options.users):
        bare_first = (run.number + index) % 2 == 0
        free = ("--seats", str(count), "--requests-per-minute", "0", "--job-seconds", "0")
        async with open_place() as place, place.cxone(*free) as remote:
            before = await _bare(run, place, count) if bare_first else 0.0
            seconds = await _operator(run, place, remote, count)
            floor = before or await _bare(run, place, count)
        run.record(f"{count} seconds_to_last_ready", seconds)
        run.compare(f"{count} seconds_to_last_ready", floor)
        run.record(f"{count} ratio_to_bare", seconds / floor)


async def _bare(run: Run, place: Place, count: int) -> float:
    await place.create_namespace(_BARE)
    wanted = names("joiner", count)
    async with watch(place.client, _BARE) as seen:
        run.progress = lambda: f"bare client: {len(seen.ready):,} of {count:,} Ready"
        started, cpu, server = time.monotonic(), time.process_time(), place.server_cpu()
        await bare.create(place.client, people(_BARE, wanted))
        seconds = await seen.until_ready(wanted) - started
    run.compare(f"{count} cpu_ms_per_user", 1000 * (time.process_time() - cpu) / count)
    run.compare(f"{count} api_server_cpu_ms_per_user", 1000 * (place.server_cpu() - server) / count)
    return seconds


async def _operator(run: Run, place: Place, remote: Remote, count: int) -> float:
    await place.create_tenant(remote, rateLimit=UNLIMITED)
    wanted = names("joiner", count)
    async with watch(place.client, NAMESPACE) as seen, place.operator("--namespace", NAMESPACE) as operator:
        await place.until_tenants_ready()
        await operator.until_quiet()
        run.progress = lambda: f"operator: {len(seen.ready):,} of {count:,} Ready, {operator.cpu:.0f} s of CPU"
        started, cpu, server = time.monotonic(), operator.cpu, place.server_cpu()
        await place.client.each(people(NAMESPACE, wanted), place.client.create)
        seconds = await seen.until_ready(wanted) - started
        run.record(f"{count} api_server_cpu_ms_per_user", 1000 * (place.server_cpu() - server) / count)
        run.record(f"{count} cpu_ms_per_user", 1000 * (operator.cpu - cpu) / count)
    return seconds


BENCHMARK = Benchmark(_measure, limit_seconds=1200, options=_options, targets=_targets)

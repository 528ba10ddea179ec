"""A company adopts its tenant: N users exist in CXone already, and the operator starts for the first time.

Everybody is declared as CXone has them, so nothing is to be written there: the operator reads them all, puts its
finalizer on and says Ready. The clock runs from the start of its process. No request is needed but the pages and the
quota. The baseline is a bare client that puts the same finalizer and status on as many other resources.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping

from measure import bare
from measure.benchmark import Benchmark, Run
from measure.costs import TARGETS, Costs
from measure.people import Json, preloaded
from measure.place import NAMESPACE, Place, open_place
from measure.remote import Remote
from measure.watch import Watch, watch

_PAGE = 500
"""Users that the operator asks for at once."""
_BARE = "bare"


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, default=20_000, help="[%(default)s]")
    parser.add_argument("--rate", type=int, default=100, help="requests that CXone admits in 60 s [%(default)s]")


def _targets(options: argparse.Namespace) -> Mapping[str, float]:
    seconds = {20_000: 180.0, 50_000: 480.0}.get(options.users)
    return {
        **({"seconds_to_last_ready": seconds} if seconds and options.rate == 100 else {}),
        **TARGETS,
        "requests_beyond_pages_and_quota": 0,
        "effects_in_cxone": 0,
        "writes_per_user": 2.0,
    }


async def _measure(run: Run, options: argparse.Namespace) -> None:
    count = options.users
    there = ("--users", str(count), "--seats", str(count), "--requests-per-minute", str(options.rate))
    async with open_place() as place, place.cxone(*there) as remote:
        await place.create_tenant(remote, rateLimit={"requestsPerMinute": options.rate})
        users = [preloaded(NAMESPACE, number) for number in range(1, count + 1)]
        async with watch(place.client, NAMESPACE) as seen:
            run.progress = lambda: f"{len(seen.present):,} of {count:,} declared"
            await place.client.each(users, place.client.create)
            await _adopt(run, place, remote, seen, users)
        await _bare(run, place, count)


async def _adopt(run: Run, place: Place, remote: Remote, seen: Watch, users: list[Json]) -> None:
    count, effects, started = len(users), await remote.count_effects(), time.monotonic()
    async with place.operator("--namespace", NAMESPACE) as operator:
        costs = await Costs.begin(place, remote, operator)
        run.progress = lambda: (
            f"{len(seen.ready):,} of {count:,} Ready after {time.monotonic() - started:.0f} s, "
            f"operator {operator.cpu:.0f} s of CPU, {operator.peak:.0f} MB"
        )
        try:
            ended = await seen.until_ready(user["metadata"]["name"] for user in users)
            run.record("seconds_to_last_ready", ended - started, digits=1)
            await operator.until_quiet()
        finally:
            await costs.record(run, len(seen.ready))
            stats = await remote.stats()
            pages = min(-(-count // _PAGE), stats.count("GET /scim/v2/Users"))
            beyond = stats.total - pages - stats.count("GET /api/v2/license/quotas")
            run.record("requests_beyond_pages_and_quota", beyond)
            run.record("effects_in_cxone", await remote.count_effects() - effects)


async def _bare(run: Run, place: Place, count: int) -> None:
    await place.create_namespace(_BARE)
    users = [preloaded(_BARE, number) for number in range(1, count + 1)]
    async with watch(place.client, _BARE) as seen:
        run.progress = lambda: f"the bare client: {len(seen.present):,} created, {len(seen.ready):,} Ready"
        await place.client.each(users, place.client.create)
        started, cpu = time.monotonic(), time.process_time()
        await place.client.each(users, lambda user: bare.take_up(place.client, user))
        ended = await seen.until_ready(user["metadata"]["name"] for user in users)
    run.compare("seconds_to_last_ready", ended - started, digits=1)
    run.compare("operator_cpu_ms_per_user", 1000 * (time.process_time() - cpu) / count)


BENCHMARK = Benchmark(_measure, limit_seconds=1800, options=_options, targets=_targets)

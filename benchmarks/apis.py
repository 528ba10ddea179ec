"""The same thousand people on each remote API: they join, move and leave, with the requests that it takes for each.

Beside each figure of the joiners stands the floor of that API: the requests that anybody needs who knows nothing of
the users before, makes them in the largest portions that the API takes, and sees each of them made. CXone admits as
many requests as are sent, so the seconds are the operator's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from measure.benchmark import Benchmark, Run
from measure.people import Json, names
from measure.place import UNLIMITED, Place, open_place
from measure.remote import Remote
from measure.watch import Watch, watch
from support.resources import user

_PORTION = 100
"""Users in one bulk request, and in one look-up."""
_GROUPS = ("Support-Team", "Sales-Team", "QA-Team", "Billing-Team")
_UNGUARDED = {"deprovisioning": {"maxPercent": 100, "maxUsers": 100_000}}


@dataclass(frozen=True, slots=True)
class _Api:
    """One preset, what its people are declared with, and its floor for so many joiners."""

    floor: Callable[[int], int]
    joins: Callable[[int], Json]
    moves: Json
    secret: Json


def _portions(count: int) -> int:
    return -(-count // _PORTION)


def _in_a_group(number: int) -> Json:
    return {"groups": [_GROUPS[number % len(_GROUPS)]]}


_APIS = {
    # A submission and a look for each portion, a page before, and the quota.
    "Platform": _Api(
        lambda count: 2 * _portions(count) + 2,
        lambda number: {"role": "Agent", **_in_a_group(number)},
        {"groups": ["Sales-Team"], "displayName": "Moved"},
        {},
    ),
    # The same without a quota, what the server says of itself in three requests, and each group for each portion.
    "RFC7644": _Api(
        lambda count: 2 * _portions(count) + 4 + len(_GROUPS) * _portions(count),
        lambda number: {"role": "Agent", **_in_a_group(number)},
        {"groups": ["Sales-Team"], "displayName": "Moved"},
        {},
    ),
    # Each by itself, after a look whether they are there; one search for the roles, one for the teams.
    "UserHub": _Api(
        lambda count: count + _portions(count) + 2,
        lambda number: {"role": "Agent", "team": _GROUPS[number % len(_GROUPS)]},
        {"team": "Sales-Team", "displayName": "Moved"},
        {"accessKeyId": "demo-key", "accessKeySecret": "demo-key-secret"},
    ),
}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, default=1_000, help="[%(default)s]")
    parser.add_argument("--presets", nargs="+", default=list(_APIS), choices=list(_APIS), help="%(default)s")


async def _measure(run: Run, options: argparse.Namespace) -> None:
    async with open_place(audit=False) as place:
        for preset in options.presets:
            there = ("--preset", preset, "--requests-per-minute", "0", "--seats", str(2 * options.users))
            async with place.cxone(*there) as remote:
                await _one(run, place, remote, preset, options.users)


async def _one(run: Run, place: Place, remote: Remote, preset: str, count: int) -> None:
    api, namespace = _APIS[preset], preset.lower()
    spec = {"api": {"preset": preset}, "rateLimit": UNLIMITED, "safety": _UNGUARDED}
    await place.create_tenant(remote, namespace, api.secret, **spec)
    people = [user(namespace, name, **api.joins(number)) for number, name in enumerate(names("person", count))]
    client = place.client
    async with place.operator("--namespace", namespace), watch(client, namespace) as seen:
        await place.until_tenants_ready()
        async with _phase(run, remote, seen, f"{preset} joiner", count, 1):
            await client.each(people, client.create)
        run.compare(f"{preset} requests_per_joiner", api.floor(count) / count, digits=3)
        for generation, (phase, change) in enumerate((("mover", api.moves), ("leaver", {"active": False})), 2):
            async with _phase(run, remote, seen, f"{preset} {phase}", count, generation):
                await client.each(people, partial(_change, place, namespace, change))
    run.record(f"{preset} accounts_left_active", sum(account.active for account in await remote.users()), digits=0)
    await client.request("DELETE", f"/apis/cxone.dev/v1alpha1/namespaces/{namespace}/cxonetenants/default")


async def _change(place: Place, namespace: str, change: Json, declared: Json) -> None:
    await place.client.patch(namespace, declared["metadata"]["name"], {"spec": change})


@asynccontextmanager
async def _phase(run: Run, remote: Remote, seen: Watch, who: str, count: int, generation: int) -> AsyncIterator[None]:
    """From the first write to the last Ready of that generation."""
    before, started = (await remote.stats()).total, time.monotonic()
    run.progress = lambda: f"{who}: {seen.ready_with[generation]:,} of {count:,} Ready"
    yield
    await seen.until(lambda: seen.ready_with[generation] >= count)
    preset, _, kind = who.partition(" ")
    run.record(f"{preset} seconds_to_last_{kind}", time.monotonic() - started, digits=1)
    run.record(f"{preset} requests_per_{kind}", ((await remote.stats()).total - before) / count, digits=3)


def _targets(options: argparse.Namespace) -> Mapping[str, float]:
    return {f"{preset} accounts_left_active": 0 for preset in options.presets}


BENCHMARK = Benchmark(_measure, limit_seconds=600, options=_options, targets=_targets)

"""The most memory that operator and bridge take with N users, whatever happens: what the limits of their pods hold.

Half of the people are in CXone and in sync, the other half must still be created, without a rate limit. Two replicas
and the HR bridge start. Halfway the leader is killed, so the replica that stood by begins with many who are in sync and
many who are not. Then the API server goes and comes back, so that the bridge lists anew, and CXone is read again. In
the end the leader and the bridge are replaced, as a rollout does it, with everybody in sync. Peaks are those of the
kernel (VmHWM). The targets are the limits in the manifests, the baselines what was resident at that moment.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import yaml

from demo.stage import ROOT
from measure.adopted import declare_adopted
from measure.benchmark import Benchmark, Run
from measure.operators import Operator
from measure.people import names, person
from measure.place import NAMESPACE, UNLIMITED, Place, open_place
from measure.processes import peak_mb, resident_mb
from measure.remote import Remote
from measure.waiting import until
from measure.watch import watch
from support.api_server import ApiServer
from support.bridge import BridgeProcess

_MEBIBYTE = 1.048576
"""Megabytes."""
_SYNC_SECONDS = 60
"""Short, so that CXone is read again while the run lasts."""
_PAGE = 500
"""Users that the operator asks CXone for at once."""
_LIST = "GET /scim/v2/Users"
_FOLLOWS_AGAIN = '"watch_restored"'
_POLL_SECONDS = 1.0


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, default=40_000, help="[%(default)s]")


def _targets(_options: argparse.Namespace) -> Mapping[str, float]:
    operator, bridge = _limit("operator"), _limit("bridge")
    return {
        **{f"{who}_peak_mb": operator for who in ("leader", "standby", "successor", "relisted", "replaced")},
        **{f"bridge_{when}_peak_mb": bridge for when in ("start", "relisted", "replaced")},
        "ended_by_themselves": 0.0,
    }


def _limit(component: str) -> float:
    """Of the pod's memory in the manifest, in MB."""
    path = ROOT / "manifests" / "base" / component / "deployment.yaml"
    container = yaml.safe_load(path.read_text())["spec"]["template"]["spec"]["containers"][0]
    return float(container["resources"]["limits"]["memory"].removesuffix("Mi")) * _MEBIBYTE


async def _measure(run: Run, options: argparse.Namespace) -> None:
    half = options.users // 2
    there = ("--users", str(half), "--seats", str(options.users), "--requests-per-minute", "100000")
    async with open_place(audit=False) as place, place.cxone(*there) as remote:
        await place.create_tenant(remote, rateLimit=UNLIMITED, syncPeriodSeconds=_SYNC_SECONDS)
        await declare_adopted(run, place, remote, half)
        joiners = names("joiner", options.users - half)
        await place.client.each(joiners, lambda name: place.client.create(person(NAMESPACE, name)))
        await _Story(run, place, remote, options.users).tell()


class _Story:
    """What happens to two replicas of the operator and to the bridge."""

    def __init__(self, run: Run, place: Place, remote: Remote, count: int) -> None:
        self._run = run
        self._place = place
        self._remote = remote
        self._count = count

    async def tell(self) -> None:
        """All of it; the first replica is killed once, and leads again in its second life."""
        async with self._bridge("bridge") as bridge:
            self._record("bridge_start", bridge.process.pid)
            async with self._operator() as first:
                await self._until_ready(self._count // 2 + 1)
                async with self._operator() as second:
                    await self._join(first, second)
                    await self._lose_api_server(second, bridge)
                await first.until_synced()
                self._record("replaced", first.process.pid)
                self._run.record("ended_by_themselves", first.ends - 1 + second.ends)
        async with self._bridge("next-bridge") as bridge:
            self._record("bridge_replaced", bridge.process.pid)

    def _operator(self) -> Operator:
        return self._place.operator("--namespace", NAMESPACE)

    @asynccontextmanager
    async def _bridge(self, name: str) -> AsyncIterator[BridgeProcess]:
        """One that knows everybody."""
        place, options = self._place, ("--namespace", NAMESPACE, "--insecure")
        bridge = BridgeProcess(place.plane.kubeconfig, place.directory, *options, name=name)
        self._run.progress = lambda: f"waiting for the {name} to know everybody"
        try:
            bridge.start()
            await until(lambda: bridge.ready() == "ok", every=_POLL_SECONDS)
            yield bridge
        finally:
            bridge.stop()

    async def _join(self, leader: Operator, standby: Operator) -> None:
        """Half of the joiners under the one, the others under the other."""
        await self._until_ready(3 * self._count // 4)
        self._record("leader", leader.process.pid)
        self._record("standby", standby.process.pid)
        os.kill(leader.process.pid, signal.SIGKILL)
        await self._until_ready(self._count)
        await standby.until_quiet()
        self._record("successor", standby.process.pid)

    async def _lose_api_server(self, leader: Operator, bridge: BridgeProcess) -> None:
        """Whoever watched begins again, and CXone is read again."""
        server = ApiServer(self._place.plane)
        server.kill()
        server.start()
        await until(lambda: _FOLLOWS_AGAIN in bridge.text())
        await self._until_read_again()
        await leader.until_quiet()
        self._record("relisted", leader.process.pid)
        self._record("bridge_relisted", bridge.process.pid)

    async def _until_ready(self, count: int) -> None:
        async with watch(self._place.client, NAMESPACE) as seen:
            self._run.progress = lambda: f"{len(seen.ready):,} of {count:,} Ready"
            await seen.until(lambda: len(seen.ready) >= count)

    async def _until_read_again(self) -> None:
        pages = (await self._remote.stats()).count(_LIST) + -(-self._count // _PAGE)
        while (await self._remote.stats()).count(_LIST) < pages:  # noqa: ASYNC110 (another process has no event)
            await asyncio.sleep(_POLL_SECONDS)

    def _record(self, who: str, pid: int) -> None:
        """The most that a process ever had, and what it has now."""
        self._run.record(f"{who}_peak_mb", peak_mb(pid), digits=1)
        self._run.compare(f"{who}_peak_mb", resident_mb(pid), digits=1)


BENCHMARK = Benchmark(_measure, limit_seconds=1800, options=_options, targets=_targets)

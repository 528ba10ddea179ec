"""N users are created, then all are changed, then all are deleted: the whole life of each, beside Strimzi's report.

No rate limit, as Strimzi's user operator has none. Its published seconds for the same three steps of as many KafkaUsers
(performance report of 2025-11-18) were measured on another machine, and are there to compare orders of magnitude; the
baseline is a bare client that makes the same writes on the same API server in the same run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping

from measure import bare
from measure.benchmark import Benchmark, Run
from measure.people import names, people
from measure.place import NAMESPACE, UNLIMITED, Place, open_place
from measure.watch import Watch, watch

STRIMZI_SECONDS = {10: 10.5, 100: 33.0, 200: 54.9, 500: 133.8}
"""Users → seconds for creating, changing and deleting all of them."""
_BARE = "bare"
_ANYBODY_MAY_LEAVE = {"deprovisioning": {"minUsers": 1_000_000}}
_CHANGE = {"role": "Supervisor"}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--users", type=int, nargs="+", default=list(STRIMZI_SECONDS), help="%(default)s")


def _targets(options: argparse.Namespace) -> Mapping[str, float]:
    return {f"{count} seconds": STRIMZI_SECONDS[count] for count in options.users if count in STRIMZI_SECONDS}


async def _measure(run: Run, options: argparse.Namespace) -> None:
    free = ("--seats", str(max(options.users)), "--requests-per-minute", "0", "--job-seconds", "0")
    async with open_place() as place, place.cxone(*free) as remote:
        await place.create_tenant(remote, rateLimit=UNLIMITED, safety=_ANYBODY_MAY_LEAVE)
        await place.create_namespace(_BARE)
        async with (
            watch(place.client, NAMESPACE) as seen,
            watch(place.client, _BARE) as seen_bare,
            place.operator("--namespace", NAMESPACE) as operator,
        ):
            await place.until_tenants_ready()
            await operator.until_quiet()
            for index, count in enumerate(options.users):
                lives = [_Life(run, place, seen, count), _BareLife(run, place, seen_bare, count)]
                for life in lives if (run.number + index) % 2 else reversed(lives):
                    await life.live()


class _Life:
    """As many users from their creation to their end, by the operator."""

    namespace = NAMESPACE

    def __init__(self, run: Run, place: Place, seen: Watch, count: int) -> None:
        self.run = run
        self.client = place.client
        self.seen = seen
        self.count = count
        self.names = names(f"user-{count}", count)
        self.users = people(self.namespace, self.names)

    async def live(self) -> None:
        """All three steps, each to its end."""
        moments = [time.monotonic()]
        self.run.progress = lambda: f"{self.namespace}, {self.count} users: {len(moments) - 1} of 3 steps done"
        await self.create()
        moments.append(await self.seen.until_ready(self.names))
        changed = time.monotonic()
        await self.change()
        await self.seen.until(lambda: self.seen.ready_with[2] >= self.count)
        moments.append(time.monotonic())
        deleted = time.monotonic()
        await self.delete()
        await self.seen.until(lambda: not self.seen.present)
        moments.append(time.monotonic())
        self.keep("seconds_to_create", moments[1] - moments[0])
        self.keep("seconds_to_change", moments[2] - changed)
        self.keep("seconds_to_delete", moments[3] - deleted)
        self.keep("seconds", moments[3] - moments[0])

    def keep(self, name: str, value: float) -> None:
        """A figure."""
        self.run.record(f"{self.count} {name}", value)

    async def create(self) -> None:
        """Declare all."""
        await self.client.each(self.users, self.client.create)

    async def change(self) -> None:
        """Give all another role."""
        await self.client.each(self.names, lambda name: self.client.patch(self.namespace, name, {"spec": _CHANGE}))

    async def delete(self) -> None:
        """Delete all."""
        await self.client.each(self.names, lambda name: self.client.delete(self.namespace, name))


class _BareLife(_Life):
    """The same by the bare client, which also does the operator's part."""

    namespace = _BARE

    def keep(self, name: str, value: float) -> None:
        """A baseline."""
        self.run.compare(f"{self.count} {name}", value)

    async def create(self) -> None:
        """Declare and take up."""
        await bare.create(self.client, self.users)

    async def change(self) -> None:
        """Change and answer."""
        await bare.change(self.client, self.users, _CHANGE)

    async def delete(self) -> None:
        """Delete and let go."""
        await bare.delete(self.client, self.users)


BENCHMARK = Benchmark(_measure, limit_seconds=900, options=_options, targets=_targets)

"""Leadership: who may act, until when, and that two never may at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from cxone_operator.cluster.errors import Conflicted, Forbidden, Unreachable
from cxone_operator.cluster.lease import LEASE_LABELS, ClusterLease, Holding, Lease, Stored, Timing
from cxone_operator.cluster.server import ApiServer, Body

SECONDS = 9.0


@dataclass
class Store:
    """One Lease, as an API server keeps it."""

    lease: Holding | None = None
    version: int = 0
    trouble: Exception | None = None
    delay: float = 0.0
    writes: list[str] = field(default_factory=list)

    async def read(self) -> Stored | None:
        await self._pass()
        return None if self.lease is None else Stored(str(self.version), self.lease)

    async def create(self, holding: Holding) -> None:
        await self._pass()
        if self.lease is not None:
            raise Conflicted("exists")
        self._keep(holding)

    async def replace(self, holding: Holding, resource_version: str) -> None:
        await self._pass()
        if resource_version != str(self.version):
            raise Conflicted("changed")
        self._keep(holding)

    async def _pass(self) -> None:
        await asyncio.sleep(self.delay)
        if self.trouble is not None:
            raise self.trouble

    def _keep(self, holding: Holding) -> None:
        self.lease, self.version = holding, self.version + 1
        self.writes.append(holding.holder_identity or "")


def a_lease(store: Store, name: str = "a", lost: Callable[[], None] = lambda: None) -> Lease:
    return Lease(store, name, Timing(SECONDS), asyncio.get_running_loop().time, lost)


pytestmark = pytest.mark.looptime


async def test_the_first_gets_it_and_keeps_it() -> None:
    store = Store()
    lease = a_lease(store)
    await lease.acquire()
    for _ in range(100):
        await asyncio.sleep(1)
        assert lease.held
    assert set(store.writes) == {"a"}
    assert store.lease is not None
    assert (store.lease.lease_transitions, store.lease.lease_duration_seconds) == (0, 9)


async def test_the_second_waits_until_the_first_releases() -> None:
    store = Store()
    first, second = a_lease(store, "a"), a_lease(store, "b")
    await first.acquire()
    waiting = asyncio.create_task(second.acquire())
    await asyncio.sleep(60)
    assert not second.held
    await first.release()
    assert not first.held
    await asyncio.wait_for(waiting, 1.0)
    assert second.held
    assert store.lease is not None
    assert store.lease.lease_transitions == 1


async def test_a_dead_holder_is_followed_within_the_duration() -> None:
    store = Store()
    store.lease = Holding("dead", int(SECONDS), renew_time="then")
    second = a_lease(store, "b")
    began = asyncio.get_running_loop().time()
    await second.acquire()
    assert SECONDS <= asyncio.get_running_loop().time() - began <= SECONDS + 1


async def test_a_holder_that_reaches_nobody_stops_before_the_next_may_begin() -> None:
    store, ends = Store(), []
    lease = a_lease(store, lost=lambda: ends.append(asyncio.get_running_loop().time()))
    await lease.acquire()
    renewed = asyncio.get_running_loop().time()
    store.trouble = Unreachable("gone")
    await asyncio.sleep(30)
    assert not lease.held
    with pytest.raises(asyncio.CancelledError):
        lease.fence()
    assert len(ends) == 1
    assert ends[0] - renewed < SECONDS


async def test_one_failed_renewal_is_no_loss() -> None:
    store, ends = Store(), []
    lease = a_lease(store, lost=lambda: ends.append(1))
    await lease.acquire()
    store.trouble = Unreachable("gone")
    await asyncio.sleep(3)
    store.trouble = None
    await asyncio.sleep(30)
    assert lease.held
    assert not ends


async def test_a_slow_answer_counts_from_the_question() -> None:
    """Whatever the API server took: the fence closes before the Lease that it stored can expire."""
    store = Store(delay=0.9)
    lease = a_lease(store)
    began = asyncio.get_running_loop().time()
    await lease.acquire()
    assert lease._deadline == pytest.approx(began + 6.0)


async def test_a_frozen_holder_does_not_renew_its_way_back() -> None:
    store, ends = Store(), []
    now = [0.0]
    lease = Lease(store, "a", Timing(SECONDS), lambda: now[0], lambda: ends.append(1))
    await lease.acquire()
    now[0] = 100.0
    writes = len(store.writes)
    await asyncio.sleep(2)
    assert (len(ends), len(store.writes)) == (1, writes)


async def test_a_holder_that_finds_another_one_stops() -> None:
    store, ends = Store(), []
    lease = a_lease(store, lost=lambda: ends.append(1))
    await lease.acquire()
    store._keep(Holding("thief", 9, renew_time="now"))
    await asyncio.sleep(2)
    assert not lease.held
    assert ends


async def test_release_leaves_the_lease_of_another_alone() -> None:
    store = Store()
    lease = a_lease(store)
    await lease.acquire()
    store._keep(Holding("thief", 9, renew_time="now"))
    await lease.release()
    assert store.lease is not None
    assert store.lease.holder_identity == "thief"


async def test_who_may_not_use_leases_is_told() -> None:
    with pytest.raises(Forbidden):
        await a_lease(Store(trouble=Forbidden("no"))).acquire()


@pytest.mark.parametrize("seed", range(40))
async def test_two_never_hold_it_at_once(seed: int) -> None:
    """Three replicas, an API server that is slow and away at random, and freezes: never two holders."""
    chance = random.Random(seed)
    store = Store()
    lost: dict[str, asyncio.Event] = {}

    async def live(name: str) -> None:
        while True:
            lost[name] = asyncio.Event()
            leases[name] = a_lease(store, name, lost[name].set)
            await leases[name].acquire()
            await lost[name].wait()

    leases: dict[str, Lease] = {}
    lives = [asyncio.create_task(live(name)) for name in "abc"]
    led = set()
    for _ in range(300):
        await asyncio.sleep(chance.random())
        store.delay = chance.choice([0.0, 0.0, 0.1, 1.0, 2.5, 4.0])
        store.trouble = chance.choice([None, None, None, Unreachable("away")])
        holders = [name for name, lease in leases.items() if lease.held]
        assert len(holders) <= 1
        led.update(holders)
    for life in lives:
        life.cancel()
    assert led


def test_the_times_follow_from_one() -> None:
    timing = Timing(9.0)
    assert timing.renew_window < timing.seconds
    assert 2 * timing.request <= timing.renew_window


@pytest.mark.parametrize(("watched", "said"), [((), "*"), (("a", "b"), "a,b")])
async def test_a_lease_says_what_its_holder_watches(watched: tuple[str, ...], said: str) -> None:
    """When it is made, and whenever it changes hands; labels and annotations of others stay."""
    server = Recorder()
    store = ClusterLease(server, "cxone-system", "cxone-operator", watched)
    await store.create(Holding("a"))
    await store.replace(Holding("b"), "7")
    for (_, _, body), more in zip(server.requests, ({"name": "cxone-operator"}, {"resourceVersion": "7"}), strict=True):
        expected = {"labels": LEASE_LABELS, "annotations": {"cxone.dev/watches": said}}
        assert body["metadata"] == {**expected, **more}


class Recorder(ApiServer):
    """Notes what is sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []

    async def request(self, method: str, path: str, *, body: Body | None = None, **more: Any) -> Body:
        self.requests.append((method, path, body))
        return {}

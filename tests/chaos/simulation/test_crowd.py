"""Ten thousand people: what one of them costs does not depend on how many there are, and nothing is without bounds.

Each fault that was found at this size is held by a count.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from chaos.simulation import logs
from chaos.simulation.crowd import Counts, Crowd
from chaos.simulation.loop import VirtualLoop, run
from cxone_operator.engine.tell.writer import PLACES

MANY = 10_000
FLOOD_SECONDS = 180.0
"""Of virtual time; the rate limit alone takes 120."""
PLANS = 6
"""For each joiner: seen, claimed, sent, in the job, seen as wanted, told."""
TASKS = 80
"""Of one process, however many people there are."""


@dataclass
class Flood:
    """What became of joiners who came all at once, and of leavers among them."""

    seconds: float
    counts: Counts
    writes: int
    twice: int
    """Who was written more often than twice."""
    leavers: list[float]
    """Seconds from the edit until CXone had it."""
    restart: Counts
    restart_writes: int


@pytest.fixture(scope="module")
def flood() -> Flood:
    """Played once."""
    with pytest.MonkeyPatch.context() as patch:
        with logs.captured() as errors:
            found, _ = run(lambda loop: _flood(loop, patch))
        assert errors == []
        return found


async def _flood(loop: VirtualLoop, patch: pytest.MonkeyPatch) -> Flood:
    crowd = Crowd(loop, patch)
    leavers = [f"leaver{number}" for number in range(8)]
    crowd.join(leavers)
    crowd.start()
    await crowd.until(crowd.all_ready, 60)
    crowd.counts.plans = 0
    before = crowd.writes().total()
    began = loop.time()
    crowd.join([f"p{number:05}" for number in range(MANY)])
    waited = []
    for name in leavers:
        await asyncio.sleep(8.0)
        crowd.loop.forgive()
        waited.append(await _lock_out(crowd, name))
    await crowd.until(crowd.all_ready, 600)
    seconds, counts, writes = loop.time() - began, crowd.counts, crowd.writes()
    await asyncio.sleep(10.0)  # until the last job has left the tenant's status
    await crowd.stop()
    crowd.start()
    await asyncio.sleep(120.0)
    restart_writes = crowd.writes().total() - writes.total()
    restart = crowd.counts
    await crowd.stop()
    joiners = [count for name, count in writes.items() if name.startswith("p")]
    return Flood(
        seconds, counts, writes.total() - before, sum(count > 2 for count in joiners), waited, restart, restart_writes
    )


async def _lock_out(crowd: Crowd, name: str) -> float:
    began = crowd.loop.time()
    crowd.cluster.edit("cxoneusers", name, active=False)

    def gone() -> bool:
        return not crowd.remote.named(f"{name}@example.com")[0].state.active

    while not gone():
        assert crowd.loop.time() - began < 60
        await asyncio.sleep(0.05)
    return crowd.loop.time() - began


def test_a_flood_takes_as_long_as_the_rate_limit_makes_it(flood: Flood) -> None:
    assert flood.seconds < FLOOD_SECONDS


def test_each_joiner_is_written_twice(flood: Flood) -> None:
    """Finalizer and status: nobody is told of a wait that is not one's own (c), or of seats that are free (d)."""
    assert flood.twice == 0


def test_what_is_under_way_is_bounded(flood: Flood) -> None:
    """Writes have places, and whoever waits for one is neither a task nor a failure (a)."""
    assert flood.counts.most_writes <= PLACES + 2
    assert flood.counts.most_tasks <= TASKS


def test_what_a_joiner_costs_does_not_grow_with_the_queue(flood: Flood) -> None:
    """Plans are made for those whom something has happened to, not for those who wait (b)."""
    assert flood.counts.plans <= PLANS * MANY * 1.05
    assert flood.counts.turns <= MANY * 2


def test_a_leaver_waits_for_no_joiner(flood: Flood) -> None:
    """Neither for the request nor, before that, for a place to write (f)."""
    assert max(flood.leavers) < 3.0


def test_requests_for_each_joiner(flood: Flood) -> None:
    asked = sum(
        flood.counts.requests[name] for name in ("submit", "job", "look_up", "list", "quota", "create", "patch")
    )
    assert asked <= 0.03 * MANY


def test_a_restart_writes_nothing_and_reads_each_page_once(flood: Flood) -> None:
    """However long the first snapshot takes: whoever was Ready is told nothing (e). Leavers are asked for at once."""
    assert flood.restart_writes == 0
    remote = {name: flood.restart.requests[name] for name in ("list", "look_up", "quota", "submit", "create", "patch")}
    assert remote == {"list": MANY // 500 + 1, "look_up": 1, "quota": 1, "submit": 0, "create": 0, "patch": 0}
    assert flood.restart.most_tasks <= TASKS


def test_a_company_that_adopts_its_tenant() -> None:
    """Nobody is looked up one by one, and nothing is written to CXone (h)."""
    names = [f"p{number:05}" for number in range(MANY)]

    async def adopt(loop: VirtualLoop) -> tuple[Counts, Crowd]:
        crowd = Crowd(loop, patch)
        crowd.exist(names)
        crowd.join(names)
        crowd.start()
        await crowd.until(crowd.all_ready, 180)
        return crowd.counts, crowd

    with pytest.MonkeyPatch.context() as patch, logs.captured():
        (counts, crowd), _ = run(adopt)
    assert set(crowd.writes().values()) == {2}
    changes = [entry for entry in crowd.journal if entry.origin.operator and entry.verb in ("create", "update")]
    assert changes == []
    assert counts.requests["list"] <= MANY // 500 + 1
    assert counts.requests["look_up"] == 0
    assert counts.plans <= PLANS * MANY
    assert counts.most_tasks <= TASKS

"""The election: a thread that goes on renewing while the loop of the process works, and not when it stands still."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cxone_operator.cluster import election as module
from cxone_operator.cluster.election import Election
from cxone_operator.cluster.errors import Forbidden
from cxone_operator.cluster.lease import Holding, Stored, Timing

TIMING = Timing(0.5)


class Store:
    """One Lease in memory, with the number of times that it was renewed."""

    def __init__(self) -> None:
        self.stored: Stored | None = None
        self.renewals = 0
        self.threads: set[str] = set()
        self.refuses = False

    async def read(self) -> Stored | None:
        if self.refuses:
            raise Forbidden("not yours")
        return self.stored

    async def create(self, holding: Holding) -> None:
        self.stored = Stored("1", holding)

    async def replace(self, holding: Holding, resource_version: str) -> None:
        self.renewals += 1
        self.threads.add(threading.current_thread().name)
        self.stored = Stored(str(int(resource_version) + 1), holding)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Store]:
        yield self


def elected(store: Store, lost: list[str]) -> Election:
    return Election(store.open, "me", TIMING, time.monotonic, lambda: lost.append("lost"))


async def test_a_busy_loop_keeps_its_lease() -> None:
    """It blocks for three times as long as the Lease lasts, and nobody else could have had it meanwhile."""
    store, lost = Store(), []
    election = elected(store, lost)
    await election.acquire()
    time.sleep(3 * TIMING.seconds)  # noqa: ASYNC251  (a loop that is blocked is the subject)
    assert election.held
    election.fence()
    assert store.renewals >= 10
    assert store.threads == {"election"}
    await election.release()
    assert lost == []


async def test_after_release_nobody_may_act() -> None:
    store = Store()
    election = elected(store, [])
    await election.acquire()
    await election.release()
    assert not election.held
    with pytest.raises(asyncio.CancelledError):
        election.fence()
    assert store.stored is not None
    assert store.stored.holding.holder_identity == ""


async def test_who_is_elected_when_nobody_waits_for_it_any_more_releases_as_well() -> None:
    """The start is given up in the moment in which the Lease is got."""
    store = Store()
    election = elected(store, [])
    start = asyncio.create_task(election.acquire())
    await asyncio.sleep(0)
    start.cancel()
    await asyncio.wait([start])
    while not election.held:  # noqa: ASYNC110  (another thread has no event to wait for)
        await asyncio.sleep(0.01)
    await election.release()
    assert store.stored is not None
    assert store.stored.holding.holder_identity == ""


async def test_a_loop_that_stands_still_for_too_long_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_SILENCE_SECONDS", 0.4)
    store, lost = Store(), []
    election = elected(store, lost)
    await election.acquire()
    time.sleep(1.0)  # noqa: ASYNC251
    assert lost == ["lost"]
    await election.release()


async def test_who_may_not_even_try_is_told() -> None:
    store = Store()
    store.refuses = True
    election = elected(store, [])
    with pytest.raises(Forbidden):
        await election.acquire()


async def test_somebody_who_stands_by_can_be_stopped() -> None:
    store = Store()
    await store.create(Holding("somebody else", 60))
    election = elected(store, [])
    waiting = asyncio.create_task(election.acquire())
    await asyncio.sleep(0.1)
    assert not election.held
    await election.release()
    assert store.stored is not None
    assert store.stored.holding.holder_identity == "somebody else"
    waiting.cancel()

"""The quota: read when somebody needs to know, and no more often."""

from __future__ import annotations

import pytest

from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.engine.memory.seats import FEW, SETTLE_SECONDS
from cxone_operator.engine.read.quota import QuotaReader
from cxone_operator.scim.errors import PermissionDenied
from unit.builders import a_remote, a_user
from unit.engine import scene as scenes
from unit.engine.fakes import FakeRemote
from unit.engine.scene import settle


class Scene(scenes.Scene):
    """A reader of a CXone that only knows seats."""

    def __init__(self, **spec: object) -> None:
        super().__init__(**{"syncPeriodSeconds": 100, **spec})
        self.remote = FakeRemote()
        self.reader = QuotaReader(self.memory, self.tasks)

    async def keep_current(self, seconds: float = 0.0) -> None:
        self.time += seconds
        self.reader.keep_current(self.remote)
        await settle()

    async def read_for_joiners(self) -> None:
        self.reader.read_for_joiners(self.remote)
        await settle()


async def test_seats_are_read_also_where_nobody_joins() -> None:
    """Once per sync period, behind everybody who waits for something."""
    scene = Scene()
    await scene.keep_current()
    assert scene.remote.lanes == []
    scene.snapshot()
    await scene.keep_current()
    await scene.keep_current(99.0)
    assert scene.remote.lanes == [Lane.BACKGROUND]
    scene.remote.quota = Quota(10, 9)
    await scene.keep_current(1.0)
    assert scene.remote.lanes == [Lane.BACKGROUND] * 2
    assert scene.memory.seats.quota == Quota(10, 9)


async def test_a_reading_for_joiners_is_as_good() -> None:
    scene = Scene()
    scene.snapshot()
    scene.time = 60.0
    await scene.read_for_joiners()
    await scene.keep_current(99.0)
    assert scene.remote.lanes == [Lane.JOINERS]


async def test_a_refused_reading_is_not_repeated_before_the_next_period() -> None:
    """And keeps no joiner from trying at once."""
    scene = Scene()
    scene.snapshot()
    scene.remote.quota = PermissionDenied("the client lacks scope License.Read", code="403", write=False)
    await scene.keep_current()
    await scene.keep_current(99.0)
    assert scene.remote.lanes == [Lane.BACKGROUND]
    assert scene.reader.back_off.failure is None
    await scene.read_for_joiners()
    assert scene.remote.lanes == [Lane.BACKGROUND, Lane.JOINERS]


@pytest.mark.parametrize(("mode", "shown"), [("None", None), ("CountUsers", Quota(5, 1))])
async def test_only_the_licence_api_is_asked(mode: str, shown: Quota | None) -> None:
    """CountUsers counts the snapshot, which costs no request."""
    scene = Scene(license={"mode": mode, "limit": 5})
    scene.snapshot(a_remote("jane"))
    await scene.keep_current()
    assert (scene.remote.lanes, scene.memory.seats.quota) == ([], shown)


async def test_nothing_is_read_for_nobody_while_somebody_joins() -> None:
    """The gate asks for what it needs."""
    scene = Scene()
    scene.snapshot()
    scene.memory.queues.put("uid-jane", Lane.JOINERS, 0.0, alone=False)
    await scene.keep_current()
    assert scene.remote.lanes == []


async def test_one_reading_at_a_time() -> None:
    """However many turns wait for it."""
    scene = Scene()
    scene.remote.gate.clear()
    for _ in range(100):
        await scene.read_for_joiners()
    assert scene.remote.asked["seats"] == 1
    scene.remote.gate.set()
    await settle()
    assert (scene.memory.seats.quota, scene.wakes > 0) == (Quota(10, 4), True)


async def test_a_failure_for_joiners_is_kept_and_pauses() -> None:
    """It is why they wait; a success ends both."""
    scene = Scene()
    scene.remote.quota = PermissionDenied("the client lacks scope License.Read", code="403", write=False)
    await scene.read_for_joiners()
    await scene.read_for_joiners()
    assert scene.remote.asked["seats"] == 1
    assert scene.reader.back_off.failure is not None
    scene.remote.quota = Quota(10, 4)
    scene.time += 2.0
    await scene.read_for_joiners()
    assert scene.remote.asked["seats"] == 2
    assert scene.reader.back_off.failure is None


async def test_a_limit_of_ours_is_lower_than_that_of_cxone() -> None:
    scene = Scene(license={"limit": 7})
    await scene.read_for_joiners()
    assert scene.memory.seats.quota == Quota(7, 4)
    scene.remote.quota = Quota(5, 4)
    await scene.read_for_joiners()
    assert scene.memory.seats.quota == Quota(5, 4)


async def many_leave(scene: Scene) -> set[str]:
    """More than a few have vacated their seats, and CXone has had its time."""
    scene.snapshot()
    await scene.keep_current()
    names = {f"user-{number}" for number in range(FEW + 1)}
    scene.see(*(a_user(name) for name in names))
    for name in names:
        scene.memory.seats.vacate(f"uid-{name}", scene.time)
    scene.time += SETTLE_SECONDS
    return names


async def test_many_leavers_are_worth_one_reading_and_are_looked_at_after_it() -> None:
    """Instead of a release for each."""
    scene = Scene(syncPeriodSeconds=3600)
    names = await many_leave(scene)
    scene.remote.quota = Quota(100, 4)
    await scene.keep_current()
    await scene.keep_current()
    assert scene.remote.lanes == [Lane.BACKGROUND] * 2
    assert scene.marked() == names


async def test_the_doubt_of_many_is_one_request() -> None:
    """Until it is answered."""
    scene = Scene(syncPeriodSeconds=3600)
    await many_leave(scene)
    scene.remote.gate.clear()
    for _ in range(10):
        await scene.keep_current(1.0)
    assert scene.remote.asked["seats"] == 2, "one of them before they left"
    scene.remote.gate.set()
    await settle()


async def test_seats_that_cannot_be_counted_are_released_one_by_one() -> None:
    scene = Scene(syncPeriodSeconds=3600)
    names = await many_leave(scene)
    scene.remote.quota = PermissionDenied("the client lacks scope License.Read", code="403", write=False)
    await scene.keep_current()
    assert scene.marked() == names
    assert all(scene.memory.seats.release_due(f"uid-{name}") for name in names)

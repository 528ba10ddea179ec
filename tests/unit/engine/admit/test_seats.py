"""The gate in front of the joiners' queue: nobody passes without a seat, and whoever stays is told why."""

from __future__ import annotations

import msgspec
import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import License
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.engine.admit.seats import SeatGate
from cxone_operator.engine.memory.queues import FRONT
from cxone_operator.engine.memory.seats import FRESH_SECONDS, SHORT_SECONDS
from cxone_operator.engine.read.quota import QuotaReader
from cxone_operator.engine.tell.waits import Shortage
from cxone_operator.scim.errors import PermissionDenied, ServerError, Throttled
from unit.builders import a_remote, a_user
from unit.engine import scene as scenes
from unit.engine.fakes import FakeRemote
from unit.engine.scene import settle


class Scene(scenes.Scene):
    """Joiners in front of a gate."""

    def __init__(self, **license_: object) -> None:
        super().__init__(license=license_)
        self.remote = FakeRemote()
        self.quota = QuotaReader(self.memory, self.tasks)
        self.gate = SeatGate(self.memory, self.quota)

    def join(self, number: int) -> list[tuple[str, str]]:
        """They wait in the queue, in this order."""
        users = [a_user(f"p{place:03}") for place in range(number)]
        for user in users:
            self.memory.queues.put(user.metadata.uid, Lane.JOINERS, 0.0, alone=False, age=user.age_order)
        return [user.age_order for user in users]

    def passing(self) -> int:
        return self.gate.admitted(self.remote, self.memory.queues.depth(Lane.JOINERS))


# Who passes.


async def test_nobody_passes_before_the_seats_were_counted() -> None:
    """The reading is asked for, and awaited."""
    scene = Scene()
    scene.join(3)
    assert scene.passing() == 0
    await settle()
    assert (scene.remote.asked["seats"], scene.remote.lanes, scene.passing()) == (1, [Lane.JOINERS], 3)


@pytest.mark.parametrize(
    ("license_", "waiting", "used", "promised", "passing"),
    [
        ({}, 3, 5, 0, 3),
        ({}, 8, 5, 0, 5),
        ({}, 8, 10, 0, 0),
        ({}, 8, 5, 2, 3),
        ({"reserve": 2}, 8, 5, 0, 3),
        ({"onShortage": "HoldBatch"}, 8, 5, 0, 0),
        ({"onShortage": "HoldBatch"}, 5, 5, 0, 5),
        ({"limit": 7}, 8, 5, 0, 2),
    ],
)
async def test_as_many_pass_as_there_are_free_seats(
    license_: dict[str, object], waiting: int, used: int, promised: int, passing: int
) -> None:
    """Or all, or nobody."""
    scene = Scene(**license_)
    scene.join(waiting)
    scene.remote.quota = Quota(10, used)
    scene.passing()
    await settle()
    for number in range(promised):
        scene.memory.seats.promise(f"uid-{number}")
    assert scene.passing() == passing
    assert scene.memory.seats.short is (passing < waiting)


def test_where_seats_are_not_counted_everybody_passes() -> None:
    scene = Scene(mode="None")
    scene.memory.seats.short = True
    scene.join(1000)
    assert (scene.passing(), scene.memory.seats.short, scene.remote.asked) == (1000, False, {})


def test_seats_can_be_counted_from_the_snapshot() -> None:
    """It must be complete; no request is spent."""
    scene = Scene(mode="CountUsers", limit=3)
    scene.join(5)
    assert scene.passing() == 0
    scene.snapshot(a_remote("jane"), a_remote("john", active=False))
    assert (scene.passing(), scene.remote.asked) == (2, {})


def test_a_limit_that_is_taken_back_holds_nobody() -> None:
    """A preset counts users also where the tenant says no limit; an earlier one must not outlive the spec."""
    scene = Scene(mode="CountUsers", limit=3)
    scene.join(5)
    scene.snapshot(a_remote("jane"))
    assert scene.passing() == 2
    scene.memory.spec = msgspec.structs.replace(scene.memory.spec, license=License(mode="CountUsers"))
    assert scene.passing() == 5
    assert scene.memory.seats.quota == Quota(None, 1)


async def test_the_quota_is_read_more_often_while_somebody_is_turned_away() -> None:
    """Others may free a seat at any time."""
    scene = Scene()
    scene.remote.quota = Quota(10, 4)
    for waiting, period in ((3, FRESH_SECONDS), (8, SHORT_SECONDS)):
        scene.join(waiting)
        scene.time += 100.0
        scene.passing()
        await settle()
        scene.passing()
        asked = scene.remote.asked["seats"]
        scene.time += period - 1
        scene.passing()
        await settle()
        assert scene.remote.asked["seats"] == asked
        scene.time += 1.0
        scene.passing()
        await settle()
        assert scene.remote.asked["seats"] == asked + 1


# Who stays, and why.


async def counted(used: int, waiting: int, **license_: object) -> tuple[Scene, list[tuple[str, str]]]:
    scene = Scene(**license_)
    orders = scene.join(waiting)
    scene.remote.quota = Quota(10, used)
    scene.passing()
    await settle()
    scene.passing()
    return scene, orders


async def test_a_shortage_begins_behind_the_last_free_seat() -> None:
    scene, orders = await counted(7, 8)
    found = scene.gate.shortage()
    assert found is not None
    assert (found.start, found.reason) == (orders[3], Reason.LICENSE_UNAVAILABLE)
    assert "all 10 seats of the tenant are taken or promised to older resources" in found.message


async def test_a_shortage_begins_at_the_front_where_no_seat_is_free() -> None:
    scene, _ = await counted(10, 8)
    found = scene.gate.shortage()
    assert found is not None
    assert found.start == FRONT


async def test_a_batch_that_is_held_is_held_as_a_whole() -> None:
    """And says that this is the policy's doing."""
    scene, _ = await counted(7, 8, onShortage="HoldBatch")
    assert scene.gate.shortage() == Shortage(
        FRONT,
        Reason.LICENSE_UNAVAILABLE,
        "not all who wait fit into the free seats, and onShortage is HoldBatch",
    )


async def test_nobody_stays_where_all_get_a_seat() -> None:
    scene, _ = await counted(2, 8)
    assert scene.gate.shortage() is None


async def test_a_shortage_is_over_with_the_last_who_waited() -> None:
    scene, _ = await counted(10, 1)
    assert scene.gate.shortage() is not None
    scene.memory.queues.discard("uid-p000")
    assert scene.gate.shortage() is None


async def test_who_gets_one_of_the_free_seats_waits_for_its_turn_only() -> None:
    """While seats are promised, CXone may count them as used already: as many more are told nothing."""
    scene, orders = await counted(7, 8)
    for number in range(3):
        scene.memory.queues.discard(f"uid-p{number:03}")
        scene.memory.seats.promise(f"uid-p{number:03}")
    found = scene.gate.shortage()
    assert found is not None
    assert found.start == orders[6]
    for number in range(3):
        scene.memory.seats.confirm(f"uid-p{number:03}", scene.time + 1.0)
    found = scene.gate.shortage()
    assert found is not None
    assert found.start == FRONT


async def test_a_quota_that_cannot_be_read_is_why_everybody_waits() -> None:
    scene = Scene()
    scene.join(2)
    scene.remote.quota = PermissionDenied("the client lacks scope License.Read", code="403", write=False)
    scene.passing()
    await settle()
    assert scene.gate.shortage() == Shortage(
        FRONT,
        Reason.PERMISSION_DENIED,
        "the licence quota cannot be read: the client lacks scope License.Read",
    )
    assert scene.passing() == 0


@pytest.mark.parametrize("error", [Throttled("429", code="429"), ServerError("503", code="503")])
async def test_what_is_of_the_whole_tenant_is_not_told_to_its_users(error: Throttled | ServerError) -> None:
    """A busy CXone is the tenant's to say; one answer of an error is not."""
    scene = Scene()
    scene.join(2)
    scene.remote.quota = error
    scene.passing()
    await settle()
    assert (scene.gate.shortage() is None) is isinstance(error, Throttled)

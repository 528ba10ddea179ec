"""The guard: nobody passes before the admission is written, and a hold outlives what goes wrong."""

from __future__ import annotations

import asyncio

import pytest

from cxone_operator.api.tenant import DeprovisioningStatus
from cxone_operator.core.actions import Deactivate
from cxone_operator.engine.admit.guard import GATHER_SECONDS, LONGEST_GATHER_SECONDS, Guard
from unit.builders import a_remote, a_user
from unit.engine import scene as scenes
from unit.engine.scene import settle


class Scene(scenes.Scene):
    """A guard with one leaver allowed, and a status that can refuse to be written."""

    def __init__(self, **deprovisioning: int) -> None:
        super().__init__(safety={"deprovisioning": {"minUsers": 1, "maxUsers": 1, **deprovisioning}})
        self.fenced = False
        self.written: list[DeprovisioningStatus] = []
        self.guard = Guard(self.memory, self.trail, self.tasks, self.persist, self.warn)

    async def persist(self) -> bool:
        await asyncio.sleep(0)
        if self.fenced:
            raise asyncio.CancelledError
        if self.writable:
            self.written.append(self.memory.leavers.status())
        return self.writable

    async def warn(self, reason: str, message: str) -> None:
        await super().warn(reason, message)
        assert reason == "DeprovisioningHeld"

    def leaves(self, name: str, generation: int = 1) -> bool:
        user = a_user(name, active=False, metadata={"generation": generation})
        self.memory.resources.put(user)
        return self.guard.passes(user, Deactivate(a_remote(name)))

    async def later(self, seconds: float = GATHER_SECONDS) -> float | None:
        self.time += seconds
        wait = self.guard.judge()
        await settle()
        return wait


async def test_nobody_passes_before_it_is_written() -> None:
    scene = Scene()
    assert not scene.leaves("jane")
    assert scene.guard.judge() == GATHER_SECONDS
    scene.time += GATHER_SECONDS
    scene.guard.judge()
    assert not scene.leaves("jane")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert scene.leaves("jane")
    assert (scene.written[0].used, scene.written[0].released) == (1, ("uid-jane",))


async def test_what_cannot_be_written_does_not_happen() -> None:
    """And is tried again, without having used anything up."""
    scene = Scene()
    scene.writable = False
    scene.leaves("jane")
    await scene.later()
    assert not scene.leaves("jane")
    assert scene.memory.leavers.admissions.users == 0
    scene.writable = True
    await scene.later()
    assert scene.leaves("jane")
    assert scene.memory.leavers.admissions.users == 1


async def test_a_fence_that_opens_again_stops_nobody_for_good() -> None:
    """A Lease that could not be renewed for a moment ends the write, and not the work of this process."""
    scene = Scene()
    scene.fenced = True
    scene.leaves("jane")
    await scene.later()
    assert not scene.leaves("jane")
    assert scene.memory.leavers.admissions.users == 0
    scene.fenced = False
    await scene.later()
    assert scene.leaves("jane")
    assert scene.memory.leavers.admissions.users == 1


async def test_leavers_that_keep_coming_are_judged_in_the_end() -> None:
    scene = Scene(maxUsers=1000, minUsers=1000)
    for number in range(100):
        scene.leaves(f"user-{number}")
        await scene.later(LONGEST_GATHER_SECONDS / 50)
    assert scene.leaves("user-0")


async def test_who_is_not_looked_up_yet_may_be_one_of_them() -> None:
    """After a restart: nothing is judged before it is known who leaves."""
    scene = Scene()
    scene.leaves("jane")
    scene.memory.leavers.suspect("uid-john")
    await scene.later(10.0)
    assert not scene.leaves("jane")
    scene.leaves("john")
    await scene.later()
    assert scene.memory.leavers.held == 2


async def test_a_hold_has_a_name_that_only_an_equal_set_has() -> None:
    scene = Scene()
    names = []
    for leavers in (("jane", "john"), ("jane", "john", "joe")):
        for name in leavers:
            scene.leaves(name)
        await scene.later()
        assert scene.memory.leavers.hold is not None
        names.append(scene.memory.leavers.hold.plan_hash)
    assert names[0] != names[1]
    scene.guard.approval = names[0]
    await scene.later(10.0)
    assert not scene.leaves("jane")
    scene.guard.approval = names[1]
    await scene.later()
    assert all(scene.leaves(name) for name in ("jane", "john", "joe"))
    assert scene.memory.leavers.admissions.users == 0
    assert "approve-deprovisioning" in {line.action for line in scene.lines}


async def test_a_flood_that_is_undone_one_by_one_locks_nobody_out() -> None:
    """Each withdrawal leaves fewer, and the last few would fit; they wait until nothing was undone for a while."""
    scene = Scene()
    for name in ("jane", "john", "joe"):
        scene.leaves(name)
    await scene.later()
    for name in ("jane", "john"):
        scene.memory.leavers.withdraw(f"uid-{name}")
        await scene.later(60.0)
        assert not scene.leaves("joe"), "it must not slip through while somebody undoes the others"
    assert "undone" in (scene.memory.leavers.hold.message if scene.memory.leavers.hold else "")
    await scene.later(230.0)
    assert not scene.leaves("joe")
    await scene.later(20.0)
    assert scene.leaves("joe")


async def test_what_was_undone_while_nobody_watched_is_waited_for_too() -> None:
    """A new process does not know when the others were undone, so it waits as if that were now."""
    scene = Scene()
    scene.leaves("jane")
    scene.leaves("john")
    await scene.later()
    heir = Scene()
    heir.memory.leavers.load(scene.written[-1])
    heir.leaves("jane")
    await heir.later()
    assert not heir.leaves("jane")
    await heir.later(310.0)
    assert heir.leaves("jane")


async def test_an_approval_that_cannot_be_written_is_not_lost() -> None:
    scene = Scene()
    scene.leaves("jane")
    scene.leaves("john")
    await scene.later()
    assert scene.memory.leavers.hold is not None
    scene.guard.approval = scene.memory.leavers.hold.plan_hash
    scene.writable = False
    await scene.later(10.0)
    assert not scene.leaves("jane")
    scene.writable = True
    await scene.later(10.0)
    assert scene.leaves("jane")


async def test_each_held_user_is_audited_once() -> None:
    scene = Scene()
    for _ in range(3):
        scene.leaves("jane")
        scene.leaves("john")
        await scene.later()
    held = [line.user_name for line in scene.lines if line.result == "held"]
    assert sorted(held) == ["jane@example.com", "john@example.com"]


@pytest.mark.parametrize("seconds", [0.0, 1800.0])
async def test_another_process_goes_on_where_this_one_ended(seconds: float) -> None:
    """The allowance stays used, and who was let through is not counted again."""
    scene = Scene()
    scene.leaves("jane")
    await scene.later()
    heir = Scene()
    heir.time = seconds
    heir.memory.leavers.load(scene.written[-1])
    assert heir.leaves("jane")
    heir.leaves("john")
    await heir.later()
    assert heir.memory.leavers.held == 1
    await heir.later(3600.0)
    assert heir.leaves("john")


# Neighbours: other tenants of the same CXone.


async def test_whom_a_neighbour_has_let_go_counts_here() -> None:
    """One may go in all, so nobody is left to go here."""
    scene, other = Scene(), Scene()
    for one in (scene, other):
        one.memory.sites = scene.memory.sites
        scene.memory.sites.join(one.memory, "id")
    other.leaves("john")
    await other.later()
    assert other.leaves("john")
    scene.leaves("jane")
    await scene.later()
    assert not scene.leaves("jane")
    assert scene.memory.leavers.hold is not None
    assert "(1 have)" in scene.memory.leavers.hold.message


async def test_the_share_is_of_all_whom_the_neighbours_manage() -> None:
    """Two of ten, of whom eight are declared in the other namespace."""
    scene, other = Scene(minUsers=0, maxUsers=100, maxPercent=20), Scene()
    for one in (scene, other):
        one.memory.sites = scene.memory.sites
        scene.memory.sites.join(one.memory, "id")
    other.see(*(a_user(f"p{number}") for number in range(8)))
    for one in (scene, other):
        one.snapshot(a_remote("jane"), a_remote("john"), *(a_remote(f"p{number}") for number in range(8)))
    scene.leaves("jane")
    scene.leaves("john")
    await scene.later()
    assert (scene.leaves("jane"), scene.leaves("john")) == (True, True)

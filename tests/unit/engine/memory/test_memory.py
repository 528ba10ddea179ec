"""The memory as a whole: what concerns several stores at once."""

from __future__ import annotations

import pytest

from cxone_operator.core.actions import Create
from cxone_operator.core.deprovisioning import Leaver
from cxone_operator.core.knowledge import Present, Unknown
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.work import Attempt, Sent
from unit.builders import a_remote, a_state, a_user
from unit.engine.scene import Scene

JANE = "uid-jane"


@pytest.fixture
def scene() -> Scene:
    found = Scene(syncPeriodSeconds=100)
    found.see(a_user("jane"), a_user("john"))
    return found


def test_a_moment_knows_how_often_cxone_is_compared_with(scene: Scene) -> None:
    scene.time = 7.0
    assert (scene.memory.moment.now, scene.memory.moment.sync_period) == (7.0, 100.0)


def test_news_of_the_tenant_free_whoever_is_stalled(scene: Scene) -> None:
    """Everybody is looked at: nobody knows whom it cures."""
    epoch = scene.memory.epoch
    scene.memory.free_stalled()
    assert scene.memory.epoch == epoch + 1
    assert (scene.marked(), scene.wakes) == ({"jane", "john"}, 1)


def test_a_resource_that_is_gone_leaves_nothing_behind(scene: Scene) -> None:
    """In no queue, no promise, no hold and no doubt."""
    memory = scene.memory
    memory.seats.learn(Quota(10, 4), 0.0)
    memory.seats.promise(JANE)
    memory.queues.put(JANE, Lane.JOINERS, 0.0, alone=False)
    memory.leavers.wait(Leaver(JANE, 1, "jane@example.com"))
    memory.in_doubt.add(JANE, 900.0)
    memory.vanished.add(JANE)
    memory.lose(JANE)
    assert memory.resources.get(JANE) is None
    assert memory.queues.lane_of(JANE) is None
    assert memory.seats.reserved == 0
    assert memory.seats.read_due(0.0), "nobody knows what became of the promise"
    assert (memory.leavers.waiting, memory.vanished) == ({}, set())
    assert memory.in_doubt.until(JANE) < 900.0


def test_its_heirs_inherit_what_may_still_happen(scene: Scene) -> None:
    """The request that may create its user may create theirs."""
    scene.see(a_user("heir", userName="JANE@example.com"))
    claimed = {"annotations": {"cxone.dev/claimed-as": "jane@example.com"}}
    scene.see(a_user("renamed", userName="jones@example.com", metadata=claimed, status={"userId": "id-jane"}))
    scene.memory.in_doubt.add(JANE, 900.0)
    scene.memory.lose(JANE)
    assert scene.memory.in_doubt.until("uid-heir") == 900.0
    assert scene.memory.in_doubt.until("uid-renamed") == 900.0, "its account has that name, until it gets another one"
    assert scene.memory.in_doubt.until("uid-john") < 900.0


def test_whoever_was_in_doubt_is_read_again(scene: Scene) -> None:
    """What was known before says nothing of what the request has done in the end."""
    memory, key = scene.memory, "jane@example.com"
    scene.snapshot(a_remote())
    memory.in_doubt.add(JANE, 5.0)
    memory.look_after_doubts()
    assert (memory.directory.known(key, 0.0), scene.marked()) == (Present(a_remote()), set())
    scene.time = 5.0
    memory.look_after_doubts()
    assert (memory.directory.known(key, 5.0), scene.marked()) == (Unknown(), {"jane"})


def test_somebody_who_was_never_here_can_be_lost(scene: Scene) -> None:
    scene.memory.lose("uid-nobody")
    assert len(scene.memory.resources) == 2


def test_a_resource_that_vanished_goes_on_as_a_deleted_one(scene: Scene) -> None:
    """What was done for it must be undone, and nothing can be written to it."""
    user = scene.memory.resources.get(JANE)
    assert user is not None
    scene.memory.outlive(user)
    found = scene.memory.resources.get(JANE)
    assert found is not None
    assert (found.metadata.deleting, found.claimed) == (True, True)
    assert (scene.memory.vanished, scene.marked(), scene.wakes) == ({JANE}, {"jane"}, 1)


def test_a_finalizer_that_somebody_took_off_does_not_end_what_is_under_way(scene: Scene) -> None:
    """The request may let in somebody whom no resource has any more; whoever is at rest is let go, as was wanted."""
    memory, bare = scene.memory, a_user(claimed=False, metadata={"resourceVersion": "2"})
    scene.see(bare)
    assert memory.looked_after(JANE) is None
    memory.works.advance(JANE, Sent(Attempt(bare, Create(a_state()), memory.time)), memory.moment)
    assert memory.looked_after(JANE) == bare
    memory.outlive(bare)
    found = memory.resources.get(JANE)
    assert found is not None
    assert (found.metadata.deleting, found.claimed) == (True, True)

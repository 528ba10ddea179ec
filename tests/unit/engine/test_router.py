"""The router: each step of a plan goes where it happens, and whoever has nothing left to do costs nothing."""

from __future__ import annotations

import asyncio

import pytest

from cxone_operator.api.conditions import STALLED
from cxone_operator.core.actions import Deactivate
from cxone_operator.core.knowledge import Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.work import Failed, Phase
from cxone_operator.engine.admit.guard import GATHER_SECONDS
from cxone_operator.telemetry import metrics
from unit.builders import a_remote, a_tenant, a_user
from unit.engine.router_scene import AGREED, BROKEN, JANE, KEY, Scene
from unit.engine.scene import settle, value

# One step at a time.


async def test_a_new_user_is_claimed_before_anything_else() -> None:
    scene = Scene()
    await scene.look(a_user(claimed=False))
    assert (scene.cluster.writes, scene.phase, scene.lane) == ([("finalizers", "jane")], Phase.IDLE, None)
    assert scene.now(a_user()).claimed


async def test_whoever_is_absent_waits_to_be_created() -> None:
    scene = Scene()
    await scene.look(a_user())
    assert (scene.lane, scene.phase, scene.cluster.writes) == (Lane.JOINERS, Phase.QUEUED, [])


async def test_whoever_differs_waits_to_be_changed() -> None:
    scene = Scene(a_remote(roles=("Trainee",)))
    await scene.look(a_user())
    assert (scene.lane, scene.phase) == (Lane.UPDATES, Phase.QUEUED)


async def test_whoever_is_unknown_is_asked_for() -> None:
    scene = Scene()
    scene.memory.directory.forget(KEY, scene.time)
    await scene.look(a_user())
    assert (scene.phase, await scene.asked()) == (Phase.LOOKING, [(KEY,)])


async def test_a_leaver_that_is_unknown_is_asked_for_first() -> None:
    """And nothing is judged before it is known who leaves."""
    scene = Scene()
    scene.memory.directory.forget(KEY, scene.time)
    await scene.look(a_user(active=False))
    assert scene.memory.leavers.suspects == {JANE}


async def test_nobody_waits_for_a_leaver_of_whom_cxone_does_not_tell() -> None:
    """Others who leave are judged without; what CXone said is why this one waits."""
    scene = Scene()
    scene.remote.stumbles = {KEY}
    scene.memory.directory.forget(KEY, scene.time)
    await scene.look(a_user(active=False))
    await scene.asked()
    await scene.look()
    assert (scene.memory.leavers.suspects, scene.phase) == (set(), Phase.WAITING)
    assert scene.lookups.problem(KEY) == "CXone answered 500: oops"


async def test_where_adoption_is_forbidden_a_creation_is_announced() -> None:
    """A user that exists from then on is ours."""
    scene = Scene()
    await scene.look(a_user(adoptionPolicy="Never"))
    assert (scene.told, scene.lane) == (("False", "Progressing"), None)
    await scene.look()
    assert scene.lane is Lane.JOINERS


async def test_whoever_agrees_is_told_and_then_forgotten() -> None:
    """A hundred thousand settled users cost nothing."""
    scene = Scene(a_remote())
    scene.memory.works.open(JANE, 90.0)
    before = metrics.REGISTRY.get_sample_value("cxone_operator_time_to_ready_seconds_sum") or 0.0
    await scene.look(a_user())
    assert (scene.told, scene.phase) == (("True", "Succeeded"), Phase.IDLE)
    after = metrics.REGISTRY.get_sample_value("cxone_operator_time_to_ready_seconds_sum") or 0.0
    assert after - before == pytest.approx(10.0)
    for _ in range(3):
        await scene.look()
    assert (len(scene.cluster.writes), scene.phase) == (1, None)
    assert metrics.REGISTRY.get_sample_value("cxone_operator_time_to_ready_seconds_sum") == after


async def test_whoever_is_refused_is_told_and_audited_once() -> None:
    scene = Scene(safety={"protectedUsers": [KEY]})
    for _ in range(3):
        await scene.look(a_user() if scene.cluster.writes == [] else None)
    assert (scene.told, len(scene.cluster.writes), scene.phase) == (("False", "ProtectedUser"), 1, None)
    assert scene.line.result == "refused"
    assert scene.now(a_user()).status.condition(STALLED) is not None


async def test_what_agrees_again_makes_a_later_refusal_news() -> None:
    scene = Scene(a_remote())
    for protected in ([KEY], [], [KEY]):
        scene.memory.spec = a_tenant(safety={"protectedUsers": protected})
        await scene.look(a_user() if scene.cluster.writes == [] else None)
    assert [line.result for line in scene.lines] == ["refused"] * 2


async def test_a_suspended_user_is_told_so_and_waits_for_nothing() -> None:
    scene = Scene(a_remote(roles=("Trainee",)))
    await scene.look(a_user())
    assert scene.lane is Lane.UPDATES
    await scene.look(a_user(suspend=True, metadata={"resourceVersion": "2", "generation": 2}))
    assert (scene.told, scene.lane) == (("Unknown", "Suspended"), None)


async def test_what_is_only_watched_is_reported() -> None:
    scene = Scene(a_remote(roles=("Trainee",)))
    await scene.look(a_user(managementPolicy="ObserveOnly"))
    assert (scene.told, scene.lane) == (("False", "DifferencesFound"), None)
    assert [item.field for item in scene.now(a_user()).status.differences] == ["roles"]


async def test_what_is_deprovisioned_is_let_go() -> None:
    """With the finalizer goes the resource, and all that is remembered of it."""
    scene = Scene(license={"mode": "None"})
    scene.memory.directory.learn([KEY], [], scene.time)
    await scene.look(a_user(deleting=True))
    assert scene.cluster.writes == [("finalizers", "jane")]
    assert (scene.memory.resources.get(JANE), scene.phase) == (None, None)


async def test_what_carries_nothing_of_ours_goes_by_itself() -> None:
    scene = Scene(a_remote())
    await scene.look(a_user(deleting=True, claimed=False))
    assert (scene.cluster.writes, scene.phase) == ([], None)


# The guard.


async def test_whoever_loses_access_passes_the_guard_first() -> None:
    scene = Scene(a_remote())
    await scene.look(a_user(active=False))
    assert (scene.lane, scene.phase) == (None, Phase.HELD)
    scene.time += GATHER_SECONDS
    scene.guard.judge()
    await settle()
    assert scene.marked() == {"jane"}
    await scene.look()
    assert (scene.lane, scene.phase, scene.persisted) == (Lane.LEAVERS, Phase.QUEUED, 1)


async def test_whoever_stays_after_all_is_no_leaver_any_more() -> None:
    """And needs the guard anew, should that change again."""
    scene = Scene(a_remote())
    await scene.look(a_user(active=False))
    assert scene.memory.leavers.waiting
    await scene.look(a_user(metadata={"resourceVersion": "2", "generation": 2}))
    assert (scene.memory.leavers.waiting, scene.lane) == ({}, None)


async def test_a_lock_out_that_has_failed_does_not_ask_the_guard_again() -> None:
    """It waits for its next attempt."""
    scene = Scene(a_remote())
    jane = a_user(active=False)
    scene.see(jane)
    scene.memory.leavers.released.add(JANE)
    scene.sends(jane, Deactivate(a_remote()))
    scene.door.on(JANE, Failed(BROKEN))
    await scene.look()
    assert scene.memory.leavers.is_released(JANE)
    assert scene.phase is Phase.BACKING_OFF


# Drift.


async def test_drift_is_counted_when_it_is_found() -> None:
    """Once, however often the user is looked at, and not for attempts that are repeated."""
    scene = Scene(a_remote(roles=("Trainee",)))
    before = value("drift_total", field="roles") or 0.0
    await scene.look(a_user(status=AGREED))
    for _ in range(3):
        await scene.look()
    assert (value("drift_total", field="roles") or 0.0) - before == 1.0
    jane = scene.now(a_user())
    known = scene.view.known(jane)
    assert isinstance(known, Present)
    scene.memory.queues.discard(JANE)
    scene.sends(jane, Deactivate(known.user))
    scene.door.on(JANE, Failed(BROKEN))
    scene.time += 60.0
    await scene.look()
    assert scene.lane is Lane.UPDATES
    assert (value("drift_total", field="roles") or 0.0) - before == 1.0


async def test_drift_that_is_only_reported_is_counted_when_it_is_told() -> None:
    scene = Scene(a_remote(roles=("Trainee",)), driftPolicy="Report")
    before = value("drift_total", field="roles") or 0.0
    await scene.look(a_user(status=AGREED))
    for _ in range(3):
        await scene.look()
    assert (scene.told, scene.lane) == (("False", "DifferencesFound"), None)
    assert (value("drift_total", field="roles") or 0.0) - before == 1.0


async def test_ten_thousand_settled_users_are_not_remembered() -> None:
    names = [f"p{number}" for number in range(10_000)]
    scene = Scene(*(a_remote(name) for name in names), license={"mode": "None"})
    first = a_user("p0")
    scene.see(first)
    scene.router.consider(first)
    await scene.written()
    status = scene.cluster.bodies["uid-p0"]["status"]
    for name in names[1:]:
        user = a_user(name, status={**status, "userId": f"id-{name}"})  # type: ignore[dict-item]
        scene.memory.resources.put(user)
        scene.router.consider(user)
    scene.router.consider(scene.now(first))
    await asyncio.sleep(0)
    assert (len(scene.memory.works), len(scene.cluster.writes), scene.memory.alarms.next()) == (0, 1, None)

"""The router, where something is under way for a user already: a request, a write, a pause, a promised seat."""

from __future__ import annotations

import pytest

from cxone_operator.core.actions import Create
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.work import Accepted, Done, Failed, Phase
from cxone_operator.engine.send.failures import failed
from unit.builders import a_remote, a_state, a_user
from unit.engine.router_scene import BROKEN, JANE, KEY, NO_ROLE, Scene
from unit.engine.scene import settle

# What is under way.


async def test_nothing_is_planned_beside_a_request() -> None:
    scene = Scene()
    jane = a_user()
    scene.see(jane)
    attempt = scene.sends(jane, Create(a_state()))
    await scene.look(a_user(role="Supervisor", metadata={"resourceVersion": "2", "generation": 2}))
    assert (scene.phase, scene.work(jane).attempt, scene.lane) == (Phase.SENDING, attempt, None)


async def test_a_leaver_leaves_its_job() -> None:
    scene = Scene()
    jane = a_user()
    scene.see(jane)
    scene.sends(jane, Create(a_state()), shared=True)
    scene.door.on(JANE, Accepted("job-1"))
    scene.memory.directory.forget(KEY, scene.time)
    await scene.look()
    assert scene.phase is Phase.IN_JOB
    await scene.look(a_user(active=False, metadata={"resourceVersion": "2", "generation": 2}))
    assert (scene.phase, scene.marked()) == (Phase.IDLE, {"jane"})


async def test_what_is_seen_ends_an_attempt_that_nobody_answered() -> None:
    scene = Scene()
    jane = a_user()
    scene.see(jane)
    scene.sends(jane, Create(a_state()))
    scene.door.on(JANE, Done())
    await scene.look()
    assert (scene.phase, scene.lines) == (Phase.VERIFYING, [])
    scene.memory.directory.put(a_remote(), scene.time)
    await scene.look()
    assert (scene.line.result, scene.told) == ("success", ("True", "Succeeded"))


async def test_nothing_is_planned_while_a_write_is_under_way() -> None:
    """What it brings back is not known yet; the user is looked at again in any case."""
    scene = Scene()
    scene.cluster.gate.clear()
    jane = a_user(claimed=False)
    scene.see(jane)
    scene.router.consider(jane)
    await settle()
    for _ in range(3):
        scene.router.consider(jane)
    await settle()
    assert len(scene.cluster.writes) == 1
    assert scene.memory.alarms.next() == scene.time + 1.0
    scene.cluster.gate.set()
    await scene.written()


async def test_a_write_that_still_waits_is_decided_anew() -> None:
    """What it says may not be so any more."""
    scene = Scene(a_remote())
    busy = [a_user(f"busy-{number}") for number in range(16)]
    scene.see(*busy, a_user())
    scene.cluster.gate.clear()
    for user in (*busy, a_user()):
        scene.statuses.claim(user)
    scene.memory.directory.put(a_remote(roles=("Trainee",)), scene.time)
    scene.router.consider(scene.now(a_user()))
    scene.cluster.gate.set()
    await scene.written()
    assert "jane" not in {name for _, name in scene.cluster.writes}


# Waiting.


async def test_a_failure_that_passes_keeps_its_phase_and_its_time() -> None:
    scene = Scene()
    jane = a_user()
    scene.see(jane)
    scene.sends(jane, Create(a_state()))
    scene.door.on(JANE, Failed(BROKEN))
    await scene.look()
    assert (scene.phase, scene.lane, scene.memory.alarms.next()) == (Phase.BACKING_OFF, None, 101.0)
    scene.time = 101.0
    await scene.look()
    assert (scene.phase, scene.lane) == (Phase.QUEUED, Lane.JOINERS)


async def test_what_cxone_refuses_for_good_is_not_tried_before_something_has_changed() -> None:
    """A new spec frees it, and so does whatever may cure everybody."""
    scene = Scene()
    jane = a_user()
    scene.see(jane)
    attempt = scene.sends(jane, Create(a_state()))
    scene.door.on(JANE, failed(scene.memory, attempt, NO_ROLE))
    for _ in range(3):
        await scene.look()
    assert (scene.phase, scene.told, len(scene.cluster.writes)) == (Phase.STALLED, ("False", "RoleNotFound"), 1)
    assert [line.result for line in scene.lines] == ["failure"], "the request has that line already"
    scene.memory.free_stalled()
    await scene.look()
    assert (scene.phase, scene.lane) == (Phase.QUEUED, Lane.JOINERS)


async def test_whoever_waits_for_the_plan_waits_in_no_queue() -> None:
    scene = Scene()
    await scene.look(a_user())
    assert scene.lane is Lane.JOINERS
    scene.memory.closing = True
    await scene.look()
    assert (scene.lane, scene.phase) == (None, Phase.WAITING)


@pytest.mark.parametrize("state", [a_remote(), a_remote(roles=("Trainee",))])
@pytest.mark.parametrize(
    ("until", "rings"), [("2026-11-23T12:11:40Z", 700.0), ("2026-11-24T12:00:00Z", 1000.0)], ids=["soon", "late"]
)
async def test_a_date_rings_whatever_the_user_waits_for_until_then(state: object, until: str, rings: float) -> None:
    """At the latest after a sync period: the clock may be wrong now."""
    scene = Scene(state)
    await scene.look(a_user(activeUntil=until))
    assert scene.memory.alarms.next() == rings


# Seats.


async def test_a_seat_is_settled_by_what_cxone_shows() -> None:
    """Taken where the user is there, and given back where it is not; kept while nobody knows."""
    scene = Scene()
    scene.memory.seats.learn(Quota(10, 4), 0.0)
    scene.memory.seats.promise(JANE)
    scene.memory.directory.forget(KEY, scene.time)
    await scene.look(a_user())
    assert (scene.memory.seats.reserved, scene.memory.seats.taken) == (1, 0)
    scene.memory.directory.put(a_remote(), scene.time)
    await scene.look()
    assert (scene.memory.seats.reserved, scene.memory.seats.taken) == (0, 1)


async def test_whoever_has_a_disputed_name_has_a_seat() -> None:
    """The account is active, whatever it should be called."""
    scene = Scene(a_remote("john"))
    scene.memory.seats.learn(Quota(10, 4), 0.0)
    scene.memory.seats.promise(JANE)
    scene.memory.directory.put(a_remote("jane"), scene.time)
    await scene.look(a_user(userName="john@example.com", status={"userId": "id-jane"}))
    assert (scene.memory.seats.reserved, scene.memory.seats.taken) == (0, 1)


async def test_a_promise_ends_where_the_user_is_not_to_be_seen() -> None:
    scene = Scene()
    scene.memory.seats.promise(JANE)
    await scene.look(a_user())
    assert scene.memory.seats.reserved == 0


async def test_whoever_a_job_did_not_serve_keeps_its_promise() -> None:
    """It was there first: the attempt of its own goes on it."""
    scene = Scene()
    jane = a_user()
    scene.see(jane)
    scene.sends(jane, Create(a_state()), shared=True)
    scene.door.on(JANE, Done())
    scene.memory.directory.learn([KEY], [], scene.time)
    await scene.look()
    assert (scene.lane, scene.work(jane).alone, scene.memory.seats.reserved) == (Lane.JOINERS, True, 1)
    assert scene.memory.queues.first(Lane.JOINERS, 9, alone=True) == [JANE]

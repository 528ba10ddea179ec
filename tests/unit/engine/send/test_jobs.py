"""Bulk jobs: over when all their users are seen, polled only where not; and a leaver waits for none."""

from __future__ import annotations

import asyncio

import pytest

from cxone_operator.core.actions import Create
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.knowledge import UNKNOWN, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.work import Phase, Seen
from cxone_operator.engine.send.jobs import MOST
from cxone_operator.scim.errors import (
    BadRequest,
    ServerError,
)
from cxone_operator.scim.remote import Answered, Settled
from unit.builders import a_remote, a_state, a_user
from unit.engine import scene as scenes
from unit.engine.scene import loop_time
from unit.engine.send.jobs_scene import TIMEOUT, Scene

pytestmark = pytest.mark.looptime


# From submission to end.


async def test_one_look_instead_of_a_poll_where_all_are_seen() -> None:
    """And the job is over."""
    scene = Scene()
    users = await scene.submit("jane", "john")
    assert scene.phases(*users) == [Phase.IN_JOB] * 2
    assert [job.operations for job in scene.memory.jobs.values()] == [2]
    scene.exist("jane", "john")
    await asyncio.sleep(1.5)
    assert (scene.remote.asked["find"], scene.remote.asked["poll"]) == (1, 0)
    assert scene.results() == ["jane success", "john success"]
    assert scene.memory.jobs == {}


async def test_a_job_is_polled_where_somebody_is_not_seen() -> None:
    """Until it ends; only those are read back."""
    scene = Scene()
    jane, john = await scene.submit("jane", "john")
    scene.exist("jane")
    scene.remote.polls.extend([None, None, Settled()])
    await asyncio.sleep(30.0)
    assert (scene.remote.asked["find"], scene.remote.asked["poll"]) == (1, 3)
    assert scene.results() == ["jane success"]
    assert scene.phases(john) == [Phase.VERIFYING]
    assert scene.view.known(john) == UNKNOWN
    assert scene.phases(jane) == [Phase.IDLE]


async def test_who_was_not_served_is_sent_alone() -> None:
    scene = Scene()
    (jane,) = await scene.submit("jane")
    await asyncio.sleep(5.0)
    scene.memory.directory.learn(["jane@example.com"], [], scene.memory.time)
    scene.door.on("uid-jane", Seen(scene.view.known(jane)))
    assert scene.work(jane).alone
    assert scene.results() == ["jane failure"]


async def test_results_that_the_server_gives_need_no_look() -> None:
    """What it says of one user is used, everything else is read back."""
    scene = Scene()
    users = await scene.submit("jane", "john", "judy")
    refused = BadRequest("role 'Agent' does not exist", code="400").failure
    scene.remote.polls.append(Settled({"uid-jane": Answered(Present(a_remote())), "uid-john": refused}))
    await asyncio.sleep(5.0)
    assert scene.results() == ["jane success", "john failure"]
    assert scene.phases(*users) == [Phase.IDLE, Phase.STALLED, Phase.VERIFYING]


async def test_a_bulk_request_that_is_answered_at_once_is_no_job() -> None:
    """Where the server works on it before it answers."""
    scene = Scene()
    scene.remote.receipts.append(Settled({"uid-jane": Answered(Present(a_remote()))}))
    jane, john = await scene.start("jane", "john")
    assert scene.memory.jobs == {}
    assert (scene.phases(jane, john), scene.remote.asked["poll"]) == ([Phase.IDLE, Phase.VERIFYING], 0)


async def test_a_look_that_fails_is_no_news_of_the_job() -> None:
    scene = Scene()
    (jane,) = await scene.submit("jane")
    scene.remote.problem = ServerError("503", code="503")
    await asyncio.sleep(1.5)
    assert scene.phases(jane) == [Phase.IN_JOB]
    scene.remote.problem = None
    await asyncio.sleep(30.0)
    assert (scene.phases(jane), scene.memory.jobs) == ([Phase.VERIFYING], {})


# When to look.


async def test_the_typical_time_is_learned() -> None:
    """After a job that took longer, the next one is looked at later; and then a little sooner again each time."""
    scene = Scene()
    await scene.submit("slow")
    scene.remote.polls.extend([None, None, None])
    await asyncio.sleep(60.0)
    assert scene.remote.asked["poll"] == 4
    looks = []
    for number in range(3):
        name = f"p{number}"
        began = loop_time()
        scene.exist(name)
        await scene.submit(name, job=f"job-{number + 2}")
        await scenes.until(lambda: not scene.memory.jobs, pause=0.01)
        looks.append(loop_time() - began)
    assert scene.remote.asked["poll"] == 4, "no poll is spent on what is seen"
    assert looks[0] > 5.0
    assert looks[0] > looks[1] > looks[2] > 0.95 * looks[0]


async def test_polls_grow_apart() -> None:
    """A job of a quarter of an hour costs some 60 requests, and not 900."""
    scene = Scene()
    await scene.submit("jane")
    scene.remote.polls.extend([None] * 200)
    await asyncio.sleep(TIMEOUT)
    assert 50 < scene.remote.asked["poll"] < 70


# Bounds.


async def test_there_are_not_more_jobs_than_may_be() -> None:
    """Leavers are exempt, and a job that has ended makes room."""
    scene = Scene()
    scene.remote.gate.clear()
    for number in range(MOST):
        assert scene.jobs.has_room(Lane.JOINERS)
        await scene.submit(f"p{number}", job=f"job-{number}")
    assert [scene.jobs.has_room(lane) for lane in (Lane.LEAVERS, Lane.UPDATES, Lane.JOINERS)] == [True, False, False]
    scene.remote.gate.set()
    await asyncio.sleep(60.0)
    assert scene.jobs.has_room(Lane.JOINERS)


@pytest.mark.parametrize(
    ("mode", "bulk", "offered"), [("Auto", True, True), ("Off", True, False), ("Auto", False, False)]
)
async def test_bulk_is_taken_by_the_tenant_and_wanted_by_its_owner(mode: str, bulk: bool, offered: bool) -> None:
    scene = Scene(mode=mode)
    scene.remote.capabilities = Capabilities(bulk=bulk)
    assert scene.jobs.offered(scene.remote, Lane.JOINERS) is offered


# Leavers.


async def test_a_leaver_goes_on_without_the_job() -> None:
    """Which may still create the user and take the seat; at its end everybody is read back."""
    scene = Scene()
    jane, _ = await scene.submit("jane", "john")
    scene.marked()
    scene.jobs.leave("uid-jane")
    assert scene.phases(jane) == [Phase.IDLE]
    assert (scene.results(), scene.doubted, scene.marked()) == (["jane unknown"], TIMEOUT, {"jane"})
    assert scene.memory.seats.reserved == 3, "a seat that the job may take, besides her own and john's"
    assert scene.view.known(jane) == UNKNOWN
    scene.exist("jane", "john")
    scene.memory.directory.learn(["jane@example.com"], [], scene.memory.time)
    await asyncio.sleep(5.0)
    assert scene.remote.names == [("john@example.com",)], "nobody looks after somebody who left"
    assert scene.view.known(jane) == UNKNOWN
    assert "jane" in scene.marked()
    assert scene.memory.seats.reserved == 2


async def test_neighbours_read_back_too_whoever_left_the_job() -> None:
    """The job may have acted after one of them has inherited the user."""
    scene, other = Scene(), scenes.Scene(loop_time)
    for memory in (scene.memory, other.memory):
        scene.memory.sites.join(memory, "id")
    await scene.submit("jane", "john")
    scene.jobs.leave("uid-jane")
    other.see(a_user("jane", metadata={"uid": "uid-heir"}))
    other.snapshot(a_remote("jane"))
    scene.exist("jane", "john")
    await asyncio.sleep(5.0)
    assert other.view.known(a_user("jane")) == UNKNOWN
    assert other.marked() == {"jane"}


async def test_only_who_is_in_a_job_can_leave_it() -> None:
    scene = Scene()
    jane = a_user()
    scene.see(jane)
    for uid in ("uid-jane", "uid-nobody"):
        scene.jobs.leave(uid)
    scene.sends(jane, Create(a_state()))
    scene.jobs.leave("uid-jane")
    assert (scene.phases(jane), scene.lines) == ([Phase.SENDING], [])

"""Bulk jobs that do not begin, do not end or lose who follows them: nobody is left behind in one."""

from __future__ import annotations

import asyncio

import pytest

from cxone_operator.api.tenant import BulkJob
from cxone_operator.core.actions import Create
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.knowledge import UNKNOWN
from cxone_operator.core.lane import Lane
from cxone_operator.core.work import REQUEST_SECONDS, Phase, Seen
from cxone_operator.scim.errors import (
    CircuitOpen,
    ConnectionLost,
    NotFound,
    NotOffered,
    PayloadTooLarge,
    ServerError,
    Throttled,
)
from cxone_operator.scim.remote import Settled
from cxone_operator.scim.transport import NotSent
from cxone_operator.telemetry.audit import Result
from unit.builders import a_state
from unit.engine.scene import settle
from unit.engine.send.jobs_scene import TIMEOUT, Scene

pytestmark = pytest.mark.looptime


# What goes wrong before there is a job.


async def test_nothing_is_sent_before_the_intent_is_written_down() -> None:
    """A later process must know of a job whose id nobody has written."""
    scene = Scene()
    scene.writable = False
    (jane,) = await scene.submit("jane")
    assert (scene.remote.asked["send"], scene.persisted) == (0, 0)
    await asyncio.sleep(5.0)
    assert (scene.phases(jane), scene.lines, scene.marked()) == ([Phase.IDLE], [], {"jane"})


async def test_the_intent_lasts_until_the_job_is_known() -> None:
    scene = Scene()
    scene.remote.gate.clear()
    await scene.submit("jane")
    assert scene.memory.in_doubt.status() is not None
    scene.remote.gate.set()
    await settle()
    assert (scene.memory.in_doubt.status(), list(scene.memory.jobs)) == (None, ["job-1"])
    assert scene.persisted == 2


async def test_a_job_that_is_too_large_is_halved() -> None:
    """And says nothing of anybody in it: they go another way."""
    scene = Scene()
    scene.remote.receipts.append(PayloadTooLarge("CXone answered 413", code="413"))
    users = await scene.start(*(f"p{number}" for number in range(40)))
    assert scene.jobs.largest == 20
    assert scene.phases(*users) == [Phase.IDLE] * 40
    assert not any(scene.work(user).alone or scene.work(user).failures for user in users)
    await scene.start(*(f"q{number}" for number in range(40)))
    assert [len(batch.items) for batch in scene.remote.sent] == [40, 20, 20]


async def test_a_single_user_that_is_too_large_is_refused() -> None:
    """There is nothing left to halve."""
    scene = Scene()
    scene.remote.receipts.append(PayloadTooLarge("CXone answered 413", code="413"))
    (jane,) = await scene.start("jane")
    assert scene.jobs.largest == 1
    assert scene.phases(jane) == [Phase.BACKING_OFF]


async def test_where_bulk_is_not_offered_users_are_planned_anew() -> None:
    """The remote has learned it, so that they go as singles."""
    scene = Scene()
    scene.remote.receipts.append(NotOffered("CXone answered 501", code="501"))
    scene.remote.capabilities = Capabilities(bulk=False)
    users = await scene.start("jane", "john")
    assert scene.phases(*users) == [Phase.IDLE] * 2
    assert scene.marked() == {"jane", "john"}
    assert not scene.jobs.offered(scene.remote, Lane.JOINERS)


async def test_a_lost_answer_may_be_a_job() -> None:
    """It may create them as long as a job may last."""
    scene = Scene()
    scene.remote.receipts.append(ConnectionLost("the connection broke", code="connection"))
    (jane,) = await scene.start("jane")
    assert (scene.doubted, scene.results()) == (TIMEOUT, ["jane unknown"])
    assert scene.view.known(jane) == UNKNOWN


async def test_a_request_that_did_not_leave_is_planned_anew() -> None:
    """The loop ends, or another process may act by now."""
    scene = Scene()
    scene.remote.receipts.append(NotSent())
    (jane,) = await scene.start("jane")
    assert (scene.phases(jane), scene.lines) == ([Phase.IDLE], [])
    assert scene.jobs.has_room(Lane.JOINERS)
    assert scene.memory.in_doubt.status() is None


# Jobs that do not end.


async def test_a_job_that_does_not_end_in_time_is_given_up() -> None:
    """It may go on, so its users are read back, and their absence proves nothing for a while."""
    scene = Scene()
    (jane,) = await scene.submit("jane")
    scene.remote.polls.extend([None] * 200)
    await asyncio.sleep(TIMEOUT + 30.0)
    assert (scene.memory.jobs, scene.memory.abandoned_jobs, scene.warned) == ({}, 1, ["BulkJobAbandoned"])
    assert scene.phases(jane) == [Phase.VERIFYING]
    assert scene.doubted >= TIMEOUT + REQUEST_SECONDS
    assert [(line.action, line.result) for line in scene.lines] == [("bulk", "abandoned")]
    scene.memory.directory.learn(["jane@example.com"], [], scene.memory.time)
    scene.door.on("uid-jane", Seen(scene.view.known(jane)))
    assert scene.results() == ["jane unknown"]


async def test_a_job_that_nobody_can_ask_for_is_given_up() -> None:
    scene = Scene(maxFailures=3)
    await scene.submit("jane")
    scene.remote.polls.extend([NotFound("no such job", code="404")] * 3)
    await asyncio.sleep(60.0)
    assert (scene.remote.asked["poll"], scene.memory.abandoned_jobs) == (3, 1)
    assert "3 failures in a row while polling" in scene.lines[0].error
    assert scene.doubted > TIMEOUT


async def test_failures_count_in_a_row_only_and_a_busy_cxone_not_at_all() -> None:
    """A 429, or an open circuit, says nothing of the job."""
    scene = Scene(maxFailures=2)
    await scene.submit("jane")
    broken, busy = ServerError("503", code="503"), Throttled("429", code="429")
    scene.remote.polls.extend([broken, None, broken, None, busy, busy, busy, CircuitOpen("open"), broken, Settled()])
    await asyncio.sleep(TIMEOUT / 2)
    assert (scene.memory.abandoned_jobs, scene.memory.jobs, scene.remote.asked["poll"]) == (0, {}, 10)


# Nobody stays in a job that nobody follows.


async def test_a_task_that_fails_leaves_nobody_in_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug, for one: its users are read back."""
    scene = Scene()
    users = await scene.submit("jane", "john")

    async def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(scene.remote, "poll", fail)
    await asyncio.sleep(5.0)
    assert scene.phases(*users) == [Phase.VERIFYING] * 2
    assert (scene.memory.jobs, scene.jobs.has_room(Lane.JOINERS)) == ({}, True)


async def test_a_process_that_ends_leaves_nobody_in_its_job() -> None:
    scene = Scene()
    users = await scene.submit("jane", "john")
    await scene.tasks.finish(0.0)
    assert scene.phases(*users) == [Phase.VERIFYING] * 2
    scene.door.close()
    assert scene.results() == ["jane unknown", "john unknown"]


async def test_who_was_sent_again_meanwhile_is_not_that_jobs_any_more() -> None:
    """The end of the old job does not touch the new attempt."""
    scene = Scene()
    (jane,) = await scene.submit("jane")
    scene.jobs.leave("uid-jane")
    attempt = scene.sends(jane, Create(a_state(display_name="other")))
    await asyncio.sleep(30.0)
    assert (scene.phases(jane), scene.work(jane).attempt) == ([Phase.SENDING], attempt)
    assert [line.result for line in scene.lines] == [Result.UNKNOWN]


# Jobs of an earlier process.


async def test_jobs_of_an_earlier_process_are_followed_to_their_end() -> None:
    """Until then absence proves nothing; then everybody is read anew."""
    scene = Scene()
    scene.jobs.recover(scene.remote, [BulkJob("old", 7, "2026-11-23T12:00:00Z")])
    assert (scene.memory.old_jobs, list(scene.memory.jobs)) == ({"old"}, ["old"])
    scene.remote.polls.extend([None, Settled()])
    await asyncio.sleep(30.0)
    assert (scene.memory.old_jobs, scene.memory.jobs, scene.memory.refresh_wanted) == (set(), {}, True)
    assert not scene.memory.directory.complete


async def test_the_time_of_an_old_job_began_with_its_submission() -> None:
    """Given up, it may act a moment longer: whoever it would have created is in doubt."""
    scene = Scene()
    scene.jobs.recover(scene.remote, [BulkJob("old", 7, "2026-11-23T11:50:00Z")])
    scene.remote.polls.extend([None] * 200)
    await asyncio.sleep(330.0)
    assert (scene.memory.abandoned_jobs, scene.memory.jobs) == (1, {})
    assert scene.memory.in_doubt.until("uid-anybody") > 300.0 + REQUEST_SECONDS

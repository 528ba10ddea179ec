"""The loop of a tenant that is held up, ends or begins: nobody is lost, and nothing is done twice."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from cxone_operator.api.conditions import READY
from cxone_operator.api.tenant import BulkJob, TenantStatus, decode_tenant
from cxone_operator.cluster.errors import Invalid
from cxone_operator.core.failure import Scope
from cxone_operator.scim.errors import AuthenticationFailed, BadRequest
from cxone_operator.scim.remote import Settled
from unit.builders import a_remote, a_user
from unit.engine.scene import loop_time
from unit.engine.tenant_scene import AWAY, REFUSED, Scene, a_resource

pytestmark = pytest.mark.looptime


# Held up as a whole.


async def test_a_suspended_tenant_sends_nothing_and_says_so_itself() -> None:
    """Its users are told nothing of it; when it goes on, so do they."""
    scene = Scene(a_resource(suspend=True))
    async with scene.running():
        await scene.see(a_user(), 60.0)
        assert (scene.remote.asked["send"], scene.remote.asked["everybody"], scene.written()) == (0, 0, 0)
        ready = decode_tenant(scene.cluster.bodies["uid-tenant"]).status.condition(READY)
        assert ready is not None
        assert ready.reason == "Suspended"
        scene.tenant.change(a_resource("9"))
        await asyncio.sleep(5.0)
    assert scene.active()


async def test_while_the_circuit_is_open_only_one_harmless_request_is_made_at_a_time() -> None:
    """Its answer closes it; nobody is told of the outage but the tenant."""
    scene = Scene()
    async with scene.running():
        for _ in range(5):
            scene.remote.limiter.answered(AWAY)
        scene.remote.gate.clear()
        asked = scene.remote.asked.copy()
        await scene.see(a_user(), 60.0)
        assert scene.remote.asked - asked == {"probe": 1}
        assert scene.written() == 0
        scene.remote.gate.set()
        await asyncio.sleep(5.0)
        assert scene.active()


async def test_refused_credentials_are_read_again_and_tried() -> None:
    """The circuit is not what paces this."""
    scene = Scene()
    async with scene.running():
        scene.remote.limiter.answered(REFUSED)
        await asyncio.sleep(10.0)
        assert not scene.remote.limiter.circuit.is_open
        assert scene.remote.asked["connect"] == 2
        await scene.see(a_user())
        assert scene.active()


async def test_without_a_connection_nothing_is_sent_and_a_new_user_is_told() -> None:
    scene = Scene()
    scene.remote.problem = AuthenticationFailed("CXone refuses the credentials", code="401")
    async with scene.running():
        await scene.see(a_user(), 30.0)
        assert (scene.remote.asked["send"], scene.told()) == (0, "AuthenticationFailed")
        scene.remote.problem = None
        await asyncio.sleep(60.0)
        assert (scene.active(), scene.told()) == (True, "Succeeded")


async def test_users_that_cannot_be_read_are_told_where_a_person_must_act() -> None:
    """A client without the scope, for one; what passes by itself is the tenant's to say."""
    scene = Scene()
    async with scene.running(0.0):
        scene.remote.problem = BadRequest("the filter is not supported", code="400", write=False)
        await scene.see(a_user(), 60.0)
        assert scene.told() == "RemoteRejected"


async def test_through_a_tenant_that_is_being_deleted_nobody_joins() -> None:
    """Others are let out."""
    scene = Scene(a_resource(deleting=True), a_remote("leaver"))
    async with scene.running():
        await scene.see(a_user(), 30.0)
        await scene.see(a_user("leaver", deleting=True))
    assert (scene.active(), scene.told(), scene.active("leaver")) == (None, "TenantNotReady", False)


# The end, and a new beginning.


async def test_at_the_end_what_is_under_way_is_finished_and_nothing_is_begun() -> None:
    scene = Scene()
    async with scene.running():
        scene.remote.gate.clear()
        await scene.see(a_user(), 1.0)
        asyncio.get_running_loop().call_later(3.0, scene.remote.gate.set)
        began = loop_time()
        await scene.tenant.stop(8.0)
        assert loop_time() - began < 4.0
        scene.tenant.observe(a_user("late"))
        await asyncio.sleep(30.0)
    assert (scene.active(), scene.active("late")) == (True, None)
    assert [(line.action, line.result) for line in scene.lines] == [("create", "success")]


async def test_at_the_end_what_hangs_is_written_down_as_unknown() -> None:
    scene = Scene()
    async with scene.running():
        scene.remote.gate.clear()
        await scene.see(a_user(), 1.0)
        await scene.tenant.stop(8.0)
        scene.remote.gate.set()
    assert [(line.action, line.result) for line in scene.lines] == [("create", "unknown")]


async def test_a_loop_goes_on_where_an_earlier_process_ended() -> None:
    """Jobs are followed, and until they have ended absence proves nothing."""
    job = BulkJob("old", 7, "2026-11-23T12:00:00Z")
    status = msgspec.to_builtins(TenantStatus(bulk_jobs=(job,)))
    scene = Scene(a_resource(status=status))
    scene.remote.polls.extend([None, None, Settled()])
    async with scene.running(0.0):
        await scene.see(a_user(), 1.5)
        assert scene.active() is None
        await asyncio.sleep(30.0)
        assert (scene.remote.asked["poll"], scene.active()) == (3, True)
        await asyncio.sleep(10.0)
    assert decode_tenant(scene.cluster.bodies["uid-tenant"]).status.bulk_jobs == ()


async def test_a_loop_that_replaces_another_waits_for_its_end() -> None:
    """Two at once would do everything twice."""
    scene = Scene()
    async with scene.running():
        scene.remote.gate.clear()
        await scene.see(a_user(), 1.0)
        old, scene.tenant = scene.tenant, scene.build(scene.resource)
        scene.tenant.start(after=old)
        scene.tenant.observe(scene.stored())
        await asyncio.sleep(2.0)
        old.observe(a_user("late"))
        scene.remote.gate.set()
        await asyncio.sleep(10.0)
        assert (scene.remote.asked["send"], scene.active(), scene.told()) == (1, True, "Succeeded")
        assert scene.active("late") is None


async def test_the_scope_of_a_failure_is_whom_it_concerns() -> None:
    """One of the tenant costs a user neither its place nor an attempt."""
    scene = Scene()
    async with scene.running():
        problem = BadRequest("no", code="400")
        problem.scope = Scope.TENANT  # type: ignore[misc]
        scene.remote.receipts.append(problem)
        await scene.see(a_user())
        assert (scene.remote.asked["send"], scene.active(), scene.told()) == (2, True, "Succeeded")


# Held up by what cannot be written.


@pytest.mark.parametrize("deleted", [True, False])
async def test_no_status_that_is_refused_keeps_a_leaver_active(deleted: bool) -> None:
    """The tenant's is refused for good, and so is the user's; the allowance of the guard still holds."""
    scene = Scene(a_resource(bulk={"mode": "Auto", "minOperations": 1}), a_remote())
    scene.cluster.refuses["uid-tenant"] = Invalid("status.licenses.total: too large")
    async with scene.running():
        await scene.see(a_user())
        scene.cluster.refuses["uid-jane"] = Invalid("status.userId: too long")
        await scene.see(
            a_user(active=deleted, deleting=deleted, metadata={"generation": 2, "resourceVersion": "9"}), 9.0
        )
        assert scene.active() is False
        assert scene.cluster.events.count(("default", "StatusRefused")) == 1
        tries = scene.cluster.writes.count(("status", "default"))
        await asyncio.sleep(600.0)
        assert scene.cluster.writes.count(("status", "default")) - tries <= 11


async def test_a_flood_is_held_where_the_status_is_refused() -> None:
    """Nobody is let go beyond the allowance because nothing can be written down."""
    safety = {"deprovisioning": {"maxUsers": 2, "maxPercent": 10, "minUsers": 1}}
    names = [f"p{number}" for number in range(9)]
    scene = Scene(a_resource(safety=safety), *(a_remote(name) for name in names))
    scene.cluster.refuses["uid-tenant"] = Invalid("status.licenses.total: too large")
    async with scene.running():
        for name in names:
            scene.cluster.keep(a_user(name, active=False))
            scene.tenant.observe(a_user(name, active=False))
        await asyncio.sleep(60.0)
        assert [scene.active(name) for name in names] == [True] * 9

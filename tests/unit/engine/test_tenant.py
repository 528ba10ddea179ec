"""The loop of a tenant: every turn does the same, whatever woke it, and costs what has changed."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from cxone_operator.api.meta import RECONCILE_REQUESTED_AT
from cxone_operator.api.tenant import decode_tenant
from cxone_operator.api.user import CxoneUser, decode_user
from cxone_operator.engine import tenant as module
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.router import Router
from cxone_operator.engine.tenant import SLICE, Tenant
from cxone_operator.scim.errors import BadRequest, ServerError
from unit.builders import a_remote, a_tenant, a_user
from unit.engine.tenant_scene import UID, Scene, a_resource

pytestmark = pytest.mark.looptime


# The whole way.


async def test_a_joiner_goes_all_the_way_and_is_written_twice() -> None:
    """Finalizer and status; with one request."""
    scene = Scene()
    async with scene.running():
        await scene.see(a_user(claimed=False))
    assert (scene.active(), scene.told(), scene.written()) == (True, "Succeeded", 2)
    assert scene.remote.asked["send"] == 1
    assert [(line.action, line.result) for line in scene.lines] == [("create", "success")]


async def test_a_leaver_is_locked_out_when_it_is_written_down() -> None:
    scene = Scene(None, a_remote())
    async with scene.running():
        await scene.see(a_user(active=False))
    assert (scene.active(), scene.told()) == (False, "Succeeded")
    tenant = decode_tenant(scene.cluster.bodies["uid-tenant"])
    assert tenant.status.deprovisioning is not None
    assert tenant.status.deprovisioning.used == 1


async def test_a_tenant_at_rest_asks_and_writes_nothing() -> None:
    """But for the walk once in a period."""
    scene = Scene()
    async with scene.running():
        for number in range(20):
            await scene.see(a_user(f"p{number}", claimed=False), 0.0)
        await asyncio.sleep(30.0)
        writes, asked = len(scene.cluster.writes), scene.remote.asked.total()
        await asyncio.sleep(600.0)
        assert (len(scene.cluster.writes), scene.remote.asked.total()) == (writes, asked)
        await asyncio.sleep(900.0)
        assert (len(scene.cluster.writes), scene.remote.asked.total()) == (writes, asked + 1)


async def test_a_turn_looks_at_a_bounded_number_and_the_next_follows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that requests and health checks are never kept waiting."""
    looks: list[int] = []
    turn, consider = Tenant._turn, Router.consider

    def counting_turn(tenant: Tenant) -> float:
        looks.append(0)
        return turn(tenant)

    def counting_look(router: Router, user: CxoneUser) -> None:
        looks[-1] += 1
        consider(router, user)

    monkeypatch.setattr(Tenant, "_turn", counting_turn)
    monkeypatch.setattr(Router, "consider", counting_look)
    scene = Scene(a_resource(suspend=True))
    async with scene.running():
        looks.clear()
        for number in range(10 * SLICE):
            scene.tenant.observe(a_user(f"p{number}", managementPolicy="ObserveOnly"))
        await asyncio.sleep(0.5)
        assert (max(looks), sum(looks)) == (SLICE, 10 * SLICE)
        turns = len(looks)
        await asyncio.sleep(60.0)
        assert (sum(looks), len(looks) - turns <= 70) == (10 * SLICE, True)


# What stops nobody else.


async def test_a_bug_met_on_one_user_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    consider, said = Router.consider, list[str]()

    def with_a_bug(router: Router, user: CxoneUser) -> None:
        if user.metadata.name == "odd":
            raise RuntimeError("a bug")
        consider(router, user)

    monkeypatch.setattr(Router, "consider", with_a_bug)
    monkeypatch.setattr(module.log, "exception", lambda event, **_: said.append(event))
    scene = Scene()
    async with scene.running():
        await scene.see(a_user("odd"), 0.0)
        await scene.see(a_user())
    assert (scene.active(), scene.active("odd"), set(said)) == (True, None, {"user_failed"})


# What is observed.


async def test_an_old_version_is_no_news() -> None:
    scene = Scene()
    async with scene.running():
        await scene.see(a_user(claimed=False))
        version = scene.tenant.version(UID)
        scene.tenant.observe(a_user(claimed=False))
        await asyncio.sleep(30.0)
        assert (scene.tenant.version(UID), scene.written()) == (version, 2)
        assert scene.tenant.version("uid-nobody") is None


async def test_a_request_to_reconcile_ends_a_pause() -> None:
    """Whoever has mended something in CXone need not wait for what may be a sync period."""
    scene = Scene()
    scene.remote.receipts.extend(ServerError("CXone answered 503", code="503") for _ in range(8))
    async with scene.running():
        await scene.see(a_user(), 200.0)
        assert (scene.active(), scene.remote.asked["send"]) == (None, 8)
        metadata = {"annotations": {RECONCILE_REQUESTED_AT: "now"}, "resourceVersion": "99"}
        await scene.see(a_user(metadata=metadata), 2.0)
        assert scene.active()


async def test_a_request_to_reconcile_has_the_user_read_at_once() -> None:
    scene = Scene()
    async with scene.running():
        await scene.see(a_user(claimed=False))
        body = scene.cluster.bodies[UID]
        scene.remote.users["jane@example.com"] = a_remote(roles=("Trainee",))
        metadata = {**body["metadata"], "resourceVersion": "90", "annotations": {RECONCILE_REQUESTED_AT: "now"}}  # type: ignore[dict-item]
        await scene.see(decode_user({**body, "metadata": metadata}))
        assert scene.remote.asked["find"] == 1
        assert scene.remote.users["jane@example.com"].state.roles == ("Agent",)
        assert scene.stored().status.last_handled_reconcile_at == "now"


async def test_a_new_spec_frees_a_stalled_user() -> None:
    scene = Scene()
    async with scene.running():
        scene.remote.receipts.append(BadRequest("role 'Agent' does not exist", code="400"))
        await scene.see(a_user(), 60.0)
        assert (scene.told(), scene.remote.asked["send"]) == ("RoleNotFound", 1)
        later = a_user(role="Supervisor", metadata={"resourceVersion": "90", "generation": 2})
        await scene.see(msgspec.structs.replace(later, status=scene.stored().status))
        assert (scene.told(), scene.remote.asked["send"]) == ("Succeeded", 2)


async def test_a_change_of_the_tenant_frees_stalled_users_and_sets_the_limit() -> None:
    scene = Scene()
    async with scene.running():
        scene.remote.receipts.append(BadRequest("role 'Agent' does not exist", code="400"))
        await scene.see(a_user(), 60.0)
        scene.tenant.change(a_resource("9", rateLimit={"requestsPerMinute": 7}))
        await asyncio.sleep(5.0)
        assert (scene.told(), scene.remote.limiter.window.configured) == ("Succeeded", 7)


async def test_a_resource_that_is_gone_is_no_users_of_this_tenant() -> None:
    scene = Scene()
    async with scene.running():
        await scene.see(a_user())
        assert len(scene.tenant) == 1
        assert not scene.tenant.vanish(a_user(deleting=True))
        scene.tenant.lose(UID)
        assert ([user.metadata.name for user in scene.tenant], scene.active()) == ([], True)


async def test_a_claimed_resource_that_vanishes_unseen_is_deprovisioned() -> None:
    """The API server lets a deletion win that was under way while the finalizer was stored."""
    scene = Scene()
    async with scene.running():
        await scene.see(a_user())
        assert scene.tenant.vanish(scene.stored())
        del scene.cluster.bodies[UID]
        scene.tenant.lose(UID)
        assert len(scene.tenant) == 1, "what was done for it must be undone"
        writes = scene.written()
        await asyncio.sleep(10.0)
        assert (scene.active(), len(scene.tenant), scene.written()) == (False, 0, writes)


async def test_nothing_is_sent_before_a_possible_neighbour_is_known() -> None:
    """Whose a user is may depend on the resources of a tenant whose credentials have not been looked at yet."""
    scene = Scene()
    other = Memory("other/default", a_tenant(), scene.clocks, lambda: None, scene.sites)
    async with scene.running():
        await scene.see(a_user(claimed=False))
        assert scene.active() is None
        scene.sites.settle(other)
        await asyncio.sleep(2.0)
        assert scene.active()

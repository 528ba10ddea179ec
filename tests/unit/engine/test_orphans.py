"""Orphans: users of a tenant that does not exist are told so once, and let go where that harms nobody."""

from __future__ import annotations

import asyncio

import pytest

from cxone_operator.api.conditions import READY
from cxone_operator.api.meta import ABANDON, USER_FINALIZER
from cxone_operator.api.user import CxoneUser, decode_user
from cxone_operator.cluster.errors import Conflicted, Unreachable
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.orphans import Orphans
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import Act, AuditLine
from unit.builders import a_user, condition
from unit.engine.fakes import FakeCluster
from unit.engine.scene import TENANT, clocks, loop_time, value

pytestmark = pytest.mark.looptime

UID = "uid-jane"


class Scene:
    """Users without a tenant, who are looked after."""

    def __init__(self, *users: CxoneUser) -> None:
        self.cluster = FakeCluster(*users)
        self.lines: list[AuditLine] = []
        self.tasks = Tasks()
        self.orphans = Orphans(self.cluster, clocks(loop_time), self.lines.append, self.tasks)
        for user in users:
            self.orphans.take_in(user)

    async def live(self, seconds: float = 60.0) -> None:
        self.tasks.start(self.orphans.look_after())
        await asyncio.sleep(seconds)
        await self.tasks.finish(0.0)

    def stored(self, uid: str = UID) -> CxoneUser:
        return decode_user(self.cluster.bodies[uid])


async def test_each_is_told_once_what_is_missing() -> None:
    scene = Scene(*(a_user(f"p{number}", claimed=False) for number in range(100)))
    await scene.live()
    assert sorted(scene.cluster.writes) == sorted(("status", f"p{number}") for number in range(100))
    ready = scene.stored("uid-p0").status.condition(READY)
    assert ready is not None
    assert (ready.status, ready.reason) == ("False", "TenantNotReady")
    assert ready.message == "CxoneTenant 'default' does not exist in namespace workforce; create it"


async def test_a_new_spec_is_answered() -> None:
    scene = Scene(a_user())
    scene.tasks.start(scene.orphans.look_after())
    await asyncio.sleep(20.0)
    scene.orphans.take_in(decode_user({**scene.cluster.bodies[UID], "spec": a_body(role="Supervisor")}))
    await asyncio.sleep(20.0)
    assert len(scene.cluster.writes) == 1, "the same generation"
    metadata = {**scene.cluster.bodies[UID]["metadata"], "generation": 2}  # type: ignore[dict-item]
    scene.orphans.take_in(decode_user({**scene.cluster.bodies[UID], "metadata": metadata}))
    await asyncio.sleep(20.0)
    await scene.tasks.finish(0.0)
    assert (len(scene.cluster.writes), scene.stored().status.observed_generation) == (2, 2)


def a_body(**spec: object) -> dict[str, object]:
    return {"userName": "jane@example.com", "name": {"givenName": "Jane", "familyName": "Smith"}, **spec}


async def test_what_it_says_already_is_not_written() -> None:
    """An earlier process has told it."""
    scene = Scene(a_user())
    await scene.live()
    heir = Scene(scene.stored())
    await heir.live()
    assert heir.cluster.writes == []


async def test_who_could_not_be_told_is_told_later() -> None:
    scene = Scene(a_user())
    scene.cluster.problems.extend([Unreachable("away"), Unreachable("away")])
    await scene.live()
    assert len(scene.cluster.writes) == 3
    assert scene.stored().status.written


async def test_nobody_is_told_before_the_tenants_were_all_seen() -> None:
    """It may come a moment later."""
    scene = Scene(a_user())
    await scene.live(4.0)
    assert scene.cluster.writes == []


# Those that are deleted.


@pytest.mark.parametrize(
    ("user", "goes"),
    [
        pytest.param(a_user(deleting=True), True, id="nobody was ever provisioned"),
        pytest.param(a_user(deleting=True, status={"userId": "id-jane"}), False, id="somebody was"),
        pytest.param(
            a_user(deleting=True, status={"conditions": [condition("Synced", "False", "Progressing")]}),
            False,
            id="somebody may have been",
        ),
        pytest.param(
            a_user(deleting=True, status={"userId": "id-jane"}, metadata={"annotations": {ABANDON: "true"}}),
            True,
            id="somebody said that it does not matter",
        ),
        pytest.param(a_user(metadata={"annotations": {ABANDON: "true"}}), False, id="not deleted"),
        pytest.param(a_user(deleting=True, claimed=False), False, id="nothing of ours on it"),
    ],
)
async def test_who_may_go(user: CxoneUser, goes: bool) -> None:
    """A finalizer alone proves nothing; whoever may not go is told what helps."""
    scene = Scene(user)
    await scene.live()
    assert ("finalizers", "jane") in scene.cluster.writes if goes else ("status", "jane") in scene.cluster.writes
    assert (UID in {orphan.metadata.uid for orphan in scene.orphans}) is not goes
    assert [line.action for line in scene.lines] == ([Act.ABANDON if user.abandoned else Act.RETAIN] if goes else [])
    if user.metadata.deleting and not goes:
        ready = scene.stored().status.condition(READY)
        assert ready is not None
        assert f"{ABANDON}=true" in ready.message


async def test_finalizers_of_others_stay() -> None:
    scene = Scene(a_user(deleting=True, metadata={"finalizers": ["example.com/other", USER_FINALIZER]}))
    await scene.live()
    assert scene.stored().metadata.finalizers == ("example.com/other",)


async def test_who_could_not_be_let_go_is_tried_again() -> None:
    """Nothing is audited before it has happened."""
    scene = Scene(a_user(deleting=True))
    scene.cluster.problems.append(Conflicted("somebody wrote first"))
    await scene.live()
    assert (scene.cluster.writes, len(scene.lines)) == ([("finalizers", "jane")] * 2, 1)


# Who they are.


async def test_who_has_a_tenant_now_is_none_of_them() -> None:
    scene = Scene(a_user(), a_user("john"))
    scene.orphans.discard(UID)
    scene.orphans.discard("uid-nobody")
    await scene.live()
    assert {name for _, name in scene.cluster.writes} == {"john"}


async def test_they_count_under_the_tenant_that_they_miss() -> None:
    scene = Scene(a_user(), a_user("john"))
    metrics.forget_tenants()
    scene.orphans.set_gauges()
    assert TENANT == "workforce/default"
    assert value("users", ready="Unknown", active="unknown") == 2

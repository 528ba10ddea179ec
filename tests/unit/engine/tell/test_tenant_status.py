"""The tenant's status: one write at a time, none without news, and no older picture over a newer one."""

from __future__ import annotations

import asyncio

import pytest

from cxone_operator.api.tenant import BulkJob, CxoneTenant, DirectoryStatus, TenantStatus, decode_tenant
from cxone_operator.cluster.errors import Forbidden, Invalid, Unreachable
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.tell.tenant_status import TenantStatusWriter
from cxone_operator.telemetry import metrics
from unit.engine.fakes import FakeCluster
from unit.engine.scene import clocks, settle

UID = "uid-tenant"


class Counted:
    """A summary that says how many users there are."""

    def __init__(self) -> None:
        self.users = 0
        self.worth = True
        self.news = True
        self.counted_again = 0

    def worth_telling(self) -> bool:
        return self.worth

    def moved(self, tenant: CxoneTenant | None) -> bool:
        return self.news

    def count_again(self) -> None:
        self.counted_again += 1

    def status(self, tenant: CxoneTenant) -> TenantStatus:
        return TenantStatus(observed_generation=1, directory=DirectoryStatus(self.users, None, complete=True))


class Scene:
    """A tenant, as it is stored and as it is known."""

    def __init__(self, *, stored: bool = True) -> None:
        self.summary = Counted()
        tenant = a_tenant("1")
        self.cluster = FakeCluster(tenant)
        self.time = 0.0
        self.memory = Memory("t", tenant.spec, clocks(lambda: self.time), lambda: None)
        resource = tenant if stored else None
        self.writer = TenantStatusWriter(self.memory, resource, self.summary, self.cluster)  # type: ignore[arg-type]

    @property
    def written(self) -> int:
        return len(self.cluster.writes)

    @property
    def users(self) -> int | None:
        """What the stored status says."""
        directory = decode_tenant(self.cluster.bodies[UID]).status.directory
        return directory.users if directory is not None else None


def a_tenant(version: str, *, uid: str = UID, users: int | None = None, generation: int = 1) -> CxoneTenant:
    metadata = {
        "name": "default",
        "namespace": "workforce",
        "uid": uid,
        "generation": generation,
        "resourceVersion": version,
    }
    status = {"directory": {"users": users}} if users is not None else {}
    return decode_tenant({"metadata": metadata, "spec": {"baseURL": "http://127.0.0.1:1"}, "status": status})


def known(scene: Scene) -> int | None:
    directory = scene.writer.status.directory
    return directory.users if directory is not None else None


async def test_what_is_written_is_known() -> None:
    scene = Scene()
    scene.summary.users = 3
    assert await scene.writer.persist()
    assert (scene.users, known(scene)) == (3, 3)


async def test_what_is_there_already_is_not_written() -> None:
    """And is on the resource all the same."""
    scene = Scene()
    assert await scene.writer.persist()
    assert await scene.writer.persist()
    assert scene.written == 1


async def test_writes_follow_one_another() -> None:
    """Each with what is known when its turn has come: the last one is the newest."""
    scene = Scene()
    scene.cluster.gate.clear()
    writes = [asyncio.create_task(scene.writer.persist()) for _ in range(100)]
    await settle()
    scene.summary.users = 7
    assert scene.written == 1
    scene.cluster.gate.set()
    assert all(await asyncio.gather(*writes))
    assert (scene.written, scene.users) == (2, 7)


@pytest.mark.parametrize("problem", [Unreachable("away"), Forbidden("no permission")])
async def test_what_could_not_be_written_is_said_to_be_so(problem: Exception) -> None:
    """Whoever waits for it does not go on."""
    scene = Scene()
    scene.cluster.problems.append(problem)
    assert not await scene.writer.persist()
    assert known(scene) is None
    assert await scene.writer.persist()


async def test_an_answer_that_cannot_be_understood_was_not_written() -> None:
    scene = Scene()
    scene.cluster.bodies[UID] = {**scene.cluster.bodies[UID], "spec": {}}
    assert not await scene.writer.persist()


async def test_the_tenant_of_the_environment_remembers_nothing() -> None:
    """It has no status, and nobody waits for one."""
    scene = Scene(stored=False)
    assert await scene.writer.persist()
    await scene.writer.warn("DeprovisioningHeld", "7 users would lose access")
    assert (scene.written, scene.cluster.events, scene.writer.status) == (0, [], TenantStatus())


async def test_a_warning_is_an_event_on_the_resource() -> None:
    scene = Scene()
    await scene.writer.warn("DeprovisioningHeld", "7 users would lose access")
    assert scene.cluster.events == [("default", "DeprovisioningHeld")]


# When it is worth a write.


@pytest.mark.parametrize(("worth", "news", "written"), [(True, True, 1), (False, True, 0), (True, False, 0)])
async def test_only_news_are_published(worth: bool, news: bool, written: int) -> None:
    scene = Scene()
    scene.summary.worth, scene.summary.news = worth, news
    await scene.writer.publish()
    assert (scene.written, scene.summary.counted_again) == (written, 0)


@pytest.mark.parametrize("problem", [Unreachable("away"), asyncio.CancelledError()])
async def test_what_was_not_published_is_counted_again(problem: BaseException) -> None:
    """Also where the fence has cancelled the write."""
    scene = Scene()
    scene.cluster.problems.append(problem)
    publishing = asyncio.create_task(scene.writer.publish())
    await asyncio.wait([publishing])
    assert scene.summary.counted_again == 1


# What the watch shows.


def test_an_older_version_than_our_own_has_an_older_status() -> None:
    """Its spec may be news all the same: nobody else writes the status."""
    scene = Scene()
    scene.writer.observe(a_tenant("5", users=5))
    scene.writer.observe(a_tenant("4", users=4, generation=2))
    assert known(scene) == 5
    assert scene.writer.resource is not None
    assert scene.writer.resource.metadata.generation == 2


def test_a_newer_version_is_believed() -> None:
    scene = Scene()
    scene.writer.observe(a_tenant("5", users=5))
    scene.writer.observe(a_tenant("6", users=6))
    assert known(scene) == 6


def test_a_tenant_that_was_made_anew_has_a_status_of_its_own() -> None:
    """Whatever its version is."""
    scene = Scene()
    scene.writer.observe(a_tenant("5", users=5))
    scene.writer.observe(a_tenant("4", uid="uid-other"))
    assert known(scene) is None


def test_what_was_last_written_is_what_an_earlier_process_knew() -> None:
    """Jobs, for one."""
    job = BulkJob("job-1", 5, "2026-11-24T00:00:00Z")
    tenant = a_tenant("1")
    with_job = CxoneTenant(tenant.metadata, tenant.spec, TenantStatus(bulk_jobs=(job,)))
    memory = Memory("t", tenant.spec, clocks(lambda: 0.0), lambda: None)
    writer = TenantStatusWriter(memory, with_job, Counted(), FakeCluster())  # type: ignore[arg-type]
    assert writer.status.bulk_jobs == (job,)


async def test_a_status_that_is_refused_for_good_stops_no_leaver() -> None:
    """It is said once by an Event, counted, and tried again after a minute; nothing is sent as a job meanwhile."""
    scene = Scene()
    before = metrics.tenant_status_refused.labels("t")._value.get()
    scene.cluster.problems.extend([Invalid("status.licenses.total: too large")] * 3)
    assert not await scene.writer.persist()
    assert await scene.writer.announce()
    assert scene.memory.refused
    assert [reason for _, reason in scene.cluster.events] == ["StatusRefused"]
    for scene.time in (59.0, 60.0):
        await scene.writer.publish()
    assert (scene.written, metrics.tenant_status_refused.labels("t")._value.get() - before) == (3, 3)
    assert await scene.writer.announce()
    assert not scene.memory.refused


async def test_an_api_server_that_is_away_stops_leavers() -> None:
    """It will take the status later, and another process may know more."""
    scene = Scene()
    scene.cluster.problems.append(Unreachable("away"))
    assert not await scene.writer.announce()

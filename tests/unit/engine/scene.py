"""One tenant for the tests of its rooms: a memory, a clock that the test moves, and what was written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import RemoteAction
from cxone_operator.core.users import RemoteUser
from cxone_operator.core.work import Attempt, Phase, Planned, Sent, Work
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.decide.view import View
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.send.door import Door
from cxone_operator.engine.tell.audit import AuditTrail
from cxone_operator.engine.tell.users import UserStatuses
from cxone_operator.engine.tell.writer import Writer
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import AuditLine
from unit.builders import NOW, a_tenant
from unit.engine.fakes import FakeCluster

TENANT = "workforce/default"


class Scene:
    """Rooms are built on it by the tests that are about them."""

    def __init__(self, clock: Callable[[], float] | None = None, /, **spec: object) -> None:
        self.time = 0.0
        """Moved by the test, unless there is a `clock`: that of a loop whose time is virtual."""
        self.clocks = clocks(clock or (lambda: self.time))
        self.wakes = 0
        self.memory = Memory(TENANT, a_tenant(**spec), self.clocks, self._wake)
        self.view = View(self.memory)
        self.lines: list[AuditLine] = []
        self.trail = AuditTrail(TENANT, self.lines.append, self.clocks.monotonic)
        self.door = Door(self.memory, self.trail)
        self.tasks = Tasks()
        self.cluster = FakeCluster()
        self.writer = Writer(self.clocks)
        self.statuses = UserStatuses(self.memory, self.cluster, self.writer, self.door.lose)
        self.writable = True
        """The tenant's status can be written."""
        self.persisted = 0
        self.warned: list[str] = []

    async def persist(self) -> bool:
        """Write the tenant's status."""
        await asyncio.sleep(0)
        self.persisted += self.writable
        return self.writable

    async def warn(self, reason: str, message: str) -> None:
        """A Warning event on the tenant."""
        assert message
        self.warned.append(reason)

    def see(self, *users: CxoneUser) -> None:
        """These are stored, the watch shows them, and nobody has to look at them."""
        for user in users:
            self.cluster.keep(user)
            self.memory.resources.put(user)
        self.memory.resources.take(len(self.memory.resources))

    async def written(self) -> None:
        """All that is to be written to users has been."""
        await until(lambda: not len(self.writer) and not self.writer.sending)

    def snapshot(self, *users: RemoteUser) -> None:
        """All of CXone's users have been read just now."""
        refresh = self.memory.directory.begin_refresh(self.memory.time)
        self.memory.directory.take_page(refresh, users)
        self.memory.directory.finish_refresh(refresh)
        self.memory.refresh_wanted = False

    def sends(self, user: CxoneUser, action: RemoteAction, *, shared: bool = False) -> Attempt:
        """A request for this user sets out."""
        attempt = Attempt(user, action, self.memory.time, shared=shared)
        self.door.on(user.metadata.uid, Sent(attempt))
        return attempt

    def plans(self, user: CxoneUser, phase: Phase) -> None:
        """The plan has the user wait in that phase."""
        self.door.on(user.metadata.uid, Planned(phase))

    def now(self, user: CxoneUser) -> CxoneUser:
        """The newest version of a resource that was seen."""
        found = self.memory.resources.get(user.metadata.uid)
        assert found is not None
        return found

    def work(self, user: CxoneUser) -> Work:
        """What is under way for a user that is not at rest."""
        found = self.memory.works.get(user.metadata.uid)
        assert found is not None
        return found

    def marked(self) -> set[str]:
        """Names of those that are to be looked at; their marks are gone."""
        return {user.metadata.name for user in self.memory.resources.take(100_000)}

    @property
    def line(self) -> AuditLine:
        """The only line of the audit trail."""
        assert len(self.lines) == 1
        return self.lines[0]

    def _wake(self) -> None:
        self.wakes += 1


def clocks(time: Callable[[], float]) -> Clocks:
    """Clocks that agree, without chance."""
    return Clocks(time, lambda: NOW + timedelta(seconds=time()), lambda: 0.0)


def loop_time() -> float:
    """Virtual, under the marker `looptime`."""
    return asyncio.get_running_loop().time()


async def until(done: Callable[[], bool], pause: float = 0.0) -> None:
    """Let everything go on until it is as it should be."""
    for _ in range(100_000):
        if done():
            return
        await asyncio.sleep(pause)
    raise AssertionError("it never comes to be so")


async def settle() -> None:
    """Whatever can go on without waiting goes on."""
    for _ in range(10):
        await asyncio.sleep(0)


def series(family: str) -> dict[frozenset[tuple[str, str]], float]:
    """All values of a metric for our tenant, by their other labels."""
    return {
        frozenset((key, value) for key, value in sample.labels.items() if key != "tenant"): sample.value
        for found in metrics.REGISTRY.collect()
        for sample in found.samples
        if sample.name == f"cxone_operator_{family}" and sample.labels.get("tenant") == TENANT
    }


def value(family: str, **labels: str) -> float | None:
    """One of them, None where it is not said."""
    return series(family).get(frozenset(labels.items()))

"""One process of the operator: the real supervisor, its wire, its watch, and every task that it ever started.

Killing it drops all of that in the middle of whatever it awaits: its tasks are cancelled, nothing that they still
try has any effect, and no event reaches it any more.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextvars import ContextVar, copy_context
from datetime import datetime
from typing import Any

from chaos.simulation.cluster_model import TENANTS, USERS, Body, ClusterModel
from chaos.simulation.handles import ClusterHandle, RemoteHandle
from chaos.simulation.journal import Origin
from chaos.simulation.loop import VirtualLoop
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import InFlight
from chaos.simulation.wire import Faults, Wire
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.cluster.errors import ClusterError
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.engine.supervisor import Supervisor
from cxone_operator.scim.credentials import Credentials
from cxone_operator.telemetry.audit import AuditLine

_CURRENT: ContextVar[Process | None] = ContextVar("process", default=None)
_RESTART_SECONDS = 3.0
"""When a process that could not start is started again."""
SLOWEST_EVENT_SECONDS = 0.5


def adopt(task: asyncio.Task[Any], context: Any) -> None:
    """Every task belongs to the process in whose context it was made (for `VirtualLoop.on_task`)."""
    process = context.get(_CURRENT)
    if process is not None:
        process.tasks[task] = None
        task.add_done_callback(lambda done: process.tasks.pop(done, None))


class Process:
    """From its start to its death."""

    def __init__(
        self,
        number: int,
        loop: VirtualLoop,
        cluster: ClusterModel,
        remote: RemoteModel,
        faults: Faults,
        chance: random.Random,
        now: Callable[[], datetime],
        restart: Callable[[float], None],
        die: Callable[[], None],
        others: Mapping[str, RemoteModel] | None = None,
    ) -> None:
        """`others`: what tenants but the default one talk to."""
        self.name = f"operator {number}"
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.trail: list[AuditLine] = []
        self.alive = True
        self.stopping = False
        self.over = asyncio.Event()
        """It is not alive any more."""
        self._loop = loop
        self._cluster = cluster
        self._chance = chance
        self._restart = restart
        self._context = copy_context()
        self._context.run(_CURRENT.set, self)
        self.wire = Wire(self.name, faults, chance, die)
        clocks = Clocks(loop.time, now, chance.random)

        def build(name: str, _spec: TenantSpec, _credentials: Credentials, limiter: RateLimiter) -> RemoteHandle:
            return RemoteHandle(self.wire, (others or {}).get(name.partition("/")[2], remote), limiter)

        self.supervisor = Supervisor(ClusterHandle(self.wire, cluster), (), None, build, clocks, self.trail.append)
        self.watch = Watch(self, loop, cluster, chance)

    def start(self) -> None:
        """Begin, as a new process does."""
        self._note("start")
        self._spawn(self._run())

    def kill(self, in_flight: InFlight) -> None:
        """SIGKILL."""
        if self.alive:
            self._note("crash")
            self._end(in_flight)

    def stop(self) -> None:
        """SIGTERM."""
        if self.alive and not self.stopping:
            self.stopping = True
            self.watch.cut()
            self._spawn(self._stop())

    def run(self, function: Callable[..., None], *args: Any) -> None:
        """Call something of this process, so that the tasks that it starts are this process's."""
        self._context.run(function, *args)

    def _spawn(self, work: Any) -> None:
        self._loop.create_task(work, context=self._context)

    async def _run(self) -> None:
        try:
            await self.supervisor.start()
        except ClusterError:
            self.kill(InFlight.LOST)
            self._restart(_RESTART_SECONDS)
        else:
            self.watch.connect()

    async def _stop(self) -> None:
        await self.supervisor.stop()
        self._note("stop")
        self._end(InFlight.ARRIVES)

    def _end(self, in_flight: InFlight) -> None:
        self.alive = False
        self.over.set()
        self.watch.cut()
        self.wire.cut(in_flight)
        self._cancel()

    def _cancel(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        if self.tasks:
            self._loop.call_soon(self._cancel)

    def _note(self, verb: str) -> None:
        self._cluster.journal.add(self._loop.time(), Origin(self.name, self._loop.time()), verb, "")


class Watch:
    """What Kopf does: all objects once, then each change, and all objects again after a gap.

    Events of one kind keep their order; a deletion inside of a gap is never reported.
    """

    def __init__(self, process: Process, loop: VirtualLoop, cluster: ClusterModel, chance: random.Random) -> None:
        self._process = process
        self._loop = loop
        self._cluster = cluster
        self._chance = chance
        self._stream = 0
        self._connected = False
        self._last: dict[str, float] = {}

    def connect(self) -> None:
        """List, then watch."""
        if self._connected or not self._process.alive:
            return
        self._connected = True
        for plural in (TENANTS, USERS):
            for body in self._cluster.all(plural):
                self.tell(plural, None, body)

    def cut(self) -> None:
        """The stream breaks; what was under way is lost."""
        self._connected = False
        self._stream += 1

    def tell(self, plural: str, kind: str | None, body: Body) -> None:
        """An event sets out."""
        if not self._connected:
            return
        slow = self._chance.random() < 0.1
        at = self._loop.time() + self._chance.uniform(0.001, SLOWEST_EVENT_SECONDS if slow else 0.02)
        at = self._last[plural] = max(at, self._last.get(plural, 0.0) + 1e-6)
        self._loop.call_at(at, self._deliver, self._stream, plural, kind, body)

    def _deliver(self, stream: int, plural: str, kind: str | None, body: Body) -> None:
        if stream != self._stream:
            return
        listener = self._process.supervisor
        self._process.run(listener.observe_user if plural == USERS else listener.observe_tenant, kind, body)

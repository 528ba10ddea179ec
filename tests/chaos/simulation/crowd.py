"""A crowd: ten thousand people in virtual time, and counts of what the engine does for them.

Seconds of a machine say little about a design; counts say whether the cost of one person grows with the number of
people. So here are counted: plans, turns, writes, requests, and what is under way at once.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from chaos.simulation.cluster_model import TENANTS, USERS, ClusterModel
from chaos.simulation.journal import ADMINISTRATOR, Journal, Origin, wall_clock
from chaos.simulation.loop import VirtualLoop
from chaos.simulation.people import TENANT
from chaos.simulation.process import Process, adopt
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import Setting
from chaos.simulation.wire import Faults, Wire
from cxone_operator.core.users import Email, RemoteUser, UserState
from cxone_operator.engine import router, tenant
from cxone_operator.engine.send import sender

_LOOK_SECONDS = 1.0


class LargeRemote(RemoteModel):
    """A CXone that finds a name without looking at everybody."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._ids: dict[str, str] = {}

    def named(self, key: str) -> list[RemoteUser]:
        """By an index."""
        id_ = self._ids.get(key)
        return [self.users[id_]] if id_ in self.users else []

    def look_up(self, user_names: Sequence[str]) -> tuple[RemoteUser, ...]:
        """By the same index."""
        return tuple(user for name in user_names for user in self.named(name.lower()))

    def create(self, state: UserState, origin: Origin) -> RemoteUser:
        """Into the index, too."""
        user = super().create(state, origin)
        self._ids[state.user_name.lower()] = user.id
        return user


@dataclass
class Counts:
    """What was done, and what was the most at once."""

    plans: int = 0
    turns: int = 0
    most_writes: int = 0
    most_tasks: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    """By operation."""
    _writes: int = 0

    def watch(self, patch: pytest.MonkeyPatch, process: Callable[[], Process | None]) -> None:
        """Count from here on."""
        call, turn = Wire.call, tenant.Tenant._turn

        def counted(function: Callable[..., Any]) -> Callable[..., Any]:
            def plan(facts: Any) -> Any:
                self.plans += 1
                return function(facts)

            return plan

        async def counting_call(wire: Wire, operation: str, *rest: Any) -> Any:
            writes = operation in ("kube_status", "kube_finalizers")
            self.requests[operation] += 1
            self._writes += writes
            self.most_writes = max(self.most_writes, self._writes)
            running = process()
            self.most_tasks = max(self.most_tasks, len(running.tasks) if running is not None else 0)
            try:
                return await call(wire, operation, *rest)
            finally:
                self._writes -= writes

        def counting_turn(loop: tenant.Tenant) -> float:
            self.turns += 1
            return turn(loop)

        patch.setattr(router, "plan", counted(router.plan))
        patch.setattr(sender, "plan", counted(sender.plan))
        patch.setattr(Wire, "call", counting_call)
        patch.setattr(tenant.Tenant, "_turn", counting_turn)


class Crowd:
    """One tenant with many people, and an operator that can be started again."""

    def __init__(self, loop: VirtualLoop, patch: pytest.MonkeyPatch, **setting: Any) -> None:
        self.loop = loop
        self.journal = Journal()
        self._chance = random.Random(1)
        self.setting = Setting(
            seats=10**6, requests_per_minute=100, names=100, slowest_operation=0.02, min_operations=5, **setting
        )
        self.cluster = ClusterModel(self.journal, self._chance)
        self.remote = LargeRemote(self.setting, self.journal, self._chance)
        self.counts = Counts()
        self.process: Process | None = None
        self._patch = patch
        self._started = 0
        loop.on_task = adopt
        self.cluster.watcher = self._tell
        limits = {"maxUsers": 1000, "maxPercent": 100, "minUsers": 1000, "windowSeconds": 3600}
        spec = {
            "baseURL": "http://cxone.example.com",
            "credentialsSecretRef": {"name": "cxone"},
            "rateLimit": {"requestsPerMinute": self.setting.requests_per_minute},
            "syncPeriodSeconds": 3600,
            "safety": {"deprovisioning": limits},
        }
        self.cluster.create(TENANTS, TENANT, spec)

    def join(self, names: Sequence[str]) -> None:
        """A resource for each."""
        for name in names:
            spec = {
                "userName": f"{name}@example.com",
                "name": {"givenName": "Pat", "familyName": "Smith"},
                "role": "Agent",
                "active": True,
            }
            self.cluster.create(USERS, name, spec)

    def exist(self, names: Sequence[str]) -> None:
        """An account for each, made by somebody else."""
        origin = Origin(ADMINISTRATOR, 0.0)
        for name in names:
            mail = f"{name}@example.com"
            email = (Email(mail, "work", primary=True),)
            self.remote.create(UserState(mail, "Pat", "Smith", active=True, emails=email, roles=("Agent",)), origin)

    def start(self) -> None:
        """An operator; what it does is counted from zero."""
        self._patch.undo()
        self.counts = Counts()
        self.counts.watch(self._patch, lambda: self.process)
        self._started += 1
        self.process = Process(
            self._started,
            self.loop,
            self.cluster,
            self.remote,
            Faults(),
            self._chance,
            now=lambda: wall_clock(self.loop.time()),
            restart=lambda _: None,
            die=lambda: None,
        )
        self.process.start()

    async def stop(self) -> None:
        """As a cluster does it."""
        assert self.process is not None
        self.process.stop()
        await self.process.over.wait()

    async def until(self, done: Callable[[], bool], seconds: float) -> float:
        """Wait; how long it took."""
        began = self.loop.time()
        while not done():
            assert self.loop.time() - began < seconds, "it takes too long"
            self.loop.forgive()
            await asyncio.sleep(_LOOK_SECONDS)
        return self.loop.time() - began

    def writes(self) -> Counter[str]:
        """Writes of operators to users, by name."""
        verbs = ("status", "finalizers")
        return Counter(
            entry.subject
            for entry in self.journal
            if entry.verb in verbs and entry.origin.operator and entry.subject != TENANT
        )

    def all_ready(self) -> bool:
        """Every user says so."""
        return all(_is_ready(body) for body in self.cluster.objects.values() if "userName" in body["spec"])

    def _tell(self, plural: str, kind: str, body: dict[str, Any]) -> None:
        if self.process is not None and self.process.alive:
            self.process.watch.tell(plural, kind, body)


def _is_ready(body: dict[str, Any]) -> bool:
    return any(item["type"] == "Ready" and item["status"] == "True" for item in body["status"]["conditions"])

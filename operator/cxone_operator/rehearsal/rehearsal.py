"""The rehearsal: the supervisor with all its loops, on copies, until nobody has anything left to do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.tenant import CxoneTenant, TenantSpec, decode_tenant
from cxone_operator.api.user import CxoneUser, decode_user
from cxone_operator.cluster.server import Body
from cxone_operator.core.failure import Failure
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.engine.supervisor import DefaultTenant, Supervisor
from cxone_operator.rehearsal.clock import run_timeless
from cxone_operator.rehearsal.cluster import ClusterCopy, Secrets
from cxone_operator.rehearsal.remote import Accounts, RemoteCopy
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.remote import Remote
from cxone_operator.telemetry.audit import AuditLine

_QUIET_SECONDS = 100.0
"""So long nothing is written before it counts as the end: longer than any pause that comes before a write."""
_LONGEST_SECONDS = 86_400.0
"""However much there is to do, nobody asks what comes after a day."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rehearsal begins with."""

    bodies: Sequence[Body]
    """CxoneTenants and CxoneUsers, as the API server would have them."""
    accounts: Mapping[str, Accounts]
    """What was read of CXone, by the name of the tenant: namespace/name, or `environment`."""
    began: datetime
    default: DefaultTenant | None = None
    secrets: Secrets = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of it."""

    lines: tuple[AuditLine, ...]
    """In the order in which it would happen."""
    users: Mapping[str, CxoneUser]
    """By uid, with what they would be told; who was let go is not among them."""
    tenants: Mapping[str, CxoneTenant]
    """By namespace/name, likewise."""
    requests: Counter[str]
    """To CXone, by operation."""
    seconds: float
    """From the first to the last write, at the tenant's rate limit."""


def rehearse(scene: Scene) -> Ending:
    """What the operator would do now, if it were started."""
    return run_timeless(_Rehearsal(scene).run())


class _Rehearsal:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._lines: list[AuditLine] = []
        self._remotes: list[RemoteCopy] = []
        self._cluster = ClusterCopy(scene.bodies, scene.secrets)

    async def run(self) -> Ending:
        loop, began = asyncio.get_running_loop(), self._scene.began
        clocks = Clocks(loop.time, lambda: began + timedelta(seconds=loop.time()), lambda: 0.5)
        supervisor = Supervisor(self._cluster, (), self._scene.default, self._build, clocks, self._lines.append)
        self._cluster.watcher = partial(_tell, supervisor)
        await supervisor.start()
        for body in self._cluster.all(user_api.PLURAL):
            supervisor.observe_user(None, body)  # a watch tells of everybody when it begins
        seconds = await self._until_quiet()
        await supervisor.stop()
        return self._ending(seconds)

    async def _until_quiet(self) -> float:
        loop, last, since = asyncio.get_running_loop(), self._progress, 0.0
        while loop.time() - since < _QUIET_SECONDS and loop.time() < _LONGEST_SECONDS:
            await asyncio.sleep(1.0)
            if self._progress != last:
                last, since = self._progress, loop.time()
        return since

    @property
    def _progress(self) -> tuple[int, int]:
        return self._cluster.writes, len(self._lines)

    def _build(self, name: str, _spec: TenantSpec, _found: Credentials, limiter: RateLimiter) -> Remote | Failure:
        copy = RemoteCopy(self._scene.accounts[name], limiter)
        self._remotes.append(copy)
        return copy

    def _ending(self, seconds: float) -> Ending:
        users = [decode_user(body) for body in self._cluster.all(user_api.PLURAL)]
        tenants = [decode_tenant(body) for body in self._cluster.all(tenant_api.PLURAL)]
        return Ending(
            lines=tuple(self._lines),
            users={user.metadata.uid: user for user in users},
            tenants={f"{item.metadata.namespace}/{item.metadata.name}": item for item in tenants},
            requests=sum((remote.requests for remote in self._remotes), Counter()),
            seconds=seconds,
        )


def _tell(supervisor: Supervisor, plural: str, kind: str, body: Body) -> None:
    """What a watch would; the supervisor knows its own writes to users already."""
    if plural == tenant_api.PLURAL:
        supervisor.observe_tenant(kind, body)
    elif kind == "DELETED":
        supervisor.observe_user(kind, body)

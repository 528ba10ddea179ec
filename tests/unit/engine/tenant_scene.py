"""A tenant's loop between a Kubernetes and a CXone in memory, for the tests of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

from cxone_operator.api.conditions import READY
from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import CxoneTenant, decode_tenant
from cxone_operator.api.user import CxoneUser, decode_user
from cxone_operator.core.actions import Create, Deactivate, Delete, Update
from cxone_operator.core.failure import Failure
from cxone_operator.core.knowledge import Absent, Knowledge, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.engine.memory.site import Sites
from cxone_operator.engine.read.connection import FixedCredentials
from cxone_operator.engine.tell.writer import Writer
from cxone_operator.engine.tenant import Tenant
from cxone_operator.engine.wiring import Workshop
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.errors import AuthenticationFailed
from cxone_operator.scim.remote import Answered, Batch, Receipt, Settled
from cxone_operator.telemetry.audit import AuditLine
from unit.engine.fakes import FakeCluster, FakeRemote
from unit.engine.scene import clocks, loop_time

UID = "uid-jane"
AWAY = Failure(Reason.REMOTE_UNAVAILABLE, "CXone answered 503", retryable=True, code="503")
REFUSED = AuthenticationFailed("CXone refuses the credentials", code="401").failure


class Living(FakeRemote):
    """A CXone that does what it is asked; where the test has laid down an answer, it gives that instead."""

    limiter: RateLimiter

    async def send(self, batch: Batch, lane: Lane) -> Receipt:
        laid_down = bool(self.receipts)
        receipt = await super().send(batch, lane)
        if laid_down:
            return receipt
        return Settled({item.uid: Answered(self._do(item.action)) for item in batch.items})

    def _do(self, action: object) -> Knowledge:
        match action:
            case Create(state):
                made = RemoteUser(f"id-{state.user_name}", state)
            case Update(remote) | Deactivate(remote):
                made = RemoteUser(remote.id, action.change.target)  # type: ignore[union-attr]
            case Delete(remote):
                self.users.pop(key_of(remote.state.user_name))
                return Absent(0.0)
            case _:
                return Absent(0.0)
        self.users[key_of(made.state.user_name)] = made
        return Present(made)

    async def probe(self) -> None:
        await super().probe()
        self.limiter.answered(None)


def a_resource(version: str = "1", *, deleting: bool = False, status: object = None, **spec: object) -> CxoneTenant:
    metadata = {
        "name": "default",
        "namespace": "workforce",
        "uid": "uid-tenant",
        "generation": int(version),
        "resourceVersion": version,
        "finalizers": ["cxone.dev/in-use"],
        **({"deletionTimestamp": "2026-11-20T00:00:00Z"} if deleting else {}),
    }
    body = {"baseURL": "http://127.0.0.1:1", "license": {"mode": "None"}, "bulk": {"mode": "Off"}, **spec}
    return decode_tenant({"metadata": metadata, "spec": body, "status": status or {}})


def ticking() -> Callable[[], float]:
    """The loop's time, and a little more at each look: a wait that is too short for a float would never end."""
    looks = count(1)
    return lambda: loop_time() + 1e-9 * next(looks)


class Scene:
    """A tenant's loop between a Kubernetes and a CXone in memory."""

    def __init__(self, resource: CxoneTenant | None = None, *users: RemoteUser) -> None:
        self.resource = resource or a_resource()
        self.remote = Living(*users)
        self.remote.portion = 1000
        self.cluster = FakeCluster(self.resource)
        self.lines: list[AuditLine] = []
        self.clocks = clocks(ticking())
        self.writer = Writer(self.clocks)
        self.sites = Sites()
        self.tenant = self.build(self.resource)

    def build(self, resource: CxoneTenant) -> Tenant:
        """Another loop for it, not started yet."""

        def client(_name: str, _spec: object, _found: Credentials, limiter: RateLimiter) -> FakeRemote:
            self.remote.limiter = limiter
            return self.remote

        shop = Workshop(self.cluster, self.writer, client, self.clocks, self.lines.append, self.sites)  # type: ignore[arg-type]
        source = FixedCredentials(Credentials("id", "secret"))
        return shop.tenant("workforce/default", resource.spec, resource, source)

    @asynccontextmanager
    async def running(self, seconds: float = 5.0) -> AsyncIterator[None]:
        """The loop runs, and has had so long to find its feet."""
        self.tenant.start()
        await asyncio.sleep(seconds)
        try:
            yield
        finally:
            await self.tenant.stop(8.0)
            await self.writer.stop(8.0)

    async def see(self, user: CxoneUser, seconds: float = 5.0) -> None:
        """Somebody has written it."""
        self.cluster.keep(user)
        self.tenant.observe(user)
        await asyncio.sleep(seconds)

    def stored(self, name: str = "jane") -> CxoneUser:
        return decode_user(self.cluster.bodies[f"uid-{name}"])

    def told(self, name: str = "jane") -> str | None:
        ready = self.stored(name).status.condition(READY)
        return ready.reason if ready is not None else None

    def written(self, name: str = "jane") -> int:
        return sum(written == name for _, written in self.cluster.writes)

    def active(self, name: str = "jane") -> bool | None:
        """None where CXone has no such user."""
        found = self.remote.users.get(f"{name}@example.com")
        return found.state.active if found is not None else None

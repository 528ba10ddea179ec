"""The loop of one tenant: look at who is marked, send what may be sent, keep what is known fresh, sleep.

Every turn does the same, whatever woke it; so nothing depends on an event being handled when it came. A turn is
synchronous and short, and what it costs depends on what has changed, not on how many wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from cxone_operator.api.meta import APPROVE_DEPROVISIONING
from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import BulkJob, CxoneTenant
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.capabilities import EVERYTHING
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.core.work import Freed
from cxone_operator.engine.admit.guard import Guard
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.engine.admit.seats import SeatGate
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.read.connection import Connection
from cxone_operator.engine.read.lookups import LookUps
from cxone_operator.engine.read.quota import QuotaReader
from cxone_operator.engine.read.snapshot import Snapshot
from cxone_operator.engine.router import Router
from cxone_operator.engine.send.door import Door
from cxone_operator.engine.send.jobs import Jobs
from cxone_operator.engine.send.sender import Sender
from cxone_operator.engine.tell.summary import Summary
from cxone_operator.engine.tell.tenant_status import TenantStatusWriter
from cxone_operator.engine.tell.users import UserStatuses
from cxone_operator.engine.tell.waits import Waits
from cxone_operator.scim.errors import ScimError
from cxone_operator.scim.remote import Remote
from cxone_operator.telemetry.logging import get_logger

SLICE = 500
"""Users looked at in one turn; about 20 ms, so that requests and health checks are never kept waiting."""
STOP_SECONDS = 8.0
"""How long requests in flight may take to end; well inside the usual 30 s of a pod's grace period."""
_BREATH_SECONDS = 0.01
"""Between two turns: what happens within it is looked at together, which spares a flood most of its turns."""
_HOUSEKEEPING_SECONDS = 1.0
_LONGEST_UNKNOWN_SECONDS = 60.0
"""How long neighbours wait for a loop that could not try its credentials; it tries again after 30 s at most."""
_STATUS_SECONDS = 5.0
"""How often a changing tenant's status is written."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rooms:
    """What a tenant's loop walks through."""

    memory: Memory
    connection: Connection
    limiter: RateLimiter
    lookups: LookUps
    snapshot: Snapshot
    quota: QuotaReader
    gate: SeatGate
    guard: Guard
    door: Door
    jobs: Jobs
    sender: Sender
    router: Router
    statuses: UserStatuses
    waits: Waits
    summary: Summary
    tenant_status: TenantStatusWriter
    tasks: Tasks


class Tenant:
    """One CXone tenant with its users."""

    def __init__(self, rooms: Rooms, wake: asyncio.Event) -> None:
        self._rooms = rooms
        self._memory = rooms.memory
        self._wake = wake
        self._unrecovered: tuple[BulkJob, ...] = ()
        self._next_housekeeping = float("-inf")
        self._next_status = float("-inf")
        self._began = rooms.memory.time
        self._probing = False
        self._stopping = False
        self._main: asyncio.Task[None] | None = None

    @property
    def resource(self) -> CxoneTenant | None:
        """The newest version of the tenant's resource, None for the tenant of the environment."""
        return self._rooms.tenant_status.resource

    def __len__(self) -> int:
        return len(self._memory.resources)

    def __iter__(self) -> Iterator[CxoneUser]:
        return iter(list(self._memory.resources))

    def start(self, after: Tenant | None = None) -> None:
        """Begin working; `after` the loop that this one replaces has ended, with what it has written."""
        self._main = asyncio.create_task(self._run(after), name=f"tenant {self._memory.name}")
        self._rooms.tasks.start(self._stay_connected())

    def leave(self, heir: Tenant | None = None) -> None:
        """Neighbours go on without this loop, as of now: it is replaced by the heir, or has no resource any more."""
        memory = self._memory
        if heir is None:
            memory.sites.leave(memory)
        else:
            memory.sites.replace(memory, heir._memory)

    async def stop(self, seconds: float) -> None:
        """Take nothing new, give requests in flight that long to end, and write down what came of them."""
        self._stopping = True
        self._wake.set()
        self._rooms.limiter.close()
        if self._main is not None:
            await self._main
        await self._rooms.tasks.finish(seconds)
        for user in self:
            self._rooms.statuses.withdraw(user.metadata.uid)
        self._rooms.door.close()

    def version(self, uid: str) -> str | None:
        """The newest resourceVersion of a user's resource that was seen, None where it is not known."""
        user = self._memory.resources.get(uid)
        return None if user is None else user.metadata.resource_version

    def observe(self, user: CxoneUser) -> None:
        """A resource of this tenant was seen."""
        memory, uid = self._memory, user.metadata.uid
        old = memory.resources.get(uid)
        if not memory.resources.put(user):
            return
        asked = old is not None and old.reconcile_requested_at != user.reconcile_requested_at
        edited = old is not None and old.metadata.generation != user.metadata.generation
        if asked:
            memory.forget(user)
        if (asked or edited) and memory.works.get(uid):
            self._rooms.door.on(uid, Freed())
        self._wake.set()

    def vanish(self, user: CxoneUser) -> bool:
        """The watch says that a resource is gone; True where its user must still be deprovisioned."""
        uid = user.metadata.uid
        known = self._memory.looked_after(uid)
        if known is not None and not user.metadata.deleting:
            self._memory.outlive(known)
        return uid in self._memory.vanished

    def lose(self, uid: str) -> None:
        """A resource is gone, or belongs to another tenant now."""
        if uid not in self._memory.vanished:
            self._rooms.statuses.withdraw(uid)
            self._rooms.door.lose(uid)
            self._wake.set()

    def change(self, resource: CxoneTenant) -> None:
        """The tenant's resource has changed; a change of what is sent where needs a new Tenant instead."""
        memory = self._memory
        respec = memory.spec != resource.spec or memory.closing != resource.metadata.deleting
        memory.closing = resource.metadata.deleting
        self._rooms.tenant_status.observe(resource)
        self._take_approval(resource)
        memory.spec = resource.spec
        if respec:
            memory.site.agree_on_limit()
            memory.free_stalled()

    def set_gauges(self) -> None:
        """Bring the tenant's gauges up to date, for somebody who is about to read them."""
        self._rooms.summary.set_gauges()

    def _take_approval(self, resource: CxoneTenant) -> None:
        self._rooms.guard.approval = resource.approved_plan
        self._rooms.guard.approver = resource.metadata.annotated_by.get(APPROVE_DEPROVISIONING, "")

    async def _run(self, after: Tenant | None) -> None:
        if after is not None:
            await after.stop(STOP_SECONDS)
        self._remember(after)
        while not self._stopping:
            self._wake.clear()
            try:
                delay = self._turn()
            except Exception:
                # A bug must not stop the loop: say so, and go on with the next turn.
                log.exception("turn_failed", tenant=self._memory.name)
                delay = 1.0
            await self._sleep(delay)

    def _remember(self, after: Tenant | None) -> None:
        """Go on where the loop before this one, or another process, ended."""
        memory, status = self._memory, self._rooms.tenant_status.status
        if after is not None and after.resource is not None:
            status = after.resource.status
        self._unrecovered = status.bulk_jobs
        if status.unconfirmed_until is not None:
            memory.in_doubt.load(status.unconfirmed_until, float(memory.spec.bulk.job_timeout_seconds))
        if status.deprovisioning is not None:
            memory.leavers.load(status.deprovisioning)
        if self.resource is not None:
            memory.closing = self.resource.metadata.deleting
            self._take_approval(self.resource)

    def _turn(self) -> float:
        """One turn; seconds until the next is due at the latest."""
        memory, now = self._memory, self._memory.time
        for uid in memory.alarms.due(now):
            memory.resources.mark(uid)
        memory.look_after_doubts()
        memory.mark_moved()
        for user in memory.resources.take(SLICE):
            self._look(user)
        delay = self._send(now)
        if now >= self._next_housekeeping:
            self._next_housekeeping = now + _HOUSEKEEPING_SECONDS
            self._tell()
        if now >= self._next_status and self.resource is not None:
            self._next_status = now + _STATUS_SECONDS
            self._rooms.tasks.start(self._rooms.tenant_status.publish())
        alarm = memory.alarms.next()
        return min(0.0 if memory.resources.marked else _HOUSEKEEPING_SECONDS, delay, *([alarm - now] if alarm else []))

    def _look(self, user: CxoneUser) -> None:
        """A bug that is met on one user must not stop the others, which were taken together with it."""
        try:
            self._rooms.router.consider(user)
        except Exception:
            log.exception("user_failed", tenant=self._memory.name, resource=user.metadata.name)

    def _tell(self) -> None:
        """What the tenant itself says (suspended, circuit open) is not told to its users."""
        rooms = self._rooms
        rooms.waits.shortage(rooms.gate.shortage())
        if not rooms.limiter.circuit.is_open and not self._memory.spec.suspend:
            rooms.waits.tell(rooms.connection.problem or self._unreadable())
        rooms.summary.tell_news()

    def _unreadable(self) -> Failure | None:
        """Why CXone's users cannot be read, where that needs a person; what passes by itself is the tenant's to say."""
        reading = self._memory.reading
        return reading.failure if reading.failure is not None and not reading.failure.retryable else None

    def _send(self, now: float) -> float:
        self._drop_refused_credentials()
        rooms, remote = self._rooms, self._rooms.connection.client
        if remote is None or self._memory.spec.suspend or self._memory.sites.may_grow(self._memory):
            return _HOUSEKEEPING_SECONDS
        if rooms.limiter.circuit.is_open:
            return self._probe(remote, now)
        if self._unrecovered:
            rooms.jobs.recover(remote, self._unrecovered)
            self._unrecovered = ()
        rooms.lookups.send(remote, self._may_send)
        rooms.snapshot.refresh_if_due(remote)
        rooms.quota.keep_current(remote)
        delays = (rooms.guard.judge(), rooms.sender.send(remote))
        return min((delay for delay in delays if delay is not None), default=_HOUSEKEEPING_SECONDS)

    def _may_send(self, lane: Lane) -> bool:
        return self._rooms.limiter.delay(lane) <= 0

    def _drop_refused_credentials(self) -> None:
        failure = self._rooms.limiter.circuit.failure
        if failure is not None and failure.reason is Reason.AUTHENTICATION_FAILED:
            self._rooms.connection.refused(failure)
            self._rooms.limiter.circuit.reset()

    def _probe(self, remote: Remote, now: float) -> float:
        """Ask for something harmless when the pause is over; its answer closes the circuit, or opens it again."""
        pause = self._rooms.limiter.circuit.remaining(now)
        if pause <= 0 and not self._probing:
            self._probing = True
            self._rooms.tasks.start(self._ask(remote))
        return min(pause or _HOUSEKEEPING_SECONDS, _HOUSEKEEPING_SECONDS)

    async def _ask(self, remote: Remote) -> None:
        try:
            await remote.probe()
        except ScimError as error:
            log.debug("circuit_probed", tenant=self._memory.name, error=str(error))
        finally:
            self._probing = False
            self._wake.set()

    async def _sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        await asyncio.sleep(_BREATH_SECONDS)

    def _meet(self, remote: Remote | None) -> None:
        """The credentials were taken."""
        memory = self._memory
        log.info("authenticated", tenant=memory.name)
        memory.sites.join(memory, self._rooms.connection.client_id, remote.tenant_id if remote is not None else "")
        memory.own_identities = remote.identities if remote is not None else frozenset()
        memory.capabilities = remote.capabilities if remote is not None else EVERYTHING
        self._rooms.limiter.circuit.reset()
        memory.reading.succeeded()
        memory.free_stalled()

    def _may_join_soon(self) -> bool:
        """What is in the way passes by itself: nobody knows yet whose neighbour this is, and whom it owns."""
        problem = self._rooms.connection.problem
        passes = problem is not None and problem.retryable
        return passes and self._memory.time - self._began < _LONGEST_UNKNOWN_SECONDS

    async def _stay_connected(self) -> None:
        memory, connection = self._memory, self._rooms.connection
        while not self._stopping:
            if connection.due() <= 0:
                if await connection.look():
                    self._meet(connection.client)
                if not self._may_join_soon():
                    memory.sites.settle(memory)
            await self._rooms.tasks.sleep(min(1.0, max(0.05, connection.due())))

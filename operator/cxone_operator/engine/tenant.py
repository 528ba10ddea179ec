"""The loop of one tenant: look at who is marked, send what may be sent, keep what is known fresh, sleep.

Every turn does the same, whatever woke it; so nothing depends on an event being handled when it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cxone_operator.api.meta import APPROVE_DEPROVISIONING
from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import BulkJob, CxoneTenant, TenantSpec
from cxone_operator.api.user import CxoneUser
from cxone_operator.cluster.client import Cluster
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import key_of
from cxone_operator.core.window import SlidingWindow
from cxone_operator.engine.auditor import Auditor
from cxone_operator.engine.budget import Budget
from cxone_operator.engine.clocks import Clocks
from cxone_operator.engine.connection import Connection, CredentialSource
from cxone_operator.engine.dispatcher import Dispatcher
from cxone_operator.engine.gate import Gate
from cxone_operator.engine.guard import Guard
from cxone_operator.engine.jobs import Jobs
from cxone_operator.engine.publisher import Publisher
from cxone_operator.engine.reconciler import Reconciler
from cxone_operator.engine.reporter import Reporter
from cxone_operator.engine.results import Results
from cxone_operator.engine.snapshot import Snapshot
from cxone_operator.engine.state import TenantState
from cxone_operator.engine.summary import Summary
from cxone_operator.engine.tasks import Tasks
from cxone_operator.engine.waits import Waits
from cxone_operator.scim.auth import Credentials
from cxone_operator.scim.client import RemoteUsers
from cxone_operator.scim.errors import ScimError
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import Audit
from cxone_operator.telemetry.logging import get_logger

SLICE = 500
"""Users looked at in one turn; about 20 ms, so that requests and health checks are never kept waiting."""
STOP_SECONDS = 8.0
"""How long requests in flight may take to end; well inside the usual 30 s of a pod's grace period."""
_HOUSEKEEPING_SECONDS = 1.0
_STATUS_SECONDS = 5.0
"""How often a changing tenant's status is written."""

BuildClient = Callable[[str, TenantSpec, Credentials, Budget], RemoteUsers | Failure]
"""From a tenant's name, spec, credentials and budget to its client, or to what is wrong with the spec."""

log = get_logger(__name__)


class Tenant:
    """One CXone tenant with its users."""

    def __init__(
        self,
        name: str,
        spec: TenantSpec,
        resource: CxoneTenant | None,
        cluster: Cluster,
        source: CredentialSource,
        build: BuildClient,
        clocks: Clocks,
        audit: Audit,
    ) -> None:
        self.state = state = TenantState(name, spec, clocks)
        self._tasks = tasks = Tasks()
        metrics.expect_tenant(name)
        self.budget = budget = Budget(_window(spec, clocks), clocks, metrics.api_throttled.labels(name).inc)
        self._connection = Connection(source, lambda credentials: build(name, state.spec, credentials, budget), clocks)
        self._auditor = auditor = Auditor(name, audit, clocks.monotonic)
        self._reporter = Reporter(state, cluster, tasks)
        self._summary = Summary(state, self._connection, budget)
        self._publisher = publisher = Publisher(resource, self._summary, self._reporter)
        self._guard = Guard(state, auditor, tasks, publisher.persist, publisher.warn)
        self._reconciler = Reconciler(state, self._reporter, auditor, self._guard)
        results = Results(state, auditor)
        self._gate = gate = Gate(state, tasks)
        self._jobs = Jobs(state, results, auditor, tasks, publisher.persist, publisher.warn)
        self._dispatcher = Dispatcher(state, budget, self._reconciler, results, self._jobs, gate, auditor, tasks)
        self._snapshot = Snapshot(state, tasks)
        self._waits = Waits(state, self._connection, budget, gate, self._reconciler, self._reporter)
        self._unrecovered: tuple[BulkJob, ...] = ()
        self._next_housekeeping = float("-inf")
        self._next_status = float("-inf")
        self._probing = False
        self._stopping = False
        self._main: asyncio.Task[None] | None = None

    @property
    def resource(self) -> CxoneTenant | None:
        """The newest version of the tenant's resource, None for the tenant of the environment."""
        return self._publisher.resource

    def start(self, after: Tenant | None = None) -> None:
        """Begin working; `after` the loop that this one replaces has ended, with what it has written."""
        self._main = asyncio.create_task(self._run(after), name=f"tenant {self.state.name}")
        self._tasks.start(self._stay_connected())

    async def stop(self, seconds: float) -> None:
        """Take nothing new, give requests in flight that long to end, and write down what came of them."""
        self._stopping = True
        self.state.wake.set()
        self.budget.close()
        if self._main is not None:
            await self._main
        await self._tasks.finish(seconds)
        self._auditor.close()

    def observe(self, user: CxoneUser) -> None:
        """A resource of this tenant was seen."""
        old = self.state.inbox.get(user.metadata.uid)
        if not self.state.inbox.put(user):
            return
        if old is not None and old.reconcile_requested_at != user.reconcile_requested_at:
            self.state.directory.forget(key_of(user.spec.user_name), self.state.time)
        if old is not None and old.metadata.generation != user.metadata.generation:
            self._begin_again(user)
        self.state.wake.set()

    def vanish(self, user: CxoneUser) -> bool:
        """The watch says that a resource is gone; True where its user must still be deprovisioned."""
        uid, deleted = user.metadata.uid, user.metadata.deleting
        known = self.state.inbox.get(uid)
        if known is not None and known.claimed and not known.metadata.deleting and not deleted:
            self.state.outlive(known)
        return uid in self.state.vanished

    def lose(self, uid: str) -> None:
        """A resource is gone, or belongs to another tenant now."""
        if uid in self.state.vanished:
            return
        self.state.inbox.remove(uid)
        self.state.forget_user(uid)
        if uid not in self.state.busy:
            self._auditor.forget(uid)
        self.state.wake.set()

    def change(self, resource: CxoneTenant) -> None:
        """The tenant's resource has changed; a change of what is sent where needs a new Tenant instead."""
        respec = self.state.spec != resource.spec or self.state.closing != resource.metadata.deleting
        self.state.closing = resource.metadata.deleting
        self._publisher.observe(resource)
        self._take_approval(resource)
        self.state.spec = resource.spec
        if respec:
            self.budget.window.configure(resource.spec.rate_limit.requests_per_minute, _reserved(resource.spec))
            self.state.free_stalled()

    def _take_approval(self, resource: CxoneTenant) -> None:
        self._guard.approval = resource.approved_plan
        self._guard.approver = resource.metadata.annotated_by.get(APPROVE_DEPROVISIONING, "")

    def set_gauges(self) -> None:
        """Bring the tenant's gauges up to date, for somebody who is about to read them."""
        self._summary.set_gauges()

    def _begin_again(self, user: CxoneUser) -> None:
        """A new spec is a new start: earlier failures say nothing about it."""
        record = self.state.records.get(user.metadata.uid)
        if record is not None and user.metadata.uid not in self.state.busy:
            del self.state.records[user.metadata.uid]

    async def _run(self, after: Tenant | None) -> None:
        if after is not None:
            await after.stop(STOP_SECONDS)
        self._remember(after)
        while not self._stopping:
            self.state.wake.clear()
            try:
                delay = self._turn()
            except Exception:
                # A bug met on one user must not stop the others: say so, and go on with the next turn.
                log.exception("turn_failed", tenant=self.state.name)
                delay = 1.0
            await self._sleep(delay)

    def _remember(self, after: Tenant | None) -> None:
        """Go on where the loop before this one, or another process, ended."""
        status = self._publisher.status
        if after is not None and after.resource is not None:
            status = after.resource.status
        self._unrecovered = status.bulk_jobs
        if status.unconfirmed_until is not None:
            self.state.doubts.load(status.unconfirmed_until, float(self.state.spec.bulk.job_timeout_seconds))
        if status.deprovisioning is not None:
            self.state.departures.load(status.deprovisioning)
        if self.resource is not None:
            self.state.closing = self.resource.metadata.deleting
            self._take_approval(self.resource)

    def _turn(self) -> float:
        """One turn; seconds until the next is due at the latest."""
        now = self.state.time
        for uid in self.state.alarms.due(now):
            self.state.inbox.mark(uid)
        for user in self.state.inbox.take(SLICE):
            self._reconciler.consider(user)
        delay = self._send(now)
        if now >= self._next_housekeeping:
            self._next_housekeeping = now + _HOUSEKEEPING_SECONDS
            self._waits.tell()
            self._summary.tell_news()
        if now >= self._next_status and self.resource is not None:
            self._next_status = now + _STATUS_SECONDS
            self._tasks.start(self._publisher.publish())
        alarm = self.state.alarms.next()
        return min(0.0 if self.state.inbox.marked else _HOUSEKEEPING_SECONDS, delay, *([alarm - now] if alarm else []))

    def _send(self, now: float) -> float:
        self._drop_refused_credentials()
        client, state = self._connection.client, self.state
        if client is None or state.spec.suspend:
            return _HOUSEKEEPING_SECONDS
        if self.budget.circuit.is_open:
            return self._probe(client, now)
        if self._unrecovered:
            self._jobs.recover(client, self._unrecovered)
            self._unrecovered = ()
        self._snapshot.refresh_if_due(client)
        self._gate.keep_current(client)
        delays = (self._guard.judge(), self._dispatcher.dispatch(client))
        return min((delay for delay in delays if delay is not None), default=_HOUSEKEEPING_SECONDS)

    def _drop_refused_credentials(self) -> None:
        failure = self.budget.circuit.failure
        if failure is not None and failure.reason is Reason.AUTHENTICATION_FAILED:
            self._connection.refused(failure)
            self.budget.circuit.reset()

    def _probe(self, client: RemoteUsers, now: float) -> float:
        """Ask for something harmless when the pause is over; its answer closes the circuit, or opens it again."""
        pause = self.budget.circuit.remaining(now)
        if pause <= 0 and not self._probing:
            self._probing = True
            self._tasks.start(self._ask(client))
        return min(pause or _HOUSEKEEPING_SECONDS, _HOUSEKEEPING_SECONDS)

    async def _ask(self, client: RemoteUsers) -> None:
        try:
            await client.list_users(Lane.LEAVERS, 1, 1)
        except ScimError as error:
            log.debug("circuit_probed", tenant=self.state.name, error=str(error))
        finally:
            self._probing = False
            self.state.wake.set()

    async def _sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(seconds):
                await self.state.wake.wait()
        except TimeoutError:
            return

    async def _stay_connected(self) -> None:
        while not self._stopping:
            if self._connection.due() <= 0 and await self._connection.look():
                log.info("authenticated", tenant=self.state.name)
                client = self._connection.client
                self.state.own_identities = client.identities if client is not None else frozenset()
                self.budget.circuit.reset()
                self.state.reading.succeeded()
                self.state.free_stalled()
            await self._tasks.sleep(min(1.0, max(0.05, self._connection.due())))


def _window(spec: TenantSpec, clocks: Clocks) -> SlidingWindow:
    return SlidingWindow(spec.rate_limit.requests_per_minute, clocks.monotonic(), _reserved(spec))


def _reserved(spec: TenantSpec) -> int:
    return spec.rate_limit.requests_per_minute * spec.rate_limit.reserved_percent_for_leavers // 100

"""The wiring: builds the loop of a tenant from its rooms, and the client that its rooms talk to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import aiohttp

from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import CxoneTenant, TenantSpec
from cxone_operator.cluster.client import Cluster
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.fence import Fence
from cxone_operator.engine.admit.guard import Guard
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.engine.admit.seats import SeatGate
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.decide.view import View
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.memory.site import Sites
from cxone_operator.engine.read.connection import Connection, CredentialSource
from cxone_operator.engine.read.lookups import LookUps
from cxone_operator.engine.read.quota import QuotaReader
from cxone_operator.engine.read.snapshot import Snapshot
from cxone_operator.engine.router import Router
from cxone_operator.engine.send.door import Door
from cxone_operator.engine.send.jobs import Jobs
from cxone_operator.engine.send.sender import Sender
from cxone_operator.engine.tell.audit import AuditTrail
from cxone_operator.engine.tell.summary import Summary
from cxone_operator.engine.tell.tenant_status import TenantStatusWriter
from cxone_operator.engine.tell.users import UserStatuses
from cxone_operator.engine.tell.waits import Waits
from cxone_operator.engine.tell.writer import Writer
from cxone_operator.engine.tenant import Rooms, Tenant
from cxone_operator.scim.auth import Access, FixedAccess, TokenSource
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects import dialect_of
from cxone_operator.scim.hosts import DiscoveredHosts, FixedHosts, Hosts
from cxone_operator.scim.network import CertificateProblem, Way, tls_of
from cxone_operator.scim.observing import Observer
from cxone_operator.scim.remote import Remote
from cxone_operator.scim.transport import Transport
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import Audit

BuildClient = Callable[[str, TenantSpec, Credentials, RateLimiter], Remote | Failure]
"""From a tenant's name, spec, credentials and rate limiter to its client, or to what is wrong with the spec."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all tenants of a process share."""

    cluster: Cluster
    writer: Writer
    build: BuildClient
    clocks: Clocks
    audit: Audit
    sites: Sites = field(default_factory=Sites)

    def tenant(self, name: str, spec: TenantSpec, resource: CxoneTenant | None, source: CredentialSource) -> Tenant:
        """The loop of a tenant, not started yet."""
        metrics.expect_tenant(name)
        wake, tasks = asyncio.Event(), Tasks()
        memory = Memory(name, spec, self.clocks, wake.set, self.sites)
        view = View(memory)
        trail = AuditTrail(name, self.audit, self.clocks.monotonic)
        door = Door(memory, trail)
        limiter = RateLimiter(memory.site.window, self.clocks, metrics.api_throttled.labels(name).inc)
        connection = Connection(source, lambda found: self._client(memory, found, limiter), self.clocks)
        statuses = UserStatuses(memory, self.cluster, self.writer, door.lose)
        summary = Summary(memory, connection, limiter)
        tenant_status = TenantStatusWriter(memory, resource, summary, self.cluster)
        waits = Waits(memory, view, statuses)
        lookups, quota = LookUps(memory, tasks), QuotaReader(memory, tasks)
        gate = SeatGate(memory, quota)
        guard = Guard(memory, trail, tasks, tenant_status.announce, tenant_status.warn)
        jobs = Jobs(memory, door, trail, tasks, tenant_status.persist, tenant_status.warn)
        rooms = Rooms(
            memory=memory,
            connection=connection,
            limiter=limiter,
            lookups=lookups,
            snapshot=Snapshot(memory, tasks),
            quota=quota,
            gate=gate,
            guard=guard,
            door=door,
            jobs=jobs,
            sender=Sender(memory, view, limiter, gate, door, jobs, tasks),
            router=Router(memory, view, door, guard, lookups, jobs, statuses, waits, trail),
            statuses=statuses,
            waits=waits,
            summary=summary,
            tenant_status=tenant_status,
            tasks=tasks,
        )
        return Tenant(rooms, wake)

    def _client(self, memory: Memory, found: Credentials, limiter: RateLimiter) -> Remote | Failure:
        """Whoever tries the same client at the same address keeps to the same limit."""
        limiter.window = self.sites.site_of(memory, found.identity).window
        return self.build(memory.name, memory.spec, found, limiter)


def remote_builder(session: aiohttp.ClientSession, fence: Fence) -> BuildClient:
    """A function that builds clients over one HTTP session, all behind one fence."""

    def build(name: str, spec: TenantSpec, credentials: Credentials, limiter: RateLimiter) -> Remote | Failure:
        dialect, observe = dialect_of(spec.api), _observer(name)
        if spec.scopes is not None:
            dialect = replace(dialect, scopes=spec.scopes)
        try:
            way = Way(session, spec.network.proxy_url, tls_of(credentials))
        except CertificateProblem as problem:
            return Failure(Reason.TENANT_NOT_READY, str(problem), retryable=False, scope=Scope.TENANT)
        hosts: Hosts = FixedHosts(spec.base_url, dialect)
        if dialect.discovery:
            hosts = DiscoveredHosts(way, spec.base_url, dialect, observe)
        access: Access = FixedAccess(credentials, dialect.grant)
        if dialect.grant.has_tokens:
            access = TokenSource(way, hosts, credentials, dialect, time.monotonic, observe)
        return ScimClient(Transport(way, hosts, access, limiter, observe, fence), dialect)

    return build


def _observer(name: str) -> Observer:
    def observe(operation: str, code: str, seconds: float) -> None:
        metrics.api_requests.labels(name, operation, code).inc()
        metrics.api_request_duration.labels(name, operation).observe(seconds)

    return observe

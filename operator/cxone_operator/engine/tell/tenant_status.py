"""The tenant's status: written one at a time, so that no older picture replaces a newer one, and never behind users."""

from __future__ import annotations

import asyncio

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api.meta import InvalidResource
from cxone_operator.api.tenant import CxoneTenant, TenantStatus, decode_tenant, encode_tenant_status
from cxone_operator.cluster.client import Cluster
from cxone_operator.cluster.errors import ClusterError, Invalid
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.tell.summary import Summary
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.logging import Streak, get_logger

_REFUSED_SECONDS = 60.0
"""After a refusal that does not change by itself."""

log = get_logger(__name__)


class TenantStatusWriter:
    """The newest version of one tenant's resource, and the way to write its status."""

    def __init__(self, memory: Memory, resource: CxoneTenant | None, summary: Summary, cluster: Cluster) -> None:
        self.resource = resource
        """None for the tenant of the environment: it has no status, and remembers nothing beyond its process."""
        self._memory = memory
        self._summary = summary
        self._name = memory.name
        self._cluster = cluster
        self._lock = asyncio.Lock()
        self._untold = Streak(log, "tenant_status_not_written", "tenant_status_written_again")
        self._next_try = float("-inf")
        """Not before that, where nobody but readers waits for it."""

    @property
    def status(self) -> TenantStatus:
        """What was last written."""
        return self.resource.status if self.resource is not None else TenantStatus()

    def observe(self, resource: CxoneTenant) -> None:
        """The watch shows a version; the status of an older one than we wrote is old news."""
        known = self.resource
        if known is not None and _same(known, resource) and _version(resource) <= _version(known):
            resource = CxoneTenant(resource.metadata, resource.spec, known.status)
        self.resource = resource

    async def publish(self) -> None:
        """Write the status if it has changed in a way that is worth a write."""
        if self._memory.time < self._next_try:
            return
        if not (self._summary.worth_telling() and self._summary.moved(self.resource)):
            return
        written = False
        try:
            written = await self.persist()
        finally:
            if not written:
                self._summary.count_again()

    async def persist(self) -> bool:
        """Write down all that is known now; whether it is on the resource."""
        async with self._lock:
            if self.resource is None:
                return True
            status = self._summary.status(self.resource)
            if status == self.resource.status:
                return True
            return await self._write(self.resource, status)

    async def announce(self) -> bool:
        """As `persist`, for leavers: True as well where the status is refused for good, which must not stop them."""
        return await self.persist() or self._memory.refused

    async def warn(self, reason: str, message: str) -> None:
        """A Warning event on the tenant, where it is a resource."""
        if self.resource is not None:
            await self._cluster.event(tenant_api.PLURAL, tenant_api.KIND, self.resource.reference, reason, message)

    async def _write(self, tenant: CxoneTenant, status: TenantStatus) -> bool:
        encoded = encode_tenant_status(status)
        try:
            written = decode_tenant(await self._cluster.patch_status(tenant_api.PLURAL, tenant.reference, encoded))
        except (ClusterError, InvalidResource) as error:
            self._untold.failed(tenant=self._name, error=str(error))
            if isinstance(error, Invalid):
                await self._refused(error)
            return False
        self._untold.ended(tenant=self._name)
        self._memory.refused = False
        self.observe(written)
        return True

    async def _refused(self, error: Invalid) -> None:
        metrics.tenant_status_refused.labels(self._name).inc()
        self._next_try = self._memory.time + _REFUSED_SECONDS
        if not self._memory.refused:
            self._memory.refused = True
            await self.warn(
                "StatusRefused",
                f"the status cannot be written: {error}; leavers go on within the guard's allowance, counted by this "
                "process only, and nothing is sent as a bulk job; install the CRDs of this version",
            )


def _same(one: CxoneTenant, other: CxoneTenant) -> bool:
    return one.metadata.uid == other.metadata.uid


def _version(resource: CxoneTenant) -> int:
    """resourceVersions are comparable integers (KEP-5504)."""
    version = resource.metadata.resource_version
    return int(version) if version.isdecimal() else 0

"""The tenant's status: written one at a time, so that no older picture replaces a newer one, and never behind users."""

from __future__ import annotations

import asyncio

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api.meta import InvalidResource
from cxone_operator.api.tenant import CxoneTenant, TenantStatus, decode_tenant, encode_tenant_status
from cxone_operator.cluster.client import Cluster
from cxone_operator.cluster.errors import ClusterError
from cxone_operator.engine.tell.summary import Summary
from cxone_operator.telemetry.logging import Streak, get_logger

log = get_logger(__name__)


class TenantStatusWriter:
    """The newest version of one tenant's resource, and the way to write its status."""

    def __init__(self, name: str, resource: CxoneTenant | None, summary: Summary, cluster: Cluster) -> None:
        self.resource = resource
        """None for the tenant of the environment: it has no status, and remembers nothing beyond its process."""
        self._summary = summary
        self._name = name
        self._cluster = cluster
        self._lock = asyncio.Lock()
        self._untold = Streak(log, "tenant_status_not_written", "tenant_status_written_again")

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
            return False
        self._untold.ended(tenant=self._name)
        self.observe(written)
        return True


def _same(one: CxoneTenant, other: CxoneTenant) -> bool:
    return one.metadata.uid == other.metadata.uid


def _version(resource: CxoneTenant) -> int:
    """resourceVersions are comparable integers (KEP-5504)."""
    version = resource.metadata.resource_version
    return int(version) if version.isdecimal() else 0

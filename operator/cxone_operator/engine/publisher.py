"""The publisher: writes the tenant's status, one write at a time, so that no older picture replaces a newer one."""

from __future__ import annotations

import asyncio

from cxone_operator.api.tenant import CxoneTenant, TenantStatus
from cxone_operator.engine.reporter import Reporter
from cxone_operator.engine.summary import Summary


class Publisher:
    """The newest version of one tenant's resource, and the way to write its status."""

    def __init__(self, resource: CxoneTenant | None, summary: Summary, reporter: Reporter) -> None:
        self.resource = resource
        """None for the tenant of the environment: it has no status, and remembers nothing beyond its process."""
        self._summary = summary
        self._reporter = reporter
        self._lock = asyncio.Lock()

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
        if self._summary.worth_telling() and self._summary.moved(self.resource) and not await self.persist():
            self._summary.count_again()

    async def persist(self) -> bool:
        """Write down all that is known now; whether it is on the resource."""
        async with self._lock:
            if self.resource is None:
                return True
            status = self._summary.status(self.resource)
            if status == self.resource.status:
                return True
            written = await self._reporter.tell_tenant(self.resource, status)
            if written is not None:
                self.observe(written)
            return written is not None

    async def warn(self, reason: str, message: str) -> None:
        """A Warning event on the tenant."""
        await self._reporter.warn(self.resource, reason, message)


def _same(one: CxoneTenant, other: CxoneTenant) -> bool:
    return one.metadata.uid == other.metadata.uid


def _version(resource: CxoneTenant) -> int:
    """resourceVersions are comparable integers (KEP-5504)."""
    version = resource.metadata.resource_version
    return int(version) if version.isdecimal() else 0

"""Orphans: users whose tenant does not exist have no loop that could tell them so, or let them go."""

from __future__ import annotations

from collections.abc import Iterator

from cxone_operator.api import user as user_api
from cxone_operator.api.meta import USER_FINALIZER
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser, encode_status
from cxone_operator.cluster.client import Cluster
from cxone_operator.cluster.errors import ClusterError
from cxone_operator.core import outcome
from cxone_operator.core.actions import Release
from cxone_operator.core.adoption import started_creating
from cxone_operator.core.outcome import Subject
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.memory.census import Census
from cxone_operator.engine.tell.audit import AuditTrail
from cxone_operator.engine.tell.users import log_ready
from cxone_operator.telemetry.audit import Audit
from cxone_operator.telemetry.logging import get_logger

_LOOK_SECONDS = 5.0

log = get_logger(__name__)


class Orphans:
    """Users of all tenants that do not exist."""

    def __init__(self, cluster: Cluster, clocks: Clocks, audit: Audit, tasks: Tasks) -> None:
        self._cluster = cluster
        self._clocks = clocks
        self._audit = audit
        self._tasks = tasks
        self._users: dict[str, CxoneUser] = {}
        self._told: dict[str, int] = {}
        """uid → the generation that was told."""

    def __iter__(self) -> Iterator[CxoneUser]:
        return iter(list(self._users.values()))

    def take_in(self, user: CxoneUser) -> None:
        """This user has no tenant."""
        self._users[user.metadata.uid] = user

    def discard(self, uid: str) -> None:
        """It has one now, or is gone."""
        self._users.pop(uid, None)
        self._told.pop(uid, None)

    def set_gauges(self) -> None:
        """They count under the name of the tenant that they miss."""
        strays: dict[str, list[CxoneUser]] = {}
        for user in self:
            strays.setdefault(tenant_name(user), []).append(user)
        for name, users in strays.items():
            Census(users).show(name)

    async def look_after(self) -> None:
        """Tell each what is missing, once for each spec, and let those go that may; until the tasks are to finish."""
        while True:
            await self._tasks.sleep(_LOOK_SECONDS)
            for user in self:
                uid, generation = user.metadata.uid, user.metadata.generation
                if _may_go(user):
                    await self._release(user)
                elif self._told.get(uid) != generation and await self._tell(user):
                    self._told[uid] = generation

    async def _release(self, user: CxoneUser) -> None:
        kept = [name for name in user.metadata.finalizers if name != USER_FINALIZER]
        try:
            await self._cluster.patch_finalizers(user_api.PLURAL, user.reference, kept, user.metadata.resource_version)
        except ClusterError as error:
            log.warning("orphan_not_released", resource=user.metadata.name, error=str(error))
            return
        self.discard(user.metadata.uid)
        trail = AuditTrail(tenant_name(user), self._audit, self._clocks.monotonic)
        trail.released(user, Release(deprovisioned=False))

    async def _tell(self, user: CxoneUser) -> bool:
        metadata, name = user.metadata, user.spec.tenant_ref.name
        message = f"CxoneTenant '{name}' does not exist in namespace {metadata.namespace}; create it"
        if metadata.deleting:
            message += ", or annotate the resource cxone.dev/abandon=true to delete only that"
        status = outcome.waiting(Subject(user, self._clocks.now()), Reason.TENANT_NOT_READY, message)
        if status == user.status:
            return True
        try:
            await self._cluster.patch_status(user_api.PLURAL, user.reference, encode_status(status))
        except ClusterError:
            return False
        log_ready(tenant_name(user), user, status)
        return True


def tenant_name(user: CxoneUser) -> str:
    """The tenant that a user refers to, as namespace/name."""
    return f"{user.metadata.namespace}/{user.spec.tenant_ref.name}"


def _may_go(orphan: CxoneUser) -> bool:
    """Nobody was ever provisioned for it, or somebody said that it does not matter.

    A finalizer alone proves nothing: an admission policy can put it on, also where a tenant's name is misspelt.
    """
    provisioned = orphan.status.user_id is not None or started_creating(orphan)
    return orphan.metadata.deleting and orphan.claimed and (orphan.abandoned or not provisioned)

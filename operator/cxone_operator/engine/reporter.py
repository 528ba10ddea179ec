"""The reporter: writes to the resources, pipelined, and only where something has changed.

One write at a time for each user; when it ends, the new object is put into the inbox and the user looked at again. So
a write that failed needs no queue of its own: the next look finds the same difference and writes again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.conditions import READY
from cxone_operator.api.meta import USER_FINALIZER, InvalidResource
from cxone_operator.api.tenant import CxoneTenant, TenantStatus, decode_tenant, encode_tenant_status
from cxone_operator.api.user import CxoneUser, UserStatus, decode_user, encode_status
from cxone_operator.cluster.client import Cluster
from cxone_operator.cluster.errors import ClusterError, Conflicted, Gone, Unreachable
from cxone_operator.cluster.server import Body
from cxone_operator.engine.state import TenantState
from cxone_operator.engine.tasks import Tasks
from cxone_operator.telemetry.logging import Streak, get_logger

_RETRY_SECONDS = 2.0
_REFUSED_SECONDS = 60.0
"""After an answer that will not change by itself; a person has to look."""

log = get_logger(__name__)


class Reporter:
    """Status and finalizer writes of one tenant."""

    def __init__(self, state: TenantState, cluster: Cluster, tasks: Tasks) -> None:
        self._state = state
        self._cluster = cluster
        self._tasks = tasks
        self._unwritten = Streak(log, "resources_not_written", "resources_written_again")
        self._untold = Streak(log, "tenant_status_not_written", "tenant_status_written_again")

    def tell(self, user: CxoneUser, status: UserStatus) -> bool:
        """Write the status, if a reader could notice the difference; whether it is written."""
        if status == user.status or user.metadata.uid in self._state.vanished:
            return False
        encoded = encode_status(status)
        self._start(user, lambda: self._cluster.patch_status(user_api.PLURAL, user.reference, encoded))
        return True

    def claim(self, user: CxoneUser) -> None:
        """Put our finalizer on."""
        self._set_finalizers(user, (*user.metadata.finalizers, USER_FINALIZER))

    def release(self, user: CxoneUser) -> None:
        """Take our finalizer off."""
        if user.metadata.uid in self._state.vanished:
            self._lose(user)
            return
        self._set_finalizers(user, [name for name in user.metadata.finalizers if name != USER_FINALIZER])

    async def tell_tenant(self, tenant: CxoneTenant, status: TenantStatus) -> CxoneTenant | None:
        """Write the tenant's status; the new object, None where it could not be written now."""
        encoded = encode_tenant_status(status)
        try:
            written = decode_tenant(await self._cluster.patch_status(tenant_api.PLURAL, tenant.reference, encoded))
        except (ClusterError, InvalidResource) as error:
            self._untold.failed(tenant=self._state.name, error=str(error))
            return None
        self._untold.ended(tenant=self._state.name)
        return written

    async def warn(self, tenant: CxoneTenant | None, reason: str, message: str) -> None:
        """A Warning event on the tenant, where it is a resource."""
        if tenant is not None:
            await self._cluster.event(tenant_api.PLURAL, tenant_api.KIND, tenant.reference, reason, message)

    def _set_finalizers(self, user: CxoneUser, finalizers: Sequence[str]) -> None:
        version = user.metadata.resource_version
        self._start(user, lambda: self._cluster.patch_finalizers(user_api.PLURAL, user.reference, finalizers, version))

    def _start(self, user: CxoneUser, write: Callable[[], Awaitable[Body]]) -> None:
        self._state.begin(user.metadata.uid)
        self._tasks.start(self._write(user, write))

    async def _write(self, user: CxoneUser, write: Callable[[], Awaitable[Body]]) -> None:
        uid = user.metadata.uid
        try:
            written = decode_user(await write())
            self._unwritten.ended(tenant=self._state.name)
            log_ready(self._state.name, user, written.status)
            self._take_over(written)
        except (Conflicted, Gone):
            await self._look_again(user)
        except Unreachable as error:
            self._unwritten.failed(tenant=self._state.name, resource=user.metadata.name, error=str(error))
            await self._tasks.sleep(_RETRY_SECONDS)
        except (ClusterError, InvalidResource) as error:
            log.error("resource_refused", tenant=self._state.name, resource=user.metadata.name, error=str(error))
            await self._tasks.sleep(_REFUSED_SECONDS)
        finally:
            self._state.end(uid)

    def _take_over(self, user: CxoneUser) -> None:
        """A deleted resource whose last finalizer was taken off is gone, whenever the watch says so."""
        if user.metadata.deleting and not user.metadata.finalizers:
            self._lose(user)
        else:
            self._state.inbox.absorb(user)

    def _lose(self, user: CxoneUser) -> None:
        self._state.inbox.remove(user.metadata.uid)
        self._state.forget_user(user.metadata.uid)

    def _miss(self, user: CxoneUser) -> None:
        """A resource that is gone before its first status was written may have lost its claim to a deletion."""
        known = self._state.inbox.get(user.metadata.uid)
        if known is not None and known.claimed and not known.metadata.deleting and not known.status.written:
            self._state.outlive(known)
        else:
            self._lose(user)

    async def _look_again(self, user: CxoneUser) -> None:
        try:
            self._state.inbox.put(decode_user(await self._cluster.get(user_api.PLURAL, user.reference)))
        except Gone:
            self._miss(user)
        except (ClusterError, InvalidResource) as error:
            self._unwritten.failed(tenant=self._state.name, resource=user.metadata.name, error=str(error))
            await self._tasks.sleep(_RETRY_SECONDS)


def log_ready(tenant: str, user: CxoneUser, status: UserStatus) -> None:
    """One line where Ready, which sums a user up, has another status or reason than before."""
    before, now = user.status.condition(READY), status.condition(READY)
    if now is None or (before is not None and (before.status, before.reason) == (now.status, now.reason)):
        return
    tell = log.warning if now.status == "False" else log.info
    resource = f"{user.metadata.namespace}/{user.metadata.name}"
    tell("user_changed", tenant=tenant, resource=resource, ready=now.status, reason=now.reason, message=now.message)

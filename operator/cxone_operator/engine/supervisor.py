"""The supervisor: which tenants there are, and which user belongs to which.

It keeps one loop per tenant, hands every resource to the loop of its tenant, and repairs what a watch can miss by
listing everything once in a while. A namespace without a CxoneTenant `default` uses the tenant of the environment,
where there is one; users of any other tenant that does not exist are told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.meta import InvalidResource
from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import DEFAULT_NAME, CxoneTenant, TenantSpec, decode_tenant
from cxone_operator.api.user import CxoneUser, decode_user
from cxone_operator.cluster.bodies import metadata
from cxone_operator.cluster.client import Cluster
from cxone_operator.cluster.errors import ClusterError
from cxone_operator.cluster.server import Body
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.finalizers import keep_finalizer
from cxone_operator.engine.memory.resources import is_newer
from cxone_operator.engine.orphans import Orphans
from cxone_operator.engine.read.connection import CredentialSource, FixedCredentials, SecretCredentials, keys_of
from cxone_operator.engine.tell.writer import Writer
from cxone_operator.engine.tenant import STOP_SECONDS, Tenant
from cxone_operator.engine.wiring import BuildClient, Workshop
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects import settled
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import Audit
from cxone_operator.telemetry.logging import get_logger

RELIST_SECONDS = 420.0
"""How often everything is listed: a deletion inside a watch gap is reported by nobody (measured on Kopf 1.45)."""
_ORPHAN_SECONDS = 5.0

Key = tuple[str, str]
"""Namespace and name of a tenant; the tenant of the environment has no namespace."""
ENVIRONMENT: Key = ("", DEFAULT_NAME)
_NOWHERE: Key = ("", "")

Resource = TypeVar("Resource")

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DefaultTenant:
    """The tenant of the environment."""

    spec: TenantSpec
    credentials: Credentials


class Supervisor:
    """All tenants of one process."""

    def __init__(
        self,
        cluster: Cluster,
        namespaces: Iterable[str],
        default: DefaultTenant | None,
        build: BuildClient,
        clocks: Clocks,
        audit: Audit,
    ) -> None:
        self._cluster = cluster
        self._namespaces: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._default = default
        self._clocks = clocks
        self._audit = audit
        self._writer = Writer(clocks)
        self._workshop = Workshop(cluster, self._writer, build, clocks, audit)
        self._tasks = Tasks()
        self._resources: dict[Key, CxoneTenant] = {}
        self._tenants: dict[Key, Tenant] = {}
        self._orphans = Orphans(cluster, clocks, audit, self._tasks)
        self._routes: dict[str, Key] = {}
        self._stopping = False
        self.listed_at: float | None = None
        """When everything was last listed, in seconds of the monotonic clock; None before the first time."""

    async def start(self) -> None:
        """List everything, start the loops, and keep both current. Raises ClusterError."""
        await self._list_everything()
        if self._default is not None:
            self._open(ENVIRONMENT, None)
        self._tasks.start(self._relist())
        self._tasks.start(self._orphans.look_after())

    async def stop(self) -> None:
        """Stop all loops at once, and wait for what they have in flight."""
        self._stopping = True
        await asyncio.gather(*(tenant.stop(STOP_SECONDS) for tenant in self._tenants.values()))
        await self._writer.stop(STOP_SECONDS)
        await self._tasks.finish(0.0)

    def observe_user(self, kind: str | None, body: Body) -> None:
        """An event of the watch; `kind` is DELETED, or anything else."""
        if kind != "DELETED" and self.is_echo(metadata(body, "uid"), metadata(body, "resourceVersion")):
            return
        user = _decoded(decode_user, body)
        if user is None:
            return
        if kind != "DELETED":
            self._route(user)
        elif not self._is_outlived(user):
            self._lose_user(user.metadata.uid)

    def is_echo(self, uid: str, resource_version: str) -> bool:
        """This version of a user is known: of our own write, or from the list. Most are, and cost no decoding."""
        tenant = self._tenants.get(self._routes.get(uid, _NOWHERE))
        known = tenant.version(uid) if tenant is not None else None
        return known is not None and not is_newer(resource_version, known)

    def _is_outlived(self, user: CxoneUser) -> bool:
        tenant = self._tenants.get(self._routes.get(user.metadata.uid, ENVIRONMENT))
        return tenant is not None and tenant.vanish(user)

    def observe_tenant(self, kind: str | None, body: Body) -> None:
        """An event of the watch; `kind` is DELETED, or anything else."""
        resource = _decoded(decode_tenant, body)
        if resource is None:
            return
        key = _key(resource)
        if kind == "DELETED":
            self._lose_tenant(key)
        else:
            self._keep_tenant(key, resource)

    def set_gauges(self) -> None:
        """Bring all gauges up to date; users of a tenant that does not exist count under its name."""
        metrics.forget_tenants()
        for tenant in self._tenants.values():
            tenant.set_gauges()
        self._orphans.set_gauges()

    def _keep_tenant(self, key: Key, resource: CxoneTenant) -> None:
        old = self._resources.get(key)
        resource = self._resources[key] = _settled(resource)
        tenant = self._tenants.get(key)
        if tenant is None or old is None or _needs_new_connection(old.spec, resource.spec):
            self._reopen(key, resource)
        else:
            tenant.change(resource)
        self._tasks.start(self._keep_finalizer(key))

    def _lose_tenant(self, key: Key) -> None:
        self._resources.pop(key, None)
        tenant = self._tenants.pop(key, None)
        if tenant is not None:
            tenant.leave()
            self._tasks.start(tenant.stop(STOP_SECONDS))
            self._hand_over(tenant)

    def _reopen(self, key: Key, resource: CxoneTenant) -> None:
        """Replace a loop; also takes over users that had to do without this tenant so far."""
        old = self._tenants.pop(key, None)
        self._open(key, resource, after=old)
        if old is not None:
            self._hand_over(old)
        for user in [user for user in self._everybody() if _tenant_key(user) == key]:
            self._route(user)

    def _open(self, key: Key, resource: CxoneTenant | None, after: Tenant | None = None) -> None:
        spec = resource.spec if resource is not None else self._default_spec()
        name = f"{key[0]}/{key[1]}" if resource is not None else "environment"
        tenant = self._workshop.tenant(name, spec, resource, self._source(resource))
        self._tenants[key] = tenant
        if after is not None:
            after.leave(tenant)
        tenant.start(after)

    def _hand_over(self, tenant: Tenant) -> None:
        """The users of a loop that ends go wherever they belong now."""
        for user in tenant:
            self._routes.pop(user.metadata.uid, None)
            self._route(user)

    def _default_spec(self) -> TenantSpec:
        if self._default is None:
            raise AssertionError("the environment tenant is only opened where there is one")
        return settled(self._default.spec)

    def _source(self, resource: CxoneTenant | None) -> CredentialSource:
        if resource is None and self._default is not None:
            return FixedCredentials(self._default.credentials)
        if resource is None or resource.spec.credentials_secret_ref is None:
            return _NoCredentials()
        return SecretCredentials(self._cluster, resource.metadata.namespace, keys_of(resource.spec))

    def _route(self, user: CxoneUser) -> None:
        """Hand a resource to the loop of its tenant, and take it away from any other."""
        uid = user.metadata.uid
        key = self._key_for(user)
        before = self._routes.get(uid)
        if before is not None and before != key:
            self._lose_user(uid)
        self._routes[uid] = key
        tenant = self._tenants.get(key)
        if tenant is None:
            self._orphans.take_in(user)
            return
        self._orphans.discard(uid)
        tenant.observe(user)
        if len(tenant) == 1 and tenant.resource is not None:
            self._tasks.start(self._keep_finalizer(key))

    def _key_for(self, user: CxoneUser) -> Key:
        key = _tenant_key(user)
        no_resource = key not in self._resources and key[1] == DEFAULT_NAME
        return ENVIRONMENT if no_resource and self._default is not None else key

    def _lose_user(self, uid: str) -> None:
        self._orphans.discard(uid)
        key = self._routes.pop(uid, None)
        tenant = self._tenants.get(key) if key is not None else None
        if tenant is not None and key is not None:
            tenant.lose(uid)
            if not len(tenant):
                self._tasks.start(self._keep_finalizer(key))

    def _everybody(self) -> list[CxoneUser]:
        users = [user for tenant in self._tenants.values() for user in tenant]
        return [*users, *self._orphans]

    async def _keep_finalizer(self, key: Key) -> None:
        tenant, resource = self._tenants.get(key), self._resources.get(key)
        if tenant is None or resource is None or self.listed_at is None:
            return
        changed = await keep_finalizer(self._cluster, resource, used=len(tenant) > 0)
        if changed is not None and changed.metadata.deleting and not changed.metadata.finalizers:
            self._lose_tenant(key)
        elif changed is not None and self._resources.get(key) is resource:
            self._resources[key] = _settled(changed)
            tenant.change(self._resources[key])

    async def _relist(self) -> None:
        while not self._stopping:
            await self._tasks.sleep(RELIST_SECONDS * (0.9 + 0.2 * self._clocks.jitter()))
            try:
                await self._list_everything()
            except ClusterError as error:
                log.warning("relist_failed", error=str(error))

    async def _list_everything(self) -> None:
        """Tenants first, so that no user is taken for one without a tenant."""
        bodies = [body async for body in self._list(tenant_api.PLURAL)]
        found = (_decoded(decode_tenant, body) for body in bodies)
        resources = {_key(resource): resource for resource in found if resource is not None}
        for key in self._resources.keys() - resources.keys():
            self._lose_tenant(key)
        for key, resource in resources.items():
            self._keep_tenant(key, resource)
        seen = set()
        known_before = set(self._routes)
        async for body in self._list(user_api.PLURAL):
            seen.add(metadata(body, "uid"))
            self.observe_user(None, body)
        for uid in known_before - seen:
            self._lose_user(uid)
        self.listed_at = self._clocks.monotonic()
        for key in self._resources:
            self._tasks.start(self._keep_finalizer(key))

    async def _list(self, plural: str) -> AsyncIterator[Body]:
        for namespace in self._namespaces:
            async for body in self._cluster.list(plural, namespace):
                yield body


class _NoCredentials:
    """A tenant whose spec names no Secret."""

    async def read(self) -> Credentials | Failure:
        """Always what is missing."""
        message = "spec.credentialsSecretRef is missing; name a Secret with the credentials of the API client"
        return Failure(Reason.TENANT_NOT_READY, message, retryable=True, scope=Scope.TENANT)


def _key(resource: CxoneTenant) -> Key:
    return (resource.metadata.namespace, resource.metadata.name)


def _tenant_key(user: CxoneUser) -> Key:
    return (user.metadata.namespace, user.spec.tenant_ref.name)


def _settled(resource: CxoneTenant) -> CxoneTenant:
    return msgspec.structs.replace(resource, spec=settled(resource.spec))


def _needs_new_connection(old: TenantSpec, new: TenantSpec) -> bool:
    """What was learned of the server would not hold any more."""

    def address(spec: TenantSpec) -> object:
        mode = spec.license.mode
        return (spec.base_url, spec.credentials_secret_ref, spec.api, spec.network, spec.scopes, mode)

    return address(old) != address(new)


def _decoded(decode: Callable[[Body], Resource], body: Body) -> Resource | None:
    try:
        return decode(body)
    except InvalidResource as error:
        log.error("resource_not_understood", error=str(error))
        return None

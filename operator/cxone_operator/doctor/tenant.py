"""The tenant: its resource, or the environment in its place, its Secret, and the people who are declared for it."""

from __future__ import annotations

from collections.abc import Sequence

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.conditions import READY
from cxone_operator.api.meta import InvalidResource
from cxone_operator.api.tenant import CxoneTenant, TenantSpec, decode_tenant
from cxone_operator.api.user import CxoneUser, known_user
from cxone_operator.cluster.bodies import metadata
from cxone_operator.cluster.client import Cluster
from cxone_operator.core.failure import Failure
from cxone_operator.doctor.check import Check, Outcome, failed, ok, told, warning
from cxone_operator.doctor.cluster import API_SERVER
from cxone_operator.doctor.visit import Step
from cxone_operator.engine.read.connection import Key, SecretCredentials, keys_of
from cxone_operator.engine.supervisor import DefaultTenant
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects import settled

TENANT = "tenant"
CREDENTIALS = "credentials"
_MOST_USERS = 1000
"""Resources that are looked through for names that nobody has: two requests."""


class Tenant:
    """What becomes known of one tenant on the way."""

    def __init__(self, cluster: Cluster | None, namespace: str, name: str, default: DefaultTenant | None) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name
        self._default = default
        self._resource: CxoneTenant | None = None
        self._users: list[CxoneUser] | None = None
        self.spec: TenantSpec | None = None
        """With what its preset says; None before the step."""
        self.credentials: Credentials | None = None

    @property
    def secret(self) -> str:
        """The name of its Secret, empty where it has none."""
        reference = self._resource.spec.credentials_secret_ref if self._resource is not None else None
        return reference.name if reference is not None else ""

    def steps(self) -> list[Step]:
        """In their order."""
        needs = (API_SERVER,) if self._cluster is not None else ()
        return [Step(TENANT, self._look, needs), Step(CREDENTIALS, self._read, (TENANT,))]

    async def users(self) -> list[CxoneUser]:
        """The first of those who are declared for it, as far as they can be understood; raises ClusterError."""
        if self._users is None:
            self._users = await self._listed(self._cluster) if self._cluster is not None else []
        return self._users

    async def _listed(self, cluster: Cluster) -> list[CxoneUser]:
        found: list[CxoneUser] = []
        async for body in cluster.list(user_api.PLURAL, self._namespace):
            user = known_user(body)
            if user is not None and user.spec.tenant_ref.name == self._name:
                found.append(user)
            if len(found) == _MOST_USERS:
                break
        return found

    async def _look(self) -> Sequence[Check]:
        try:
            self._resource = await self._found()
        except InvalidResource as error:
            text = f"CxoneTenant {self._name} cannot be understood: {error}"
            return [failed(TENANT, text, "correct it, or install the CRDs of this version")]
        if self._resource is None:
            return [self._of_environment()]
        self.spec = settled(self._resource.spec)
        return [_told(self._resource)]

    async def _found(self) -> CxoneTenant | None:
        if self._cluster is None:
            return None
        bodies = self._cluster.list(tenant_api.PLURAL, self._namespace)
        found = [body async for body in bodies if metadata(body, "name") == self._name]
        return decode_tenant(found[0]) if found else None

    def _of_environment(self) -> Check:
        if self._default is None:
            text = f"there is no CxoneTenant {self._name} in namespace {self._namespace}"
            return failed(TENANT, text, "create it, choose --namespace and --tenant, or set CXONE_BASE_URL")
        self.spec, self.credentials = settled(self._default.spec), self._default.credentials
        return ok(TENANT, f"of the environment, {self.spec.api.preset} at {self.spec.base_url}")

    async def _read(self) -> Sequence[Check]:
        if self._resource is None or self._cluster is None:
            return [ok(CREDENTIALS, "of the environment")]
        if not self.secret:
            text = f"CxoneTenant {self._name} names no Secret"
            return [failed(CREDENTIALS, text, "set spec.credentialsSecretRef")]
        keys = keys_of(self._resource.spec)
        listed = _listed(keys)
        found = await SecretCredentials(self._cluster, self._namespace, keys).read()
        if isinstance(found, Failure):
            lacking = "; ".join(f"give the Secret {name} the keys {wanted}" for name, wanted in listed.items())
            return [told(CREDENTIALS, Outcome.FAILED, found.message, lacking)]
        self.credentials = found
        return [ok(CREDENTIALS, "; ".join(f"Secret {name} has {wanted}" for name, wanted in listed.items()))]


def _listed(keys: Sequence[Key]) -> dict[str, str]:
    """The keys that are asked for of each Secret."""
    return {
        secret: ", ".join(key.key for key in keys if key.secret == secret)
        for secret in dict.fromkeys(key.secret for key in keys)
    }


def _told(tenant: CxoneTenant) -> Check:
    ready = tenant.status.condition(READY)
    if tenant.spec.suspend:
        return warning(TENANT, f"CxoneTenant {tenant.metadata.name} is suspended", "set spec.suspend to false")
    if ready is not None and ready.status == "False":
        text = f"the operator says {ready.reason}: {ready.message}"
        return told(TENANT, Outcome.WARNING, text, "see the lines below")
    return ok(TENANT, f"CxoneTenant {tenant.metadata.name}, {tenant.spec.api.preset} at {tenant.spec.base_url}")

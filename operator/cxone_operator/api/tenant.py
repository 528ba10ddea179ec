"""CxoneTenant as typed values. The defaults here are those of the CRD, for tenants that come from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from cxone_operator.api.conditions import Condition, find
from cxone_operator.api.meta import (
    APPROVE_DEPROVISIONING,
    TENANT_FINALIZER,
    InvalidResource,
    Metadata,
    Reference,
    trimmed,
)
from cxone_operator.api.user import DeletionPolicy

PLURAL = "cxonetenants"
KIND = "CxoneTenant"
DEFAULT_NAME = "default"


class SecretReference(msgspec.Struct, frozen=True):
    """A Secret in the tenant's namespace with the keys clientId and clientSecret."""

    name: str


class Auth(msgspec.Struct, frozen=True, rename="camel"):
    """How the operator proves to the tenant who it is; None takes the preset's value."""

    grant: Literal["ClientCredentials", "AccessKey", "Token", "Basic"] | None = None
    client_authentication: Literal["Basic", "Body"] | None = None
    token_url: str | None = msgspec.field(default=None, name="tokenURL")


class Api(msgspec.Struct, frozen=True, rename="camel"):
    """Which API the tenant speaks; None takes the preset's value."""

    preset: Literal["Platform", "UserHub", "RFC7644"] = "Platform"
    auth: Auth = Auth()
    discovery: bool | None = None
    token_path: str | None = None
    users_path: str | None = None
    groups_path: str | None = None
    bulk_path: str | None = None
    roles_path: str | None = None
    teams_path: str | None = None
    config_path: str | None = None
    license_quota_path: str | None = None
    license_assignments_path: str | None = None
    bulk: Literal["AsyncJob", "Synchronous", "Discover", "Off"] | None = None
    list: Literal["Paged", "Filter"] | None = None
    patch: Literal["PatchOp", "WithoutOp", "Replace"] | None = None
    deactivation: Literal["Patch", "Batch"] | None = None
    memberships: Literal["User", "Group", "None"] | None = None
    roles: Literal["Values", "Ids", "None"] | None = None
    role_attribute: Literal["roles", "entitlements"] | None = None


class Network(msgspec.Struct, frozen=True, rename="camel"):
    """The way to the tenant; what is not said is the environment's."""

    proxy_url: str | None = msgspec.field(default=None, name="proxyURL")
    ca_secret_ref: SecretReference | None = None
    """A Secret with the key ca.crt."""
    client_certificate_secret_ref: SecretReference | None = None
    """A Secret of type kubernetes.io/tls."""


class RateLimit(msgspec.Struct, frozen=True, rename="camel"):
    """The budget of requests: a sliding window of 60 seconds."""

    requests_per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 100
    reserved_percent_for_leavers: Annotated[int, Meta(ge=0, le=50)] = 10


class Bulk(msgspec.Struct, frozen=True, rename="camel"):
    """When and how much is sent as one bulk request."""

    mode: Literal["Auto", "Off"] = "Auto"
    min_operations: Annotated[int, Meta(ge=1)] = 5
    max_operations: Annotated[int, Meta(ge=1, le=1000)] = 100
    max_failures: Annotated[int, Meta(ge=1)] = 5
    job_timeout_seconds: Annotated[int, Meta(ge=1)] = 900


class License(msgspec.Struct, frozen=True, rename="camel"):
    """Where the number of seats comes from, and what happens when they run short."""

    mode: Literal["Quota", "CountUsers", "None"] | None = None
    """None takes the preset's value."""
    limit: Annotated[int, Meta(ge=0)] | None = None
    reclaim: bool = True
    on_shortage: Literal["FillAvailable", "HoldBatch"] = "FillAvailable"
    reserve: Annotated[int, Meta(ge=0)] = 0


class Deprovisioning(msgspec.Struct, frozen=True, rename="camel"):
    """The line that mass deprovisioning must not cross without approval."""

    max_percent: int = 20
    max_users: int = 50
    min_users: int = 5
    window_seconds: int = 3600


class Safety(msgspec.Struct, frozen=True, rename="camel"):
    """What the operator must not do to people."""

    deprovisioning: Deprovisioning = Deprovisioning()
    protected_users: tuple[str, ...] = ()
    allow_delete: bool = False


class Defaults(msgspec.Struct, frozen=True, rename="camel"):
    """Values for users that leave them out."""

    role: str | None = None
    groups: tuple[str, ...] | None = None
    timezone: str | None = None
    deletion_policy: DeletionPolicy | None = None


class TenantSpec(msgspec.Struct, frozen=True, rename="camel"):
    """One CXone tenant and the policies for its users."""

    base_url: str = msgspec.field(name="baseURL")
    credentials_secret_ref: SecretReference | None = None
    api: Api = Api()
    network: Network = Network()
    scopes: tuple[str, ...] | None = None
    rate_limit: RateLimit = RateLimit()
    bulk: Bulk = Bulk()
    license: License = License()
    safety: Safety = Safety()
    sync_period_seconds: Annotated[int, Meta(ge=30)] = 900
    drift_policy: Literal["Correct", "Report"] = "Correct"
    groups_policy: Literal["Exact", "Additive"] = "Exact"
    match_by: tuple[Literal["userName", "employeeId"], ...] = ("userName",)
    defaults: Defaults = Defaults()
    suspend: bool = False


class Licenses(msgspec.Struct, frozen=True, rename="camel"):
    """Seats, as last read and reserved."""

    total: int | None = 0
    """None where CXone does not limit them."""
    used: int = 0
    reserved: int = 0
    waiting: int = 0
    utilization_percent: int = 0


class UserCounts(msgspec.Struct, frozen=True):
    """How the tenant's resources stand; `unmanaged` counts CXone users that no resource has, or is about to have."""

    managed: int = 0
    ready: int = 0
    waiting: int = 0
    stalled: int = 0
    unmanaged: int = 0


class DirectoryStatus(msgspec.Struct, frozen=True, rename="camel"):
    """The last snapshot of CXone's users."""

    users: int = 0
    refreshed_time: str | None = None
    complete: bool = False


class BulkJob(msgspec.Struct, frozen=True, rename="camel"):
    """A bulk job that was accepted and has not been seen to end."""

    id: str
    operations: int
    submitted_time: str
    purpose: str = ""


class AdmissionStatus(msgspec.Struct, frozen=True):
    """So many users were let through at that time, without approval."""

    time: str
    users: int


class DeprovisioningStatus(msgspec.Struct, frozen=True, rename="camel"):
    """What the guard against mass deprovisioning has counted and holds."""

    held: int = 0
    plan_hash: str | None = None
    sample: tuple[str, ...] = ()
    held_since: str | None = None
    window_start: str | None = None
    used: int = 0
    admissions: tuple[AdmissionStatus, ...] = ()
    released: tuple[str, ...] = ()


class TenantStatus(msgspec.Struct, frozen=True, rename="camel"):
    """What the operator last said of the tenant."""

    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()
    licenses: Licenses | None = None
    users: UserCounts | None = None
    directory: DirectoryStatus | None = None
    bulk_jobs: tuple[BulkJob, ...] = ()
    findings: tuple[str, ...] = ()
    """What the server does otherwise than it should, each with the remedy."""
    unconfirmed_until: str | None = None
    deprovisioning: DeprovisioningStatus | None = None

    def condition(self, type_: str) -> Condition | None:
        """The condition of that type, or None."""
        return find(self.conditions, type_)


class CxoneTenant(msgspec.Struct, frozen=True):
    """One tenant resource, as last seen."""

    metadata: Metadata
    spec: TenantSpec
    status: TenantStatus = TenantStatus()

    @property
    def reference(self) -> Reference:
        """The object that writes to this resource mean."""
        return Reference(self.metadata.namespace, self.metadata.name, self.metadata.uid)

    @property
    def claimed(self) -> bool:
        """The resource carries the finalizer that keeps it while users refer to it."""
        return TENANT_FINALIZER in self.metadata.finalizers

    @property
    def approved_plan(self) -> str | None:
        """The hash of the deprovisioning plan that somebody has approved, None where nobody has."""
        return self.metadata.annotations.get(APPROVE_DEPROVISIONING)


def decode_tenant(body: Mapping[str, object]) -> CxoneTenant:
    """A CxoneTenant from its JSON object; raises InvalidResource naming the field."""
    try:
        return msgspec.convert(trimmed(body), CxoneTenant)
    except msgspec.ValidationError as error:
        raise InvalidResource(str(error)) from error


def encode_tenant_status(status: TenantStatus) -> dict[str, object]:
    """The status for a merge patch (RFC 7396)."""
    encoded: dict[str, object] = msgspec.to_builtins(status)
    return encoded

"""A dialect: what differs between the APIs that tenants speak, as data.

A preset is one, and a tenant can override each setting. Nothing else knows of presets: whatever reads or writes users
looks at these settings, and above `scim` only at `Capabilities`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from cxone_operator.core.users import Field


class Grant(StrEnum):
    """How we prove who we are; each wants its own keys in the Secret."""

    CLIENT_CREDENTIALS = "ClientCredentials"
    """OAuth 2.0 client credentials (RFC 6749 section 4.4)."""
    ACCESS_KEY = "AccessKey"
    """The password grant with an access key in place of a person (RFC 6749 section 4.3)."""
    TOKEN = "Token"  # noqa: S105 - a word, not a token
    """A bearer token that somebody has made by hand."""
    BASIC = "Basic"
    """User name and password with each request (RFC 7617)."""

    @property
    def has_tokens(self) -> bool:
        """A token endpoint gives tokens for it."""
        return self in (Grant.CLIENT_CREDENTIALS, Grant.ACCESS_KEY)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that the Secret must have."""
        return _KEYS[self]

    @property
    def named(self) -> str:
        """The same, as a message names them."""
        *most, last = self.keys
        return f"{', '.join(most)} and {last}" if most else last


_KEYS = {
    Grant.CLIENT_CREDENTIALS: ("clientId", "clientSecret"),
    Grant.ACCESS_KEY: ("clientId", "clientSecret", "accessKeyId", "accessKeySecret"),
    Grant.TOKEN: ("token",),
    Grant.BASIC: ("username", "password"),
}


class ClientAuthentication(StrEnum):
    """How client id and secret go to the token endpoint (RFC 6749 section 2.3.1)."""

    BASIC = "Basic"
    """In the Authorization header."""
    BODY = "Body"
    """As the parameters client_id and client_secret."""


class BulkMode(StrEnum):
    """How the server takes many operations at once."""

    ASYNC_JOB = "AsyncJob"
    """The answer is the id of a job, which is asked after until it has ended."""
    SYNCHRONOUS = "Synchronous"
    """The answer has a result for each operation (RFC 7644 section 3.7)."""
    DISCOVER = "Discover"
    """As ServiceProviderConfig says (RFC 7643 section 5)."""
    OFF = "Off"
    """Not at all: each change is a request of its own."""


class ListMode(StrEnum):
    """How users can be read."""

    PAGED = "Paged"
    """All of them, page by page (RFC 7644 section 3.4.2.4), or by cursors where the server offers them (RFC 9865)."""
    FILTER = "Filter"
    """Those that are asked for by name or id, and nobody else."""


class PatchMode(StrEnum):
    """How a user is changed."""

    PATCH_OP = "PatchOp"
    """PATCH (RFC 7644 section 3.5.2), or PUT where ServiceProviderConfig says that there is none."""
    WITHOUT_OP = "WithoutOp"
    """PATCH whose operations have no `op`."""
    REPLACE = "Replace"
    """PUT of the whole user (RFC 7644 section 3.5.1): only declared attributes changed, the rest as it was read.

    Each user is read right before, so there are no bulk requests.
    """


class Deactivation(StrEnum):
    """How users are locked out."""

    PATCH = "Patch"
    """Each by a change of its own."""
    BATCH = "Batch"
    """Many in one request, whose answer names those whom it has not locked out."""


class Memberships(StrEnum):
    """Where it is written who is in which group."""

    USER = "User"
    """On the user."""
    GROUP = "Group"
    """On the group; User.groups is read-only (RFC 7643 section 4.1.2)."""
    NONE = "None"
    """There are no groups."""


class RoleForm(StrEnum):
    """What a role is called on a user."""

    VALUES = "Values"
    """By its name."""
    IDS = "Ids"
    """By an id; the name is shown beside it as `display`."""
    NONE = "None"
    """There are no roles."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One API. Paths are relative to the tenant's base URL."""

    grant: Grant = Grant.CLIENT_CREDENTIALS
    client_authentication: ClientAuthentication = ClientAuthentication.BASIC
    client_encoded: bool = False
    """Client id and secret are form-encoded in the header, as RFC 6749 section 2.3.1 asks and not everybody does."""
    discovery: bool = False
    """The base URL is an address that is known to all, and tells where the tenant's tokens and API are."""
    token_path: str = "/oauth/token"  # noqa: S105 - a path, not a token
    token_url: str | None = None
    """The whole address where it is not below the base URL."""
    users_path: str = "/scim/v2/Users"
    groups_path: str = "/scim/v2/Groups"
    bulk_path: str = "/scim/v2/Bulk"
    roles_path: str | None = None
    teams_path: str | None = None
    """Searches that tell the ids of roles and teams; None where only users show them."""
    config_path: str | None = None
    """ServiceProviderConfig; None where the server does not describe itself."""
    bulk_users_path: str | None = None
    """What the path of an operation within a bulk request begins with, None where that is the path of the users."""
    license_quota_path: str = "/api/v2/license/quotas"
    license_assignments_path: str = "/api/v2/license/assignments"
    bulk: BulkMode = BulkMode.ASYNC_JOB
    list: ListMode = ListMode.PAGED
    patch: PatchMode = PatchMode.PATCH_OP
    memberships: Memberships = Memberships.USER
    roles: RoleForm = RoleForm.VALUES
    role_attribute: Literal["roles", "entitlements"] = "roles"
    team: bool = True
    """The server has the team of CXone's extension."""
    external_id: bool = True
    """The server keeps externalId."""
    deactivation: Deactivation = Deactivation.PATCH
    deactivate_path: str = "/user-management/v1/users/deactivate"
    deletes: bool = True
    """Users can be deleted, until the server says otherwise."""
    license: Literal["Quota", "CountUsers", "None"] = "Quota"
    """Where the number of seats comes from, unless the tenant says otherwise."""
    scim_scope: str = "SCIM.ReadWrite"
    """The scope that a refusal names as the one that may be missing."""
    license_read_scope: str = "License.Read"
    license_write_scope: str = "License.ReadWrite"
    scopes: tuple[str, ...] = ()

    @property
    def unmanaged(self) -> frozenset[Field]:
        """Attributes that the server does not have: whoever declares them is served without."""
        has = {
            Field.GROUPS: self.memberships is not Memberships.NONE,
            Field.ROLES: self.roles is not RoleForm.NONE,
            Field.TEAM: self.team,
            Field.EMPLOYEE_ID: self.external_id,
        }
        return frozenset(field for field, there in has.items() if not there)

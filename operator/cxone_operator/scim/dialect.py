"""Dialects: what differs between the APIs that tenants speak, as data.

A preset fixes all of it; a tenant can override each setting. This version speaks `Platform`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
NICE_SCHEMA = "urn:ietf:params:scim:schemas:extension:nice:2.0:User"


class BulkMode(StrEnum):
    """How the server takes many operations at once."""

    ASYNC_JOB = "AsyncJob"
    SYNCHRONOUS = "Synchronous"
    OFF = "Off"


class ListMode(StrEnum):
    """How users can be read."""

    PAGED = "Paged"
    FILTER = "Filter"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One API, as paths and habits. Paths are relative to the tenant's base URL."""

    token_path: str = "/oauth/token"  # noqa: S105 - a path, not a token
    users_path: str = "/scim/v2/Users"
    bulk_path: str = "/scim/v2/Bulk"
    license_quota_path: str = "/api/v2/license/quotas"
    license_assignments_path: str = "/api/v2/license/assignments"
    bulk: BulkMode = BulkMode.ASYNC_JOB
    list: ListMode = ListMode.PAGED
    scim_scope: str = "SCIM.ReadWrite"
    license_read_scope: str = "License.Read"
    license_write_scope: str = "License.ReadWrite"
    scopes: tuple[str, ...] = ("SCIM.ReadWrite", "User.ReadWrite", "License.Read", "License.ReadWrite")


class UnsupportedPreset(ValueError):
    """The tenant asks for a preset that this version does not speak."""


PLATFORM = Dialect()


def dialect_for(preset: str, **overrides: object) -> Dialect:
    """The preset with every override that is not None, named as in `Dialect`; raises UnsupportedPreset."""
    if preset != "Platform":
        raise UnsupportedPreset(f"api.preset {preset} is not supported by this version; use Platform")
    given = {name: value for name, value in overrides.items() if value is not None}
    if "bulk" in given:
        given["bulk"] = BulkMode(str(given["bulk"]))
    if "list" in given:
        given["list"] = ListMode(str(given["list"]))
    paths = {
        name: value.rstrip("/") for name, value in given.items() if isinstance(value, str) and name.endswith("_path")
    }
    return replace(PLATFORM, **{**given, **paths})  # type: ignore[arg-type]

"""Discovery: what a server says of itself (RFC 7643 section 5), and what of a tenant's settings contradicts it.

What a preset leaves to the server is taken from there. What somebody has set is kept where the server can do it; where
it cannot, the tenant works without it, and a finding says which setting to change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cxone_operator.scim.answers import count_from, member
from cxone_operator.scim.bulk import LARGEST_BYTES
from cxone_operator.scim.dialects.dialect import BulkMode, Dialect, ListMode, Memberships, PatchMode, RoleForm
from cxone_operator.scim.messages import USER_SCHEMA

_READ_ONLY = "readonly"
"""The mutability of what nobody can write (RFC 7643 section 7)."""


@dataclass(frozen=True, slots=True)
class Described:
    """ServiceProviderConfig. Who describes nothing has filters and PATCH, and nothing that has to be announced."""

    bulk: bool = False
    operations: int | None = None
    """The most in one bulk request, None without a limit."""
    payload_bytes: int = LARGEST_BYTES
    patch: bool = True
    filters: bool = True
    versions: bool = False
    """ETags, and If-Match."""


def described(body: Mapping[str, object]) -> Described:
    """From its JSON, whatever is missing in it."""
    bulk, operations = _part(body, "bulk"), count_from(member(_part(body, "bulk"), "maxOperations"))
    payload = count_from(member(bulk, "maxPayloadSize"))
    return Described(
        bulk=_supported(bulk, absent=False),
        operations=operations or None,
        payload_bytes=min(payload or LARGEST_BYTES, LARGEST_BYTES),
        patch=_supported(_part(body, "patch"), absent=True),
        filters=_supported(_part(body, "filter"), absent=True),
        versions=_supported(_part(body, "etag"), absent=False),
    )


def agreed(dialect: Dialect, server: Described) -> tuple[Dialect, tuple[str, ...]]:
    """The dialect that both can speak, and the findings."""
    findings = []
    bulk, patch = dialect.bulk, dialect.patch
    if bulk is BulkMode.DISCOVER:
        bulk = BulkMode.SYNCHRONOUS if server.bulk else BulkMode.OFF
    elif bulk is not BulkMode.OFF and not server.bulk:
        bulk = BulkMode.OFF
        findings.append(_contradicted("bulk", dialect.bulk, "has no bulk requests", "leave spec.api.bulk out"))
    if patch is not PatchMode.REPLACE and not server.patch:
        if patch is PatchMode.WITHOUT_OP:
            findings.append(_contradicted("patch", patch, "has no PATCH", "leave spec.api.patch out"))
        patch = PatchMode.REPLACE
    if dialect.list is ListMode.FILTER and not server.filters:
        findings.append(_contradicted("list", dialect.list, "has no filters", "set spec.api.list to Paged"))
    return replace(dialect, bulk=bulk, patch=patch), tuple(findings)


def attributes_of(body: Mapping[str, object]) -> dict[str, str] | None:
    """Attribute → its mutability, both in lower case, by the User schema (RFC 7643 section 7); None without one."""
    resources = member(body, "Resources")
    schemas = resources if isinstance(resources, list) else [body]
    found = next((one for one in schemas if isinstance(one, Mapping) and member(one, "id") == USER_SCHEMA), None)
    attributes = member(found, "attributes") if found is not None else None
    if not isinstance(attributes, list):
        return None
    named = ((member(one, "name"), member(one, "mutability")) for one in attributes if isinstance(one, Mapping))
    return {name.lower(): str(mutability).lower() for name, mutability in named if isinstance(name, str)}


def fitted(dialect: Dialect, attributes: Mapping[str, str]) -> tuple[Dialect, tuple[str, ...]]:
    """The dialect without what the server's users do not have, and the findings."""
    findings = []
    roles, memberships = dialect.roles, dialect.memberships
    writable = {name for name, mutability in attributes.items() if mutability != _READ_ONLY}
    if roles is not RoleForm.NONE and dialect.role_attribute.lower() not in writable:
        roles = RoleForm.NONE
        other = next((name for name in ("roles", "entitlements") if name in writable), None)
        if other is not None:
            what = f"keeps no {dialect.role_attribute} on users"
            remedy = f"set spec.api.roleAttribute to {other}, until then roles are not managed"
            findings.append(_contradicted("roleAttribute", dialect.role_attribute, what, remedy))
    if memberships is Memberships.USER and "groups" not in writable:
        memberships = Memberships.NONE
        remedy = "set spec.api.memberships to Group, until then groups are not managed"
        findings.append(_contradicted("memberships", "User", "does not let a user's groups be written", remedy))
    return replace(dialect, roles=roles, memberships=memberships), tuple(findings)


def _contradicted(setting: str, value: str, what: str, remedy: str) -> str:
    return f"spec.api.{setting} is {value}, but the server says that it {what}; {remedy}"


def _part(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = member(body, name)
    return part if isinstance(part, Mapping) else {}


def _supported(part: Mapping[str, object], *, absent: bool) -> bool:
    value = member(part, "supported")
    if isinstance(value, str):
        return value.lower() == "true"
    return value if isinstance(value, bool) else absent

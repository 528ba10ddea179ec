"""Discovery (RFC 7643 sections 5 to 7, RFC 7644 section 4): what this tenant offers, in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cxone_simulator.attributes import EXTENSIONS, NICE_SCHEMA, TEAM_PARTS, USER_SCHEMA
from cxone_simulator.groups import GROUP_SCHEMA
from cxone_simulator.paging import CURSOR_SECONDS
from cxone_simulator.settings import Settings
from cxone_simulator.shapes import by_id

CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


_SCHEMAS = {
    "Platform": (USER_SCHEMA, GROUP_SCHEMA, NICE_SCHEMA),
    "UserHub": (USER_SCHEMA, NICE_SCHEMA),
    "RFC7644": (USER_SCHEMA, GROUP_SCHEMA),
}
"""Which of them there are, by preset."""
_BEARER = {"type": "oauthbearertoken", "name": "OAuth Bearer Token", "description": "Client credentials, RFC 6749"}
_BASIC = {"type": "httpbasic", "name": "HTTP Basic", "description": "The client id and secret, RFC 7617"}


def service_provider_config(settings: Settings) -> dict[str, Any]:
    """What is supported and how much of it."""
    return {
        "schemas": [CONFIG],
        "patch": {"supported": settings.patch_supported},
        "bulk": {
            "supported": settings.bulk_mode != "off",
            "maxOperations": settings.max_operations,
            "maxPayloadSize": settings.max_payload_bytes,
        },
        "filter": {"supported": settings.filter_supported, "maxResults": settings.max_page_size},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": settings.etags},
        **_pagination(settings),
        "authenticationSchemes": [_BEARER, _BASIC] if settings.strict else [_BEARER],
        "meta": {"resourceType": "ServiceProviderConfig", "location": "/scim/v2/ServiceProviderConfig"},
    }


def _pagination(settings: Settings) -> dict[str, Any]:
    """How lists are read (RFC 9865 section 4); a server without cursors does not know of it."""
    if settings.cursor_paging == "off":
        return {}
    forced = settings.cursor_paging == "forced"
    return {
        "pagination": {
            "cursor": True,
            "index": not forced,
            "defaultPaginationMethod": "cursor" if forced else "index",
            "defaultPageSize": settings.max_page_size,
            "maxPageSize": settings.max_page_size,
            "cursorTimeout": CURSOR_SECONDS,
        }
    }


def resource_types(settings: Settings) -> list[dict[str, Any]]:
    """Users and groups."""
    user = _resource_type("User", "/Users", "A CXone employee", USER_SCHEMA)
    if not settings.strict:
        user = {**user, "schemaExtensions": [{"schema": NICE_SCHEMA, "required": False}]}
    return [user, _resource_type("Group", "/Groups", "Whom work is given to together", GROUP_SCHEMA)]


def _resource_type(name: str, endpoint: str, description: str, schema: str) -> dict[str, Any]:
    return {
        "schemas": [RESOURCE_TYPE],
        "id": name,
        "name": name,
        "endpoint": endpoint,
        "description": description,
        "schema": schema,
        "meta": {"resourceType": "ResourceType", "location": f"/scim/v2/ResourceTypes/{name}"},
    }


def schemas(settings: Settings) -> list[dict[str, Any]]:
    """Exactly the attributes that are kept."""
    core = [
        _attribute("userName", required=True, uniqueness="server"),
        _complex("name", ["givenName", "familyName", "middleName"], needed=("givenName", "familyName")),
        _attribute("displayName"),
        _attribute("timezone"),
        _attribute("active", type_="boolean", required=True),
        _multi(
            "emails",
            [_attribute("value", required=True), _attribute("type"), _attribute("primary", type_="boolean")],
            required=True,
        ),
        _multi("phoneNumbers", [_attribute("value", required=True), _attribute("type")]),
        *_roles(settings),
        *_groups(settings),
    ]
    group = [_attribute("displayName", required=True, uniqueness="server"), _members()]
    extension = [_complex(name, TEAM_PARTS) for name in EXTENSIONS[settings.preset]]
    found = [
        _schema(USER_SCHEMA, "User", core),
        _schema(GROUP_SCHEMA, "Group", group),
        _schema(NICE_SCHEMA, "CXone User", extension),
    ]
    return [schema for schema in found if schema["id"] in _SCHEMAS[settings.preset]]


def _roles(settings: Settings) -> list[dict[str, Any]]:
    form = "ids" if settings.preset == "UserHub" else settings.roles_form
    if form == "none":
        return []
    if form != "ids":
        name = "entitlements" if form == "entitlements" else "roles"
        return [_multi(name, [_attribute("value", required=True, choices=settings.roles)])]
    ids = list(by_id("role", settings.roles))
    display = {**_attribute("display"), "mutability": "readOnly"}
    return [_multi("roles", [_attribute("value", required=True, choices=ids), display])]


def _groups(settings: Settings) -> list[dict[str, Any]]:
    if settings.preset == "Platform":
        return [_multi("groups", [_attribute("value", required=True, choices=settings.groups)])]
    if settings.preset == "UserHub" or not settings.shows_user_groups:
        return []
    reference = {**_attribute("$ref", type_="reference"), "referenceTypes": ["Group"]}
    kind = _attribute("type", choices=["direct"])
    parts = [_attribute("value"), _attribute("display"), reference, kind]
    groups = _multi("groups", [{**part, "mutability": "readOnly"} for part in parts])
    return [{**groups, "mutability": "readOnly"}]


def _members() -> dict[str, Any]:
    reference = {**_attribute("$ref", type_="reference"), "referenceTypes": ["User"]}
    parts = (_attribute("value", required=True), reference)
    return _multi("members", [{**part, "mutability": "immutable"} for part in parts])


def _schema(id_: str, name: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    meta = {"resourceType": "Schema", "location": f"/scim/v2/Schemas/{id_}"}
    return {"schemas": [SCHEMA], "id": id_, "name": name, "description": name, "attributes": attributes, "meta": meta}


def _attribute(
    name: str,
    *,
    type_: str = "string",
    required: bool = False,
    uniqueness: str = "none",
    choices: list[str] | None = None,
) -> dict[str, Any]:
    attribute: dict[str, Any] = {
        "name": name,
        "type": type_,
        "multiValued": False,
        "description": name,
        "required": required,
        "mutability": "readWrite",
        "returned": "default",
    }
    if type_ == "string":
        attribute |= {"caseExact": False, "uniqueness": uniqueness}
    return {**attribute, "canonicalValues": choices} if choices else attribute


def _complex(name: str, parts: Sequence[str], *, needed: tuple[str, ...] = ()) -> dict[str, Any]:
    attribute = _attribute(name, type_="complex", required=bool(needed))
    return {**attribute, "subAttributes": [_attribute(part, required=part in needed) for part in parts]}


def _multi(name: str, parts: list[dict[str, Any]], *, required: bool = False) -> dict[str, Any]:
    return {**_attribute(name, type_="complex", required=required), "multiValued": True, "subAttributes": parts}

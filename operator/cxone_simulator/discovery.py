"""Discovery (RFC 7643 sections 5 to 7, RFC 7644 section 4): what this tenant offers, in its own words."""

from __future__ import annotations

from typing import Any

from cxone_simulator.attributes import NICE_SCHEMA, USER_SCHEMA
from cxone_simulator.groups import GROUP_SCHEMA
from cxone_simulator.settings import Settings

CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


def service_provider_config(settings: Settings) -> dict[str, Any]:
    """What is supported and how much of it."""
    return {
        "schemas": [CONFIG],
        "patch": {"supported": True},
        "bulk": {
            "supported": settings.bulk_mode != "off",
            "maxOperations": settings.max_operations,
            "maxPayloadSize": settings.max_payload_bytes,
        },
        "filter": {"supported": True, "maxResults": settings.max_page_size},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {"type": "oauthbearertoken", "name": "OAuth Bearer Token", "description": "Client credentials, RFC 6749"}
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": "/scim/v2/ServiceProviderConfig"},
    }


def resource_types() -> list[dict[str, Any]]:
    """Users and groups."""
    extensions = [{"schema": NICE_SCHEMA, "required": False}]
    return [
        {**_resource_type("User", "/Users", "A CXone employee", USER_SCHEMA), "schemaExtensions": extensions},
        _resource_type("Group", "/Groups", "Whom work is given to together", GROUP_SCHEMA),
    ]


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
        _multi("roles", [_attribute("value", required=True, choices=settings.roles)]),
        _multi("groups", [_attribute("value", required=True, choices=settings.groups)]),
    ]
    return [
        _schema(USER_SCHEMA, "User", core),
        _schema(GROUP_SCHEMA, "Group", [_attribute("displayName", required=True, uniqueness="server"), _members()]),
        _schema(NICE_SCHEMA, "CXone User", [_complex("team", ["value", "display"])]),
    ]


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


def _complex(name: str, parts: list[str], *, needed: tuple[str, ...] = ()) -> dict[str, Any]:
    attribute = _attribute(name, type_="complex", required=bool(needed))
    return {**attribute, "subAttributes": [_attribute(part, required=part in needed) for part in parts]}


def _multi(name: str, parts: list[dict[str, Any]], *, required: bool = False) -> dict[str, Any]:
    return {**_attribute(name, type_="complex", required=required), "multiValued": True, "subAttributes": parts}

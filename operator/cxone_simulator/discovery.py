"""Discovery (RFC 7643 sections 5 to 7, RFC 7644 section 4): what this tenant offers, in its own words."""

from __future__ import annotations

from typing import Any

from cxone_simulator.attributes import NICE_SCHEMA, USER_SCHEMA
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
    """Users; groups are a fixed directory without resources of their own to manage."""
    return [
        {
            "schemas": [RESOURCE_TYPE],
            "id": "User",
            "name": "User",
            "endpoint": "/Users",
            "description": "A CXone employee",
            "schema": USER_SCHEMA,
            "schemaExtensions": [{"schema": NICE_SCHEMA, "required": False}],
            "meta": {"resourceType": "ResourceType", "location": "/scim/v2/ResourceTypes/User"},
        }
    ]


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
        _schema(NICE_SCHEMA, "CXone User", [_complex("team", ["value", "display"])]),
    ]


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

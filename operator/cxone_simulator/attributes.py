"""The attributes of a user: their names in any case, and what may be in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxone_simulator.errors import invalid

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
NICE_SCHEMA = "urn:ietf:params:scim:schemas:extension:nice:2.0:User"

Json = dict[str, Any]

NAME_PARTS = ("givenName", "familyName", "middleName")
ITEM_PARTS = ("value", "type", "primary", "display")
TEAM_PARTS = ("value", "display")
MULTI_VALUED = ("emails", "phoneNumbers", "roles", "groups")
TEXTS = ("userName", "displayName", "timezone", "externalId")
EXTENSIONS = {"Platform": ("team",), "UserHub": ("team", "loginAuthenticator"), "RFC7644": ()}
"""What is kept of the extension, by preset."""
SUB_ATTRIBUTES = {
    "name": NAME_PARTS,
    "team": TEAM_PARTS,
    "loginAuthenticator": TEAM_PARTS,
    **dict.fromkeys(MULTI_VALUED, ITEM_PARTS),
}
WRITABLE = (*TEXTS, "name", "active", *MULTI_VALUED, NICE_SCHEMA)
_CANONICAL = {name.lower(): name for name in (*WRITABLE, "id", "schemas", "meta", *NAME_PARTS)}
_SUB = {name.lower(): name for name in (*ITEM_PARTS, "team", "loginAuthenticator", *NAME_PARTS)}


def canonical(name: str) -> str:
    """An attribute's name as RFC 7643 writes it; unknown names stay as they are."""
    return _CANONICAL.get(name.lower(), name)


def canonical_sub(name: str) -> str:
    """The same for a sub-attribute."""
    return _SUB.get(name.lower(), name)


def normalised(body: Mapping[str, Any], extension: tuple[str, ...]) -> Json:
    """The writable attributes of a body under their own names, copied and checked; raises ScimProblem."""
    user: Json = {}
    for name, value in body.items():
        own = canonical(name)
        if own in WRITABLE and value is not None:
            user[own] = _extension(value, extension) if own == NICE_SCHEMA else _checked(own, value)
    return user


def require_core_schema(body: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """`schemas` must name the core User, and none that is unknown here (RFC 7643 section 3)."""
    schemas = body.get("schemas")
    if not isinstance(schemas, list) or USER_SCHEMA not in schemas:
        raise invalid(f"schemas must contain {USER_SCHEMA}")
    for schema in schemas:
        if schema not in known:
            raise invalid(f"schemas contains {schema!r}, which is not known here")


def missing_attributes(user: Json) -> list[str]:
    """What CXone does not create a user without, and this one lacks."""
    name = user.get("name", {})
    has = {
        "userName": user.get("userName"),
        "name.givenName": name.get("givenName"),
        "name.familyName": name.get("familyName"),
        "emails": user.get("emails"),
    }
    return [attribute for attribute, value in has.items() if not value]


def require_attributes(user: Json, old: Json) -> None:
    """Nothing required may be absent; what somebody outside left out of the user as it was is excused."""
    excused = missing_attributes(old) if old else []
    for attribute in missing_attributes(user):
        if attribute not in excused:
            raise invalid(f"{attribute} is required")


def check_directory(user: Json, old: Json, roles: list[str], groups: list[str]) -> None:
    """Roles and groups that are given now must be in the directory, by their exact names.

    Those that the user had already hinder nothing: who has a role that was abolished can still be locked out.
    """
    for attribute, word, known in (("roles", "role", roles), ("groups", "group", groups)):
        had = {item.get("value") for item in old.get(attribute, [])}
        for item in user.get(attribute, []):
            if item.get("value") not in known and item.get("value") not in had:
                raise invalid(f"{word} '{item.get('value')}' is not in the directory")


def _checked(name: str, value: Any) -> Any:  # noqa: ANN401
    if name in TEXTS:
        return text(name, value)
    if name == "active":
        return _boolean(name, value)
    if name == "name":
        return _complex(name, value, NAME_PARTS)
    return [_item(name, item) for item in _list(name, value)]


def text(name: str, value: Any) -> str:  # noqa: ANN401
    """The value, if it is a string; raises ScimProblem."""
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string")
    return value


def _boolean(name: str, value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false")
    return value


def _list(name: str, value: Any) -> list[Any]:  # noqa: ANN401
    if isinstance(value, Mapping):
        return [value]
    if not isinstance(value, list):
        raise invalid(f"{name} must be a list")
    return value


def _item(name: str, item: Any) -> Json:  # noqa: ANN401
    found = _complex(name, {"value": item} if isinstance(item, str) else item, ITEM_PARTS)
    if not isinstance(found.get("value"), str):
        raise invalid(f"{name}.value is required")
    if "primary" in found:
        found["primary"] = _boolean(f"{name}.primary", found["primary"])
    return found


def _complex(name: str, value: Any, known: tuple[str, ...]) -> Json:  # noqa: ANN401
    if not isinstance(value, Mapping):
        raise invalid(f"{name} must be an object")
    found = {canonical_sub(part): item for part, item in value.items() if item is not None}
    for part, item in found.items():
        if part in known and part != "primary":
            text(f"{name}.{part}", item)
    return {part: item for part, item in found.items() if part in known}


def _extension(value: Any, parts: tuple[str, ...]) -> Json:  # noqa: ANN401
    if not isinstance(value, Mapping):
        raise invalid(f"{NICE_SCHEMA} must be an object")
    given = {part: value[part] for part in parts if value.get(part) is not None}
    return {
        part: _complex(part, {"value": item} if isinstance(item, str) else item, TEAM_PARTS)
        for part, item in given.items()
    }

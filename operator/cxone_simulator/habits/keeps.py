"""What is stored of what a request asks for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from cxone_simulator.attributes import Json
from cxone_simulator.errors import ScimProblem
from cxone_simulator.habits.habit import Change, Keep

_ZONES = {"Asia/Calcutta": "Asia/Kolkata", "Europe/Kiev": "Europe/Kyiv", "US/Eastern": "America/New_York"}
_LEFT = "left-"


def each(attribute: str, change: Change) -> Keep:
    """Every item of a multi-valued attribute is kept otherwise."""

    def keeps(_old: Json, new: Json) -> Json:
        items = new.get(attribute)
        return {**new, attribute: [change(item) for item in items]} if isinstance(items, list) else new

    return keeps


def known_zone(_old: Json, new: Json) -> Json:
    """By the present name of the zone."""
    zone = new.get("timezone")
    return {**new, "timezone": _ZONES[zone]} if zone in _ZONES else new


def e164(item: Json) -> Json:
    """Without anything but digits."""
    return {**item, "value": re.sub(r"[^+0-9]", "", str(item.get("value", "")))}


def upper(item: Json) -> Json:
    """In capitals."""
    return {**item, "value": str(item.get("value", "")).upper()}


def without_type(item: Json) -> Json:
    """Of no type."""
    return {name: value for name, value in item.items() if name != "type"}


def with_address(_old: Json, new: Json) -> Json:
    """One that the server has made."""
    own = {"value": f"u-{new.get('userName', '')}", "type": "other"}
    emails = new.get("emails")
    if not isinstance(emails, list) or own in emails:
        return new
    return {**new, "emails": [*emails, own]}


def all_primary(_old: Json, new: Json) -> Json:
    """In another order, and each the primary one."""
    emails = new.get("emails")
    if not isinstance(emails, list):
        return new
    return {**new, "emails": [{**item, "primary": True} for item in sorted(emails, key=lambda item: item["value"])]}


def unheeded(old: Json, new: Json) -> Json:
    """As before, but for active."""
    return {**old, "active": new.get("active", True)} if old else new


def still_active(old: Json, new: Json) -> Json:
    """Nobody is locked out."""
    return {**new, "active": True} if old.get("active") else new


def by_full_name(_old: Json, new: Json) -> Json:
    """displayName is always made of the name."""
    name = new.get("name", {})
    return {**new, "displayName": f"{name.get('givenName', '')} {name.get('familyName', '')}".strip()}


def unreadable_leaver(_old: Json, new: Json) -> Json:
    """Whoever leaves has a name that tells nobody who it was."""
    name = str(new.get("userName", ""))
    if new.get("active", True) or name.startswith(_LEFT):
        return new
    return {**new, "userName": _LEFT + hashlib.sha256(name.encode()).hexdigest()[:16]}


def first_operation(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The others are not seen."""
    return {"Operations": _operations(body)[:1]}


def capitalised(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """As the server's own client writes them."""
    for operation in _operations(body):
        if operation.get("op") not in ("Add", "Replace", "Remove"):
            raise ScimProblem(400, f"the operation '{operation.get('op')}' is not supported", "invalidSyntax")
    return body


def groups_untouched(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """RFC 7643 section 4.1.2: groups of a user are changed on the group."""
    if any(operation.get("path") == "groups" for operation in _operations(body)):
        raise ScimProblem(400, "Attribute groups is read-only", "mutability")
    return body


def no_groups(old: Json, new: Json) -> Json:
    """What a user is made with says nothing of groups."""
    return new if old else {name: value for name, value in new.items() if name != "groups"}


def _operations(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: object = next((value for name, value in body.items() if name.lower() == "operations"), [])
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []

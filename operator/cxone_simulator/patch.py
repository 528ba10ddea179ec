"""PATCH (RFC 7644 section 3.5.2): a user and a PatchOp give the changed user, or an error and no change at all."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from cxone_simulator.attributes import (
    MULTI_VALUED,
    NICE_SCHEMA,
    SUB_ATTRIBUTES,
    USER_SCHEMA,
    WRITABLE,
    Json,
    canonical,
    canonical_sub,
    normalised,
)
from cxone_simulator.errors import ScimProblem, invalid
from cxone_simulator.filters import parse_filter
from cxone_simulator.settings import Settings

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_PATH = re.compile(r"^(?P<attribute>[^.\[\]]+)(?:\[(?P<filter>.+)\])?(?:\.(?P<sub>[^.\[\]]+))?$", re.DOTALL)


def require_patch(settings: Settings) -> None:
    """Raises ScimProblem 501 where the server has no PATCH (RFC 7644 section 3.12)."""
    if not settings.patch_supported:
        raise ScimProblem(501, "PATCH is not offered; replace the resource by PUT")


def operations_of(body: Mapping[str, Any]) -> list[Any]:
    """The operations of a PatchOp; raises ScimProblem. Accepts them in lower case, as the tutorial sends them."""
    operations = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if not isinstance(operations, list) or not operations:
        raise ScimProblem(400, "Operations must be a list of one or more", "invalidSyntax")
    return operations


def apply_patch(user: Json, operations: list[Any], extension: tuple[str, ...]) -> Json:
    """The changed user, whose extension can have those parts; raises ScimProblem."""
    changed = copy.deepcopy(user)
    for operation in operations:
        if not isinstance(operation, Mapping):
            raise ScimProblem(400, "an operation must be an object", "invalidSyntax")
        _apply(changed, operation, extension)
    return {**changed, **normalised(changed, extension)}


def _apply(user: Json, operation: Mapping[str, Any], extension: tuple[str, ...]) -> None:
    op, path, value = str(operation.get("op", "")).lower(), operation.get("path"), operation.get("value")
    if op not in ("add", "remove", "replace"):
        raise ScimProblem(400, f"op must be add, remove or replace, not '{op}'", "invalidSyntax")
    if path is None:
        _apply_to_whole(user, op, value, extension)
        return
    if not isinstance(path, str):
        raise ScimProblem(400, "path must be a string", "invalidPath")
    _apply_at(user, op, path, value, extension)


def _apply_to_whole(user: Json, op: str, value: Any, extension: tuple[str, ...]) -> None:  # noqa: ANN401
    if op == "remove":
        raise ScimProblem(400, "remove needs a path", "noTarget")
    if not isinstance(value, Mapping):
        raise invalid("without a path the value must be an object")
    for name, item in value.items():
        if canonical(name) in WRITABLE:
            _apply_at(user, op, name, item, extension)


def _apply_at(user: Json, op: str, path: str, value: Any, extension: tuple[str, ...]) -> None:  # noqa: ANN401
    holder, rest = _holder(user, path)
    if rest is None:
        if op == "remove":
            user.pop(NICE_SCHEMA, None)
        else:
            user[NICE_SCHEMA] = {**(holder if op == "add" else {}), **_mapping(value)}
        return
    match = _PATH.match(rest)
    if match is None:
        raise ScimProblem(400, f"the path '{path}' cannot be read", "invalidPath")
    attribute, condition, sub = match["attribute"], match["filter"], match["sub"]
    attribute = canonical(attribute) if holder is user else canonical_sub(attribute)
    _check_writable(attribute, path, WRITABLE if holder is user else extension)
    if sub is not None and canonical_sub(sub) not in SUB_ATTRIBUTES.get(attribute, ()):
        raise ScimProblem(400, f"there is no attribute at '{path}'", "invalidPath")
    if condition is not None:
        _change_items(holder, attribute, op, condition, sub, value)
    elif sub is not None:
        _change_member(holder, attribute, op, canonical_sub(sub), value)
    else:
        _change_attribute(holder, attribute, op, value)


def _holder(user: Json, path: str) -> tuple[Json, str | None]:
    """The object that a path starts in, and the path within it; None names the whole extension."""
    lower = path.lower()
    if lower.startswith(USER_SCHEMA.lower() + ":"):
        return user, path[len(USER_SCHEMA) + 1 :]
    if lower == NICE_SCHEMA.lower():
        return user.get(NICE_SCHEMA, {}), None
    if lower.startswith(NICE_SCHEMA.lower() + ":"):
        return user.setdefault(NICE_SCHEMA, {}), path[len(NICE_SCHEMA) + 1 :]
    return user, path


def _check_writable(attribute: str, path: str, known: tuple[str, ...]) -> None:
    if known is WRITABLE and attribute in ("id", "meta", "schemas"):
        raise ScimProblem(400, f"{attribute} is read-only", "mutability")
    if attribute not in known:
        raise ScimProblem(400, f"there is no attribute at '{path}'", "invalidPath")


def _change_attribute(holder: Json, attribute: str, op: str, value: Any) -> None:  # noqa: ANN401
    if op == "remove" or value is None:
        _remove_attribute(holder, attribute, value)
    elif op == "add" and attribute in MULTI_VALUED:
        items = holder.setdefault(attribute, [])
        items.extend(item for item in _as_items(value) if item not in items)
    elif op == "add" and isinstance(value, Mapping) and isinstance(holder.get(attribute), dict):
        holder[attribute].update({canonical_sub(name): item for name, item in value.items()})
    else:
        holder[attribute] = _as_items(value) if attribute in MULTI_VALUED else value


def _remove_attribute(holder: Json, attribute: str, value: Any) -> None:  # noqa: ANN401
    if attribute in ("userName", "name", "active"):
        raise ScimProblem(400, f"{attribute} is required", "mutability")
    if value is None or attribute not in MULTI_VALUED:
        holder.pop(attribute, None)
        return
    gone = [item.get("value") for item in _as_items(value)]
    holder[attribute] = [item for item in holder.get(attribute, []) if item.get("value") not in gone]


def _change_member(holder: Json, attribute: str, op: str, sub: str, value: Any) -> None:  # noqa: ANN401
    if attribute in MULTI_VALUED:
        for item in holder.get(attribute, []):
            _set(item, op, sub, value)
        return
    target = holder.setdefault(attribute, {})
    if not isinstance(target, dict):
        raise ScimProblem(400, f"{attribute} has no parts", "invalidPath")
    _set(target, op, sub, value)


def _change_items(holder: Json, attribute: str, op: str, condition: str, sub: str | None, value: Any) -> None:  # noqa: ANN401
    wanted = parse_filter(condition)
    items = holder.get(attribute, [])
    if not isinstance(items, list):
        raise ScimProblem(400, f"{attribute} is not a list", "invalidPath")
    chosen = [item for item in items if wanted.matches(item)]
    if not chosen and op != "remove":
        raise ScimProblem(400, f"no {attribute} match the filter", "noTarget")
    if sub is not None:
        for item in chosen:
            _set(item, op, canonical_sub(sub), value)
    elif op == "remove":
        holder[attribute] = [item for item in items if item not in chosen]
    else:
        for item in chosen:
            item.update(_mapping(value))


def _set(target: Json, op: str, name: str, value: Any) -> None:  # noqa: ANN401
    if op == "remove":
        target.pop(name, None)
    else:
        target[name] = value


def _mapping(value: Any) -> Json:  # noqa: ANN401
    if not isinstance(value, Mapping):
        raise invalid("the value must be an object")
    return dict(value)


def _as_items(value: Any) -> list[Json]:  # noqa: ANN401
    values = value if isinstance(value, list) else [value]
    return [dict(item) if isinstance(item, Mapping) else {"value": item} for item in values]

"""Whether a CustomResourceDefinition still accepts whatever an older one accepted, by comparing the two.

Stored resources outlive schemas. What an older schema took must be taken by every later one of the same version, or
an upgrade makes resources that nobody can change any more. A rule that is new counts as narrower, because nobody can
tell by looking what it refuses; so does another default, because it changes what stored resources mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_HARMLESS = frozenset({"description", "title", "example", "externalDocs"})
_UPPER = frozenset({"maximum", "maxLength", "maxItems", "maxProperties"})
_LOWER = frozenset({"minimum", "minLength", "minItems", "minProperties"})
_OWN_CHECK = frozenset({"properties", "items", "additionalProperties", "required", "enum", "x-kubernetes-validations"})


def narrowed(old: Json, new: Json) -> list[str]:
    """What the new CRD refuses, or means otherwise, of what the old one accepted; one line each, with the path."""
    found = [
        f"spec.{field} was {old['spec'][field]!r} and is {new['spec'].get(field)!r}"
        for field in ("group", "scope")
        if old["spec"][field] != new["spec"].get(field)
    ]
    before, after = old["spec"]["names"], new["spec"]["names"]
    names = ("kind", "plural", "singular")
    found += [f"spec.names.{field} has changed" for field in names if before[field] != after[field]]
    versions = {version["name"]: version for version in new["spec"]["versions"]}
    for version in old["spec"]["versions"]:
        found += _version(version, versions.get(version["name"], {}))
    return found


def _version(old: Json, new: Json) -> Iterator[str]:
    name = old["name"]
    if not new.get("served"):
        yield f"{name} is not served any more"
        return
    for path in sorted(_selectable(old) - _selectable(new)):
        yield f"{name} cannot be selected by {path} any more"
    for subresource in sorted(old.get("subresources", {}).keys() - new.get("subresources", {}).keys()):
        yield f"{name} has no subresource {subresource} any more"
    yield from _schema(old["schema"]["openAPIV3Schema"], new["schema"]["openAPIV3Schema"], name)


def _selectable(version: Json) -> set[str]:
    return {field["jsonPath"] for field in version.get("selectableFields", [])}


def _schema(old: Json, new: Json, path: str) -> Iterator[str]:
    for keyword in sorted((old.keys() | new.keys()) - _HARMLESS - _OWN_CHECK):
        if _is_narrower(keyword, old.get(keyword), new.get(keyword)):
            yield f"{path}: {keyword} was {old.get(keyword)!r} and is {new.get(keyword)!r}"
    yield from _enum(old, new, path)
    yield from _required(old, new, path)
    rules = {rule["rule"] for rule in old.get("x-kubernetes-validations", [])}
    for rule in new.get("x-kubernetes-validations", []):
        if rule["rule"] not in rules:
            yield f"{path}: a rule is new: {rule['rule'].strip()}"
    yield from _below(old, new, path)


def _is_narrower(keyword: str, old: Any, new: Any) -> bool:
    if keyword in _UPPER:
        return new is not None and (old is None or new < old)
    if keyword in _LOWER:
        return new is not None and (old is None or new > old)
    if keyword in ("pattern", "format"):
        return new is not None and old != new
    if keyword == "nullable":
        return bool(old) and not new
    return bool(old != new)


def _enum(old: Json, new: Json, path: str) -> Iterator[str]:
    if "enum" in new:
        gone = [value for value in old["enum"] if value not in new["enum"]] if "enum" in old else ["everything else"]
        if gone:
            yield f"{path}: enum lacks {', '.join(map(str, gone))}"


def _required(old: Json, new: Json, path: str) -> Iterator[str]:
    """A default fills in what is missing before anything is checked."""
    properties = new.get("properties", {})
    for name in new.get("required", []):
        if name not in old.get("required", []) and "default" not in properties.get(name, {}):
            yield f"{path}.{name} is required now"


def _below(old: Json, new: Json, path: str) -> Iterator[str]:
    known = new.get("properties", {})
    for name, schema in old.get("properties", {}).items():
        if name in known:
            yield from _schema(schema, known[name], f"{path}.{name}")
        else:
            yield f"{path}.{name} is gone"
    for keyword, suffix in (("items", "[]"), ("additionalProperties", ".*")):
        before, after = old.get(keyword), new.get(keyword)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _schema(before, after, path + suffix)
        elif before != after:
            yield f"{path}: {keyword} has changed"

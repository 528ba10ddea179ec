"""Schemas: what the API server keeps of our resources, held against what this version reads and writes.

A field that the served CRD does not have is dropped by the API server without a word, be it in a spec or in a status.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

import msgspec

from cxone_operator.api.meta import GROUP
from cxone_operator.cluster.bodies import mapping


def fields_of(resource: type) -> frozenset[str]:
    """Paths below spec and status of a typed resource, such as `spec.api.auth.grant`; lists add nothing to a path."""
    parts = {field.name: field.type for field in msgspec.structs.fields(resource)}
    return frozenset(path for name in ("spec", "status") for path in _typed(parts[name], name))


def served_fields(document: Mapping[str, object], kind: str) -> frozenset[str]:
    """The same paths from the OpenAPI v3 document of our group and version; empty where the kind is not in it."""
    schemas = mapping(mapping(document.get("components")).get("schemas"))
    schema = next((one for one in map(mapping, schemas.values()) if _is_of(one, kind)), {})
    parts = mapping(schema.get("properties"))
    return frozenset(path for name in ("spec", "status") for path in _described(mapping(parts.get(name)), name))


def _typed(kind: object, above: str) -> Iterator[str]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            yield f"{above}.{field.encode_name}"
            yield from _typed(field.type, f"{above}.{field.encode_name}")
    for part in get_args(kind):
        yield from _typed(part, above)


def _described(schema: Mapping[str, object], above: str) -> Iterator[str]:
    for name, part in mapping(schema.get("properties")).items():
        yield f"{above}.{name}"
        yield from _described(mapping(part), f"{above}.{name}")
    if "items" in schema:
        yield from _described(mapping(schema["items"]), above)


def _is_of(schema: Mapping[str, object], kind: str) -> bool:
    named = schema.get("x-kubernetes-group-version-kind")
    kinds = [mapping(one) for one in named] if isinstance(named, list) else []
    return any((one.get("group"), one.get("kind")) == (GROUP, kind) for one in kinds)

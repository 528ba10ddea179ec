"""Who owns which field of a resource (Kubernetes server-side apply, `metadata.managedFields`).

An apply carries everything that its manager wants to own: what it leaves out, it gives up, and what nobody else owns is
then removed. So an event that changes one field is applied together with all that the bridge has applied before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from cxone_operator.api.meta import HR_MANAGER
from cxone_operator.cluster.bodies import mapping
from cxone_operator.cluster.server import Body


def applied_spec(body: Body) -> dict[str, object]:
    """The part of the spec that the bridge owns, with the values that it has now."""
    owned: dict[str, object] = {}
    for entry in _entries(body):
        if entry.get("manager") == HR_MANAGER and entry.get("operation") == "Apply":
            part = _part(mapping(mapping(entry.get("fieldsV1")).get("f:spec")), body.get("spec"))
            owned |= part if isinstance(part, dict) else {}
    return owned


def other_owner(body: Body, field: str) -> str | None:
    """Another manager that owns this field of the spec, alone or with the bridge; None where there is none."""
    owners = [
        str(entry.get("manager"))
        for entry in _entries(body)
        if f"f:{field}" in mapping(mapping(entry.get("fieldsV1")).get("f:spec"))
    ]
    return next((owner for owner in owners if owner != HR_MANAGER), None)


def _part(fields: Mapping[str, object], value: object) -> object:
    """What a FieldsV1 tree names of a value: `f:` members of an object, `v:` members of a set (all our lists are)."""
    if isinstance(value, Mapping):
        named = {name[2:]: mapping(below) for name, below in fields.items() if name.startswith("f:")}
        return {name: _part(below, value[name]) for name, below in named.items() if name in value}
    if isinstance(value, list):
        members = [json.loads(name[2:]) for name in fields if name.startswith("v:")]
        return [item for item in value if item in members]
    return value


def _entries(body: Body) -> Iterator[Mapping[str, object]]:
    entries = mapping(body.get("metadata")).get("managedFields")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and not entry.get("subresource"):
            yield entry

"""What a cluster serves as the schemas that kubeconform reads: one file for each kind, and one that all refer to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

TEMPLATE = "{{ .Group }}.{{ .ResourceAPIVersion }}.{{ .ResourceKind }}.json"
"""How kubeconform finds the file of a kind."""
_SHARED = "definitions.json"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
"""A string in the document, and a number in many a manifest."""


def write(openapi: Schema, folder: Path) -> str:
    """From the document that a server has at /openapi/v2; the location to give to kubeconform."""
    definitions = {name: _strict(schema) for name, schema in openapi["definitions"].items()}
    definitions[_QUANTITY] = {"type": ["number", "string"]}
    (folder / _SHARED).write_text(json.dumps({"definitions": definitions}))
    for name, schema in openapi["definitions"].items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            group = kind["group"] or kind["version"]  # of the core group kubeconform takes the version for it
            file = f"{group}.{kind['version']}.{kind['kind'].lower()}.json"
            (folder / file).write_text(json.dumps({"$ref": f"{_SHARED}#/definitions/{name}"}))
    return f"{folder}/{TEMPLATE}"


def _strict(schema: Schema) -> Schema:
    """Fields that no schema has are mistakes, as for a server that validates strictly."""
    if schema.get("format") == "int-or-string":
        return {"type": ["integer", "string"]}
    made = {key: value for key, value in schema.items() if key in ("$ref", "type", "enum", "required")}
    if "properties" in schema:
        made["properties"] = {name: _strict(field) for name, field in schema["properties"].items()}
        made["additionalProperties"] = False
    elif "additionalProperties" in schema:
        made["additionalProperties"] = _strict(schema["additionalProperties"])
    if "items" in schema:
        made["items"] = _strict(schema["items"])
    return made

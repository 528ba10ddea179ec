"""The pages of the resources: every field of a CustomResourceDefinition with its type, bounds, default and meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reference.markdown import bullets, code, literal, page, section, table

Json = dict[str, Any]

_CONDITION_FIELDS = "status.conditions[]."
_BOUNDS = (("minLength", "maxLength", "characters"), ("minItems", "maxItems", "items"), ("minimum", "maximum", ""))


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a schema."""

    path: str
    """For example `spec.emails[].value`."""
    schema: Json
    required: bool

    @property
    def is_leaf(self) -> bool:
        """It holds a value, or a list of values."""
        item = self.schema.get("items", self.schema)
        return "properties" not in item

    @property
    def default(self) -> str:
        """As JSON; empty where there is none, or where it only makes room for the defaults below it."""
        value = self.schema.get("default")
        return json.dumps(value) if value not in (None, {}) and self.is_leaf else ""

    @property
    def kind(self) -> str:
        """Type and bounds."""
        item = self.schema.get("items")
        if item is None:
            return _kind(self.schema)
        inside = "" if "properties" in item else f", each {_kind(item)}"
        return f"list{_bounds(self.schema)}{inside}"


def fields(schema: Json, above: str = "") -> Iterator[Field]:
    """Every field below, in order, each before what is in it."""
    required = schema.get("required", [])
    for name, below in schema.get("properties", {}).items():
        path = f"{above}.{name}" if above else name
        yield Field(path, below, name in required)
        yield from fields(below.get("items", below), f"{path}[]" if "items" in below else path)


def read(path: Path) -> Json:
    """The stored version of a CRD, with the CRD itself under `crd`."""
    crd: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    version: Json = next(version for version in crd["spec"]["versions"] if version["storage"])
    return {**version, "crd": crd}


def schema_of(version: Json) -> Json:
    """The schema of the whole resource."""
    schema: Json = version["schema"]["openAPIV3Schema"]
    return schema


def resource(path: Path, sample: Path) -> str:
    """The page of one kind."""
    version = read(path)
    names, schema = version["crd"]["spec"]["names"], schema_of(version)
    found = list(fields(schema))
    return page(
        names["kind"],
        schema["description"],
        _names(version),
        code(sample.read_text(encoding="utf-8"), "yaml"),
        section("spec", _table(found, "spec.")),
        section("What is refused", bullets(dict.fromkeys(_messages(schema["properties"]["spec"])))),
        section("status", schema["properties"]["status"]["description"], _table(found, "status.")),
        section("Columns of kubectl get", table(["column", "with", "meaning"], _columns(version))),
    )


def _names(version: Json) -> str:
    spec = version["crd"]["spec"]
    short = ", ".join(literal(name) for name in (*spec["names"].get("shortNames", ()), spec["names"]["plural"]))
    selectors = ", ".join(literal(field["jsonPath"].lstrip(".")) for field in version.get("selectableFields", []))
    return "\n".join(
        [
            f"* API version: {literal(spec['group'] + '/' + version['name'])}, {spec['scope'].lower()}",
            f"* In kubectl: {short}; all kinds of this operator: {literal(' '.join(spec['names']['categories']))}",
            *([f"* `--field-selector` takes: {selectors}"] if selectors else []),
        ]
    )


def _table(found: list[Field], prefix: str) -> str:
    rows = (
        (
            literal(field.path.removeprefix(prefix)),
            field.kind,
            _default(field),
            str(field.schema.get("description", "")),
        )
        for field in found
        if field.path.startswith(prefix) and not field.path.startswith(_CONDITION_FIELDS)
    )
    return table(["field", "type", "default", "meaning"], rows)


def _default(field: Field) -> str:
    return "**required**" if field.required and not field.default else literal(field.default)


def _columns(version: Json) -> Iterator[tuple[str, str, str]]:
    for column in version.get("additionalPrinterColumns", []):
        wide = "`-o wide`" if column.get("priority", 0) > 0 else ""
        yield column["name"], wide, column.get("description", "")


def _messages(schema: Json) -> Iterator[str]:
    yield from (rule["message"] for rule in schema.get("x-kubernetes-validations", []))
    for below in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])):
        yield from _messages(below)


def _kind(schema: Json) -> str:
    if "enum" in schema:
        return " or ".join(literal(value) for value in schema["enum"])
    if schema.get("format") == "date-time":
        return "date-time"
    return f"{schema.get('type', 'object')}{_bounds(schema)}"


def _bounds(schema: Json) -> str:
    for least, most, unit in _BOUNDS:
        low, high = schema.get(least), schema.get(most)
        if high is not None and (low or unit == ""):
            return f", {low or 0:,} to {high:,} {unit}".rstrip()
        if high is not None:
            return f", at most {high:,} {unit}".rstrip()
        if low is not None:
            return f", at least {low:,} {unit}".rstrip()
    return ""

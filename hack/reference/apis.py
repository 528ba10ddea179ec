"""The page of the APIs: every setting of `spec.api` with its meaning, and what each preset makes of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import fields as fields_of
from enum import StrEnum
from pathlib import Path
from typing import get_type_hints

from cxone_operator.core.desired import declared_as
from cxone_operator.core.users import Field
from cxone_operator.scim.dialects import PRESETS
from cxone_operator.scim.dialects.dialect import Dialect, Grant
from reference.crds import Field as Setting
from reference.crds import fields, read, schema_of
from reference.markdown import literal, one_line, page, section, table
from reference.source import meaning

_BESIDE = {"scopes": "scopes", "license.mode": "license"}
"""Settings outside of `spec.api` that a preset gives a value to → what a dialect calls them."""


def settings_of(root: Path) -> dict[str, Setting]:
    """What a dialect calls it → the setting, in the order of the CRD."""
    spec = schema_of(read(root / "crds" / "cxonetenants.yaml"))["properties"]["spec"]
    known = {field.name for field in fields_of(Dialect)}
    found = {_BESIDE.get(field.path) or attribute_of(field.path): field for field in fields(spec) if _concerned(field)}
    return {name: field for name, field in found.items() if name in known}


def apis(root: Path) -> str:
    """The page."""
    settings = settings_of(root)
    return page(
        "APIs",
        "A tenant speaks one API. `spec.api.preset` names it, and each setting beside it replaces one value of the "
        "preset. How to use them: [User Hub](../how-to/user-hub.md), [any SCIM server](../how-to/rfc-server.md).",
        section("Presets", table(["preset", "what it is"], _presets())),
        section("Settings", _settings_table(settings)),
        *(section(literal(field.path), _values(kind)) for name, field in settings.items() if (kind := _enum(name))),
        section(
            "What belongs to the preset alone",
            table(["what", *PRESETS], _fixed(settings)),
        ),
        section(
            "What the Secret must hold",
            "`spec.credentialsSecretRef` names a Secret in the tenant's namespace. Which keys, the grant says:",
            table(["grant", "keys"], _secrets()),
        ),
        section(
            "Which fields of a CxoneUser are managed",
            "Whoever declares another one is served without it, and `status.findings` of the tenant says so. A server "
            "that describes itself may have less than its preset.",
            table(["field of the CxoneUser's spec", "SCIM attribute", *PRESETS], _managed()),
        ),
    )


def attribute_of(path: str) -> str:
    """What a dialect calls a setting: `api.auth.tokenURL` → token_url."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path.rpartition(".")[2]).lower()


def _concerned(field: Setting) -> bool:
    return field.is_leaf and (field.path.startswith("api.") or field.path in _BESIDE)


def _presets() -> Iterator[tuple[str, str]]:
    for name in PRESETS:
        module = sys.modules[f"{Dialect.__module__.rpartition('.')[0]}.{name.lower()}"]
        yield literal(name), one_line((module.__doc__ or "").partition(": ")[2])


def _settings_table(settings: dict[str, Setting]) -> str:
    rows = (
        (literal(field.path), str(field.schema.get("description", "")), *_cells(name))
        for name, field in settings.items()
    )
    return table(["setting", "meaning", *PRESETS], rows)


def _cells(name: str) -> list[str]:
    return [_shown(getattr(dialect, name)) for dialect in PRESETS.values()]


def _shown(value: object) -> str:
    match value:
        case None | () | "":
            return "none"
        case bool():
            return literal(str(value).lower())
        case tuple():
            return " ".join(literal(item) for item in value)
    return literal(value)


def _enum(name: str) -> type[StrEnum] | None:
    kind = get_type_hints(Dialect)[name]
    return kind if isinstance(kind, type) and issubclass(kind, StrEnum) else None


def _values(kind: type[StrEnum]) -> str:
    rows = [(literal(item.value), meaning(kind, item.name)) for item in kind]
    return "\n\n".join([one_line(kind.__doc__ or ""), table(["value", "meaning"], rows)])


def _fixed(settings: dict[str, Setting]) -> Iterator[tuple[str, ...]]:
    """What differs between the presets, without being a setting."""
    for name in (field.name for field in fields_of(Dialect)):
        if name not in settings and len(set(_cells(name))) > 1:
            yield meaning(Dialect, name), *_cells(name)


def _secrets() -> Iterator[tuple[str, str]]:
    for grant in Grant:
        yield literal(grant.value), ", ".join(literal(key) for key in grant.keys)


def _managed() -> Iterator[tuple[str, ...]]:
    for field in Field:
        cells = ("no" if field in dialect.unmanaged else "yes" for dialect in PRESETS.values())
        yield literal(declared_as(field).removeprefix("spec.")), literal(field.value), *cells

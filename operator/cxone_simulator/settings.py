"""What the simulated tenant is like; everything but the client id can be changed while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import get_type_hints

SCOPES = ("SCIM.ReadWrite", "User.ReadWrite", "License.Read", "License.ReadWrite")


@dataclass(slots=True)
class Settings:
    """One tenant's settings; names on the wire are these in camelCase."""

    client_id: str = "demo"
    client_secret: str = field(default="demo-secret", repr=False)
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    """Scopes that the client may have; others that it asks for are not granted."""
    roles: list[str] = field(default_factory=lambda: ["Agent", "Supervisor", "Administrator", "Evaluator"])
    groups: list[str] = field(default_factory=lambda: ["Support-Team", "Sales-Team", "QA-Team", "Billing-Team"])
    seats: int = 1000
    requests_per_minute: int = 100
    """Requests admitted in any 60 s under /scim and /api; 0 admits all."""
    job_seconds: float = 1.0
    """From the submission of a bulk job to its end."""
    latency_seconds: float = 0.0
    """Added to each request."""
    reclaim_delay_seconds: float = 0.0
    """From a deactivation to the seat being free, unless it is released explicitly."""
    token_seconds: float = 3600.0
    bulk_mode: str = "async"
    """`async`: 202 and a job; `sync`: 200 with results; `off`: 501."""
    bulk_results: bool = False
    """Jobs end with the results of their operations, as RFC 7644 has them."""
    max_operations: int = 100
    max_payload_bytes: int = 1 << 20
    max_page_size: int = 1000
    retry_after_form: str = "seconds"
    """`seconds` or `date`."""
    allow_delete: bool = False
    patch_answers_empty: bool = False
    """PATCH answers 204 instead of 200 with the user."""


_CHOICES = {"bulk_mode": ("async", "sync", "off"), "retry_after_form": ("seconds", "date")}
_FIXED = frozenset({"client_id"})
_LEAST = {"max_page_size": 1, "max_operations": 1, "max_payload_bytes": 1, "token_seconds": 1}
_MOST = 1_000_000_000
"""Of any number; what is larger is a slip, and infinity would stop the clock."""


class SettingError(ValueError):
    """A setting that does not exist or has no such value; the message names it."""


def change(settings: Settings, wanted: Mapping[str, object]) -> None:
    """Set some by their names on the wire, all of them or none; raises SettingError."""
    for name, value in [_understood(wire_name, value) for wire_name, value in wanted.items()]:
        setattr(settings, name, value)


def _understood(wire_name: str, value: object) -> tuple[str, object]:
    names = {_camel(item.name): item.name for item in fields(Settings) if item.name not in _FIXED}
    name = names.get(wire_name)
    if name is None:
        raise SettingError(f"there is no setting '{wire_name}'; there are {', '.join(sorted(names))}")
    kind = str(get_type_hints(Settings)[name])
    if not _fits(kind, value, _LEAST.get(name, 0)) or value not in _CHOICES.get(name, (value,)):
        raise SettingError(f"'{wire_name}' does not take {value!r}")
    return name, float(value) if "float" in kind and isinstance(value, int) else value


def _fits(kind: str, value: object, least: int) -> bool:
    if "list" in kind:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if "bool" in kind:
        return isinstance(value, bool)
    if "str" in kind:
        return isinstance(value, str)
    number = int | float if "float" in kind else int
    return isinstance(value, number) and not isinstance(value, bool) and least <= value <= _MOST


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)

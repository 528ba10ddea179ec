"""What the simulated tenant is like; everything but the preset and the client id can be changed while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

SCOPES = ("SCIM.ReadWrite", "User.ReadWrite", "License.Read", "License.ReadWrite")
PRESETS = ("Platform", "UserHub", "RFC7644")
"""The APIs that the tenant can speak: CXone's platform API, the one that User Hub publishes, the SCIM standard."""

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"RFC7644": {"bulk_mode": "sync", "allow_delete": True}}
"""What a preset begins with, where that is not what the others begin with."""


_STANDARD = {"preset": "RFC7644"}
_USER_HUB = {"preset": "UserHub"}
"""Whose a setting is that other presets do not have."""


@dataclass(slots=True)
class Settings:
    """One tenant's settings; names on the wire are these in camelCase."""

    preset: str = "Platform"
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

    static_token: str = field(default="", repr=False, metadata=_STANDARD)
    """A bearer token that is always good; none where it is empty."""
    patch_supported: bool = field(default=True, metadata=_STANDARD)
    """False: PATCH is answered with 501."""
    etags: bool = field(default=True, metadata=_STANDARD)
    """Versions are shown, and If-Match is heeded."""
    cursor_paging: str = field(default="off", metadata=_STANDARD)
    """RFC 9865. `offered`: whoever asks for a cursor gets pages so; `forced`: everybody does, without startIndex."""
    filter_supported: bool = field(default=True, metadata=_STANDARD)
    or_supported: bool = field(default=True, metadata=_STANDARD)
    roles_form: str = field(default="values", metadata=_STANDARD)
    """`values`: by name; `ids`: by id with the name as display; `entitlements`: by name, under that attribute;
    `none`: users have no such attribute."""
    member_filters: bool = field(default=True, metadata=_STANDARD)
    """False: `members[value eq "…"]` in the path of a PATCH is refused."""
    shows_user_groups: bool = field(default=True, metadata=_STANDARD)
    """False: users have no attribute groups."""
    licenses: bool = field(default=False, metadata=_STANDARD)
    """The licence API of Platform is there, too."""

    access_key_id: str = field(default="demo-key", metadata=_USER_HUB)
    access_key_secret: str = field(default="demo-key-secret", repr=False, metadata=_USER_HUB)
    teams: list[str] = field(
        default_factory=lambda: ["Support-Team", "Sales-Team", "QA-Team", "Billing-Team"], metadata=_USER_HUB
    )
    api_endpoint: str = field(default="", metadata=_USER_HUB)
    """The URL that discovery answers for the API; this server where it is empty."""
    undeactivatable: list[str] = field(default_factory=list, metadata=_USER_HUB)
    """userNames that a batch deactivation leaves as they are."""

    @property
    def strict(self) -> bool:
        """Messages must name their schemas, and bulk paths begin at the SCIM root (RFC 7644 sections 3.5.2 and 3.7)."""
        return self.preset == "RFC7644"


_CHOICES = {
    "bulk_mode": ("async", "sync", "off"),
    "retry_after_form": ("seconds", "date"),
    "cursor_paging": ("off", "offered", "forced"),
    "roles_form": ("values", "ids", "none", "entitlements"),
}
_FIXED = frozenset({"preset", "client_id"})
_LEAST = {"max_page_size": 1, "max_operations": 1, "max_payload_bytes": 1, "token_seconds": 1}
_MOST = 1_000_000_000
"""Of any number; what is larger is a slip, and infinity would stop the clock."""


def settings_of(preset: str, **given: Any) -> Settings:  # noqa: ANN401
    """The settings that a preset begins with, and what is given; None leaves a setting to the preset."""
    wanted = {name: value for name, value in given.items() if value is not None}
    return Settings(preset=preset, **{**_DEFAULTS.get(preset, {}), **wanted})


def preset_of(name: str) -> str | None:
    """The only preset that has the setting; None where all have it, and for what is none."""
    return next((item.metadata.get("preset") for item in fields(Settings) if item.name == name), None)


class SettingError(ValueError):
    """A setting that does not exist or has no such value; the message names it."""


def change(settings: Settings, wanted: Mapping[str, object]) -> None:
    """Set some by their names on the wire, all of them or none; raises SettingError."""
    for name, value in [_understood(settings.preset, wire_name, value) for wire_name, value in wanted.items()]:
        setattr(settings, name, value)


def _understood(preset: str, wire_name: str, value: object) -> tuple[str, object]:
    own = [item.name for item in fields(Settings) if item.metadata.get("preset", preset) == preset]
    names = {_camel(name): name for name in own if name not in _FIXED}
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

"""Settings from the environment: a tenant for namespaces that have no CxoneTenant, and nothing else.

Every field of a CxoneTenant's spec can be given: its path in upper case, words joined by `_` and levels by `__`, after
`CXONE_`. So `rateLimit.requestsPerMinute` is CXONE_RATE_LIMIT__REQUESTS_PER_MINUTE. Lists are separated by commas.
CXONE_CLIENT_ID and CXONE_CLIENT_SECRET are the credentials.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PREFIX = "CXONE_"
_BRIDGE = "CXONE_BRIDGE_"
"""Settings of the other command, which may share an environment with this one."""
CLIENT_ID = "CXONE_CLIENT_ID"
"""The id of the API client; required together with CXONE_BASE_URL."""
CLIENT_SECRET = "CXONE_CLIENT_SECRET"  # noqa: S105 - the name of a variable
"""Its secret; required together with CXONE_BASE_URL."""
_CREDENTIALS = frozenset({CLIENT_ID, CLIENT_SECRET})
_LISTS = frozenset({"scopes", "groups", "protectedUsers", "matchBy"})
_NAMES = {"baseUrl": "baseURL"}


class SettingsError(ValueError):
    """The environment contradicts itself; the message names the variable and the remedy."""


@dataclass(frozen=True, slots=True)
class EnvironmentTenant:
    """A tenant that the environment describes."""

    spec: Mapping[str, object]
    """As in a CxoneTenant's spec; checked where it is turned into one."""
    client_id: str
    client_secret: str = field(repr=False)


def environment_tenant(environ: Mapping[str, str]) -> EnvironmentTenant | None:
    """The tenant of the environment, None without CXONE_BASE_URL; raises SettingsError where a part is missing."""
    if not environ.get("CXONE_BASE_URL"):
        return None
    missing = sorted(name for name in _CREDENTIALS if not environ.get(name))
    if missing:
        raise SettingsError(f"CXONE_BASE_URL is set without {' and '.join(missing)}; set all three, or none")
    spec: dict[str, object] = {}
    for name, value in sorted(environ.items()):
        if name.startswith(PREFIX) and not name.startswith(_BRIDGE) and name not in _CREDENTIALS and value:
            _place(spec, [_camel(part) for part in name[len(PREFIX) :].split("__")], value)
    return EnvironmentTenant(spec, environ[CLIENT_ID], environ[CLIENT_SECRET])


def unknown_fields(given: Mapping[str, object], known: Mapping[str, object], above: str = "") -> list[str]:
    """Paths in `given` that `known`, which has every field, does not have: misspelt variables."""
    found = []
    for name, value in given.items():
        below = known.get(name)
        if name not in known:
            found.append(above + name)
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            found += unknown_fields(value, below, f"{above}{name}.")
    return found


def _place(spec: dict[str, object], path: list[str], value: str) -> None:
    for part in path[:-1]:
        level = spec.setdefault(part, {})
        if not isinstance(level, dict):
            raise SettingsError(f"CXONE_ variables give both a value and fields below it for '{part}'; keep one")
        spec = level
    name = path[-1]
    spec[name] = [item.strip() for item in value.split(",")] if name in _LISTS else value


def _camel(words: str) -> str:
    name = re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), words.lower())
    return _NAMES.get(name, name)

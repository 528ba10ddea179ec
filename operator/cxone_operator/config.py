"""Settings from the environment: a tenant for namespaces that have no CxoneTenant, and nothing else.

Every field of a CxoneTenant's spec can be given: its path in upper case, words joined by `_` and levels by `__`, after
`CXONE_`. So `rateLimit.requestsPerMinute` is CXONE_RATE_LIMIT__REQUESTS_PER_MINUTE. Lists are separated by commas.
The credentials have variables of their own; which of them are needed, `api.auth.grant` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PREFIX = "CXONE_"
_BRIDGE = "CXONE_BRIDGE_"
"""Settings of the other command, which may share an environment with this one."""
CREDENTIALS = {
    "clientId": "CXONE_CLIENT_ID",
    "clientSecret": "CXONE_CLIENT_SECRET",
    "accessKeyId": "CXONE_ACCESS_KEY_ID",
    "accessKeySecret": "CXONE_ACCESS_KEY_SECRET",
    "token": "CXONE_TOKEN",
    "username": "CXONE_USERNAME",
    "password": "CXONE_PASSWORD",
}
"""The key that a Secret would have → the variable that has its place."""
_LISTS = frozenset({"scopes", "groups", "protectedUsers", "matchBy"})
_NAMES = {"baseUrl": "baseURL", "tokenUrl": "tokenURL", "proxyUrl": "proxyURL"}


class SettingsError(ValueError):
    """The environment contradicts itself; the message names the variable and the remedy."""


@dataclass(frozen=True, slots=True)
class EnvironmentTenant:
    """A tenant that the environment describes."""

    spec: Mapping[str, object]
    """As in a CxoneTenant's spec; checked where it is turned into one."""
    credentials: Mapping[str, str] = field(repr=False)
    """By the keys that a Secret would have; what is not set is not in it."""

    def checked(self, keys: Iterable[str]) -> Mapping[str, str]:
        """The credentials; raises SettingsError where one of these is missing."""
        missing = [CREDENTIALS[key] for key in keys if key not in self.credentials]
        if missing:
            raise SettingsError(f"CXONE_BASE_URL is set without {' and '.join(missing)}; set all of them, or none")
        return self.credentials


def environment_tenant(environ: Mapping[str, str]) -> EnvironmentTenant | None:
    """The tenant of the environment, None without CXONE_BASE_URL; raises SettingsError for a contradiction."""
    if not environ.get("CXONE_BASE_URL"):
        return None
    credentials = {key: value for key, name in CREDENTIALS.items() if (value := environ.get(name))}
    spec: dict[str, object] = {}
    for name, value in sorted(environ.items()):
        if name.startswith(PREFIX) and not name.startswith(_BRIDGE) and name not in CREDENTIALS.values() and value:
            _place(spec, [_camel(part) for part in name[len(PREFIX) :].split("__")], value)
    return EnvironmentTenant(spec, credentials)


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

"""The schema of our resources without a cluster: types, limits, defaults and CEL rules, from the CRDs themselves.

`jsonschema` checks the structure and a CEL library evaluates the rules; what is here is what Kubernetes adds to both:
defaults come first, fields that nobody knows are errors, timestamps are compared as such, and rules may use the
functions of the `url`, `strings` libraries (Kubernetes documentation, "CEL in Kubernetes").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import cel
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.meta import GROUP, VERSION

API_VERSION = f"{GROUP}/{VERSION}"
KINDS = {user_api.KIND: user_api.PLURAL, tenant_api.KIND: tenant_api.PLURAL}

Json = Any
_FITS = "fits"
"""The name that `matches` has here."""
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or _moment(value) is not None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field."""

    field: str
    """Its path, as `spec.name.givenName`; empty for the whole resource."""
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class Schema:
    """The schema of one kind."""

    def __init__(self, crd: Mapping[str, Json]) -> None:
        versions = {version["name"]: version for version in crd["spec"]["versions"]}
        self._schema = versions[VERSION]["schema"]["openAPIV3Schema"]
        closed = _closed({**self._schema, "properties": {"spec": self._schema["properties"]["spec"]}}, top=True)
        self._structure = Draft202012Validator(closed, format_checker=_FORMATS)

    def defaulted(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """With the values that the API server would fill in."""
        filled: dict[str, Json] = _defaulted(self._schema["properties"]["spec"], body.get("spec"))
        return {**body, "spec": filled} if filled is not None else dict(body)

    def problems(self, body: Mapping[str, Json]) -> list[Problem]:
        """All that the API server would refuse about a new resource, by field."""
        found = [Problem(_path(error.absolute_path), _told(error)) for error in self._structure.iter_errors(body)]
        if found:
            return sorted(found, key=lambda problem: problem.field)
        spec = self.defaulted(body).get("spec")
        return list(_broken_rules(self._schema["properties"]["spec"], spec, ("spec",)))


@cache
def schema_of(kind: str) -> Schema:
    """Of a CxoneUser or a CxoneTenant."""
    text = (files("cxone_operator") / "crds" / f"{KINDS[kind]}.yaml").read_text()
    return Schema(yaml.safe_load(text))


def _closed(schema: Mapping[str, Json], *, top: bool = False) -> dict[str, Json]:
    """The same for a validator that otherwise lets unknown fields pass; at the top there is more than the spec."""
    closed = {name: value for name, value in schema.items() if not name.startswith("x-")}
    properties = {name: _closed(part) for name, part in schema.get("properties", {}).items()}
    if properties:
        closed |= {"properties": properties, "additionalProperties": top}
    if "items" in schema:
        closed["items"] = _closed(schema["items"])
    return closed


def _defaulted(schema: Mapping[str, Json], value: Json) -> Json:
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        missing = {name: part["default"] for name, part in parts.items() if "default" in part and name not in value}
        return {name: _defaulted(parts.get(name, {}), part) for name, part in {**value, **missing}.items()}
    if isinstance(value, list):
        return [_defaulted(schema.get("items", {}), item) for item in value]
    return value


def _broken_rules(schema: Mapping[str, Json], value: Json, path: tuple[str | int, ...]) -> Iterator[Problem]:
    yield from _duplicates(schema, value, path)
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" not in rule["rule"] and not _holds(rule["rule"], _typed(schema, value)):
            yield Problem(_path(path) + rule.get("fieldPath", ""), rule["message"])
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _broken_rules(schema.get("properties", {}).get(name, {}), part, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _broken_rules(schema.get("items", {}), item, (*path, number))


def _duplicates(schema: Mapping[str, Json], value: Json, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Lists that are sets, or maps by some of their fields, have each only once."""
    kind, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys", ())
    if kind not in ("set", "map") or not isinstance(value, list):
        return
    seen: list[Json] = []
    for number, item in enumerate(value):
        what = item if kind == "set" else [item.get(key) for key in keys]
        if what in seen:
            yield Problem(_path((*path, number)), "is in the list already; remove it")
        seen.append(what)


def _holds(rule: str, value: Json) -> bool:
    return _holds_again(rule, value) if isinstance(value, str) else _evaluated(rule, value)


@lru_cache(maxsize=10_000)
def _holds_again(rule: str, value: str) -> bool:
    """Ten thousand people have few roles and groups."""
    return _evaluated(rule, value)


def _evaluated(rule: str, value: Json) -> bool:
    context = cel.Context(variables={"self": value})
    for name in _functions_of(rule):
        context.add_function(name, _FUNCTIONS[name])
    return bool(_compiled(rule).execute(context))


@cache
def _functions_of(rule: str) -> tuple[str, ...]:
    """Adding one costs more than most rules do."""
    return tuple(name for name in _FUNCTIONS if f"{name}(" in rule.replace(".matches(", f".{_FITS}("))


@cache
def _compiled(rule: str) -> cel.Program:
    return cel.compile(rule.replace(".matches(", f".{_FITS}("))


def _typed(schema: Mapping[str, Json], value: Json) -> Json:
    """Timestamps as such, as the API server hands them to rules."""
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        return {name: _typed(parts.get(name, {}), part) for name, part in value.items()}
    if isinstance(value, list):
        return [_typed(schema.get("items", {}), item) for item in value]
    return _moment(value) if schema.get("format") == "date-time" and isinstance(value, str) else value


def _moment(text: str) -> datetime:
    """A time as JSON has it (RFC 3339 section 5.6); raises ValueError."""
    if not _RFC3339.fullmatch(text):
        raise ValueError("no date and time with a zone")
    return datetime.fromisoformat(text.upper())


def _path(parts: Iterable[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def _told(error: Any) -> str:  # noqa: ANN401 - the library's own type says no more
    if error.validator == "additionalProperties":
        unknown = sorted(set(error.instance) - set(error.schema["properties"]))
        known = ", ".join(sorted(error.schema["properties"]))
        return f"unknown field {' and '.join(unknown)}; there are {known}"
    if error.validator == "format":
        return f"{error.instance!r} is no date and time with a zone, for example 2026-12-31T18:00:00Z"
    if error.validator == "maxLength":
        return f"may not be longer than {error.validator_value} characters"
    if error.validator == "maxItems":
        return f"may not have more than {error.validator_value} entries"
    return str(error.message)


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text).scheme)
    except ValueError:
        return False


def _matches(text: str, pattern: str) -> bool:
    """The CEL library compiles a pattern anew each time, which takes a millisecond where it has classes of Unicode.

    In text that is all ASCII these classes are no more than letters and digits, and Python remembers what it compiles.
    """
    if not text.isascii():
        return bool(cel.evaluate("text.matches(pattern)", {"text": text, "pattern": pattern}))
    ascii_only = pattern.replace(r"\p{L}", "A-Za-z").replace(r"\p{N}", "0-9")
    ascii_only = ascii_only[:-1] + r"\Z" if ascii_only.endswith("$") else ascii_only
    return re.search(ascii_only, text) is not None


_FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "trim": str.strip,
    _FITS: _matches,
    "isURL": _is_url,
    "url": str,
    "getScheme": lambda text: urlsplit(text).scheme,
    "getHostname": lambda text: urlsplit(text).hostname or "",
}

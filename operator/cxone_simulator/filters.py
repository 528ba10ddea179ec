"""Filters (RFC 7644 section 3.4.2.2): text in, a predicate out, and the userNames it asks for where it asks for those.

A look-up of a hundred userNames is answered from the index, so it costs the same with ten users and with ten thousand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cxone_simulator.attributes import USER_SCHEMA
from cxone_simulator.errors import ScimProblem
from cxone_simulator.settings import Settings

Predicate = Callable[[Mapping[str, Any]], bool]
_TOKEN = re.compile(r'\s*(?:(\()|(\))|(\[)|(\])|("(?:[^"\\]|\\.)*")|([^\s()\[\]"]+))')
_ATTRIBUTE = re.compile(r"[A-Za-z$][\w$:.-]*")
_BRACKETS = frozenset("()[]")
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter."""

    matches: Predicate
    names: frozenset[str] | None
    """Lower-case userNames where nothing else can match; None where anybody can."""


def asked_filter(settings: Settings, text: str) -> Filter:
    """The filter of a list, as far as the server knows filters (RFC 7644 section 3.4.2.2); raises ScimProblem."""
    if not settings.filter_supported:
        raise _wrong("is not supported: no list can be filtered")
    return parse_filter(text, alternatives=settings.or_supported)


def parse_filter(text: str, *, alternatives: bool = True) -> Filter:
    """Raises ScimProblem 400 invalidFilter; without alternatives also for `or`."""
    parser = _Parser(list(_tokens(text)), alternatives)
    found = parser.disjunction(0)
    if parser.peek() is not None:
        raise _wrong(f"unexpected {parser.peek()}")
    return found


def _tokens(text: str) -> Iterator[str]:
    position, text = 0, text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _wrong(f"cannot be read at character {position}")
        yield match.group().strip()
        position = match.end()


def _wrong(what: str) -> ScimProblem:
    return ScimProblem(400, f"the filter {what}", "invalidFilter")


class _Parser:
    """Recursive descent; `or` binds less than `and`, `and` less than `not`."""

    def __init__(self, tokens: list[str], alternatives: bool) -> None:
        self._tokens = tokens
        self._alternatives = alternatives
        self._next = 0

    def peek(self) -> str | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def disjunction(self, depth: int) -> Filter:
        parts = [self._conjunction(depth)]
        while self._word("or"):
            if not self._alternatives:
                raise _wrong("has or, which is not supported")
            parts.append(self._conjunction(depth))
        if len(parts) == 1:
            return parts[0]
        names = [part.names for part in parts]
        union = None if any(name is None for name in names) else frozenset().union(*(n for n in names if n is not None))
        return Filter(lambda item: any(part.matches(item) for part in parts), union)

    def _conjunction(self, depth: int) -> Filter:
        parts = [self._term(depth)]
        while self._word("and"):
            parts.append(self._term(depth))
        if len(parts) == 1:
            return parts[0]
        names = next((part.names for part in parts if part.names is not None), None)
        return Filter(lambda item: all(part.matches(item) for part in parts), names)

    def _term(self, depth: int) -> Filter:
        if depth > _DEEPEST:
            raise _wrong("is nested too deeply")
        if self._word("not"):
            inner = self._term(depth + 1)
            return Filter(lambda item: not inner.matches(item), None)
        if self._word("("):
            inner = self.disjunction(depth + 1)
            self._expect(")")
            return inner
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Filter:
        path = self._take("an attribute")
        if not _ATTRIBUTE.fullmatch(path):
            raise _wrong(f"has no attribute '{path}'")
        if self._word("["):
            inner = self.disjunction(depth + 1)
            self._expect("]")
            return Filter(lambda item: any(inner.matches(value) for value in _values(item, path)), None)
        operator = self._take("an operator").lower()
        if operator == "pr":
            return Filter(lambda item: any(value not in (None, "", []) for value in _values(item, path)), None)
        compare = _OPERATORS.get(operator)
        if compare is None:
            raise _wrong(f"has no operator '{operator}'")
        wanted = _literal(self._take("a value"))
        names = frozenset({wanted.lower()}) if _asks_name(path, operator) and isinstance(wanted, str) else None
        return Filter(
            lambda item: any(compare(_comparable(value), _folded(wanted)) for value in _values(item, path)), names
        )

    def _word(self, word: str) -> bool:
        token = self.peek()
        if token is None or token.lower() != word:
            return False
        self._next += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._word(word):
            raise _wrong(f"lacks {word}")

    def _take(self, what: str) -> str:
        token = self.peek()
        if token is None or token in _BRACKETS:
            raise _wrong(f"lacks {what}")
        self._next += 1
        return token


def _asks_name(path: str, operator: str) -> bool:
    return operator == "eq" and path.lower() in ("username", f"{USER_SCHEMA}:username".lower())


def _literal(token: str) -> Any:  # noqa: ANN401
    try:
        value = json.loads(token)
    except ValueError as error:
        raise _wrong(f"has no JSON value at {token}") from error
    if isinstance(value, Mapping):
        raise _wrong(f"compares with an object at {token}")
    return value


def _values(item: Mapping[str, Any], path: str) -> list[Any]:
    """All values at a path, multi-valued attributes flattened; names in any case."""
    found: list[Any] = [item]
    schema, _, rest = path.lower().rpartition(":")
    if schema and schema != USER_SCHEMA.lower():
        found = _member(item, schema)
    for part in rest.split("."):
        found = [value for holder in found if isinstance(holder, Mapping) for value in _member(holder, part)]
    return found


def _member(holder: Mapping[str, Any], name: str) -> list[Any]:
    for key, value in holder.items():
        if key.lower() == name:
            return value if isinstance(value, list) else [value]
    return []


def _comparable(value: Any) -> Any:  # noqa: ANN401
    """Comparing a complex value means comparing its `value` (RFC 7644 section 3.4.2.2)."""
    return _folded(value.get("value") if isinstance(value, Mapping) else value)


def _folded(value: Any) -> Any:  # noqa: ANN401
    return value.lower() if isinstance(value, str) else value


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def checked(actual: Any, wanted: Any) -> bool:  # noqa: ANN401
        comparable = type(actual) is type(wanted) and not isinstance(actual, bool)
        return comparable and compare(actual, wanted)

    return checked


def _textual(compare: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda actual, wanted: isinstance(actual, str) and isinstance(wanted, str) and compare(actual, wanted)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda actual, wanted: bool(actual == wanted),
    "ne": lambda actual, wanted: bool(actual != wanted),
    "co": _textual(lambda actual, wanted: wanted in actual),
    "sw": _textual(str.startswith),
    "ew": _textual(str.endswith),
    "gt": _ordered(lambda actual, wanted: bool(actual > wanted)),
    "ge": _ordered(lambda actual, wanted: bool(actual >= wanted)),
    "lt": _ordered(lambda actual, wanted: bool(actual < wanted)),
    "le": _ordered(lambda actual, wanted: bool(actual <= wanted)),
}

"""Who is in a list, whom a filter finds, and where a page begins."""

from __future__ import annotations

import json
import re

from cxone_simulator.attributes import Json

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


def only_active(users: list[Json], _start: int) -> list[Json]:
    """Whoever has left is not shown."""
    return [user for user in users if user.get("active", True)]


def one_gone(users: list[Json], start: int) -> list[Json]:
    """Between the first page and the second."""
    return users[1:] if start > 1 else users


def moved(users: list[Json], start: int) -> list[Json]:
    """Between the first page and the second."""
    return [*users[1:], *users[:1]] if start > 1 else users


def case_exact(text: str, user: Json, found: bool) -> bool:
    """By the very letters."""
    return found and json.dumps(user["userName"], ensure_ascii=False) in text


def no_plus(_text: str, user: Json, found: bool) -> bool:
    """It is taken for a blank, which no userName has."""
    return found and "+" not in user["userName"]


def by_prefix(text: str, user: Json, _found: bool) -> bool:
    """eq is understood as sw."""
    return any(user["userName"].lower().startswith(name.lower()) for name in _QUOTED.findall(text))


def everybody(_text: str, _user: Json, _found: bool) -> bool:
    """A filter that is not understood is none."""
    return True


def from_zero(asked: int | None) -> int:
    """The first user has the index 0."""
    return 1 if asked is None else asked + 1


def from_start(_asked: int | None) -> int:
    """There is one page."""
    return 1


def overlapping(asked: int | None) -> int:
    """A page begins with the last user of the page before."""
    return max(1, (asked or 1) - 1)

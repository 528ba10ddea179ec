"""Cells: lists and texts as one cell of a spreadsheet, and back.

Entries of a list are apart by `;`. The type of an address or number follows after `|`, where it is not `work`. A
backslash takes the meaning from the character after it. `(none)` is the list of nothing; an empty cell says nothing.

A cell that a spreadsheet would compute (`=`, `+`, `-` or `@` at its beginning) is written with `'` before it, which is
taken away when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

NONE = "(none)"
_WORK = "work"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_SIGN = re.compile(r"\\.|.", re.DOTALL)


def shielded(cell: str) -> str:
    """As no spreadsheet computes it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def bare(cell: str) -> str:
    """The way back, without blanks at the ends."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def joined(names: Iterable[str]) -> str:
    """Names in one cell."""
    cell = "; ".join(map(_escaped, names))
    return f"\\{cell}" if cell == NONE else cell or NONE


def names_in(cell: str) -> list[str]:
    """The names of a cell, none of them empty."""
    return [] if cell == NONE else [name for parts in _entries(cell) if (name := "|".join(parts).strip())]


def contacts(items: Iterable[Mapping[str, object]]) -> str:
    """Addresses or numbers in one cell, the primary one first."""
    primary_first = sorted(items, key=lambda item: not item.get("primary"))
    cells = (_escaped(str(item["value"])) + _type(item) for item in primary_first)
    return "; ".join(cells) or NONE


def contacts_in(cell: str) -> Iterator[tuple[str, str]]:
    """(value, type) of each; the type is `work` where it is not said."""
    for parts in [] if cell == NONE else _entries(cell):
        value, type_ = parts[0].strip(), "|".join(parts[1:]).strip()
        if value or type_:
            yield value, type_ or _WORK


def _type(item: Mapping[str, object]) -> str:
    return f"|{_escaped(str(item['type']))}" if "type" in item else ""


def _escaped(text: str) -> str:
    return re.sub(r"([\\;|])", r"\\\1", text)


def _entries(cell: str) -> Iterator[list[str]]:
    """The parts of each entry, which are apart by `|`."""
    parts = [""]
    for sign in _SIGN.findall(cell):
        if sign == ";":
            yield parts
            parts = [""]
        elif sign == "|":
            parts.append("")
        else:
            parts[-1] += sign[1:] if len(sign) > 1 else sign
    yield parts

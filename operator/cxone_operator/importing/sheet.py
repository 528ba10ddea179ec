"""The sheet: people as CSV (RFC 4180), one in a row. Reading tells all that is wrong with a file, or gives all of it.

| column                          | what it has                                                             |
|---------------------------------|-------------------------------------------------------------------------|
| `userName`                      | required, an e-mail address                                             |
| `givenName`, `familyName`       | a part that is empty is guessed from the userName, for a new account    |
| `role`, `displayName`,          | text                                                                    |
| `timezone`, `team`, `employeeId`|                                                                         |
| `secondaryRoles`, `groups`      | names, apart by `;`                                                     |
| `active`                        | true or false; empty is true                                            |
| `emails`, `phoneNumbers`        | entries apart by `;`, each as VALUE or VALUE|TYPE; the first address is |
|                                 | the primary one                                                         |

Columns may be in any order and may be missing; `importing.cells` says how lists are written. What separates cells may
be `,`, `;` or a tab, whichever the first line has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cxone_operator.core.suggestion import did_you_mean
from cxone_operator.core.users import key_of
from cxone_operator.importing import cells, limits
from cxone_operator.importing.limits import Limit
from cxone_operator.importing.person import Person, named

COLUMNS = (
    *("userName", "givenName", "familyName", "role", "secondaryRoles", "groups", "active", "emails"),
    *("displayName", "phoneNumbers", "timezone", "team", "employeeId"),
)
_TEXTS: Mapping[str, Limit] = {
    "role": limits.ROLE,
    "displayName": limits.DISPLAY_NAME,
    "timezone": limits.TIMEZONE,
    "team": limits.TEAM,
    "employeeId": limits.EMPLOYEE_ID,
}
_LISTS: Mapping[str, tuple[Limit, int]] = {
    "secondaryRoles": (limits.ROLE, limits.MOST_ROLES),
    "groups": (limits.GROUP, limits.MOST_GROUPS),
}
_CONTACTS: Mapping[str, Limit] = {"emails": limits.ADDRESS, "phoneNumbers": limits.NUMBER}
_TRUTHS = {"": True, "true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a file."""

    line: int
    """As an editor counts them."""
    text: str
    """With the column, and the remedy."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


class InvalidSheet(ValueError):
    """A file that cannot be read, with all that is wrong."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: mistake.line))
        super().__init__("\n".join(map(str, self.mistakes)))


def as_csv(people: Iterable[Person]) -> Iterator[str]:
    """The header, and a line for each."""
    yield _line(COLUMNS)
    for person in people:
        row = _row(person)
        yield _line(cells.shielded(row.get(column, "")) for column in COLUMNS)


def from_csv(raw: bytes) -> list[Person]:
    """The people of a file, in its order; raises InvalidSheet."""
    rows = _rows(_decoded(raw))
    readers = [_Reader(line, row) for line, row in rows]
    people = [reader.person() for reader in readers]
    mistakes = [mistake for reader in readers for mistake in reader.mistakes]
    mistakes += _repeated(readers)
    if mistakes:
        raise InvalidSheet(mistakes)
    return people


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidSheet([Mistake(line, "this is not UTF-8; save the file as 'CSV UTF-8'")]) from None


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    """(line, cells by column) of every row that has any; raises InvalidSheet."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    found: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                found.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InvalidSheet([Mistake(line, f'this is not CSV: {error}; close what a quote (") opens')]) from None
    if not found:
        raise InvalidSheet([Mistake(1, f"there is nothing; the first line names columns: {', '.join(COLUMNS)}")])
    columns = _columns(*found[0])
    too_long = [Mistake(line, _more(row, columns)) for line, row in found[1:] if any(row[len(columns) :])]
    if too_long:
        raise InvalidSheet(too_long)
    return [(line, dict(zip(columns, row, strict=False))) for line, row in found[1:]]


def _delimiter(text: str) -> str:
    header = text.partition("\n")[0]
    return max(",;\t", key=header.count)


def _columns(line: int, header: list[str]) -> list[str]:
    """As they are called here; raises InvalidSheet."""
    known = {column.lower(): column for column in COLUMNS}
    names = [cell.strip() for cell in header]
    while names and not names[-1]:
        names.pop()
    columns = [known.get(name.lower(), name) for name in names]
    mistakes = [Mistake(line, _unknown(name)) for name in columns if name not in COLUMNS]
    twice = {name for name in columns if columns.count(name) > 1 and name in COLUMNS}
    mistakes += [Mistake(line, f"column {name} is there twice; remove one") for name in sorted(twice)]
    if "userName" not in columns:
        mistakes.append(Mistake(line, "there is no column userName; the first line must name the columns"))
    if mistakes:
        raise InvalidSheet(mistakes)
    return columns


def _unknown(name: str) -> str:
    near = did_you_mean(name, COLUMNS)
    remedy = f"did you mean {near}?" if near else f"remove it, or call it one of {', '.join(COLUMNS)}"
    return f"there is no column '{name}'; {remedy}"


def _more(row: list[str], columns: list[str]) -> str:
    return (
        f'{len(row)} cells, and only {len(columns)} columns; put a cell that has a separator in it into quotes ("), or '
        "remove what is too much"
    )


class _Reader:
    """One row."""

    def __init__(self, line: int, row: Mapping[str, str]) -> None:
        self.line = line
        self.mistakes: list[Mistake] = []
        self._row = {column: cells.bare(cell) for column, cell in row.items()}
        self.user_name = self._row.get("userName", "")

    def person(self) -> Person:
        """What the row says; its mistakes are known afterwards."""
        self._fits("userName", self.user_name, limits.USER_NAME)
        given, family = (self._text(part, limits.NAME) for part in ("givenName", "familyName"))
        name, annotations = named(self.user_name, given, family)
        spec: dict[str, object] = {"userName": self.user_name, "name": name}
        for column in COLUMNS:
            spec |= self._said(column)
        if spec.get("role") in self._names("secondaryRoles"):
            self._wrong("secondaryRoles", "repeats role; remove it there")
        return Person(spec, annotations)

    def _said(self, column: str) -> dict[str, object]:
        cell = self._row.get(column, "")
        if column == "active":
            return {} if self._truth(cell) else {"active": False}
        if not cell:
            return {}
        if column in _TEXTS:
            return {column: self._text(column, _TEXTS[column])}
        if column in _LISTS:
            return {column: self._list(column, *_LISTS[column])}
        return {column: self._contacts(column, _CONTACTS[column])} if column in _CONTACTS else {}

    def _truth(self, cell: str) -> bool:
        if cell.lower() not in _TRUTHS:
            self._wrong("active", f"'{cell}' is neither true nor false; write one of them")
        return _TRUTHS.get(cell.lower(), True)

    def _text(self, column: str, limit: Limit) -> str:
        cell = self._row.get(column, "")
        if cell:
            self._fits(column, cell, limit)
        return cell

    def _names(self, column: str) -> list[str]:
        return list(dict.fromkeys(cells.names_in(self._row.get(column, ""))))

    def _list(self, column: str, limit: Limit, most: int) -> list[str]:
        names = self._names(column)
        for name in names:
            self._fits(column, name, limit)
        if len(names) > most:
            self._wrong(column, f"has {len(names)} names; {most} are possible")
        return names

    def _contacts(self, column: str, limit: Limit) -> list[dict[str, object]]:
        found = list(cells.contacts_in(self._row[column]))
        for value, type_ in found:
            self._fits(column, value, limit)
            self._fits(column, type_, limits.TYPE)
        if len({value for value, _ in found}) != len(found):
            self._wrong(column, "has a value twice; remove one")
        if len(found) > limits.MOST_CONTACTS:
            self._wrong(column, f"has {len(found)} entries; {limits.MOST_CONTACTS} are possible")
        said = [{"value": value} | ({"type": type_} if type_.lower() != "work" else {}) for value, type_ in found]
        return [
            item | ({"primary": True} if column == "emails" and not number else {}) for number, item in enumerate(said)
        ]

    def _fits(self, column: str, value: str, limit: Limit) -> None:
        if not limit.fits(value):
            self._wrong(column, f"{_shown(value)} must be {limit.must_be}")

    def _wrong(self, column: str, text: str) -> None:
        self.mistakes.append(Mistake(self.line, f"column {column}: {text}"))


def _shown(value: str) -> str:
    if not value:
        return "what is empty"
    return f"'{value if len(value) <= 80 else value[:79] + '…'}'"


def _repeated(readers: Iterable[_Reader]) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for reader in readers:
        line = first.setdefault(key_of(reader.user_name), reader.line)
        if line != reader.line and reader.user_name:
            text = f"column userName: '{reader.user_name}' is the same user as in line {line}; remove one of the two"
            yield Mistake(reader.line, text)


def _row(person: Person) -> dict[str, str]:
    spec, guessed = person.spec, person.guessed
    name = spec["name"]
    row = {"userName": person.user_name, "active": "false" if spec.get("active") is False else "true"}
    row |= {part: str(value) for part, value in name.items() if part not in guessed} if isinstance(name, dict) else {}
    for column in COLUMNS:
        value = spec.get(column)
        if isinstance(value, list):
            row[column] = cells.contacts(value) if column in _CONTACTS else cells.joined(value)
        elif isinstance(value, str):
            row[column] = value
    return row


def _line(row: Iterable[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow(row)
    return line.getvalue()

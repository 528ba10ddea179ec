"""Spreadsheets: what people write is read, and all that is wrong with it is told."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.importing import cells
from cxone_operator.importing.sheet import InvalidSheet, as_csv, from_csv

JANE = {"userName": "jane@example.com", "name": {"givenName": "Jane", "familyName": "Smith"}}


def read(text: str) -> list[dict[str, Any]]:
    return [dict(person.spec) for person in from_csv(text.encode())]


def mistakes(text: str | bytes) -> list[str]:
    with pytest.raises(InvalidSheet) as caught:
        from_csv(text.encode() if isinstance(text, str) else text)
    return list(map(str, caught.value.mistakes))


@pytest.mark.parametrize(
    "text",
    [
        "userName,givenName,familyName\njane@example.com,Jane,Smith\n",
        "\ufeffuserName;givenName;familyName\r\njane@example.com;Jane;Smith\r\n",
        "USERNAME\tGivenName\tfamilyname\t\njane@example.com\t Jane \tSmith\t\n\n\t\t\t\n",
        "familyName,givenName,userName\nSmith,Jane,jane@example.com",
    ],
)
def test_a_sheet_as_programs_save_it(text: str) -> None:
    """Whatever separates its cells, in any order."""
    assert read(text) == [JANE]


def test_all_that_a_sheet_can_say() -> None:
    """Each column."""
    header = "userName,role,secondaryRoles,groups,active,emails,displayName,phoneNumbers,timezone,team,employeeId"
    row = "jane@example.com,Agent,Lead; QA\\; Ops,(none),FALSE,j@x.com; k@x.com|home,Jane,'+1 415|mobile,UTC,Alpha,'=7"
    person = from_csv(f"{header}\n{row}".encode())[0]
    assert person.guessed == {"givenName", "familyName"}
    assert {key: value for key, value in person.spec.items() if key not in ("userName", "name")} == {
        "role": "Agent",
        "secondaryRoles": ["Lead", "QA; Ops"],
        "groups": [],
        "active": False,
        "emails": [{"value": "j@x.com", "primary": True}, {"value": "k@x.com", "type": "home"}],
        "displayName": "Jane",
        "phoneNumbers": [{"value": "+1 415", "type": "mobile"}],
        "timezone": "UTC",
        "team": "Alpha",
        "employeeId": "=7",
    }


def test_all_mistakes_are_told() -> None:
    """With line, column and remedy."""
    text = (
        "userName,active,role,secondaryRoles,emails\n"
        "jane,maybe,Agent,Agent; Lead,nobody\n"
        '"ann\n@example.com",true,,,\n'
        "bob@example.com,,,,a@b.c; a@b.c|home\n"
        "BOB@example.com,,,,\n"
    )
    assert mistakes(text) == [
        "line 2: column userName: 'jane' must be an e-mail address of at most 254 characters, for example "
        "jane.smith@example.com",
        "line 2: column active: 'maybe' is neither true nor false; write one of them",
        "line 2: column emails: 'nobody' must be an e-mail address, for example jane.smith@example.com",
        "line 2: column secondaryRoles: repeats role; remove it there",
        "line 3: column userName: 'ann\n@example.com' must be an e-mail address of at most 254 characters, for example "
        "jane.smith@example.com",
        "line 5: column emails: has a value twice; remove one",
        "line 6: column userName: 'BOB@example.com' is the same user as in line 5; remove one of the two",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["line 1: there is nothing"]),
        ("name\nJane\n", ["line 1: there is no column 'name'", "line 1: there is no column userName"]),
        ("userName,rolle\n", ["line 1: there is no column 'rolle'; did you mean role?"]),
        ("userName,role,Role\n", ["line 1: column role is there twice"]),
        ("userName,role\na@b.c,Agent,more\nd@e.f,x,,y\n", ["line 2: 3 cells, and only 2", "line 3: 4 cells"]),
        ('userName\n"a@b.c\n', ["line 2: this is not CSV"]),
        ("userName\na@b.c\nZo\u00eb@b.c\n".encode("latin-1"), ["line 3: this is not UTF-8; save the file as"]),
    ],
)
def test_a_file_that_is_no_sheet(text: str | bytes, words: list[str]) -> None:
    """Nothing of it is read."""
    found = mistakes(text)
    assert [message[: len(word)] for message, word in zip(found, words, strict=True)] == words


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_a_file_has(raw: bytes) -> None:
    """It is read, or refused with its lines."""
    with suppress(InvalidSheet):
        from_csv(b"userName,groups,emails\n" + raw)


@given(st.lists(st.text().map(str.strip).filter(bool), max_size=5))
def test_names_come_back(names: list[str]) -> None:
    """Whatever is in them, and no cell is a formula."""
    cell = cells.shielded(cells.joined(names))
    assert cell[:1] not in ("=", "+", "-", "@")
    assert cells.names_in(cells.bare(cell)) == names


def test_nothing_is_a_sheet_too() -> None:
    """Its header."""
    assert len(list(as_csv([]))) == 1

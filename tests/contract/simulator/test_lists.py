"""Lists: filters, pages, and the attributes that were asked for."""

from __future__ import annotations

from typing import Any

import pytest

from contract.simulator.stage import NICE_SCHEMA, USER_SCHEMA, USERS, Stage
from cxone_simulator.errors import ScimProblem
from cxone_simulator.filters import parse_filter
from cxone_simulator.habits import Habits
from cxone_simulator.journal import Journal
from cxone_simulator.settings import Settings
from cxone_simulator.tenant import Tenant

PEOPLE: list[dict[str, Any]] = [
    {
        "userName": "Anna",
        "displayName": "Anna A.",
        "active": True,
        "name": {"givenName": "Anna", "familyName": "Lee"},
        "emails": [{"value": "anna@work.example", "type": "work"}, {"value": "anna@home.example", "type": "home"}],
        "groups": [{"value": "Support-Team"}],
        NICE_SCHEMA: {"team": {"value": "Blue"}},
    },
    {
        "userName": "bert",
        "active": False,
        "name": {"givenName": "Bert", "familyName": 'O"Hara'},
        "emails": [{"value": "bert@home.example", "type": "home"}],
        "groups": [{"value": "Sales-Team"}, {"value": "Support-Team"}],
    },
    {
        "userName": "carl",
        "displayName": "Carl",
        "active": True,
        "name": {"givenName": "Carl", "familyName": "(and) or"},
        "emails": [{"value": "carl@work.example", "type": "work"}],
    },
]


def found(text: str) -> list[str]:
    """Initials of those that the filter matches."""
    wanted = parse_filter(text)
    return [person["userName"][0].upper() for person in PEOPLE if wanted.matches(person)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "anna"', "A"),
        ('USERNAME EQ "ANNA"', "A"),
        (f'{USER_SCHEMA}:userName eq "anna"', "A"),
        ('userName ne "anna"', "BC"),
        ('userName co "r"', "BC"),
        ('userName sw "c"', "C"),
        ('userName ew "t"', "B"),
        ("displayName pr", "AC"),
        ("not (displayName pr)", "B"),
        ("active eq true", "AC"),
        ("active eq false", "B"),
        ('name.familyName eq "lee"', "A"),
        ('name.familyName eq "O\\"Hara"', "B"),
        ('name.familyName eq "(and) or"', "C"),
        ('emails eq "bert@home.example"', "B"),
        ('emails.value co "work"', "AC"),
        ('emails[type eq "work"]', "AC"),
        ('emails[type eq "work" and value sw "c"]', "C"),
        ('emails[type eq "work" and value co "home"]', ""),
        ('emails[not (type eq "home")]', "AC"),
        ('groups[value eq "Support-Team"] and active eq false', "B"),
        (f'{NICE_SCHEMA}:team.value eq "blue"', "A"),
        (f"{NICE_SCHEMA}:team pr", "A"),
        (f'{NICE_SCHEMA}:userName eq "anna"', ""),
        ('userName eq "anna" or userName eq "bert" and active eq true', "A"),
        ('(userName eq "anna" or userName eq "bert") and active eq false', "B"),
        ('userName eq "anna" or not (active eq true)', "AB"),
        ('userName gt "b"', "BC"),
        ('userName le "bert"', "AB"),
        ('shoeSize eq "43"', ""),
        ("userName eq 5", ""),
    ],
)
def test_filters(text: str, expected: str):
    """Operators, precedence, brackets, and paths of every kind; text compares in any case."""
    assert "".join(found(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "userName",
        "userName eq",
        'userName is "x"',
        "userName eq anna",
        'userName eq "anna',
        'userName eq "anna" and',
        'userName eq "anna" userName eq "bert"',
        '(userName eq "anna"',
        'userName eq "anna")',
        'emails[type eq "work"',
        "emails[]",
        "not",
        "()",
        '"userName" eq "anna"',
        "userName eq {}",
        "(" * 100 + "active pr" + ")" * 100,
    ],
)
async def test_bad_filters(stage: Stage, text: str):
    """400 invalidFilter, by GET and by POST."""
    answer = await stage.call("GET", USERS, params={"filter": text})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")
    answer = await stage.call("POST", f"{USERS}/.search", {"filter": text})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")


async def test_filters_over_the_wire(stage: Stage):
    """A name with characters that a URL and a filter must escape is found."""
    names = ['a"b', "a+b", "a&b%20", "ä\\ö"]
    for name in names:
        await stage.create(name)
    for name in names:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        assert await stage.find(f'userName eq "{quoted}"') == [name]


def test_a_look_up_of_names_uses_the_index():
    """A filter of a hundred names knows them, so ten thousand users need not be gone through."""
    names = [f"User-{number:05}@preloaded.example" for number in range(1, 201, 2)]
    wanted = parse_filter(" or ".join(f'userName eq "{name}"' for name in names))
    assert wanted.names == {name.lower() for name in names}
    tenant = Tenant(Settings(), Journal(lambda: 0.0), lambda: 0.0, Habits())
    tenant.preload(10_000)
    pool = tenant.named(sorted(wanted.names))
    assert len(pool) == 100
    assert all(wanted.matches(user) for user in pool)


async def test_a_look_up_over_the_wire_goes_through_nobody(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Only the users that were named are looked at."""
    for name in ("anna", "bert", "carl"):
        await stage.create(name)
    monkeypatch.setattr(Tenant, "users", lambda _self: pytest.fail("all users were gone through"))
    assert await stage.find('userName eq "CARL" or userName eq "anna" or userName eq "x"') == ["anna", "carl"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('userName eq "A" and active eq true', {"a"}),
        ('active eq true and userName eq "A"', {"a"}),
        ('userName eq "A" or active eq true', None),
        ('not (userName eq "A")', None),
        ('userName ne "A"', None),
        ("userName eq 5", None),
        ('emails[userName eq "A"]', None),
    ],
)
def test_names_are_known_only_where_nobody_else_can_match(text: str, names: set[str] | None):
    """The index is never used where it would hide somebody."""
    assert parse_filter(text).names == names


@pytest.mark.parametrize(
    ("query", "names", "start"),
    [
        ({}, "abcde", 1),
        ({"startIndex": 2}, "bcde", 2),
        ({"startIndex": 2, "count": 2}, "bc", 2),
        ({"startIndex": 5, "count": 2}, "e", 5),
        ({"startIndex": 6, "count": 2}, "", 6),
        ({"startIndex": 0, "count": 2}, "ab", 1),
        ({"startIndex": -3}, "abcde", 1),
        ({"count": 0}, "", 1),
        ({"count": -1}, "", 1),
        ({"startIndex": 10**30, "count": 10**30}, "", 10**30),
    ],
)
async def test_pages(stage: Stage, query: dict[str, int], names: str, start: int):
    """startIndex counts from one, count is a limit, and beyond the end there is an empty page; by GET and POST."""
    for name in "abcde":
        await stage.create(name)
    for answer in (
        await stage.ok("GET", USERS, params={key: str(value) for key, value in query.items()}),
        await stage.ok("POST", f"{USERS}/.search", query),
    ):
        assert "".join(item["userName"] for item in answer["Resources"]) == names
        assert (answer["totalResults"], answer["itemsPerPage"], answer["startIndex"]) == (5, len(names), start)


async def test_the_server_bounds_a_page(stage: Stage):
    """A page has no more than maxPageSize users, whatever was asked for."""
    await stage.control("PATCH", "settings", {"maxPageSize": 2})
    for name in "abc":
        await stage.create(name)
    for query in ({}, {"count": "50"}):
        answer = await stage.ok("GET", USERS, params=query)
        assert (answer["totalResults"], answer["itemsPerPage"]) == (3, 2)


@pytest.mark.parametrize("value", ["x", "1.5", ""])
async def test_a_page_must_be_numbers(stage: Stage, value: str):
    """400 names what is not a number."""
    answer = await stage.call("GET", USERS, params={"startIndex": value})
    assert answer.status == 400
    assert "startIndex" in answer.body["detail"]


async def test_attributes(stage: Stage):
    """Only what was asked for, with id and schemas; or all but what was not wanted; names in any case."""
    await stage.create("jane")
    one = (await stage.ok("GET", USERS, params={"attributes": "USERNAME,name.FamilyName"}))["Resources"][0]
    assert {key: value for key, value in one.items() if key not in ("id", "schemas")} == {
        "userName": "jane",
        "name": {"familyName": "Doe"},
    }
    one = (await stage.ok("GET", USERS, params={"excludedAttributes": "emails,Roles,id"}))["Resources"][0]
    assert {"id", "userName"} <= one.keys()
    assert not {"emails", "roles"} & one.keys()


async def test_groups_are_the_directory(stage: Stage):
    """GET /Groups lists what a user can be in."""
    answer = await stage.ok("GET", "/scim/v2/Groups", params={"count": "2"})
    assert answer["totalResults"] == 4
    assert [group["displayName"] for group in answer["Resources"]] == ["Support-Team", "Sales-Team"]


def test_a_problem_says_where():
    """The message of a bad filter says what is wrong with it."""
    with pytest.raises(ScimProblem, match="no operator 'is'"):
        parse_filter('userName is "x"')

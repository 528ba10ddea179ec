"""Lists of a strict server: pages by cursor (RFC 9865), and filters as far as it knows them."""

from __future__ import annotations

from typing import Any

import pytest

from contract.simulator.stage import GROUPS, USERS, Stage

NAMES = ["anna", "bert", "carl", "dora", "emil"]


async def _company(stage: Stage, paging: str) -> None:
    for name in NAMES:
        await stage.create(name)
    await stage.control("PATCH", "settings", {"cursorPaging": paging, "maxPageSize": 2})


def _names(page: Any) -> list[str]:
    return [item["userName"] for item in page["Resources"]]


async def _pages(stage: Stage, path: str = USERS, **query: str) -> list[Any]:
    """All pages by cursor, each with the same query."""
    pages = [await stage.ok("GET", path, params=query)]
    while "nextCursor" in pages[-1]:
        pages.append(await stage.ok("GET", path, params={**query, "cursor": pages[-1]["nextCursor"]}))
    return pages


async def test_forced_cursors_come_unasked(standard: Stage):
    """Everybody once, the last page without nextCursor, startIndex neither heeded nor answered; discovery says so."""
    await _company(standard, "forced")
    pages = await _pages(standard, startIndex="3")
    assert [_names(page) for page in pages] == [["anna", "bert"], ["carl", "dora"], ["emil"]]
    assert all(page["totalResults"] == 5 and "startIndex" not in page for page in pages)
    found = (await standard.ok("GET", "/scim/v2/ServiceProviderConfig"))["pagination"]
    assert (found["cursor"], found["index"], found["defaultPaginationMethod"]) == (True, False, "cursor")


async def test_offered_cursors_are_for_those_who_ask(standard: Stage):
    """An empty cursor begins; without one pages have an index, and no cursor."""
    await _company(standard, "offered")
    by_index = await standard.ok("GET", USERS, params={"startIndex": "4"})
    assert (_names(by_index), by_index["startIndex"], "nextCursor" in by_index) == (["dora", "emil"], 4, False)
    first = await standard.ok("GET", USERS, params={"cursor": ""})
    second = await standard.ok("GET", USERS, params={"cursor": first["nextCursor"]})
    assert (_names(first), _names(second)) == (["anna", "bert"], ["carl", "dora"])
    found = (await standard.ok("GET", "/scim/v2/ServiceProviderConfig"))["pagination"]
    assert (found["cursor"], found["index"], found["defaultPaginationMethod"]) == (True, True, "index")


async def test_cursors_that_are_off(standard: Stage):
    """The parameter is unknown, and discovery knows nothing of it."""
    await _company(standard, "off")
    page = await standard.ok("GET", USERS, params={"cursor": "anything"})
    assert (_names(page), page["startIndex"]) == (["anna", "bert"], 1)
    assert "pagination" not in await standard.ok("GET", "/scim/v2/ServiceProviderConfig")


async def test_groups_and_searches_have_cursors_too(standard: Stage):
    """GET /Groups, and POST /.search with the cursor in the body."""
    await _company(standard, "forced")
    groups = await _pages(standard, GROUPS)
    assert [len(page["Resources"]) for page in groups] == [2, 2]
    body = {"filter": 'userName ne "anna"'}
    first = await standard.ok("POST", f"{USERS}/.search", body)
    second = await standard.ok("POST", f"{USERS}/.search", {**body, "cursor": first["nextCursor"]})
    assert (_names(first), _names(second)) == (["bert", "carl"], ["dora", "emil"])


async def test_nobody_is_missed_or_seen_twice_while_people_come_and_go(standard: Stage):
    """Between two pages one is gone from each, one changes and one comes: those who stayed are there, as they are."""
    await _company(standard, "forced")
    first = await standard.ok("GET", USERS)
    for name in ("anna", "emil"):
        await standard.control("POST", "outside", {"userName": name, "delete": True})
    await standard.create("fred")
    await standard.control("POST", "outside", {"userName": "dora", "set": {"displayName": "D"}})
    second = await standard.ok("GET", USERS, params={"cursor": first["nextCursor"]})
    assert (_names(second), "nextCursor" in second) == (["carl", "dora"], False)
    assert second["Resources"][1]["displayName"] == "D"


async def test_a_cursor_can_be_used_again(standard: Stage):
    """Whoever lost an answer asks once more and gets the same page."""
    await _company(standard, "forced")
    query = {"cursor": (await standard.ok("GET", USERS))["nextCursor"]}
    pages = [await standard.ok("GET", USERS, params=query) for _ in range(2)]
    assert [_names(page) for page in pages] == [["carl", "dora"]] * 2


@pytest.mark.parametrize(
    ("change", "scim_type"),
    [
        ({"cursor": "unheard"}, "invalidCursor"),
        ({"filter": "active eq true"}, "invalidCursor"),
        ({"attributes": "userName"}, "invalidCursor"),
        ({"count": "1"}, "invalidCount"),
    ],
)
async def test_a_cursor_belongs_to_its_query(standard: Stage, change: dict[str, str], scim_type: str):
    """400 where anything else is asked with it (RFC 9865 section 2.1)."""
    await _company(standard, "forced")
    cursor = (await standard.ok("GET", USERS))["nextCursor"]
    answer = await standard.call("GET", USERS, params={"cursor": cursor, **change})
    assert (answer.status, answer.body["scimType"]) == (400, scim_type)


async def test_a_cursor_expires(standard: Stage):
    """400 expiredCursor after the time that discovery names."""
    await _company(standard, "forced")
    query = {"cursor": (await standard.ok("GET", USERS))["nextCursor"]}
    standard.clock.now += (await standard.ok("GET", "/scim/v2/ServiceProviderConfig"))["pagination"]["cursorTimeout"]
    answer = await standard.call("GET", USERS, params=query)
    assert (answer.status, answer.body["scimType"]) == (400, "expiredCursor")


async def test_no_page_of_nothing_goes_on(standard: Stage):
    """count=0 asks how many there are; there is nothing to go on with."""
    await _company(standard, "forced")
    page = await standard.ok("GET", USERS, params={"count": "0"})
    assert (page["totalResults"], page["Resources"], "nextCursor" in page) == (5, [], False)


@pytest.mark.parametrize("path", [USERS, GROUPS])
async def test_a_server_without_filters(standard: Stage, path: str):
    """400 invalidFilter for users and groups, asked by GET or POST, and discovery says so."""
    await standard.control("PATCH", "settings", {"filterSupported": False})
    answer = await standard.call("GET", path, params={"filter": 'displayName eq "x"'})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")
    answer = await standard.call("POST", f"{USERS}/.search", {"filter": 'userName eq "x"'})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")
    assert (await standard.ok("GET", path))["totalResults"] >= 0
    assert (await standard.ok("GET", "/scim/v2/ServiceProviderConfig"))["filter"]["supported"] is False


async def test_a_server_that_does_not_know_or(standard: Stage):
    """400 invalidFilter for or, wherever it stands; and is known, and so is the word as a value."""
    await standard.create("or")
    await standard.control("PATCH", "settings", {"orSupported": False})
    assert await standard.find('userName eq "or" and active eq true') == ["or"]
    for text in ('userName eq "x" or userName eq "or"', 'active eq true and (userName eq "x" OR userName eq "or")'):
        answer = await standard.call("GET", USERS, params={"filter": text})
        assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")

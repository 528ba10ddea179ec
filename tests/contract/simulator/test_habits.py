"""Habits: each does what its line says, as long as it is on, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract.simulator.stage import BULK, USERS, Stage, bulk, user
from cxone_simulator.habits import HABITS


async def switch(stage: Stage, *names: str) -> None:
    await stage.control("PATCH", "habits", dict.fromkeys(names, True))


async def shown(stage: Stage, name: str, *habits: str, **more: Any) -> Any:
    """A new user as the tenant shows it with these habits."""
    await switch(stage, *habits)
    created = await stage.create(name, **more)
    return await stage.ok("GET", f"{USERS}/{created['id']}")


async def test_all_are_named_and_can_be_switched(stage: Stage):
    """Each has a line that says what it does; none is on by itself; what does not exist is refused."""
    listed = (await stage.control("GET", "habits"))["habits"]
    assert [item["name"] for item in listed] == list(HABITS)
    assert all(item["says"] and not item["on"] for item in listed)
    await switch(stage, "html", "quotaNull")
    await stage.control("PATCH", "habits", {"html": False})
    on = [item["name"] for item in (await stage.control("GET", "habits"))["habits"] if item["on"]]
    assert on == ["quotaNull"]
    await stage.control("DELETE", "habits")
    assert not any(item["on"] for item in (await stage.control("GET", "habits"))["habits"])
    for wrong in ({"nonsense": True}, {"html": 1}, []):
        assert (await stage.call("PATCH", "/_simulator/habits", wrong)).status == 400


async def test_what_makes_a_difference_is_counted(stage: Stage):
    """And nothing that is done as it would be anyway; also after the habit has ended."""
    await switch(stage, "zoneAlias", "refusesOr", "hidesFalse", "listsLate", "opsCapitalised", "oneResource")
    jane = await stage.create("jane", timezone="Asia/Calcutta")
    await stage.create("john", timezone="Asia/Kolkata")
    await stage.ok("GET", USERS)
    await stage.call("GET", USERS, params={"filter": 'userName eq "a" or userName eq "b"'})
    await stage.patch(jane["id"], {"op": "replace", "path": "active", "value": False})
    await stage.control("DELETE", "habits")
    await stage.ok("GET", USERS)
    met = {item["name"]: item["met"] for item in (await stage.control("GET", "habits"))["habits"] if item["met"]}
    assert met == {"zoneAlias": 1, "refusesOr": 1, "listsLate": 1, "opsCapitalised": 1}


@pytest.mark.parametrize("name", HABITS)
async def test_each_answers_something_and_spares_whoever_watches(stage: Stage, name: str):
    """Whatever the habit, there is an answer to each request, and the control endpoint tells the truth."""
    known = await stage.create("jane", timezone="Asia/Calcutta", phoneNumbers=[{"value": "+49 171 2345678"}])
    await switch(stage, name)
    await stage.call("POST", USERS, user("john"))
    await stage.patch(known["id"], {"op": "replace", "path": "active", "value": False})
    for path in (
        USERS,
        f"{USERS}/{known['id']}",
        f"{USERS}?filter=userName%20eq%20%22jane%22",
        "/api/v2/license/quotas",
    ):
        assert (await stage.call("GET", path)).status in (200, 302, 403, 404, 429)
    assert (await stage.control("GET", "users"))["users"][0]["id"] == known["id"]


@pytest.mark.parametrize(
    ("habit", "asked", "kept"),
    [
        ("zoneAlias", {"timezone": "Asia/Calcutta"}, {"timezone": "Asia/Kolkata"}),
        (
            "phoneDigits",
            {"phoneNumbers": [{"value": "+49 171 2345678"}]},
            {"phoneNumbers": [{"value": "+491712345678"}]},
        ),
        ("roleCase", {}, {"roles": [{"value": "AGENT"}]}),
        ("groupCase", {}, {"groups": [{"value": "SUPPORT-TEAM"}]}),
        ("dropsTypes", {}, {"emails": [{"value": "jane@example.com", "primary": True}]}),
        ("rolesById", {}, {"roles": [{"value": "id-of-agent", "display": "Agent"}]}),
        ("activeAsNumber", {}, {"active": 1}),
        ("activeAsText", {}, {"active": "True"}),
        ("nullLists", {"groups": []}, {"groups": None}),
    ],
)
async def test_what_is_kept_and_shown_otherwise(stage: Stage, habit: str, asked: Any, kept: Any):
    """In the form that the server likes."""
    found = await shown(stage, "jane", habit, **asked)
    assert {name: found[name] for name in kept} == kept


async def test_an_address_is_added_once(stage: Stage):
    """Also when the user is changed again."""
    found = await shown(stage, "jane", "addsAddress")
    await stage.patch(found["id"], {"op": "replace", "path": "displayName", "value": "J"})
    again = await stage.ok("GET", f"{USERS}/{found['id']}")
    assert [item["value"] for item in again["emails"]] == ["jane@example.com", "u-jane"]


async def test_changes_without_effect(stage: Stage):
    """Answered as done, by a job too; the answer shows the truth."""
    jane = await stage.create("jane")
    await switch(stage, "ignoresChanges", "ignoresDeactivations")
    for path, value in (("displayName", "J"), ("active", False)):
        answer = await stage.patch(jane["id"], {"op": "replace", "path": path, "value": value})
        assert answer.status == 200
        assert (answer.body.get("displayName"), answer.body["active"]) == (None, True)
    data = {"Operations": [{"op": "replace", "path": "active", "value": False}]}
    operation = {"method": "PATCH", "path": f"{USERS}/{jane['id']}", "bulkId": "b", "data": data}
    await stage.call("POST", BULK, {"schemas": [], "Operations": [operation]})
    stage.clock.now += 5
    assert (await stage.ok("GET", f"{USERS}/{jane['id']}"))["active"] is True


async def test_ids_of_other_kinds(stage: Stage):
    """Numbers, and such as nobody has room for; both name their users in paths."""
    jane = await shown(stage, "jane", "numericIds")
    assert isinstance(jane["id"], int)
    await stage.control("DELETE", "habits")
    assert len((await shown(stage, "john", "longIds"))["id"]) == 3000


@pytest.mark.parametrize("habit", ["deletesBetweenPages", "movesBetweenPages"])
async def test_pages_with_a_hole(stage: Stage, habit: str):
    """Read two by two, the third of five is on no page."""
    for name in "abcde":
        await stage.create(name)
    await switch(stage, habit)
    pages = [await stage.ok("GET", f"{USERS}?startIndex={start}&count=2") for start in (1, 3, 5)]
    assert "c" not in [item["userName"] for page in pages for item in page["Resources"]]
    assert [page["totalResults"] for page in pages] == ([5, 4, 4] if habit == "deletesBetweenPages" else [5, 5, 5])


async def test_who_is_in_a_list(stage: Stage):
    """Inactive users only by their id; entries that say nothing; totals that are wrong."""
    await stage.create("jane", active=False)
    await switch(stage, "hidesInactive", "nullResources")
    assert (await stage.ok("GET", f"{USERS}?filter=userName%20eq%20%22jane%22"))["Resources"] is None
    await stage.control("DELETE", "habits")
    await switch(stage, "unreadableEntry", "totalTooHigh")
    found = await stage.ok("GET", USERS)
    assert found["totalResults"] == 5
    assert [item.get("userName") for item in found["Resources"]] == ["jane", None]


async def test_what_is_too_large_or_too_difficult(stage: Stage):
    """A page beyond what anybody reads; a filter with or."""
    await switch(stage, "hugePages", "refusesOr")
    assert len((await stage.call("GET", f"{USERS}?count=500")).text) > 10 << 20
    assert (await stage.ok("GET", f"{USERS}?count=10"))["totalResults"] == 0
    refused = await stage.call("GET", USERS, params={"filter": 'userName eq "a" or userName eq "b"'})
    assert (refused.status, refused.body["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize(
    ("habit", "done", "text"),
    [
        ("html", False, "<html>"),
        ("errorIn200", False, "api:messages:2.0:Error"),
        ("successFalse", False, '"success": false'),
        ("emptyAnswers", True, ""),
        ("htmlAnswers", True, "<html>"),
    ],
)
async def test_a_200_that_says_nothing_or_the_contrary(stage: Stage, habit: str, done: bool, text: str):
    """With the change made, or not."""
    await switch(stage, habit)
    answer = await stage.call("POST", USERS, user("jane"))
    assert answer.status == 200
    assert text in answer.text
    assert bool((await stage.control("GET", "users"))["users"]) is done


async def test_names_in_lower_case(stage: Stage):
    """All of them, at every depth."""
    await switch(stage, "lowerCase")
    answer = await stage.call("POST", USERS, user("jane"))
    assert json.loads(answer.text)["username"] == "jane"
    assert json.loads(answer.text)["name"] == {"givenname": "Jane", "familyname": "Doe"}


@pytest.mark.parametrize(
    ("habit", "total"),
    [("quotaUnlimited", -1), ("quotaNull", None), ("quotaAbsurd", 10**30), ("quotaUnreadable", "as many as you like")],
)
async def test_quotas(stage: Stage, habit: str, total: object):
    """The rest of the answer is right."""
    await switch(stage, habit)
    assert await stage.ok("GET", "/api/v2/license/quotas") == {"total": total, "used": 0}


async def test_bulk_goes_on(stage: Stage):
    """Jobs are accepted whatever single writes are answered."""
    await switch(stage, "emptyAnswers", "htmlAnswers")
    assert (await stage.call("POST", BULK, bulk(user("jane")))).body["id"]

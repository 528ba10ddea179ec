"""User management: ids of roles and teams, deactivation of many, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from contract.simulator.stage import USERS, Stage, user
from cxone_simulator.shapes import made_id

ROLES = "/authorization/v1/roles/search"
TEAMS = "/user-management/v4/teams/search"
DEACTIVATE = "/user-management/v1/users/deactivate"


async def _create(stage: Stage, *names: str) -> list[str]:
    """Their ids."""
    bodies = [user(name, roles=[]) for name in names]
    return [(await stage.ok("POST", USERS, body))["id"] for body in bodies]


async def _names(stage: Stage, path: str, body: object = None) -> list[str]:
    found = await stage.ok("POST", path, body)
    return [item.get("name") or item["roleName"] for item in found.get("roles", found.get("teams"))]


async def test_roles_by_name(hub: Stage):
    """A name gives the id that users take; without a body there are all."""
    found = await hub.ok("POST", ROLES, {"filter": {"roleName": ["Supervisor"]}})
    id_ = found["roles"][0]["roleId"]
    assert (found["totalRecords"], found["roles"][0]["status"]) == (1, "ACTIVE")
    jane = await hub.ok("POST", USERS, user("jane", roles=[{"value": id_}]))
    assert jane["roles"][0]["display"] == "Supervisor"
    assert await _names(hub, ROLES) == ["Agent", "Supervisor", "Administrator", "Evaluator"]


async def test_teams_by_name(hub: Stage):
    """The same for teams, which the setting names."""
    found = await hub.ok("POST", TEAMS, {"filter": {"name": ["QA-Team"]}})
    assert found["teams"][0] == {
        "id": made_id("team", "QA-Team"),
        "name": "QA-Team",
        "status": "ACTIVE",
        "isDefault": False,
    }
    await hub.control("PATCH", "settings", {"teams": ["Red", "Blue"]})
    assert await _names(hub, TEAMS) == ["Red", "Blue"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ["Support-Team", "Sales-Team", "QA-Team", "Billing-Team"]),
        ({"skip": 1, "top": 2}, ["Sales-Team", "QA-Team"]),
        ({"skip": 9}, []),
        ({"top": 0}, []),
        ({"page": {"pageSize": 3, "pageNo": 1}}, ["Billing-Team"]),
        ({"filter": {"name": ["Sales-Team", "Nobody", "QA-Team"]}}, ["Sales-Team", "QA-Team"]),
        ({"filter": {"name": ["sales-team"]}}, []),
        ({"filter": {"name": ["sales"]}, "operations": {"name": "LIKE"}}, ["Sales-Team"]),
        (
            {"filter": {"name": ["Sales-Team", "QA-Team"]}, "operations": {"name": "NOT"}},
            ["Support-Team", "Billing-Team"],
        ),
        ({"filter": {"id": [made_id("team", "QA-Team")], "name": ["Sales-Team"]}}, []),
        ({"filter": {"name": []}}, []),
    ],
)
async def test_filters_and_pages(hub: Stage, body: object, expected: list[str]):
    """Each value of a field will do, each field must; exact unless LIKE; by skip and top, or by page."""
    assert await _names(hub, TEAMS, body) == expected


async def test_pages_say_where_they_are(hub: Stage):
    """totalRecords is of all that were found; 50 are on a page that says nothing."""
    await hub.control("PATCH", "settings", {"teams": [f"T{number}" for number in range(70)]})
    found = await hub.ok("POST", TEAMS, {"skip": 10})
    assert (found["totalRecords"], found["skip"], found["top"], len(found["teams"])) == (70, 10, 50, 50)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"skip": -1},
        {"skip": "1"},
        {"top": True},
        {"page": 1},
        {"filter": []},
        {"filter": {"shoeSize": ["43"]}},
        {"filter": {"name": "Sales-Team"}},
        {"filter": {"name": [1]}},
        {"filter": {"name": ["x"]}, "operations": {"name": "BETWEEN"}},
        {"filter": {"name": ["x"]}, "operations": 5},
    ],
)
async def test_searches_that_cannot_be_understood(hub: Stage, body: object):
    """400 as User Hub has it."""
    answer = await hub.call("POST", TEAMS, body)
    assert (answer.status, answer.body["entityType"]) == (400, "User")


async def test_many_are_deactivated_at_once(hub: Stage):
    """200 with nobody left; the journal has each once, and their seats are free."""
    ids = await _create(hub, "jane", "john")
    for _ in range(2):
        assert await hub.ok("POST", DEACTIVATE, {"userIds": ids}) == {"notDeletedUserIds": []}
    assert [name for effect, name, _ in await hub.effects() if effect == "deactivated"] == ["jane", "john"]
    assert [effect for effect, _, _ in await hub.effects()].count("licenseReleased") == 2


async def test_partial_failure_is_a_200(hub: Stage):
    """Who is protected stays active and is named, who is unknown is named too; the others are deactivated."""
    jane, boss = await _create(hub, "jane", "Boss")
    await hub.control("PATCH", "settings", {"undeactivatable": ["boss"]})
    answer = await hub.call("POST", DEACTIVATE, {"userIds": [boss, jane, "nobody"]})
    assert (answer.status, answer.body) == (200, {"notDeletedUserIds": [boss, "nobody"]})
    users: Any = {item["userName"]: item["active"] for item in (await hub.control("GET", "users"))["users"]}
    assert users == {"jane": False, "Boss": True}


@pytest.mark.parametrize("ids", [None, [], "x", [1], ["x"] * 21])
async def test_what_is_no_list_of_twenty(hub: Stage, ids: object):
    """400, and nobody is deactivated; twenty are accepted."""
    answer = await hub.call("POST", DEACTIVATE, {"userIds": ids})
    assert (answer.status, answer.body["entityType"]) == (400, "User")
    assert await hub.ok("POST", DEACTIVATE, {"userIds": ["x"] * 20}) == {"notDeletedUserIds": ["x"] * 20}


async def test_revive(hub: Stage):
    """The way back, with the id; 404 for nobody, and refused where the user limit is reached."""
    jane, _ = await _create(hub, "jane", "john")
    revive = f"/user-management/v1/users/{jane}/revive"
    await hub.ok("POST", DEACTIVATE, {"userIds": [jane]})
    await hub.control("PATCH", "settings", {"seats": 1})
    answer = await hub.call("POST", revive)
    assert (answer.status, "user limit" in answer.body["details"]) == (400, True)
    await hub.control("PATCH", "settings", {"seats": 2})
    assert await hub.ok("POST", revive) == {"success": True, "uuid": jane}
    assert (await hub.ok("GET", f"{USERS}/{jane}"))["active"] is True
    assert (await hub.call("POST", "/user-management/v1/users/nobody/revive")).status == 404


async def test_requests_are_counted_by_route(hub: Stage):
    """Ids are left out of the statistics, and the rate limit is about all of the API."""
    (jane,) = await _create(hub, "jane")
    await hub.control("POST", "stats/reset")
    await hub.call("POST", f"/user-management/v1/users/{jane}/revive")
    await hub.call("POST", DEACTIVATE, {"userIds": [jane]})
    await hub.call("POST", ROLES)
    assert set((await hub.control("GET", "stats"))["requests"]) == {
        "POST /user-management/v1/users/{id}/revive",
        f"POST {DEACTIVATE}",
        f"POST {ROLES}",
    }


async def test_faults_and_habits_strike_here_too(hub: Stage):
    """By the name of whoever is in the path or the body; a search is no write that a habit refuses."""
    jane, john = await _create(hub, "jane", "john")
    await hub.control("POST", "faults", {"kind": "status", "status": 503, "match": {"userName": "jane"}})
    struck = await hub.call("POST", DEACTIVATE, {"userIds": [john, jane]})
    assert (struck.status, struck.body["code"]) == (503, "503")
    assert (await hub.call("POST", f"/user-management/v1/users/{jane}/revive")).status == 503
    assert (await hub.call("POST", DEACTIVATE, {"userIds": [john]})).status == 200
    await hub.control("DELETE", "faults")
    await hub.control("PATCH", "habits", {"successFalse": True})
    assert (await hub.ok("POST", DEACTIVATE, {"userIds": [jane]}))["success"] is False
    assert await _names(hub, ROLES, {"top": 1}) == ["Agent"]

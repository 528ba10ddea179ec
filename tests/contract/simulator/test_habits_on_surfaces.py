"""Habits on every surface: what they are about is done otherwise, and nothing beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from contract.simulator.stage import BULK, GROUPS, PATCH_SCHEMA, USERS, Answer, Stage, bulk, stage_of, user
from cxone_simulator.habits import HABITS
from cxone_simulator.settings import settings_of
from cxone_simulator.shapes import made_id
from cxone_simulator.surfaces import SURFACES

DEACTIVATE = "/user-management/v1/users/deactivate"
ROLES = "/authorization/v1/roles/search"
FIND_BOTH = {"schemas": [], "filter": 'userName eq "jane" or displayName eq "Sales-Team"'}
LEAVE = {"schemas": [PATCH_SCHEMA], "Operations": [{"op": "Replace", "path": "active", "value": False}]}


@pytest.fixture(params=list(SURFACES))
async def any_stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A tenant of each preset."""
    async with stage_of(settings_of(request.param, requests_per_minute=0)) as opened:
        yield opened


async def _switch(stage: Stage, *names: str) -> None:
    await stage.control("PATCH", "habits", dict.fromkeys(names, True))


def _body(stage: Stage, name: str) -> dict[str, Any]:
    """A user whom the preset accepts."""
    on_user_hub = stage.world.settings.preset == "UserHub"
    return user(name, roles=[{"value": made_id("role", "Agent") if on_user_hub else "Agent"}])


async def _bulk(stage: Stage, *names: str) -> Answer:
    """Users made by a bulk request on a strict server."""
    body = bulk(*(user(name) for name in names))
    operations = [{**operation, "path": "/Users"} for operation in body["Operations"]]
    return await stage.call("POST", BULK, {**body, "Operations": operations})


@pytest.mark.parametrize("name", HABITS)
async def test_none_breaks_the_server(any_stage: Stage, name: str):
    """A route that the preset has is answered by the habit or by the preset, never by an accident."""
    stage = any_stage
    jane = (await stage.call("POST", USERS, _body(stage, "jane"))).body
    await _switch(stage, name)
    answers = [
        await stage.call("POST", USERS, _body(stage, "john")),
        await stage.call("POST", USERS, _body(stage, "jane")),
        await stage.call("PATCH", f"{USERS}/{jane['id']}", LEAVE),
        await stage.call("GET", USERS, params={"filter": 'userName eq "jane"'}),
        await stage.call("GET", f"{USERS}/{jane['id']}"),
        await stage.call("GET", "/scim/v2/Schemas"),
        await stage.call("GET", GROUPS),
        await stage.call("POST", "/scim/v2/.search", FIND_BOTH),
        await stage.call("POST", ROLES, {}),
        await stage.call("POST", DEACTIVATE, {"userIds": [jane["id"]]}),
    ]
    assert not [answer.text for answer in answers if "Server got itself in trouble" in answer.text]


@pytest.mark.parametrize("habit", ["errorIn200", "successFalse", "emptyAnswers", "htmlAnswers"])
async def test_a_search_is_no_write(standard: Stage, hub: Stage, habit: str):
    """Although it is sent by POST (RFC 7644 section 3.4.3)."""
    await standard.create("jane")
    for stage in (standard, hub):
        await _switch(stage, habit)
    for path in ("/scim/v2/.search", f"{USERS}/.search"):
        assert (await standard.ok("POST", path, FIND_BOTH))["totalResults"] >= 1
    assert (await hub.ok("POST", ROLES, {}))["totalRecords"] == 4


@pytest.mark.parametrize("habit", ["caseExactFilter", "plusIsBlank", "prefixFilter", "ignoresFilter"])
async def test_a_filter_of_users_finds_the_groups_it_means(standard: Stage, habit: str):
    """Where everything is searched."""
    await _switch(standard, habit)
    found = await standard.ok("POST", "/scim/v2/.search", FIND_BOTH)
    assert [item["displayName"] for item in found["Resources"]] == ["Sales-Team"]


@pytest.mark.parametrize("habit", ["activeAsNumber", "nullLists", "briefLists", "qualifiedNames"])
async def test_groups_are_no_users(standard: Stage, habit: str):
    """They are shown as without the habit, in a list and alone; and so are schemas."""
    group = await standard.group("Sales-Team")
    paths = (GROUPS, f"{GROUPS}/{group['id']}", "/scim/v2/Schemas")
    before = [await standard.ok("GET", path) for path in paths]
    await _switch(standard, habit)
    assert [await standard.ok("GET", path) for path in paths] == before


async def test_a_group_has_no_members_who_are_hidden(standard: Stage):
    """So it can be changed; they are in it again once they are shown."""
    jane, john = [(await standard.create(name))["id"] for name in ("jane", "john")]
    group = (await standard.group("Sales-Team"))["id"]
    join = {"op": "add", "path": "members", "value": [{"value": jane}]}
    await standard.patch_group(group, join)
    await standard.call("PATCH", f"{USERS}/{jane}", LEAVE)
    await _switch(standard, "inactiveIsGone")
    changed = await standard.patch_group(group, {**join, "value": [{"value": john}]})
    assert (changed.status, [item["value"] for item in changed.body["members"]]) == (200, [john])
    await standard.control("DELETE", "habits")
    assert [item["value"] for item in (await standard.group("Sales-Team"))["members"]] == [jane, john]


async def test_habits_of_bulk_also_without_a_job(standard: Stage):
    """Every second operation is left out; the bulkIds of the results are in capitals."""
    await _switch(standard, "jobsSkip", "bulkIdCapitals")
    results = (await _bulk(standard, "jane", "john", "judy")).body["Operations"]
    assert [(result["bulkId"], result["status"]) for result in results] == [("B0", "201"), ("B2", "201")]
    assert await standard.find("active eq true") == ["jane", "judy"]


async def test_other_refusals_keep_their_shape(hub: Stage):
    """Whom a habit has nothing to say on is refused as the surface does it."""
    usual = await hub.call("GET", USERS)
    await _switch(hub, "failsForMissing")
    assert (await hub.call("GET", f"{USERS}/nobody")).status == 500
    refused = await hub.call("GET", USERS)
    assert (refused.status, refused.body) == (400, usual.body)


async def test_who_is_hidden_does_not_exist_for_whoever_names_them(hub: Stage):
    """In a batch beside others, and in the path of a request that a fault is looked for."""
    jane, john = [(await hub.ok("POST", USERS, _body(hub, name)))["id"] for name in ("jane", "john")]
    await hub.call("PATCH", f"{USERS}/{jane}", LEAVE)
    await _switch(hub, "inactiveIsGone")
    assert await hub.ok("POST", DEACTIVATE, {"userIds": [jane, john]}) == {"notDeletedUserIds": [jane]}
    await hub.control("POST", "faults", {"kind": "status", "match": {"userName": "judy"}})
    assert (await hub.call("GET", f"{USERS}/{jane}")).status == 404

"""Users: what it takes to create one, versions, and who holds a seat."""

from __future__ import annotations

from typing import Any

import pytest

from contract.simulator.stage import ERROR_SCHEMA, NICE_SCHEMA, USERS, Stage, user

SEATS = "/api/v2/license/assignments"


def _without(*path: str) -> dict[str, Any]:
    body = user("jane")
    holder: Any = body
    for part in path[:-1]:
        holder = holder[part]
    del holder[path[-1]]
    return body


async def test_create_answers_with_the_user(stage: Stage):
    """201 with id, version and an absolute location that works."""
    answer = await stage.call("POST", USERS, user("Jane"))
    assert answer.status == 201
    assert answer.body["id"]
    assert answer.headers["ETag"] == answer.body["meta"]["version"]
    assert (await stage.ok("GET", answer.headers["Location"].removeprefix(stage.url)))["userName"] == "Jane"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("schemas",), "schemas"),
        (("userName",), "userName"),
        (("name",), "name.givenName"),
        (("name", "familyName"), "name.familyName"),
        (("emails",), "emails"),
        (("emails", 0, "value"), "emails.value"),
    ],
)
async def test_required_fields(stage: Stage, path: tuple[str, ...], named: str):
    """400 invalidValue names the field that is missing, and nobody is created."""
    answer = await stage.call("POST", USERS, _without(*path))
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert answer.body["schemas"] == [ERROR_SCHEMA]
    assert named in answer.body["detail"]
    assert await stage.effects() == []


async def test_schemas_must_name_the_core_user(stage: Stage):
    """Another schema alone will not do."""
    answer = await stage.call("POST", USERS, user("jane", schemas=[NICE_SCHEMA]))
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")


async def test_user_names_are_unique_in_any_case(stage: Stage):
    """409 uniqueness for a name that differs in case only; also for a rename."""
    await stage.create("Jane")
    answer = await stage.call("POST", USERS, user("jANE"))
    assert (answer.status, answer.body["scimType"]) == (409, "uniqueness")
    john = await stage.create("john")
    answer = await stage.patch(john["id"], {"op": "replace", "path": "userName", "value": "JANE"})
    assert (answer.status, answer.body["scimType"]) == (409, "uniqueness")


@pytest.mark.parametrize(("attribute", "named"), [("roles", "role 'Nobody'"), ("groups", "group 'Nobody'")])
async def test_roles_and_groups_must_be_in_the_directory(stage: Stage, attribute: str, named: str):
    """400 invalidValue names the role or group, when creating and when changing."""
    created = await stage.create("john")
    answer = await stage.call("POST", USERS, user("jane", **{attribute: [{"value": "Nobody"}]}))
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert named in answer.body["detail"]
    answer = await stage.patch(created["id"], {"op": "add", "path": attribute, "value": [{"value": "Nobody"}]})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")


async def test_delete_is_offered_only_where_allowed(stage: Stage):
    """405 by default; 204 and then 404 where the tenant allows it."""
    id_ = (await stage.create("jane"))["id"]
    assert (await stage.call("DELETE", f"{USERS}/{id_}")).status == 405
    await stage.control("PATCH", "settings", {"allowDelete": True})
    assert [(await stage.call("DELETE", f"{USERS}/{id_}")).status for _ in range(2)] == [204, 404]
    assert (await stage.create("jane"))["id"] != id_


async def test_put_replaces_what_is_absent(stage: Stage):
    """PUT clears what it does not carry and keeps the id."""
    created = await stage.create("jane", displayName="Jane D.")
    put = await stage.ok("PUT", f"{USERS}/{created['id']}", user("jane"))
    assert put["id"] == created["id"]
    assert "displayName" not in put


async def test_if_match(stage: Stage):
    """412 where the version is no longer the one that the client knows; one of several is enough, and so is *."""
    created = await stage.create("jane")
    change, old = {"op": "replace", "path": "displayName", "value": "A"}, created["meta"]["version"]
    assert (await stage.patch(created["id"], change, headers={"If-Match": old})).status == 200
    answer = await stage.patch(created["id"], {**change, "value": "B"}, headers={"If-Match": old})
    assert (answer.status, answer.body["schemas"]) == (412, [ERROR_SCHEMA])
    assert (await stage.call("PUT", f"{USERS}/{created['id']}", user("jane"), headers={"If-Match": old})).status == 412
    new = (await stage.ok("GET", f"{USERS}/{created['id']}"))["meta"]["version"]
    assert (await stage.patch(created["id"], change, headers={"If-Match": f"{old}, {new}"})).status == 200
    assert (await stage.patch(created["id"], change, headers={"If-Match": "*"})).status == 200


async def test_if_none_match(stage: Stage):
    """304 without a body while nothing has changed."""
    created = await stage.create("jane")
    headers = {"If-None-Match": created["meta"]["version"]}
    answer = await stage.call("GET", f"{USERS}/{created['id']}", headers=headers)
    assert (answer.status, answer.text) == (304, "")
    await stage.patch(created["id"], {"op": "replace", "path": "displayName", "value": "A"})
    assert (await stage.call("GET", f"{USERS}/{created['id']}", headers=headers)).status == 200


async def test_no_user_without_a_seat(stage: Stage):
    """A create or an activation is refused while all seats are in use; an inactive user needs none."""
    await stage.control("PATCH", "settings", {"seats": 1})
    await stage.create("jane")
    answer = await stage.call("POST", USERS, user("john"))
    assert answer.status == 403
    assert "no licence available: 1 of 1 seats in use" in answer.body["detail"]
    john = await stage.create("john", active=False)
    assert (await stage.patch(john["id"], {"op": "replace", "path": "active", "value": True})).status == 403
    assert await stage.ok("GET", "/api/v2/license/quotas") == {"total": 1, "used": 1}


async def test_deactivation_gives_the_seat_back(stage: Stage):
    """At once where there is no delay."""
    jane = await stage.create("jane")
    await stage.patch(jane["id"], {"op": "replace", "path": "active", "value": False})
    assert (await stage.ok("GET", "/api/v2/license/quotas"))["used"] == 0
    assert (await stage.call("DELETE", f"{SEATS}/{jane['id']}")).status == 404


async def test_a_seat_can_come_back_late(stage: Stage):
    """With reclaimDelaySeconds the seat is free only when these have passed; coming back in between keeps it."""
    await stage.control("PATCH", "settings", {"reclaimDelaySeconds": 30})
    jane, john = await stage.create("jane"), await stage.create("john")
    for leaver in (jane, john):
        await stage.patch(leaver["id"], {"op": "replace", "path": "active", "value": False})
    stage.clock.now += 29
    assert (await stage.ok("GET", "/api/v2/license/quotas"))["used"] == 2
    await stage.patch(john["id"], {"op": "replace", "path": "active", "value": True})
    stage.clock.now += 1
    assert (await stage.ok("GET", "/api/v2/license/quotas"))["used"] == 1
    assert (await stage.effects())[-1] == ("licenseReleased", "jane", "clock")


async def test_release_gives_the_seat_back_at_once(stage: Stage):
    """204, and 404 for a seat that is free already."""
    await stage.control("PATCH", "settings", {"reclaimDelaySeconds": 30})
    jane = await stage.create("jane")
    await stage.patch(jane["id"], {"op": "replace", "path": "active", "value": False})
    assert [(await stage.call("DELETE", f"{SEATS}/{jane['id']}")).status for _ in range(2)] == [204, 404]
    assert (await stage.ok("GET", "/api/v2/license/quotas"))["used"] == 0
    assert (await stage.effects())[-1] == ("licenseReleased", "jane", "request")

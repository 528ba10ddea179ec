"""SCIM users as User Hub has them: what it lacks, what it calls otherwise, and how it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from contract.simulator.stage import ERROR_SCHEMA, NICE_SCHEMA, USER_SCHEMA, USERS, Answer, Stage, user
from cxone_simulator.shapes import made_id

AGENT, SUPERVISOR = made_id("role", "Agent"), made_id("role", "Supervisor")
SALES, QUALITY = made_id("team", "Sales-Team"), made_id("team", "QA-Team")
TEAM = f"{NICE_SCHEMA}:team"


def _body(name: str, **more: Any) -> dict[str, Any]:
    return user(name, **{"roles": [{"value": AGENT}], **more})


async def _create(stage: Stage, name: str, **more: Any) -> Any:
    answer = await stage.call("POST", USERS, _body(name, **more))
    assert answer.status == 200, answer.text
    return answer.body


async def _change(stage: Stage, id_: str, *operations: object) -> Answer:
    return await stage.call("PATCH", f"{USERS}/{id_}", {"schemas": [USER_SCHEMA], "Operations": list(operations)})


async def test_a_create_is_answered_with_200(hub: Stage):
    """Without version and groups, which do not exist here; schemas need not be named."""
    body = _body("jane")
    del body["schemas"]
    answer = await hub.call("POST", USERS, body)
    assert answer.status == 200
    assert "ETag" not in answer.headers
    assert "version" not in answer.body["meta"]
    assert "groups" not in answer.body
    assert await hub.ok("GET", f"{USERS}/{answer.body['id']}") == answer.body


async def test_users_are_found_by_a_filter_only(hub: Stage):
    """400 without one; two members in the answer; startIndex, count and attributes do nothing."""
    jane, _ = await _create(hub, "jane"), await _create(hub, "john")
    answer = await hub.call("GET", USERS)
    assert (answer.status, "filter" in answer.body["details"]) == (400, True)
    query = {"filter": 'userName eq "JANE"', "startIndex": "2", "count": "0", "attributes": "id"}
    assert await hub.ok("GET", USERS, params=query) == {"totalResults": 1, "Resources": [jane]}
    nobody = await hub.ok("GET", USERS, params={"filter": 'userName eq "nobody"'})
    assert nobody == {"totalResults": 0, "Resources": []}
    assert len(await hub.find("active eq true")) == 2
    assert (await hub.call("GET", USERS, params={"filter": "nonsense"})).status == 400


async def test_roles_are_ids(hub: Stage):
    """Shown with name and which is the primary one; a name is 400, in POST, PUT and PATCH."""
    jane = await _create(hub, "jane", roles=[{"value": SUPERVISOR}, {"value": AGENT, "primary": True}])
    assert jane["roles"] == [
        {"value": SUPERVISOR, "display": "Supervisor", "primary": True},
        {"value": AGENT, "display": "Agent", "primary": False},
    ]
    refused = [
        await hub.call("POST", USERS, _body("john", roles=[{"value": "Agent"}])),
        await hub.call("PUT", f"{USERS}/{jane['id']}", _body("jane", id=jane["id"], roles=[{"value": "Agent"}])),
        await _change(hub, jane["id"], {"op": "replace", "path": "roles", "value": "Agent"}),
    ]
    for answer in refused:
        assert (answer.status, "'Agent'" in answer.body["details"]) == (400, True)
    assert await hub.ok("GET", f"{USERS}/{jane['id']}") == jane


async def test_whoever_has_no_role_is_an_agent(hub: Stage):
    """Where there is such a role; else a create without one is refused, and one with a role is not."""
    assert [item["display"] for item in (await _create(hub, "jane", roles=[]))["roles"]] == ["Agent"]
    await hub.control("PATCH", "settings", {"roles": ["Supervisor"]})
    answer = await hub.call("POST", USERS, _body("john", roles=[]))
    assert (answer.status, "role 'Agent'" in answer.body["details"]) == (400, True)
    await _create(hub, "john", roles=[{"value": SUPERVISOR}])


async def test_the_team_is_an_id(hub: Stage):
    """In the extension, with its name; a name or an unknown id is 400. The login authenticator is kept as it is."""
    extension = {"team": {"value": SALES}, "loginAuthenticator": {"value": "sso", "display": "SSO"}}
    jane = await _create(hub, "jane", **{NICE_SCHEMA: extension})
    assert jane[NICE_SCHEMA] == {**extension, "team": {"value": SALES, "display": "Sales-Team"}}
    assert jane["schemas"] == [USER_SCHEMA, NICE_SCHEMA]
    for path, value in ((TEAM, QUALITY), (f"{TEAM}.value", SALES), (TEAM, {"value": QUALITY}), (TEAM, SALES)):
        answer = await _change(hub, jane["id"], {"op": "replace", "path": path, "value": value})
        assert answer.status == 200, answer.text
    assert answer.body[NICE_SCHEMA] == jane[NICE_SCHEMA]
    for value in ("Sales-Team", "", AGENT, {"display": "Sales-Team"}):
        answer = await _change(hub, jane["id"], {"op": "replace", "path": TEAM, "value": value})
        assert (answer.status, answer.body["entityType"]) == (400, "User")


async def test_names_that_differ_between_request_and_answer(hub: Stage):
    """`timezone` is asked and `timeZone` answered; externalId is read-only: sent by anybody, it is not kept."""
    jane = await _create(hub, "jane", timezone="Europe/Berlin", externalId="7")
    assert (jane["timeZone"], "timezone" in jane, "externalId" in jane) == ("Europe/Berlin", False, False)
    answer = await _change(
        hub,
        jane["id"],
        {"op": "replace", "path": "timezone", "value": "Asia/Tokyo"},
        {"op": "replace", "path": "externalId", "value": "7"},
    )
    assert (answer.status, answer.body["timeZone"], "externalId" in answer.body) == (200, "Asia/Tokyo", False)
    await hub.control("POST", "outside", {"userName": "jane", "set": {"externalId": "9"}})
    answer = await _change(hub, jane["id"], {"op": "remove", "path": "externalId"})
    assert answer.body["externalId"] == "9"


async def test_operations_without_op(hub: Stage):
    """They replace; values may be strings, also for what is none."""
    jane = await _create(hub, "jane")
    answer = await _change(
        hub,
        jane["id"],
        {"path": "active", "value": "false"},
        {"path": "name.familyName", "value": "Roe"},
        {"path": "roles", "value": SUPERVISOR},
        {"value": {"displayName": "J"}},
    )
    assert answer.status == 200
    found = answer.body
    assert (found["active"], found["name"]["familyName"], found["displayName"]) == (False, "Roe", "J")
    assert [item["display"] for item in found["roles"]] == ["Supervisor"]
    assert (await _change(hub, jane["id"], {"op": "move", "path": "active", "value": "true"})).status == 400


async def test_what_does_not_change_is_no_effect(hub: Stage):
    """What only answers say, display and primary, is not taken for a change."""
    jane = await _create(hub, "jane", **{NICE_SCHEMA: {"team": {"value": SALES}}})
    before = await hub.effects()
    await _change(hub, jane["id"], {"path": "active", "value": True})
    await hub.ok("PUT", f"{USERS}/{jane['id']}", jane)
    assert await hub.effects() == before


@pytest.mark.parametrize("absent", ["id", "userName", "name", "emails", "active"])
async def test_what_a_put_must_contain(hub: Stage, absent: str):
    """400 names what is absent; the id must be the one of the path."""
    jane = await _create(hub, "jane")
    path, body = f"{USERS}/{jane['id']}", _body("jane", id=jane["id"], displayName="J")
    answer = await hub.call("PUT", path, {name: value for name, value in body.items() if name != absent})
    assert (answer.status, absent in answer.body["details"]) == (400, True)
    assert (await hub.call("PUT", path, {**body, "id": "other"})).status == 400
    assert (await hub.ok("PUT", path, body))["displayName"] == "J"


async def test_groups_do_not_exist(hub: Stage):
    """Ignored when sent, invalidPath in a PATCH, and absent from Schemas, which has what there is."""
    jane = await _create(hub, "jane", groups=[{"value": "Unheard"}])
    answer = await _change(hub, jane["id"], {"op": "add", "path": "groups", "value": "Sales-Team"})
    assert (answer.status, answer.body["code"]) == (400, "invalidPath")
    core, extension = (await hub.ok("GET", "/scim/v2/Schemas"))["Resources"]
    assert {"roles", "timezone"} < {item["name"] for item in core["attributes"]}
    assert not {"groups", "externalId"} & {item["name"] for item in core["attributes"]}
    assert [item["name"] for item in extension["attributes"]] == ["team", "loginAuthenticator"]


async def test_users_cannot_be_deleted(hub: Stage):
    """Not even where a setting would allow it."""
    jane = await _create(hub, "jane")
    await hub.control("PATCH", "settings", {"allowDelete": True})
    assert (await hub.call("DELETE", f"{USERS}/{jane['id']}")).status == 405
    await hub.ok("GET", f"{USERS}/{jane['id']}")


async def test_refusals_have_three_shapes(hub: Stage):
    """409 as SCIM with a number, 401 as Spring, all else as User Hub; also 429, with Retry-After."""
    await _create(hub, "jane")
    taken = await hub.call("POST", USERS, _body("JANE"))
    assert (taken.status, taken.body["status"], taken.body["schemas"]) == (409, 409, [ERROR_SCHEMA])
    assert "scimType" not in taken.body
    gone = await hub.call("GET", f"{USERS}/nobody")
    assert (gone.status, set(gone.body)) == (404, {"code", "details", "hostName", "entityType", "errors"})
    stranger = await hub.call("GET", f"{USERS}/nobody", headers={"Authorization": "Bearer x"})
    assert (stranger.status, set(stranger.body)) == (401, {"timestamp", "status", "error", "message", "path"})
    assert "invalid_token" in stranger.headers["WWW-Authenticate"]
    await hub.control("PATCH", "settings", {"requestsPerMinute": 1})
    limited = await hub.call("GET", f"{USERS}/nobody")
    assert (limited.status, limited.body["code"], limited.headers["Retry-After"]) == (429, "429", "60")


async def test_the_user_limit(hub: Stage):
    """A create beyond it is refused in words; whoever is deactivated makes room, and there is no licence API."""
    await hub.control("PATCH", "settings", {"seats": 1})
    jane = await _create(hub, "jane")
    answer = await hub.call("POST", USERS, _body("john"))
    assert (answer.status, answer.body["entityType"]) == (400, "User")
    assert "user limit is reached: 1 of 1" in answer.body["details"]
    await _change(hub, jane["id"], {"path": "active", "value": "false"})
    await _create(hub, "john")
    assert (await hub.call("GET", "/api/v2/license/quotas")).status == 404

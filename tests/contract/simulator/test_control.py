"""The control endpoint: what a test may know, and what it can order."""

from __future__ import annotations

import pytest

from contract.simulator.stage import BULK, ERROR_SCHEMA, USERS, Stage, bulk, user

OUTSIDE = {"name": {"givenName": "O", "familyName": "S"}, "emails": [{"value": "o@example.com"}]}


async def test_the_journal_proves_order_and_actors(stage: Stage):
    """Every effect once, in the order in which it came about, with who did it."""
    jane = await stage.create("jane")
    await stage.patch(jane["id"], {"op": "replace", "path": "active", "value": False})
    job = (await stage.call("POST", BULK, bulk(user("john")))).body["id"]
    stage.clock.now += 5
    await stage.control("POST", "outside", {"userName": "john", "set": {"displayName": "J"}})
    await stage.ok("GET", f"{BULK}/{job}")
    assert await stage.effects() == [
        ("created", "jane", "request"),
        ("licenseAssigned", "jane", "request"),
        ("deactivated", "jane", "request"),
        ("licenseReleased", "jane", "request"),
        ("created", "john", f"job:{job}"),
        ("licenseAssigned", "john", f"job:{job}"),
        ("updated", "john", "outside"),
    ]


async def test_every_answer_names_its_request_and_the_journal_has_the_name(stage: Stage):
    """Each has another X-Request-Id, refusals too; a job keeps the one that submitted it, whoever looks."""
    created = await stage.call("POST", USERS, user("jane"))
    refused = await stage.call("POST", USERS, user("jane"))
    submitted = await stage.call("POST", BULK, bulk(user("john")))
    stage.clock.now += 5
    await stage.control("POST", "outside", {"userName": "john", "set": {"displayName": "J"}})
    ids = [answer.headers["X-Request-Id"] for answer in (created, refused, submitted)]
    assert refused.status == 409
    assert len({*ids, ""}) == 4
    entries = (await stage.control("GET", "journal"))["entries"]
    assert [entry["requestId"] for entry in entries] == [ids[0], ids[0], ids[2], ids[2], ""]


async def test_the_journal_goes_on_from_a_number(stage: Stage):
    """`next` is where the following look begins; numbers have no gaps."""
    await stage.create("jane")
    first = await stage.control("GET", "journal")
    assert [entry["seq"] for entry in first["entries"]] == list(range(first["next"]))
    await stage.create("john")
    second = await stage.control("GET", f"journal?since={first['next']}")
    assert {entry["userName"] for entry in second["entries"]} == {"john"}
    assert second["next"] == first["next"] + len(second["entries"])


@pytest.mark.parametrize("since", ["x", "-1", "1.5", "9" * 5000, ""])
async def test_since_must_be_a_number(stage: Stage, since: str):
    """400 names it."""
    answer = await stage.call("GET", f"/_simulator/journal?since={since}")
    assert answer.status == 400
    assert "since" in answer.body["error"]


async def test_an_administrator_changes_users_from_outside(stage: Stage):
    """Creates, changes, renames and deletes, whatever the directory and the seats say; in any case of the name."""
    await stage.control("PATCH", "settings", {"seats": 0})
    orders = [{"userName": "jane", "set": {**OUTSIDE, "roles": [{"value": "Unheard"}]}}]
    await stage.control("POST", "outside", orders)
    await stage.control("POST", "outside", {"userName": "JANE", "set": {"active": False}})
    (jane,) = (await stage.control("GET", "users"))["users"]
    assert (jane["userName"], jane["active"], jane["licensed"]) == ("jane", False, False)
    await stage.control("POST", "outside", {"userName": "jane", "set": {"userName": "Janet"}})
    (janet,) = (await stage.control("GET", "users"))["users"]
    assert (janet["id"], janet["userName"]) == (jane["id"], "Janet")
    await stage.control("POST", "outside", {"userName": "janet", "delete": True})
    assert (await stage.control("GET", "users"))["users"] == []
    assert {actor for _, _, actor in await stage.effects()} == {"outside"}
    assert (await stage.effects())[-1] == ("deleted", "Janet", "outside")


@pytest.mark.parametrize(
    ("order", "status", "named"),
    [
        ({}, 400, "userName"),
        ({"userName": 5}, 400, "userName"),
        ({"userName": "x", "set": 5}, 400, "set"),
        ({"userName": "x", "set": {"userName": ""}}, 400, "userName"),
        ({"userName": "x", "set": {"active": "maybe"}}, 400, "active"),
        ({"userName": "x", "delete": "yes"}, 400, "delete"),
        ({"userName": "x", "delete": True}, 404, "x"),
        ("x", 400, "body"),
    ],
)
async def test_an_outside_change_that_cannot_be_understood(stage: Stage, order: object, status: int, named: str):
    """The answer names the field, and nothing has changed."""
    answer = await stage.call("POST", "/_simulator/outside", order)
    assert answer.status == status
    assert named in answer.body["error"]
    assert await stage.effects() == []


async def test_stats_count_by_route(stage: Stage):
    """Ids are collapsed, so that a thousand users are one line; control requests are not counted."""
    ids = [(await stage.create(name))["id"] for name in ("jane", "john")]
    for id_ in [*ids, "nobody", "a%2Fb"]:
        await stage.call("GET", f"{USERS}/{id_}")
    await stage.call("DELETE", "/api/v2/license/assignments/nobody")
    await stage.call("POST", f"{USERS}/.search", {})
    stats = await stage.control("GET", "stats")
    assert stats["requests"] == {
        f"POST {USERS}": {"201": 2},
        f"GET {USERS}/{{id}}": {"200": 2, "404": 2},
        "DELETE /api/v2/license/assignments/{id}": {"404": 1},
        f"POST {USERS}/.search": {"200": 1},
    }
    assert stats["total"] == 8
    assert stats["tokens"] == 1
    assert stats["users"] == {"total": 2, "active": 2}
    assert stats["licenses"] == {"total": 1000, "used": 2}
    await stage.control("POST", "stats/reset")
    assert (await stage.control("GET", "stats"))["total"] == 0


async def test_stats_count_jobs_by_status(stage: Stage):
    """Also those that nobody asked for since they ended."""
    await stage.call("POST", BULK, bulk(user("jane")))
    stage.clock.now += 1
    assert (await stage.control("GET", "stats"))["jobs"] == {"COMPLETED": 1}


async def test_a_preloaded_tenant(stage: Stage):
    """Active users with seats, found by name."""
    stage.world.tenant.preload(3)
    assert await stage.find('userName eq "USER-00002@preloaded.example"') == ["user-00002@preloaded.example"]
    assert (await stage.ok("GET", "/api/v2/license/quotas"))["used"] == 3


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"clientId": "x"}, "clientId"),
        ({"client_secret": "x"}, "client_secret"),
        ({"seats": -1}, "seats"),
        ({"seats": "many"}, "seats"),
        ({"seats": True}, "seats"),
        ({"seats": None}, "seats"),
        ({"seats": 1.5}, "seats"),
        ({"bulkMode": "maybe"}, "bulkMode"),
        ({"bulkMode": []}, "bulkMode"),
        ({"retryAfterForm": "week"}, "retryAfterForm"),
        ({"roles": "Agent"}, "roles"),
        ({"roles": [1]}, "roles"),
        ({"allowDelete": 1}, "allowDelete"),
        ({"tokenSeconds": 10**400}, "tokenSeconds"),
        ({"seats": 5, "shoes": 5}, "shoes"),
        ([], "body"),
    ],
)
async def test_a_setting_that_cannot_be(stage: Stage, wanted: object, named: str):
    """400 names the setting, and no setting has changed."""
    answer = await stage.call("PATCH", "/_simulator/settings", wanted)
    assert answer.status == 400
    assert named in answer.body["error"]
    assert stage.world.settings.seats == 1000


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"latencySeconds": 1e999}', "[" * 5000, '{"seats": Infinity}'])
async def test_a_body_that_is_not_json(stage: Stage, text: str):
    """400."""
    assert (await stage.call("PATCH", "/_simulator/settings", data=text)).status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/scim/v2/Nothing", 404),
        ("GET", "/scim/v2/Users/x/y", 404),
        ("GET", "/nothing", 404),
        ("PUT", USERS, 405),
        ("DELETE", "/scim/v2/ServiceProviderConfig", 405),
        ("GET", "/oauth/token", 405),
    ],
)
async def test_unknown_routes_are_scim_errors(stage: Stage, method: str, path: str, status: int):
    """404 and 405 come with a SCIM body, and 405 says what is allowed."""
    answer = await stage.call(method, path)
    assert (answer.status, answer.body["status"], answer.body["schemas"]) == (status, str(status), [ERROR_SCHEMA])
    assert ("Allow" in answer.headers) is (status == 405)

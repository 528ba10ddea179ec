"""Leavers: nothing that happened to a user before may keep it from being locked out."""

from __future__ import annotations

from typing import Any

import pytest

from contract.simulator.stage import BULK, USERS, Stage, bulk, user

LOCK_OUT = {"op": "replace", "path": "active", "value": False}


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"roles": [{"value": "Abolished"}], "groups": [{"value": "Abolished"}]},
        {"emails": [{"value": "odd@example.com"}]},
    ],
)
async def test_whoever_was_made_by_hand_can_be_locked_out(stage: Stage, attributes: dict[str, Any]):
    """A role that was abolished, or a required field that an administrator left out, is no obstacle."""
    await stage.control("POST", "outside", {"userName": "odd", "set": attributes})
    odd = (await stage.ok("GET", USERS))["Resources"][0]
    assert (await stage.patch(odd["id"], LOCK_OUT)).status == 200


async def test_an_abolished_role_stays_but_is_not_given_again(stage: Stage):
    """Who has it keeps it through other changes; nobody else gets it, and a required field cannot be taken away."""
    jane, john = await stage.create("jane"), await stage.create("john", roles=[])
    await stage.control("PATCH", "settings", {"roles": ["Supervisor"]})
    assert (await stage.patch(jane["id"], {"op": "replace", "path": "displayName", "value": "J"})).status == 200
    give = {"op": "add", "path": "roles", "value": [{"value": "Agent"}]}
    assert (await stage.patch(john["id"], give)).status == 400
    assert (await stage.patch(john["id"], {"op": "remove", "path": "emails"})).status == 400


async def test_a_change_that_activates_nobody_needs_no_seat(stage: Stage):
    """Also where an active user's seat was released and none is free."""
    jane = await stage.create("jane")
    assert (await stage.call("DELETE", f"/api/v2/license/assignments/{jane['id']}")).status == 204
    await stage.control("PATCH", "settings", {"seats": 0})
    assert (await stage.patch(jane["id"], {"op": "replace", "path": "displayName", "value": "J"})).status == 200


async def test_an_unknown_schema_is_refused(stage: Stage):
    """400 invalidValue names it."""
    body = user("jane")
    body["schemas"] = [*body["schemas"], "urn:example:shoes"]
    answer = await stage.call("POST", USERS, body)
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert "urn:example:shoes" in answer.body["detail"]


async def test_a_job_waits_then_runs(stage: Stage):
    """QUEUED in the first half of its time, RUNNING in the second."""
    id_ = (await stage.call("POST", BULK, bulk(user("jane")))).body["id"]
    found = []
    for _ in range(3):
        found.append((await stage.ok("GET", f"{BULK}/{id_}"))["status"])
        stage.clock.now += 0.5
    assert found == ["QUEUED", "RUNNING", "COMPLETED"]


@pytest.mark.parametrize(("most", "statuses"), [(1, ["409"]), (2, ["409", "201", "409"])])
async def test_fail_on_errors_ends_a_bulk(stage: Stage, most: int, statuses: list[str]):
    """What comes after the last accepted failure is left out."""
    await stage.control("PATCH", "settings", {"bulkMode": "sync"})
    await stage.create("jane")
    body = {**bulk(user("jane"), user("john"), user("jane"), user("jim")), "failOnErrors": most}
    assert [item["status"] for item in (await stage.ok("POST", BULK, body))["Operations"]] == statuses


async def test_a_bulk_id_names_one_operation(stage: Stage):
    """400 where two share it; nothing is carried out."""
    body = bulk(user("jane"), user("john"))
    body["Operations"][1]["bulkId"] = "b0"
    assert (await stage.call("POST", BULK, body)).status == 400


async def test_one_operation_can_name_a_version(stage: Stage):
    """412 for that operation where the version has passed."""
    await stage.control("PATCH", "settings", {"bulkMode": "sync"})
    jane = await stage.create("jane")
    change = {"method": "PATCH", "path": f"/Users/{jane['id']}", "data": {"Operations": [LOCK_OUT]}}
    body = {"Operations": [{**change, "version": 'W/"old"'}, {**change, "version": jane["meta"]["version"]}]}
    results = (await stage.ok("POST", BULK, body))["Operations"]
    assert [item["status"] for item in results] == ["412", "200"]
    assert all(item["location"] for item in results)


async def test_orders_come_in_lists_and_can_be_read(stage: Stage):
    """GET shows what is left of each order."""
    orders = [
        {"kind": "status", "status": 502, "times": 2, "match": {"method": "GET", "path": "/Users"}},
        {"job": "partial", "every": 2},
    ]
    assert await stage.control("POST", "faults", orders) == {"faults": 1}
    await stage.call("GET", USERS)
    found = await stage.control("GET", "faults")
    assert found["jobs"] == [{"job": "partial", "every": 2}]
    assert (found["faults"][0]["times"], found["faults"][0]["match"]) == (1, {"method": "GET", "path": "/Users"})


async def test_a_fault_can_follow_one_user(stage: Stage):
    """It strikes requests that name the user in body or filter, or have its id in the path, and no others."""
    jane, john = await stage.create("jane"), await stage.create("john")
    await stage.control("POST", "faults", {"kind": "status", "status": 503, "match": {"userName": "JANE"}})
    hit = [
        await stage.patch(jane["id"], LOCK_OUT),
        await stage.call("GET", USERS, params={"filter": 'userName eq "jane"'}),
        await stage.call("POST", BULK, bulk(user("jane"))),
    ]
    assert [answer.status for answer in hit] == [503] * 3
    assert (await stage.patch(john["id"], LOCK_OUT)).status == 200


async def test_a_partial_failure_can_be_every_second(stage: Stage):
    """`every` says which operations are left out."""
    await stage.control("POST", "faults", {"job": "partial", "every": 2})
    await stage.call("POST", BULK, bulk(*(user(f"u{number}") for number in range(4))))
    stage.clock.now += 1
    assert [item["userName"] for item in (await stage.ok("GET", USERS))["Resources"]] == ["u0", "u2"]


async def test_the_journal_says_where_to_go_on(stage: Stage):
    """`next` is the number of the entry that comes next, whatever was asked for."""
    await stage.create("jane")
    assert (await stage.control("GET", "journal?since=99")) == {"entries": [], "next": 2}

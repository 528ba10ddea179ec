"""Bulk on a strict server: results at once, paths from the SCIM root, and references to what was just created."""

from __future__ import annotations

from typing import Any

import pytest

from contract.simulator.stage import BULK, GROUP_SCHEMA, PATCH_SCHEMA, USERS, Answer, Stage, user

BULK_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def _create(name: str, number: int, path: str = "/Users") -> dict[str, Any]:
    return {"method": "POST", "path": path, "bulkId": f"b{number}", "data": user(name)}


def _add(group: str, *members: str) -> dict[str, Any]:
    value = [{"value": member} for member in members]
    change = {"schemas": [PATCH_SCHEMA], "Operations": [{"op": "add", "path": "members", "value": value}]}
    return {"method": "PATCH", "path": f"/Groups/{group}", "data": change}


async def _send(stage: Stage, *operations: object, **more: object) -> Answer:
    return await stage.call("POST", BULK, {"schemas": [BULK_SCHEMA], "Operations": list(operations), **more})


async def _results(stage: Stage, *operations: object, **more: object) -> list[Any]:
    answer = await _send(stage, *operations, **more)
    assert answer.status == 200, answer.text
    return list(answer.body["Operations"])


async def test_results_name_what_became_of_each(standard: Stage):
    """200; the same bulkId, a status in a string, the whole URL of what there is now, the error of what was refused."""
    await standard.create("john")
    made, taken = await _results(standard, _create("jane", 0), _create("john", 1))
    assert (made["bulkId"], made["status"], "response" in made) == ("b0", "201", False)
    assert made["location"].startswith(f"{standard.url}{USERS}/")
    assert (await standard.ok("GET", made["location"].removeprefix(standard.url)))["userName"] == "jane"
    assert (taken["bulkId"], taken["status"], "location" in taken) == ("b1", "409", False)
    assert taken["response"]["scimType"] == "uniqueness"


async def test_what_could_not_be_changed_has_its_location(standard: Stage):
    """Also where it does not exist (RFC 7644 section 3.7.3)."""
    (gone,) = await _results(standard, {"method": "DELETE", "path": "/Users/nobody"})
    assert (gone["status"], gone["location"]) == ("404", f"{standard.url}{USERS}/nobody")


async def test_users_and_groups_in_one_request(standard: Stage):
    """Created, put into a group by its bulkId, and a new group with the other: bulkIds are resolved everywhere."""
    sales = await standard.group("Sales-Team")
    night = {"schemas": [GROUP_SCHEMA], "displayName": "Night", "members": [{"value": "bulkId:b1"}]}
    results = await _results(
        standard,
        _create("jane", 0),
        _create("john", 1),
        _add(sales["id"], "bulkId:b0"),
        {"method": "POST", "path": "/Groups", "bulkId": "b2", "data": night},
        _add("bulkId:b2", "bulkId:b0"),
    )
    assert [item["status"] for item in results] == ["201", "201", "200", "201", "200"]
    jane, john = (item["location"].rpartition("/")[2] for item in results[:2])
    assert [item["value"] for item in (await standard.group("Sales-Team"))["members"]] == [jane]
    assert {item["value"] for item in (await standard.group("Night"))["members"]} == {jane, john}


async def test_a_reference_to_what_was_not_created(standard: Stage):
    """409 for a bulkId of a later operation, of one that failed, and of none; the others are carried out."""
    sales = await standard.group("Sales-Team")
    await standard.create("john")
    results = await _results(
        standard,
        _add(sales["id"], "bulkId:b0"),
        _create("jane", 0),
        _create("john", 1),
        _add(sales["id"], "bulkId:b1"),
        _add("bulkId:nothing"),
    )
    assert [item["status"] for item in results] == ["409", "201", "409", "409", "409"]
    assert "members" not in await standard.group("Sales-Team")


async def test_fail_on_errors_ends_it(standard: Stage):
    """What was not processed is absent, and was not done; without it everything is tried."""
    await standard.create("john")
    operations = [_create("john", 0), _create("jane", 1)]
    assert [item["status"] for item in await _results(standard, *operations, failOnErrors=1)] == ["409"]
    assert await standard.find('userName eq "jane"') == []
    assert [item["status"] for item in await _results(standard, *operations)] == ["409", "201"]


@pytest.mark.parametrize("path", ["/scim/v2/Users", "Users", "/Bulk", "/scim/v2/Groups", "/", "/Schemas", None])
async def test_paths_begin_at_the_root(standard: Stage, path: Any):
    """404 in the result for whatever is no path of users or groups there; nobody is created."""
    (result,) = await _results(standard, _create("jane", 0, path))
    assert result["status"] == "404"
    assert await standard.effects() == []


async def test_versions_of_operations(standard: Stage):
    """`version` of an operation is its If-Match; a server without versions does not heed it."""
    jane = await standard.create("jane")
    change = {"Operations": [{"op": "replace", "path": "displayName", "value": "J"}]}
    operation = {"method": "PATCH", "path": f"/Users/{jane['id']}", "data": change, "version": 'W/"old"'}
    assert [item["status"] for item in await _results(standard, operation)] == ["412"]
    await standard.control("PATCH", "settings", {"etags": False})
    assert [item["status"] for item in await _results(standard, operation)] == ["200"]


async def test_a_request_must_say_that_it_is_one(standard: Stage):
    """400 invalidSyntax without the schema of a BulkRequest."""
    answer = await standard.call("POST", BULK, {"Operations": [_create("jane", 0)]})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidSyntax")


async def test_bulk_can_be_off_or_a_job(standard: Stage):
    """501, and discovery says so; as a job its results have the same locations."""
    await standard.control("PATCH", "settings", {"bulkMode": "off"})
    assert (await _send(standard, _create("jane", 0))).status == 501
    assert (await standard.ok("GET", "/scim/v2/ServiceProviderConfig"))["bulk"]["supported"] is False
    await standard.control("PATCH", "settings", {"bulkMode": "async", "bulkResults": True})
    job = await _send(standard, _create("jane", 0))
    assert job.status == 202
    standard.clock.now += 1
    ended = await standard.ok("GET", f"{BULK}/{job.body['id']}")
    assert ended["Operations"][0]["location"].startswith(f"{standard.url}{USERS}/")

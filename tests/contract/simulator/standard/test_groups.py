"""Groups of a strict server: the only place where memberships are changed."""

from __future__ import annotations

import pytest

from contract.simulator.stage import GROUP_SCHEMA, GROUPS, Stage


async def _members(stage: Stage, name: str = "Sales-Team") -> list[str]:
    return [member["value"] for member in (await stage.group(name)).get("members", [])]


async def test_every_way_to_change_members(standard: Stage):
    """POST with members, PUT, and PATCH: add, replace, remove by filter, by value, and all."""
    ids = [(await standard.create(name))["id"] for name in ("anna", "bert", "carl")]
    anna, bert, carl = ({"value": id_} for id_ in ids)
    night = await standard.ok("POST", GROUPS, {"schemas": [GROUP_SCHEMA], "displayName": "Night", "members": [anna]})
    assert await _members(standard, "Night") == ids[:1]
    path = night["id"]

    async def after(operation: object) -> list[str]:
        assert (await standard.patch_group(path, operation)).status == 200
        return await _members(standard, "Night")

    assert await after({"op": "add", "path": "members", "value": [anna, bert]}) == ids[:2]
    assert await after({"op": "replace", "path": "members", "value": [carl]}) == ids[2:]
    assert await after({"op": "add", "value": {"members": [anna]}}) == [ids[0], ids[2]]
    assert await after({"op": "remove", "path": f'members[value eq "{ids[2]}"]'}) == ids[:1]
    assert await after({"op": "remove", "path": f'members[value eq "{ids[2]}"]'}) == ids[:1]
    assert await after({"op": "remove", "path": "members", "value": [anna]}) == []
    body = {"schemas": [GROUP_SCHEMA], "displayName": "Night", "members": [bert, carl]}
    await standard.ok("PUT", f"{GROUPS}/{path}", body)
    assert await _members(standard, "Night") == ids[1:]
    assert await after({"op": "remove", "path": "members"}) == []


async def test_the_journal_has_memberships_as_changes_of_users(standard: Stage):
    """So a test can prove who was put where, and that nobody was put there twice."""
    jane = await standard.create("jane")
    sales = await standard.group("Sales-Team")
    for _ in range(2):
        await standard.patch_group(sales["id"], {"op": "add", "path": "members", "value": [{"value": jane["id"]}]})
    entries = (await standard.control("GET", "journal"))["entries"]
    assert [entry["changes"] for entry in entries if entry["effect"] == "updated"] == [
        {"groups": [{"value": "Sales-Team"}]}
    ]


async def test_a_server_that_knows_no_filter_in_a_path(standard: Stage):
    """400 invalidFilter with memberFilters off, and nothing changes; the value says who leaves."""
    jane, john = [(await standard.create(name))["id"] for name in ("jane", "john")]
    sales = await standard.group("Sales-Team")
    members = [{"value": jane}, {"value": john}]
    await standard.patch_group(sales["id"], {"op": "add", "path": "members", "value": members})
    await standard.control("PATCH", "settings", {"memberFilters": False})
    answer = await standard.patch_group(
        sales["id"],
        {"op": "remove", "path": "members", "value": [{"value": john}]},
        {"op": "remove", "path": f'members[value eq "{jane}"]'},
    )
    assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")
    assert await _members(standard) == [jane, john]
    await standard.patch_group(sales["id"], {"op": "remove", "path": "members", "value": [{"value": jane}]})
    assert await _members(standard) == [john]


@pytest.mark.parametrize("op", ["add", "replace"])
async def test_an_unknown_member_is_refused(standard: Stage, op: str):
    """400 invalidValue names it, and whoever came with it is not put in either."""
    jane = await standard.create("jane")
    sales = await standard.group("Sales-Team")
    members = [{"value": jane["id"]}, {"value": "nobody"}]
    answer = await standard.patch_group(sales["id"], {"op": op, "path": "members", "value": members})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert "nobody" in answer.body["detail"]
    assert await _members(standard) == []


async def test_the_list_can_leave_members_out(standard: Stage):
    """excludedAttributes=members, by pages; the names are those that the tenant was started with."""
    jane = await standard.create("jane")
    sales = await standard.group("Sales-Team")
    await standard.patch_group(sales["id"], {"op": "add", "path": "members", "value": [{"value": jane["id"]}]})
    query = {"excludedAttributes": "members", "startIndex": "2", "count": "2"}
    page = await standard.ok("GET", GROUPS, params=query)
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (4, 2, 2)
    assert [item["displayName"] for item in page["Resources"]] == ["Sales-Team", "QA-Team"]
    assert all("members" not in item for item in page["Resources"])


async def test_a_deleted_group_is_left_by_its_members(standard: Stage):
    """204, and its members show it no more."""
    jane = await standard.create("jane")
    sales = await standard.group("Sales-Team")
    await standard.patch_group(sales["id"], {"op": "add", "path": "members", "value": [{"value": jane["id"]}]})
    assert (await standard.call("DELETE", f"{GROUPS}/{sales['id']}")).status == 204
    assert (await standard.ok("GET", f"/scim/v2/Users/{jane['id']}")).get("groups", []) == []


async def test_members_are_those_who_are_there(standard: Stage):
    """Whoever is deleted leaves, whoever an administrator puts in is there; oldest first, however they came."""
    anna, bert, carl = [(await standard.create(name))["id"] for name in ("anna", "bert", "carl")]
    sales = await standard.group("Sales-Team")
    for id_ in (carl, bert):
        await standard.patch_group(sales["id"], {"op": "add", "path": "members", "value": [{"value": id_}]})
    await standard.control("POST", "outside", {"userName": "anna", "set": {"groups": [{"value": "Sales-Team"}]}})
    assert await _members(standard) == [anna, bert, carl]
    await standard.call("DELETE", f"/scim/v2/Users/{bert}")
    await standard.control("POST", "outside", {"userName": "anna", "set": {"groups": []}})
    assert await _members(standard) == [carl]


async def test_a_message_must_say_that_it_is_one(standard: Stage):
    """A PATCH of a group without the schema of a PatchOp is 400 invalidSyntax."""
    sales = await standard.group("Sales-Team")
    body = {"Operations": [{"op": "replace", "path": "displayName", "value": "X"}]}
    answer = await standard.call("PATCH", f"{GROUPS}/{sales['id']}", body)
    assert (answer.status, answer.body["scimType"]) == (400, "invalidSyntax")

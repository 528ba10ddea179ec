"""Groups: resources that show who is in them, while the users' own lists decide."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.simulator.stage import GROUP_SCHEMA, GROUPS, USERS, Stage

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=9)
    | st.sampled_from(["members", "add", "displayName"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


async def _groups_of(stage: Stage, id_: str) -> list[str]:
    return [item["value"] for item in (await stage.ok("GET", f"{USERS}/{id_}"))["groups"]]


async def test_members_are_those_whose_list_says_so(stage: Stage):
    """A group has an id of its own and shows its members by id; nobody in it means no members."""
    jane = await stage.create("jane")
    support = await stage.group("Support-Team")
    assert [member["value"] for member in support["members"]] == [jane["id"]]
    assert "members" not in await stage.group("Sales-Team")
    assert await stage.ok("GET", f"{GROUPS}/{support['id']}") == support


async def test_adding_and_removing_members_changes_the_users(stage: Stage):
    """By PATCH on the group, each way of naming members; the journal has it as a change of the user."""
    jane = await stage.create("jane")
    sales = await stage.group("Sales-Team")
    added = await stage.patch_group(sales["id"], {"op": "add", "path": "members", "value": [{"value": jane["id"]}]})
    assert [member["value"] for member in added.body["members"]] == [jane["id"]]
    assert await _groups_of(stage, jane["id"]) == ["Support-Team", "Sales-Team"]
    await stage.patch_group(sales["id"], {"op": "remove", "path": f'members[value eq "{jane["id"]}"]'})
    assert await _groups_of(stage, jane["id"]) == ["Support-Team"]
    assert (await stage.effects())[2:] == [("updated", "jane", "request")] * 2


async def test_adding_a_member_twice_is_no_effect(stage: Stage):
    """Whoever is in the group already is not added again."""
    jane = await stage.create("jane")
    before = await stage.effects()
    support = await stage.group("Support-Team")
    await stage.patch_group(support["id"], {"op": "add", "path": "members", "value": [{"value": jane["id"]}]})
    assert await stage.effects() == before


async def test_a_new_group_can_be_given_to_users(stage: Stage):
    """201; from then on the name is in the directory."""
    jane = await stage.create("jane")
    body = {"schemas": [GROUP_SCHEMA], "displayName": "Night", "members": [{"value": jane["id"]}]}
    answer = await stage.call("POST", GROUPS, body)
    assert answer.status == 201
    assert await _groups_of(stage, jane["id"]) == ["Support-Team", "Night"]
    assert await stage.create("john", groups=[{"value": "Night"}])


async def test_a_new_name_reaches_the_members(stage: Stage):
    """The id stays, and the users' lists follow."""
    jane = await stage.create("jane")
    support = await stage.group("Support-Team")
    answer = await stage.patch_group(support["id"], {"op": "replace", "path": "displayName", "value": "Care"})
    assert (answer.body["id"], answer.body["displayName"]) == (support["id"], "Care")
    assert await _groups_of(stage, jane["id"]) == ["Care"]


async def test_delete_lets_the_members_go(stage: Stage):
    """405 by default; 204 where the tenant allows it, and nobody is in the group any more."""
    jane, support = await stage.create("jane"), await stage.group("Support-Team")
    assert (await stage.call("DELETE", f"{GROUPS}/{support['id']}")).status == 405
    await stage.control("PATCH", "settings", {"allowDelete": True})
    assert [(await stage.call("DELETE", f"{GROUPS}/{support['id']}")).status for _ in range(2)] == [204, 404]
    assert await _groups_of(stage, jane["id"]) == []


@pytest.mark.parametrize(
    ("operation", "status", "scim_type"),
    [
        ({"op": "add", "path": "members", "value": [{"value": "nobody"}]}, 400, "invalidValue"),
        ({"op": "add", "path": "members", "value": ["x"]}, 400, "invalidValue"),
        ({"op": "replace", "path": "displayName", "value": "sales-team"}, 409, "uniqueness"),
        ({"op": "remove", "path": "displayName"}, 400, "invalidValue"),
        ({"op": "replace", "path": 'members[value eq "x"]', "value": {}}, 400, "mutability"),
        ({"op": "replace", "path": "shoeSize", "value": 43}, 400, "invalidPath"),
        ({"op": "remove"}, 400, "noTarget"),
        ({"op": "move", "path": "members"}, 400, "invalidSyntax"),
    ],
)
async def test_an_error_changes_nothing(stage: Stage, operation: object, status: int, scim_type: str):
    """The right status and scimType, and the operation before it is not kept either."""
    await stage.create("jane")
    support = await stage.group("Support-Team")
    answer = await stage.patch_group(
        support["id"], {"op": "replace", "path": "displayName", "value": "Care"}, operation
    )
    assert (answer.status, answer.body["scimType"]) == (status, scim_type)
    assert await stage.ok("GET", f"{GROUPS}/{support['id']}") == support


async def test_versions(stage: Stage):
    """412 for a version that has passed, 304 for the present one."""
    support = await stage.group("Support-Team")
    headers = {"If-None-Match": support["meta"]["version"]}
    assert (await stage.call("GET", f"{GROUPS}/{support['id']}", headers=headers)).status == 304
    await stage.create("jane")
    body = {"schemas": [GROUP_SCHEMA], "displayName": "Care"}
    headers = {"If-Match": support["meta"]["version"]}
    assert (await stage.call("PUT", f"{GROUPS}/{support['id']}", body, headers=headers)).status == 412


async def test_search_of_everything_finds_groups_too(stage: Stage):
    """POST /.search at the root looks at users and groups."""
    await stage.create("jane")
    found = await stage.ok("POST", "/scim/v2/.search", {"filter": 'userName eq "jane" or displayName eq "QA-Team"'})
    assert [item["meta"]["resourceType"] for item in found["Resources"]] == ["User", "Group"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON, operation=JSON)
async def test_whatever_is_sent_is_answered(stage: Stage, value: object, operation: object):
    """No body makes the tenant fail."""
    support = await stage.call("GET", GROUPS)
    id_ = support.body["Resources"][0]["id"]
    answers = [
        await stage.call("POST", GROUPS, {"schemas": [GROUP_SCHEMA], "displayName": value, "members": operation}),
        await stage.patch_group(id_, operation),
        await stage.patch_group(id_, {"op": "add", "path": "members", "value": value}),
        await stage.patch_group(id_, {"op": "replace", "path": value, "value": operation}),
    ]
    assert max(answer.status for answer in answers) < 500

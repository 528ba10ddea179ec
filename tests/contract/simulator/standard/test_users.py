"""Users of a strict server: what they show, and what changing them does not do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from contract.simulator.stage import NICE_SCHEMA, USER_SCHEMA, USERS, Answer, Stage, user


async def _schema(stage: Stage) -> dict[str, Any]:
    """The attributes that users have, by name."""
    found = await stage.ok("GET", f"/scim/v2/Schemas/{USER_SCHEMA}")
    return {attribute["name"]: attribute for attribute in found["attributes"]}


async def _set(stage: Stage, **settings: object) -> None:
    await stage.control("PATCH", "settings", settings)


async def _put(stage: Stage, id_: str, **more: Any) -> Answer:
    return await stage.call("PUT", f"{USERS}/{id_}", user("jane", **more))


async def test_users_show_the_groups_that_name_them(standard: Stage):
    """By the id of the group, with its name and where it is; nobody shows one that does not name them."""
    jane = await standard.create("jane")
    assert "groups" not in jane
    sales = await standard.group("Sales-Team")
    await standard.patch_group(sales["id"], {"op": "add", "path": "members", "value": [{"value": jane["id"]}]})
    shown = await standard.ok("GET", f"{USERS}/{jane['id']}")
    reference = f"/scim/v2/Groups/{sales['id']}"
    assert shown["groups"] == [
        {"value": sales["id"], "display": "Sales-Team", "$ref": reference, "type": "direct"},
    ]
    assert (await standard.ok("GET", shown["groups"][0]["$ref"]))["members"][0]["value"] == jane["id"]
    assert await standard.find(f'groups.value eq "{sales["id"]}"') == ["jane"]
    assert (await _schema(standard))["groups"]["mutability"] == "readOnly"


async def test_nothing_sent_to_a_user_changes_groups(standard: Stage):
    """POST, PUT and PATCH accept groups, and do nothing with them."""
    jane, support = await standard.create("jane"), await standard.group("Support-Team")
    assert "members" not in support
    await standard.patch_group(support["id"], {"op": "add", "path": "members", "value": [{"value": jane["id"]}]})
    await _put(standard, jane["id"], groups=[{"value": "Sales-Team"}])
    for operation in (
        {"op": "add", "path": "groups", "value": [{"value": "Sales-Team"}]},
        {"op": "remove", "path": f'groups[value eq "{support["id"]}"]'},
        {"op": "remove", "path": f"{USER_SCHEMA}:groups"},
        {"op": "replace", "value": {"groups": [], "displayName": "J"}},
    ):
        answer = await standard.patch(jane["id"], operation)
        assert (answer.status, [item["display"] for item in answer.body["groups"]]) == (200, ["Support-Team"])
    assert answer.body["displayName"] == "J"


async def test_users_without_groups(standard: Stage):
    """With showsUserGroups off there is no such attribute: not in a user, not in Schemas, not in a PATCH."""
    await _set(standard, showsUserGroups=False)
    jane, support = await standard.create("jane"), await standard.group("Support-Team")
    await standard.patch_group(support["id"], {"op": "add", "path": "members", "value": [{"value": jane["id"]}]})
    assert "groups" not in await standard.ok("GET", f"{USERS}/{jane['id']}")
    assert "groups" not in await _schema(standard)
    answer = await standard.patch(jane["id"], {"op": "remove", "path": "groups"})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidPath")
    assert [member["value"] for member in (await standard.group("Support-Team"))["members"]] == [jane["id"]]


async def test_the_extension_of_cxone_is_unknown(standard: Stage):
    """It is not in discovery; a body that declares it is refused, a PATCH of it too, and what it has is not kept."""
    assert [item["id"] for item in (await standard.ok("GET", "/scim/v2/Schemas"))["Resources"]] == [
        USER_SCHEMA,
        "urn:ietf:params:scim:schemas:core:2.0:Group",
    ]
    answer = await standard.call("POST", USERS, user("jane", schemas=[USER_SCHEMA, NICE_SCHEMA]))
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    jane = await standard.create("jane", **{NICE_SCHEMA: {"team": "Blue"}})
    assert NICE_SCHEMA not in jane
    assert jane["schemas"] == [USER_SCHEMA]
    for path in (NICE_SCHEMA, f"{NICE_SCHEMA}:team.value"):
        answer = await standard.patch(jane["id"], {"op": "add", "path": path, "value": "Blue"})
        assert (answer.status, answer.body["scimType"]) == (400, "invalidPath")


async def test_roles_by_id(standard: Stage):
    """Shown and taken by id, with the name to read; a name is no id, and Schemas has the ids to choose from."""
    await _set(standard, rolesForm="ids")
    refused = await standard.call("POST", USERS, user("jane"))
    assert (refused.status, refused.body["scimType"]) == (400, "invalidValue")
    ids = (await _schema(standard))["roles"]["subAttributes"][0]["canonicalValues"]
    assert all(UUID(id_) for id_ in ids)
    jane = await standard.create("jane", roles=[{"value": ids[1]}])
    assert jane["roles"] == [{"value": ids[1], "display": "Supervisor"}]
    added = await standard.patch(
        jane["id"], {"op": "add", "path": "roles", "value": [{"value": ids[i]} for i in (0, 1)]}
    )
    assert [item["display"] for item in added.body["roles"]] == ["Supervisor", "Agent"]
    removed = await standard.patch(jane["id"], {"op": "remove", "path": f'roles[value eq "{ids[1]}"]'})
    assert [item["display"] for item in removed.body["roles"]] == ["Agent"]
    assert await standard.find(f'roles.value eq "{ids[0]}"') == ["jane"]
    assert (await standard.patch(jane["id"], {"op": "add", "path": "roles", "value": "Agent"})).status == 400


async def test_a_role_that_was_abolished_hinders_nothing(standard: Stage):
    """Whoever has it keeps it and can be locked out; nobody else gets it."""
    await _set(standard, rolesForm="ids")
    (id_, *_) = (await _schema(standard))["roles"]["subAttributes"][0]["canonicalValues"]
    jane = await standard.create("jane", roles=[{"value": id_}])
    await _set(standard, roles=["Supervisor"])
    answer = await standard.patch(jane["id"], {"op": "replace", "path": "active", "value": False})
    assert (answer.status, answer.body["roles"]) == (200, [{"value": id_, "display": "Agent"}])
    assert (await standard.call("POST", USERS, user("john", roles=[{"value": id_}]))).status == 400


async def test_roles_as_entitlements(standard: Stage):
    """The same list under the other attribute, in every request; roles do not exist."""
    await _set(standard, rolesForm="entitlements")
    jane = await standard.create("jane", roles=[{"value": "Agent"}], entitlements=[{"value": "Supervisor"}])
    assert jane["entitlements"] == [{"value": "Supervisor"}]
    assert "roles" not in jane
    answer = await standard.patch(jane["id"], {"op": "add", "path": "Entitlements", "value": [{"value": "Agent"}]})
    assert [item["value"] for item in answer.body["entitlements"]] == ["Supervisor", "Agent"]
    answer = await _put(standard, jane["id"], entitlements=[{"value": "Evaluator"}])
    assert answer.body["entitlements"] == [{"value": "Evaluator"}]
    assert await standard.find('entitlements eq "evaluator"') == ["jane"]
    answer = await standard.patch(jane["id"], {"op": "add", "path": "roles", "value": [{"value": "Agent"}]})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidPath")
    assert "roles" not in await _schema(standard)


async def test_users_without_roles(standard: Stage):
    """Ignored in POST and PUT, invalidPath in PATCH, and absent from Schemas; what was kept before is kept."""
    jane = await standard.create("jane", roles=[{"value": "Supervisor"}])
    await _set(standard, rolesForm="none")
    assert "roles" not in await standard.create("john", roles=[{"value": "Unheard"}])
    assert "roles" not in (await _put(standard, jane["id"])).body
    answer = await standard.patch(jane["id"], {"op": "replace", "path": "roles", "value": [{"value": "Agent"}]})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidPath")
    assert "roles" not in await _schema(standard)
    await _set(standard, rolesForm="values")
    assert (await standard.ok("GET", f"{USERS}/{jane['id']}"))["roles"] == [{"value": "Supervisor"}]


async def test_versions_are_weak_and_heeded(standard: Stage):
    """If-Match of a version that has passed is 412, for PATCH, PUT and DELETE."""
    jane = await standard.create("jane")
    old = {"If-Match": jane["meta"]["version"]}
    assert old["If-Match"].startswith('W/"')
    change = {"op": "replace", "path": "displayName", "value": "J"}
    assert (await standard.patch(jane["id"], change, headers=old)).status == 200
    assert (await standard.patch(jane["id"], change, headers=old)).status == 412
    assert (await standard.call("PUT", f"{USERS}/{jane['id']}", user("jane"), headers=old)).status == 412
    assert (await standard.call("DELETE", f"{USERS}/{jane['id']}", headers=old)).status == 412


async def test_a_server_without_versions(standard: Stage):
    """No ETag, no meta.version, and If-Match is not heeded; groups are alike, and discovery says so."""
    await _set(standard, etags=False)
    answer = await standard.call("POST", USERS, user("jane"))
    assert "ETag" not in answer.headers
    assert "version" not in answer.body["meta"]
    assert "version" not in (await standard.group("Sales-Team"))["meta"]
    change = {"op": "replace", "path": "displayName", "value": "J"}
    assert (await standard.patch(answer.body["id"], change, headers={"If-Match": 'W/"old"'})).status == 200
    assert (await standard.ok("GET", "/scim/v2/ServiceProviderConfig"))["etag"] == {"supported": False}


async def test_a_server_without_patch(standard: Stage):
    """501 for users and groups, and within a bulk; PUT does it, and discovery says so."""
    jane, sales = await standard.create("jane"), await standard.group("Sales-Team")
    await _set(standard, patchSupported=False)
    change = {"op": "replace", "path": "active", "value": False}
    assert (await standard.patch(jane["id"], change)).status == 501
    assert (await standard.patch_group(sales["id"], {"op": "remove", "path": "members"})).status == 501
    assert (await _put(standard, jane["id"], active=False)).body["active"] is False
    assert (await standard.ok("GET", "/scim/v2/ServiceProviderConfig"))["patch"] == {"supported": False}


@pytest.mark.parametrize("schemas", [None, [], [USER_SCHEMA], "urn:ietf:params:scim:api:messages:2.0:PatchOp", 5])
async def test_a_patch_must_say_that_it_is_one(standard: Stage, schemas: object):
    """400 invalidSyntax without the schema of a PatchOp (RFC 7644 section 3.5.2)."""
    jane = await standard.create("jane")
    body = {"schemas": schemas, "Operations": [{"op": "replace", "path": "active", "value": False}]}
    answer = await standard.call("PATCH", f"{USERS}/{jane['id']}", body)
    assert (answer.status, answer.body["scimType"]) == (400, "invalidSyntax")
    assert (await standard.ok("GET", f"{USERS}/{jane['id']}"))["active"] is True


async def test_users_can_be_deleted(standard: Stage):
    """204, then 404, without a further setting; the name is free again."""
    jane = await standard.create("jane")
    path = f"{USERS}/{jane['id']}"
    assert [(await standard.call("DELETE", path)).status for _ in range(2)] == [204, 404]
    assert (await standard.create("jane"))["id"] != jane["id"]


async def test_seats_are_limited_without_a_licence_api(standard: Stage):
    """A create beyond them is refused; the licence API is there only where it was ordered."""
    await _set(standard, seats=1)
    await standard.create("jane")
    answer = await standard.call("POST", USERS, user("john"))
    assert (answer.status, "1 of 1 seats" in answer.body["detail"]) == (403, True)
    assert (await standard.call("GET", "/api/v2/license/quotas")).status == 404
    assert (await standard.call("POST", "/api/v2/license/quotas")).status == 404
    await _set(standard, licenses=True)
    assert await standard.ok("GET", "/api/v2/license/quotas") == {"total": 1, "used": 1}

"""PATCH: the dialects that are understood, and all or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from contract.simulator.stage import NICE_SCHEMA, USER_SCHEMA, USERS, Stage, user

WORK = {"value": "w@example.com", "type": "work"}
HOME = {"value": "h@example.com", "type": "home"}


def _emails(found: dict[str, Any]) -> list[str]:
    return [item["value"] for item in found["emails"]]


@pytest.mark.parametrize("op", ["replace", "Replace", "REPLACE"])
async def test_op_in_any_case(stage: Stage, op: str):
    """As Entra sends it, and as the RFC has it."""
    jane = await stage.create("jane")
    answer = await stage.patch(jane["id"], {"op": op, "path": "active", "value": False})
    assert (answer.status, answer.body["active"]) == (200, False)


async def test_the_dialect_of_the_tutorial(stage: Stage):
    """Lower-case `operations` under the schema of the user."""
    jane = await stage.create("jane")
    body = {"schemas": [USER_SCHEMA], "operations": [{"op": "replace", "path": "active", "value": False}]}
    answer = await stage.call("PATCH", f"{USERS}/{jane['id']}", body)
    assert (answer.status, answer.body["active"]) == (200, False)


@pytest.mark.parametrize(
    ("operation", "attribute", "expected"),
    [
        ({"op": "replace", "path": "name.familyName", "value": "X"}, "name", {"givenName": "Jane", "familyName": "X"}),
        ({"op": "replace", "path": "NAME.familyname", "value": "X"}, "name", {"givenName": "Jane", "familyName": "X"}),
        ({"op": "replace", "path": f"{USER_SCHEMA}:displayName", "value": "X"}, "displayName", "X"),
        ({"op": "add", "value": {"DisplayName": "X"}}, "displayName", "X"),
        ({"op": "remove", "path": "displayName"}, "displayName", None),
        ({"op": "replace", "path": "displayName", "value": None}, "displayName", None),
        ({"op": "replace", "path": "active", "value": "False"}, "active", False),
        ({"op": "add", "path": "roles", "value": "Supervisor"}, "roles", [{"value": "Agent"}, {"value": "Supervisor"}]),
        ({"op": "add", "path": "roles", "value": [{"value": "Agent"}]}, "roles", [{"value": "Agent"}]),
        ({"op": "replace", "path": "roles", "value": [{"value": "Supervisor"}]}, "roles", [{"value": "Supervisor"}]),
        ({"op": "remove", "path": 'groups[value eq "Support-Team"]'}, "groups", []),
        ({"op": "remove", "path": "groups", "value": [{"value": "Support-Team"}]}, "groups", []),
        (
            {"op": "replace", "path": 'emails[type eq "home"].value', "value": "x@example.com"},
            "emails",
            [WORK, {**HOME, "value": "x@example.com"}],
        ),
        ({"op": "replace", "path": f"{NICE_SCHEMA}:team", "value": "Blue"}, NICE_SCHEMA, {"team": {"value": "Blue"}}),
        ({"op": "add", "path": f"{NICE_SCHEMA}:team.value", "value": "Blue"}, NICE_SCHEMA, {"team": {"value": "Blue"}}),
        ({"op": "add", "path": NICE_SCHEMA, "value": {"team": "Blue"}}, NICE_SCHEMA, {"team": {"value": "Blue"}}),
        ({"op": "add", "value": {NICE_SCHEMA: {"team": "Blue"}}}, NICE_SCHEMA, {"team": {"value": "Blue"}}),
    ],
)
async def test_paths(stage: Stage, operation: dict[str, Any], attribute: str, expected: object):
    """Paths of every kind reach the attribute that they name."""
    jane = await stage.create("jane", displayName="Jane", emails=[WORK, HOME])
    answer = await stage.patch(jane["id"], operation)
    assert answer.status == 200, answer.text
    assert answer.body.get(attribute) == expected
    assert (await stage.ok("GET", f"{USERS}/{jane['id']}")).get(attribute) == expected


async def test_the_extension_appears_in_schemas(stage: Stage):
    """`schemas` follows what the user has."""
    jane = await stage.create("jane")
    answer = await stage.patch(jane["id"], {"op": "add", "path": f"{NICE_SCHEMA}:team", "value": "Blue"})
    assert answer.body["schemas"] == [USER_SCHEMA, NICE_SCHEMA]
    answer = await stage.patch(jane["id"], {"op": "remove", "path": NICE_SCHEMA})
    assert answer.body["schemas"] == [USER_SCHEMA]
    assert await stage.find(f'{NICE_SCHEMA}:team.value eq "Blue"') == []


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "move", "path": "active"}, "invalidSyntax"),
        ({"path": "active", "value": False}, "invalidSyntax"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "remove", "path": "active"}, "mutability"),
        ({"op": "replace", "path": "shoeSize", "value": 43}, "invalidPath"),
        ({"op": "replace", "path": "name.shoeSize", "value": 43}, "invalidPath"),
        ({"op": "replace", "path": "emails[", "value": 43}, "invalidPath"),
        ({"op": "replace", "path": 5, "value": 43}, "invalidPath"),
        ({"op": "replace", "path": "active.value", "value": True}, "invalidPath"),
        ({"op": "replace", "path": "emails[type]", "value": "x"}, "invalidFilter"),
        ({"op": "replace", "path": 'emails[type eq "fax"].value', "value": "x"}, "noTarget"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "active", "value": "maybe"}, "invalidValue"),
        ({"op": "replace", "path": "displayName", "value": ["x"]}, "invalidValue"),
        ({"op": "replace", "path": "emails", "value": []}, "invalidValue"),
        ({"op": "replace", "value": "x"}, "invalidValue"),
    ],
)
async def test_an_error_changes_nothing(stage: Stage, operation: dict[str, Any], scim_type: str):
    """400 with the right scimType, and the operation before it is not kept either."""
    jane = await stage.create("jane")
    answer = await stage.patch(jane["id"], {"op": "replace", "path": "displayName", "value": "New"}, operation)
    assert (answer.status, answer.body.get("scimType")) == (400, scim_type)
    assert await stage.ok("GET", f"{USERS}/{jane['id']}") == jane
    assert [effect for effect, *_ in await stage.effects()] == ["created", "licenseAssigned"]


async def test_nothing_new_is_no_effect(stage: Stage):
    """The version stays and the journal is silent where a PATCH says what is so already."""
    jane = await stage.create("jane")
    before = await stage.effects()
    answer = await stage.patch(jane["id"], {"op": "replace", "path": "active", "value": True})
    assert answer.body["meta"]["version"] == jane["meta"]["version"]
    assert await stage.effects() == before


async def test_an_empty_answer_where_the_tenant_gives_one(stage: Stage):
    """204 with the new version."""
    await stage.control("PATCH", "settings", {"patchAnswersEmpty": True})
    jane = await stage.create("jane")
    answer = await stage.patch(jane["id"], {"op": "replace", "path": "displayName", "value": "J"})
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["ETag"] != jane["meta"]["version"]


async def test_nobody_to_change(stage: Stage):
    """404."""
    assert (await stage.patch("nobody", {"op": "replace", "path": "active", "value": False})).status == 404
    assert (await stage.call("PUT", f"{USERS}/nobody", user("jane"))).status == 404


async def test_several_operations_in_one(stage: Stage):
    """Later operations see what earlier ones did."""
    jane = await stage.create("jane", emails=[WORK])
    answer = await stage.patch(
        jane["id"],
        {"op": "add", "path": "emails", "value": [HOME]},
        {"op": "remove", "path": 'emails[type eq "work"]'},
    )
    assert _emails(answer.body) == ["h@example.com"]

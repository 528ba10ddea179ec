"""Changes of one user: what is sent, what is kept, and what an answer is taken for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxone_operator.core.actions import Create, Update
from cxone_operator.core.knowledge import UNKNOWN, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Change, Field, RemoteUser
from cxone_operator.scim.changes import Changes
from cxone_operator.scim.dialects.dialect import Dialect, PatchMode, RoleForm
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.dialects.rfc7644 import RFC7644
from cxone_operator.scim.errors import BadRequest, MalformedAnswer, ScimError, ServerError
from cxone_operator.scim.groups import Groups, OnUsers
from cxone_operator.scim.messages import NICE_SCHEMA, USER_SCHEMA, user_body
from cxone_operator.scim.names import Plain
from cxone_operator.scim.refusals import ERROR_SCHEMA
from cxone_operator.scim.remote import Answered
from cxone_operator.scim.transport import Transport
from unit.builders import a_state
from unit.scim.conftest import Server, json_answer, no_content
from unit.scim.model import GroupServer

REPLACE = replace(PLATFORM, patch=PatchMode.REPLACE)
JANE: dict[str, Any] = {
    "schemas": [USER_SCHEMA, "urn:other"],
    "id": "1",
    "userName": "jane@example.com",
    "name": {"givenName": "Jane", "familyName": "Smith", "middleName": "Q", "honorificPrefix": "Dr"},
    "active": True,
    "locale": "de",
    "urn:other": {"costCentre": "7"},
    NICE_SCHEMA: {"loginAuthenticator": {"value": "sso"}, "team": {"value": "old"}},
    "meta": {"version": 'W/"7"'},
}


def changes(transport: Transport, dialect: Dialect = PLATFORM, *, versions: bool = False) -> Changes:
    return Changes(transport, dialect, OnUsers(), Plain(), versions=versions)


def change(*fields: Field, **state: object) -> Change:
    return Change(a_state(**state), fields)


def jane(version: str | None = None) -> RemoteUser:
    return RemoteUser("1", a_state(), version)


# PUT.


@pytest.mark.parametrize(
    ("wanted", "differs"),
    [
        (change(Field.ACTIVE, active=False), {"active": False}),
        (change(Field.DISPLAY_NAME, display_name="J"), {"displayName": "J"}),
        (change(Field.GIVEN_NAME, given_name="Janet"), {"name": {**JANE["name"], "givenName": "Janet"}}),
        (
            change(Field.TEAM, team="new"),
            {
                "schemas": [USER_SCHEMA, "urn:other", NICE_SCHEMA],
                NICE_SCHEMA: {"loginAuthenticator": {"value": "sso"}, "team": {"value": "new"}},
            },
        ),
        (change(Field.ROLES, roles=("A", "B")), {"roles": [{"value": "A"}, {"value": "B"}]}),
    ],
    ids=["active", "displayName", "name", "team", "roles"],
)
async def test_a_put_keeps_what_we_do_not_know(
    server: Server, transport: Transport, wanted: Change, differs: dict[str, object]
) -> None:
    """Attributes, extensions, and the other parts of an attribute that we share with somebody."""
    server.answers = [json_answer(200, JANE)]
    await changes(transport, REPLACE).patch(jane(), wanted, Lane.UPDATES)
    assert [(method, path) for method, path, _ in server.requests] == [
        ("GET", "/scim/v2/Users/1"),
        ("PUT", "/scim/v2/Users/1"),
    ]
    assert server.requests[1][2] == {**JANE, **differs}


async def test_a_put_has_each_attribute_once(server: Server, transport: Transport) -> None:
    """Whatever the case that the server writes its name in (RFC 7643 section 2.1)."""
    server.answers = [json_answer(200, {"ID": "1", "Active": True, "NAME": {"GIVENNAME": "J", "middlename": "Q"}})]
    wanted = change(Field.ACTIVE, Field.GIVEN_NAME, active=False)
    await changes(transport, REPLACE).patch(jane(), wanted, Lane.UPDATES)
    name = {"givenName": "Jane", "familyName": "Smith", "middlename": "Q"}
    assert server.requests[1][2] == {"ID": "1", "active": False, "name": name}


@pytest.mark.parametrize("body", [{}, {**JANE, "id": "2"}, {"totalResults": 0, "Resources": []}, [JANE], None])
async def test_nobody_is_put_in_the_place_of_another(server: Server, transport: Transport, body: object) -> None:
    """An answer that is not this user is not sent back as this user."""
    server.answers = [json_answer(200, body)]
    with pytest.raises(MalformedAnswer):
        await changes(transport, REPLACE).patch(jane(), change(Field.ACTIVE), Lane.LEAVERS)
    assert [method for method, _, _ in server.requests] == ["GET"]


json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(min_size=1, max_size=6), json, max_size=4))
async def test_whatever_else_a_user_has_survives(server: Server, transport: Transport, more: dict[str, object]) -> None:
    """Except for what is changed."""
    read = {**more, "id": "1", "active": True}
    server.requests.clear()
    server.answers = [json_answer(200, read)]
    await changes(transport, REPLACE).patch(jane(), change(Field.ACTIVE, active=False), Lane.LEAVERS)
    kept = {name: value for name, value in read.items() if name.lower() != "active"}
    assert server.requests[1][2] == {**kept, "active": False}


# PATCH.


@pytest.mark.parametrize(("mode", "op"), [(PatchMode.PATCH_OP, {"op": "replace"}), (PatchMode.WITHOUT_OP, {})])
async def test_a_patch(server: Server, transport: Transport, mode: PatchMode, op: dict[str, str]) -> None:
    """One operation for each field; some servers take none that says what it does."""
    server.answers = [no_content]
    wanted = change(Field.ACTIVE, Field.TEAM, active=False, team="new")
    await changes(transport, replace(PLATFORM, patch=mode)).patch(jane(), wanted, Lane.UPDATES)
    ((method, _, body),) = server.requests
    assert isinstance(body, dict)
    assert (method, body["Operations"]) == (
        "PATCH",
        [
            {**op, "path": "active", "value": False},
            {**op, "path": f"{NICE_SCHEMA}:team", "value": {"value": "new"}},
        ],
    )


@pytest.mark.parametrize("mode", [PatchMode.PATCH_OP, PatchMode.REPLACE])
@pytest.mark.parametrize(
    ("versions", "version", "sent"), [(True, 'W/"7"', 'W/"7"'), (True, None, None), (False, 'W/"7"', None)]
)
async def test_if_match(
    server: Server, transport: Transport, mode: PatchMode, versions: bool, version: str | None, sent: str | None
) -> None:
    """Only where the server heeds it and the user has a version; never to read (RFC 7644 section 3.14)."""
    seen: list[tuple[str, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, request.headers.get("If-Match")))
        return web.json_response(JANE)

    server.answers = [answer]
    dialect = replace(PLATFORM, patch=mode)
    await changes(transport, dialect, versions=versions).patch(jane(version), change(Field.ACTIVE), Lane.UPDATES)
    assert [value for method, value in seen if method != "GET"] == [sent]
    assert [value for method, value in seen if method == "GET"] in ([], [None])


async def test_roles_without_a_place(server: Server, transport: Transport) -> None:
    """A role goes where the server keeps roles."""
    server.answers = [no_content]
    dialect = replace(PLATFORM, role_attribute="entitlements", roles=RoleForm.VALUES)
    await changes(transport, dialect).patch(jane(), change(Field.ROLES), Lane.UPDATES)
    body: Any = server.requests[0][2]
    assert [operation["path"] for operation in body["Operations"]] == ["entitlements"]


# Groups that are kept on the groups.


async def apart(server: Server, transport: Transport, model: GroupServer, *answers: Any) -> Changes:
    """Changes on a server that answers so for users, and for groups as the model does."""
    queue = list(answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/scim/v2/Groups"):
            return await model(request)
        return await queue.pop(0)(request)

    server.answers = [answer]
    groups = Groups(transport, RFC7644, versions=False)
    await groups.read(Lane.UPDATES)
    server.requests.clear()
    return Changes(transport, RFC7644, groups, Plain(), versions=False)


def sent(server: Server) -> list[tuple[str, str]]:
    return [(method, path.removeprefix("/scim/v2/")) for method, path, _ in server.requests]


async def test_groups_come_after_the_user(server: Server, transport: Transport) -> None:
    """And are no part of the user's own change."""
    model = GroupServer({"sales": set(), "support": {"1"}}, frozenset({"1"}))
    making = await apart(server, transport, model, json_answer(200, {**user_body(a_state(), RFC7644), "id": "1"}))
    wanted = change(Field.ACTIVE, Field.GROUPS, groups=("Sales",))
    was = RemoteUser("1", a_state(groups=("Support",)))
    answered = await making.make(Update(was, wanted, takes_seat=False), Lane.UPDATES)
    assert sent(server) == [("PATCH", "Users/1"), ("PATCH", "Groups/sales"), ("PATCH", "Groups/support")]
    assert [operation["path"] for operation in server.requests[0][2]["Operations"]] == ["active"]  # type: ignore[index]
    assert isinstance(answered.shown, Present)
    assert answered.shown.user.state.groups == ("Sales",)
    assert model.groups == {"sales": {"1"}, "support": set()}


async def test_groups_alone_do_not_touch_the_user(server: Server, transport: Transport) -> None:
    """There is nothing to change."""
    making = await apart(server, transport, GroupServer({"sales": set()}, frozenset({"1"})))
    wanted = change(Field.GROUPS, groups=("Sales",))
    answered = await making.make(Update(RemoteUser("1", a_state(groups=())), wanted, takes_seat=False), Lane.UPDATES)
    assert sent(server) == [("PATCH", "Groups/sales")]
    assert answered.shown == UNKNOWN


@pytest.mark.parametrize(
    ("said", "scim_type", "remedy"),
    [
        ("the operation 'replace' is not supported", "invalidSyntax", "; set spec.api.patch to Replace"),
        ("Attribute groups is read-only", "mutability", "; set spec.api.memberships to Group"),
        ("Attribute externalId is read-only", "mutability", None),
        ("group 'replaced' does not exist", "invalidValue", None),
    ],
)
async def test_a_change_that_no_user_takes_names_the_setting(
    server: Server, transport: Transport, said: str, scim_type: str, remedy: str | None
) -> None:
    """Where the server wants another kind of request; what the change is to blame for is told as it is."""
    error = {"schemas": [ERROR_SCHEMA], "status": "400", "detail": said, "scimType": scim_type}
    server.answers = [json_answer(400, error)]
    making, wanted = changes(transport), change(Field.GROUPS, Field.EMPLOYEE_ID, groups=("Sales",))
    with pytest.raises(BadRequest) as refused:
        await making.make(Update(jane(), wanted, takes_seat=False), Lane.UPDATES)
    assert (remedy or said) in refused.value.message
    assert ("; set" in refused.value.message) == (remedy is not None)


async def test_nobody_is_made_for_a_group_that_is_not_there(server: Server, transport: Transport) -> None:
    """The refusal comes before anything is done."""
    making = await apart(server, transport, GroupServer({"sales": set()}), json_answer(201, JANE))
    with pytest.raises(BadRequest, match="there is no group 'Sael'"):
        await making.make(Create(a_state(groups=("Sael",))), Lane.JOINERS)
    assert {method for method, _ in sent(server)} == {"GET"}


async def test_whoever_was_made_is_made(server: Server, transport: Transport) -> None:
    """Also where a group fails: the next step sees who is missing in it."""
    model = GroupServer({"sales": set()}, frozenset({"1"}), statuses={"PATCH": 500})
    making = await apart(server, transport, model, json_answer(201, JANE))
    answered = await making.make(Create(a_state(groups=("Sales",))), Lane.JOINERS)
    assert answered.shown == UNKNOWN, "whether the group has changed nobody knows"


async def test_a_group_that_fails_is_told(server: Server, transport: Transport) -> None:
    """After the user was changed: whoever is let in gets in."""
    model = GroupServer({"sales": set()}, frozenset({"1"}), statuses={"PATCH": 500})
    making = await apart(server, transport, model, json_answer(200, {**user_body(a_state(), RFC7644), "id": "1"}))
    wanted = change(Field.ACTIVE, Field.GROUPS, groups=("Sales",))
    with pytest.raises(ServerError):
        await making.make(Update(RemoteUser("1", a_state(groups=())), wanted, takes_seat=False), Lane.UPDATES)
    assert sent(server)[0] == ("PATCH", "Users/1")


# Licences.


async def test_a_seat_is_given_back_once(server: Server, transport: Transport) -> None:
    """404: it was; anything else is told."""
    server.answers = [json_answer(404, {}), json_answer(500, {})]
    assert await changes(transport).release_license("a/b", Lane.LEAVERS) == Answered()
    with pytest.raises(ScimError):
        await changes(transport).release_license("a/b", Lane.LEAVERS)
    assert {path for _, path, _ in server.requests} == {"/api/v2/license/assignments/a%2Fb"}

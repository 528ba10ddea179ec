"""Names of roles and teams: what people write becomes the id that is meant, or a refusal that names it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

from cxone_operator.api.reasons import Reason
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser
from cxone_operator.scim.dialects.userhub import USER_HUB
from cxone_operator.scim.errors import BadRequest, ScimError
from cxone_operator.scim.names import FRESH_SECONDS, ById, Plain
from cxone_operator.scim.transport import Transport
from unit.builders import a_state
from unit.scim.conftest import Answer, Server, json_answer

ROLES = {"1": "Agent", "2": "Supervisor"}


def searched(names: dict[str, str], most: int = 200, **more: object) -> Answer:
    """A search that gives at most so many at once."""

    async def answer(request: web.Request) -> web.Response:
        skip = (await request.json())["skip"]
        items = [{"id": value, "name": name} for value, name in list(names.items())[skip : skip + most]]
        return web.json_response({**more, "found": items})

    return answer


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def role(names: ById, *wanted: str) -> tuple[str, ...] | None:
    return (await names.encoded(a_state(roles=wanted), Lane.UPDATES)).roles


async def test_plain_names_stay_as_they_are() -> None:
    """Most servers know no ids for them."""
    user = RemoteUser("1", a_state(team="Sales"))
    assert await Plain().encoded(user.state, Lane.UPDATES) == user.state
    assert Plain().shown((user,)) == (user,)


async def test_names_become_ids(server: Server, transport: Transport) -> None:
    """In any case; an id is one already. Whoever declares none asks for nothing."""
    server.answers = [searched(ROLES)]
    names = ById(transport, USER_HUB)
    assert await names.encoded(a_state(roles=None), Lane.UPDATES) == a_state(roles=None)
    assert server.requests == []
    assert await role(names, "agent", "SUPERVISOR", "2") == ("1", "2", "2")
    assert names.roles == {"Agent", "Supervisor"}
    state = await names.encoded(a_state(roles=("Agent",), team="Supervisor"), Lane.UPDATES)
    assert (state.roles, state.team) == (("1",), "2")
    assert {path for _, path, _ in server.requests} == {USER_HUB.roles_path, USER_HUB.teams_path}


@pytest.mark.parametrize(
    ("body", "known"),
    [
        ({"errors": [], "roles": [{"roleId": 7, "roleName": "Agent"}]}, {"Agent"}),
        ({"total": 2, "roles": [{"uuid": "u", "displayName": "Agent"}, {"id": "x"}, 3, {"name": "y"}]}, {"Agent"}),
        ({"roles": [{"roleid": "7", "rolename": "Agent"}]}, {"Agent"}),
        ({"roles": {"id": "1", "name": "Agent"}}, set()),
        ({}, set()),
    ],
)
async def test_what_a_search_shows(server: Server, transport: Transport, body: object, known: set[str]) -> None:
    """The list that has names in it, whatever it is called, and however its ids are."""
    server.answers = [json_answer(200, body)]
    names = ById(transport, USER_HUB)
    with pytest.raises(BadRequest, match="there is no role 'Nobody'"):
        await role(names, "Nobody")
    assert names.roles == known


@pytest.mark.parametrize("most", [200, 100, 20])
async def test_a_search_comes_in_pages(server: Server, transport: Transport, most: int) -> None:
    """A server may give fewer than are asked for; whoever is on a later page is there."""
    server.answers = [searched({str(number): f"Role {number}" for number in range(450)}, most)]
    assert await role(ById(transport, USER_HUB), "Role 449") == ("449",)


async def test_an_entry_without_a_name_ends_no_search(server: Server, transport: Transport) -> None:
    """Pages are counted by what came."""
    server.answers = [searched({"0": "", **{str(number): f"Role {number}" for number in range(1, 300)}})]
    assert await role(ById(transport, USER_HUB), "Role 299") == ("299",)


async def test_a_search_that_repeats_itself_ends(server: Server, transport: Transport) -> None:
    """The server does not heed `skip`."""
    server.answers = [json_answer(200, {"roles": [{"id": "1", "name": "Agent"}]})]
    assert await role(ById(transport, USER_HUB), "Agent") == ("1",)
    assert len(server.requests) == 2


async def test_a_list_is_believed_for_a_while(server: Server, transport: Transport) -> None:
    """Except for a name that is not in it."""
    known, clock = dict(ROLES), Time()
    server.answers = [searched(known)]
    names = ById(transport, USER_HUB, clock)
    await role(names, "Agent")
    asked = len(server.requests)
    await role(names, "Supervisor")
    assert len(server.requests) == asked
    known["3"] = "Trainer"
    assert await role(names, "Trainer") == ("3",)
    assert len(server.requests) > asked
    asked = len(server.requests)
    clock.now = FRESH_SECONDS + 1
    await role(names, "Agent")
    assert len(server.requests) > asked


async def test_a_role_that_was_renamed_is_not_found_by_its_old_name(server: Server, transport: Transport) -> None:
    """Nobody gets a role that is called otherwise than was written, or one that is gone."""
    known, clock = {"1": "Agent", "2": "Trainer"}, Time()
    server.answers = [searched(known)]
    names = ById(transport, USER_HUB, clock)
    await role(names, "Agent", "Trainer")
    known["1"] = "Administrator"
    del known["2"]
    clock.now = FRESH_SECONDS + 1
    for gone in ("Agent", "Trainer", "2"):
        with pytest.raises(BadRequest):
            await role(names, gone)
    assert await role(names, "Administrator") == ("1",)


async def test_two_roles_of_one_name_are_not_guessed(server: Server, transport: Transport) -> None:
    """What they permit may differ; by its id each can be had."""
    server.answers = [searched({"1": "Agent", "2": "AGENT"})]
    names = ById(transport, USER_HUB)
    with pytest.raises(BadRequest, match=r"several roles are called 'Agent'; write the id .* is meant: 1, 2"):
        await role(names, "Agent")
    assert await role(names, "2") == ("2",)


async def test_whoever_comes_meanwhile_shares_a_search(server: Server, transport: Transport) -> None:
    """A hundred users do not ask a hundred times, whether their role is there or not."""
    server.answers = [searched(ROLES)]
    names = ById(transport, USER_HUB)
    await asyncio.gather(*(role(names, "Agent") for _ in range(100)))
    assert len(server.requests) == 2
    ends = await asyncio.gather(*(role(names, "Nobody") for _ in range(100)), return_exceptions=True)
    assert {type(end) for end in ends} == {BadRequest}
    assert len(server.requests) == 4


async def test_a_search_that_fails_forgets_nothing(server: Server, transport: Transport) -> None:
    """What was known goes on to be."""
    clock = Time()
    server.answers = [searched(ROLES)]
    names = ById(transport, USER_HUB, clock)
    await role(names, "Agent")
    clock.now = FRESH_SECONDS + 1
    server.answers = [json_answer(503, {})]
    with pytest.raises(ScimError):
        await role(names, "Agent")
    assert names.roles == {"Agent", "Supervisor"}


async def test_a_name_that_is_not_there(server: Server, transport: Transport) -> None:
    """Is the resource's mistake."""
    server.answers = [searched(ROLES)]
    with pytest.raises(BadRequest) as caught:
        await role(ById(transport, USER_HUB), "Agnet")
    assert caught.value.failure.reason is Reason.ROLE_NOT_FOUND
    assert caught.value.rejected_value == "Agnet"


async def test_without_a_search_users_tell_the_names(server: Server, transport: Transport) -> None:
    """Each shows an id with the name beside it; the last name that was shown is the one."""
    names = ById(transport, replace(USER_HUB, roles_path=None, teams_path=None))
    for shown in ("Agent", "Clerk"):
        names.shown((RemoteUser("a", a_state(roles=("1",), displays=(("1", shown), ("g", "A group")))),))
    assert names.roles == {"Clerk"}
    assert await role(names, "clerk") == ("1",)
    with pytest.raises(BadRequest):
        await role(names, "Agent")
    assert server.requests == []


async def test_ids_are_shown_with_their_names(server: Server, transport: Transport) -> None:
    """Where they are known, and the user does not show them; nothing else of the user changes."""
    server.answers = [searched(ROLES)]
    names = ById(transport, USER_HUB)
    await names.encoded(a_state(roles=("Agent",), team="Agent"), Lane.UPDATES)
    users = (
        RemoteUser("a", a_state(roles=("1", "9"), team="2")),
        RemoteUser("b", a_state(roles=("2",), displays=(("2", "Own word"),))),
        RemoteUser("c", a_state(roles=None)),
    )
    first, *others = names.shown(users)
    assert (first.state.roles, first.state.displays, first.state.team) == (("1", "9"), (("1", "Agent"),), "Supervisor")
    assert tuple(others) == users[1:]

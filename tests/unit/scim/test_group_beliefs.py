"""What is believed of a group: what the server has said of it since it was changed, and nothing else."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser
from cxone_operator.scim.errors import MalformedAnswer
from cxone_operator.scim.transport import Transport
from unit.scim.conftest import Server, json_answer
from unit.scim.model import PEOPLE, GroupServer, join, serve, shown, state


@pytest.mark.parametrize("shows", ["members", "nothing", "name"])
async def test_an_answer_without_members_is_asked_for(server: Server, transport: Transport, shows: str) -> None:
    """What is known is what the server has said, not what it was asked for."""
    model = GroupServer({"sales": {"u1"}}, PEOPLE, shows=shows)
    groups = await serve(server, transport, model)
    await join(groups, "u2", "Sales")
    told = groups.shown(RemoteUser("u2", state()))
    assert (told.state.groups if told is not None else None) == (("Sales",) if shows == "members" else None)
    assert await shown(groups, "u1", "u2") == [("Sales",), ("Sales",)]
    assert model.asked["GET sales"] == (0 if shows == "members" else 1)


@pytest.mark.parametrize("shows", ["members", "nothing"])
async def test_a_member_that_the_server_forgets_is_not_shown(server: Server, transport: Transport, shows: str) -> None:
    """It said yes, and did nothing."""

    async def forgetful(request: web.Request) -> web.StreamResponse:
        answer = await model(request)
        model.groups["sales"].discard("u1")
        return (
            answer if request.method != "PATCH" or shows == "nothing" else web.json_response(model._resource("sales"))
        )

    model = GroupServer({"sales": {"u2"}}, PEOPLE, shows=shows)
    groups = await serve(server, transport, model)
    server.answers = [forgetful]
    await join(groups, "u1", "Sales")
    assert await shown(groups, "u1", "u2") == [(), ("Sales",)]


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(200, {}),
        json_answer(200, {"id": "support", "members": []}),
        json_answer(200, {"totalResults": 0, "Resources": []}),
        json_answer(204, None),
    ],
)
async def test_an_answer_about_another_group_empties_none(server: Server, transport: Transport, answer: object) -> None:
    """Nobody is said to be out because of it, and nothing is put in its place."""
    model = GroupServer({"sales": {"u1"}}, PEOPLE, shows="nothing")
    groups = await serve(server, transport, model)
    await join(groups, "u2", "Sales")
    server.answers = [answer]  # type: ignore[list-item]
    with pytest.raises(MalformedAnswer):
        await shown(groups, "u1")
    server.answers = [model]
    assert await shown(groups, "u1") == [("Sales",)]


async def test_what_was_asked_for_before_a_change_does_not_hide_it(server: Server, transport: Transport) -> None:
    """A list, and a reading of the group, that are under way while somebody joins: both are out of date."""
    model = GroupServer({"sales": {"u1"}}, PEOPLE, shows="nothing")
    groups = await serve(server, transport, model)
    for reading in (lambda: groups.read(Lane.UPDATES), lambda: shown(groups, "u1")):
        model.groups["sales"], model.hold = {"u1"}, asyncio.Event()
        hold = model.hold
        change = asyncio.create_task(join(groups, "u2", "Sales"))
        await model.arrived.wait()
        await reading()
        hold.set()
        assert await change is None
        assert groups.shown(RemoteUser("u2", state())) is None, "nobody has said yet that it is so"
        assert await shown(groups, "u2") == [("Sales",)]
        model.arrived.clear()


async def test_a_list_that_is_older_than_a_change_does_not_undo_it(server: Server, transport: Transport) -> None:
    """It was asked for before, and comes after."""
    model = GroupServer({"sales": {"u1"}}, PEOPLE)
    groups = await serve(server, transport, model)
    asked, go = asyncio.Event(), asyncio.Event()

    async def late(request: web.Request) -> web.StreamResponse:
        answer = await model(request)
        asked.set()
        await go.wait()
        return answer

    server.answers = [late, model]
    reading = asyncio.create_task(groups.read(Lane.UPDATES))
    await asked.wait()
    await join(groups, "u2", "Sales")
    go.set()
    await reading
    assert await shown(groups, "u2") == [("Sales",)]

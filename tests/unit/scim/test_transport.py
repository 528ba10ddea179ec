"""One request: who may send it, what goes with it, and who is told how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from cxone_operator.core.fence import Fence, unfenced
from cxone_operator.core.lane import Lane
from cxone_operator.scim.auth import TokenSource
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.errors import AuthenticationFailed, ScimError, Throttled
from cxone_operator.scim.hosts import FixedHosts
from cxone_operator.scim.transport import Answer, NotSent, Transport
from unit.builders import a_state
from unit.scim.conftest import CANARY, CountingBudget, Server, json_answer, unobserved

JANE = {"id": "1", "userName": "jane@example.com"}


@dataclass
class LaneBudget(CountingBudget):
    """Remembers who asked."""

    lanes: list[Lane] = field(default_factory=list)

    @asynccontextmanager
    async def slot(self, lane: Lane) -> AsyncIterator[None]:
        self.lanes.append(lane)
        async with CountingBudget.slot(self, lane):
            yield


def transport_for(
    server: Server, session: aiohttp.ClientSession, budget: CountingBudget, fence: Fence = unfenced
) -> Transport:
    tokens = TokenSource(
        session, FixedHosts(server.url, PLATFORM), Credentials("id", CANARY), PLATFORM, time.monotonic, unobserved
    )
    return Transport(session, FixedHosts(server.url, PLATFORM), tokens, budget, unobserved, fence)


async def test_every_request_takes_a_place_in_its_lane(server: Server, session: aiohttp.ClientSession) -> None:
    """The request for a token takes none: it goes to another service."""
    budget = LaneBudget()
    client = ScimClient(transport_for(server, session, budget), PLATFORM)
    server.answers = [json_answer(204, None)]
    await client.changes.release_license("1", Lane.LEAVERS)
    await client.changes.delete("1", Lane.UPDATES)
    assert (server.tokens, budget.lanes, budget.inside) == (1, [Lane.LEAVERS, Lane.UPDATES], 0)


async def test_a_closed_fence_lets_nothing_out(
    server: Server, session: aiohttp.ClientSession, budget: CountingBudget
) -> None:
    """Who is no longer the leader sends nothing, leaves no place occupied, and tells nobody of a failure of CXone's.

    That nothing has left is said, so that the attempt is taken back rather than looked for.
    """

    def closed() -> None:
        raise asyncio.CancelledError("another process leads")

    client = ScimClient(transport_for(server, session, budget, closed), PLATFORM)
    with pytest.raises(NotSent, match="another process leads"):
        await client.changes.create(a_state(), Lane.JOINERS)
    assert (server.requests, budget.entered, budget.inside, budget.ends) == ([], 1, 0, [])


async def test_the_fence_is_asked_again_before_the_second_try(
    server: Server, session: aiohttp.ClientSession, budget: CountingBudget
) -> None:
    """Leadership may be lost while a token is fetched."""
    asked: list[int] = []

    def closing() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise asyncio.CancelledError

    client = ScimClient(transport_for(server, session, budget, closing), PLATFORM)
    server.answers = [json_answer(401, {})]
    with pytest.raises(NotSent):
        await client.changes.create(a_state(), Lane.JOINERS)
    assert (len(server.requests), budget.inside) == (1, 0)


async def test_a_fresh_token_that_is_refused_twice_is_final(
    server: Server, client: ScimClient, budget: CountingBudget
) -> None:
    """One refresh, not a loop of them."""
    server.answers = [json_answer(401, {})]
    with pytest.raises(AuthenticationFailed):
        await client.changes.create(a_state(), Lane.JOINERS)
    assert (server.tokens, budget.entered, budget.inside) == (2, 3, 0)


async def test_a_fresh_token_may_be_too_young(server: Server, client: ScimClient, budget: CountingBudget) -> None:
    """It is the same one that is sent again: another one would be as young."""
    server.answers = [json_answer(401, {}), json_answer(401, {}), json_answer(200, {"total": 1, "used": 0})]
    await client.seats(Lane.JOINERS)
    assert (server.tokens, budget.entered) == (2, 3)


async def test_a_place_is_given_back_when_the_caller_gives_up(
    server: Server, client: ScimClient, budget: CountingBudget, observed: list[tuple[str, str]]
) -> None:
    """Cancelling a request ends it."""
    begun = asyncio.Event()

    async def never(_request: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(5)
        return web.Response()

    server.answers = [never]
    task = asyncio.create_task(client.changes.create(a_state(), Lane.JOINERS))
    await begun.wait()
    assert budget.inside == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert not isinstance(caught.value, NotSent), "it has left, so it may be carried out"
    assert (budget.inside, observed) == (0, [("token", "200"), ("create", "cancelled")])


async def test_every_request_is_observed(
    server: Server, client: ScimClient, observed: list[tuple[str, str]], budget: CountingBudget
) -> None:
    """Once each, good or bad, under the name of its operation."""
    server.answers = [json_answer(401, {}), json_answer(201, JANE), json_answer(429, {}), json_answer(503, {})]
    await client.changes.create(a_state(), Lane.JOINERS)
    with pytest.raises(Throttled):
        await client.poll("j", Lane.JOINERS)
    with pytest.raises(ScimError):
        await client.seats(Lane.JOINERS)
    assert observed == [
        *[("token", "200"), ("create", "401"), ("token", "200"), ("create", "201")],
        *[("poll", "429"), ("quota", "503")],
    ]
    assert (budget.entered, budget.waits) == (4, [None])


async def test_headers(server: Server, client: ScimClient) -> None:
    """SCIM's media type where there is a body, and the token."""
    seen: list[aiohttp.typedefs.LooseHeaders] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers)
        return web.json_response(JANE, status=201)

    server.answers = [answer]
    await client.changes.create(a_state(), Lane.JOINERS)
    await client.changes.delete("1", Lane.JOINERS)
    create, delete = seen
    assert create["Authorization"] == "Bearer token-1"
    assert create["Content-Type"] == "application/scim+json"
    assert create["Accept"] == "application/scim+json, application/json"
    assert delete.get("Content-Type") != "application/scim+json"


async def test_redirects_are_not_followed(server: Server, client: ScimClient) -> None:
    """A token goes to the address that it was made for, and nowhere else."""
    server.answers = [json_answer(307, {}, Location="http://127.0.0.1:9/elsewhere")]
    with pytest.raises(ScimError) as caught:
        await client.changes.create(a_state(), Lane.JOINERS)
    assert caught.value.code == "307"
    assert len(server.requests) == 1


def whole(answer: Answer) -> Answer:
    """As it came."""
    return answer


@pytest.mark.parametrize("name", ["X_Request_Id", "x_correlation_id", "Request_Id"])
async def test_request_ids(server: Server, session: aiohttp.ClientSession, budget: CountingBudget, name: str) -> None:
    """CXone's name for a request, whichever header it is in."""
    server.answers = [json_answer(200, {}, **{name: "r-1"})]
    answer = await transport_for(server, session, budget).request(
        "x", "GET", "/x", lane=Lane.UPDATES, scope="s", read=whole
    )
    assert answer.request_id == "r-1"
    server.answers = [json_answer(200, {})]
    answer = await transport_for(server, session, budget).request(
        "x", "GET", "/x", lane=Lane.UPDATES, scope="s", read=whole
    )
    assert answer.request_id == ""

"""Tokens: one request at a time, early, and once more after a refusal."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from unit.builders import a_state
from unit.scim.conftest import CANARY, CountingBudget, Server, json_answer

from cxone_operator.core.lane import Lane
from cxone_operator.scim.auth import Credentials, TokenSource
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.errors import MalformedAnswer


class Time:
    """A clock that stands still until told otherwise."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def source(server: Server, session: aiohttp.ClientSession, clock: Time) -> TokenSource:
    return TokenSource(session, f"{server.url}/oauth/token", Credentials("id", CANARY), ("a", "b"), clock)


async def test_callers_share_one_request(server: Server, session: aiohttp.ClientSession) -> None:
    """Fifty users at once cost one token."""
    tokens = source(server, session, Time())
    assert set(await asyncio.gather(*(tokens.token() for _ in range(50)))) == {"token-1"}
    assert server.tokens == 1


@pytest.mark.parametrize(("life", "renewed_at"), [(3600, 3540.0), (100, 90.0), ("100", 90.0)])
async def test_renewed_early(server: Server, session: aiohttp.ClientSession, life: object, renewed_at: float) -> None:
    """A minute before its end, or a tenth of a short life."""
    server.expires_in, clock = life, Time()
    tokens = source(server, session, clock)
    await tokens.token()
    clock.now = renewed_at - 0.01
    assert await tokens.token() == "token-1"
    clock.now = renewed_at
    assert await tokens.token() == "token-2"


async def test_a_refused_token_is_replaced_once(server: Server, client: ScimClient, budget: CountingBudget) -> None:
    """401, a fresh token, the same request again: both requests take a place in the budget."""
    created = json_answer(201, {"id": "1", "userName": "jane@example.com"})
    server.answers = [json_answer(401, {}), created]
    assert (await client.create(a_state(), Lane.JOINERS)).id == "1"
    assert (server.tokens, budget.entered) == (2, 2)


async def test_a_newer_token_survives_the_refusal_of_an_older_one(
    server: Server, session: aiohttp.ClientSession
) -> None:
    """Late refusals of requests in flight do not cost another token."""
    tokens = source(server, session, Time())
    old = await tokens.token()
    tokens.invalidate(old)
    assert await tokens.token() == "token-2"
    tokens.invalidate(old)
    assert await tokens.token() == "token-2"


async def test_a_token_endpoint_that_makes_no_sense(server: Server, session: aiohttp.ClientSession) -> None:
    """Is an error like any other."""
    server.expires_in = {"a": 1}
    with pytest.raises(MalformedAnswer):
        await source(server, session, Time()).token()


def test_secrets_do_not_show() -> None:
    """Neither in a repr nor in a traceback that prints one."""
    assert CANARY not in repr(Credentials("id", CANARY))

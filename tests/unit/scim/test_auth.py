"""Tokens: one request at a time, early, and once more after a refusal."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import aiohttp
import pytest

from cxone_operator.core.failure import Scope
from cxone_operator.core.knowledge import Present
from cxone_operator.core.lane import Lane
from cxone_operator.scim.auth import TokenSource, _token_from
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.errors import AuthenticationFailed, MalformedAnswer, ScimError, ServerError
from cxone_operator.scim.hosts import FixedHosts
from cxone_operator.scim.messages import user_body
from unit.builders import a_state
from unit.scim.conftest import CANARY, CountingBudget, Server, json_answer, unobserved


class Time:
    """A clock that stands still until told otherwise."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


DIALECT = replace(PLATFORM, scopes=("a", "b"))


def source(server: Server, session: aiohttp.ClientSession, clock: Time) -> TokenSource:
    return TokenSource(session, FixedHosts(server.url, PLATFORM), Credentials("id", CANARY), DIALECT, clock, unobserved)


async def test_callers_share_one_request(server: Server, session: aiohttp.ClientSession) -> None:
    """Fifty users at once cost one token."""
    tokens = source(server, session, Time())
    assert set(await asyncio.gather(*(tokens.authorization() for _ in range(50)))) == {"Bearer token-1"}
    assert server.tokens == 1


@pytest.mark.parametrize(("life", "renewed_at"), [(3600, 3540.0), (100, 90.0), ("100", 90.0)])
async def test_renewed_early(server: Server, session: aiohttp.ClientSession, life: object, renewed_at: float) -> None:
    """A minute before its end, or a tenth of a short life."""
    server.expires_in, clock = life, Time()
    tokens = source(server, session, clock)
    await tokens.authorization()
    clock.now = renewed_at - 0.01
    assert await tokens.authorization() == "Bearer token-1"
    clock.now = renewed_at
    assert await tokens.authorization() == "Bearer token-2"


@pytest.mark.parametrize(
    ("said", "scopes"),
    [({"scope": "a c"}, {"a", "c"}), ({"scope": ""}, set()), ({}, None), ({"scope": ["a"]}, None)],
)
def test_what_a_token_may_do_is_what_the_server_says(said: dict[str, object], scopes: set[str] | None) -> None:
    """Who says nothing, or not in the form of RFC 6749 section 5.1, has not said."""
    assert _token_from({"access_token": "t", **said}, 0.0).scopes == scopes


async def test_a_refused_token_is_replaced_once(server: Server, client: ScimClient, budget: CountingBudget) -> None:
    """401, a fresh token, the same request again: both requests take a place in the budget."""
    created = json_answer(201, {**user_body(a_state(), PLATFORM), "id": "1"})
    server.answers = [json_answer(401, {}), created]
    shown = (await client.changes.create(a_state(), Lane.JOINERS)).shown
    assert isinstance(shown, Present)
    assert shown.user.id == "1"
    assert (server.tokens, budget.entered) == (2, 2)


async def test_a_newer_token_survives_the_refusal_of_an_older_one(
    server: Server, session: aiohttp.ClientSession
) -> None:
    """Late refusals of requests in flight do not cost another token."""
    tokens = source(server, session, Time())
    old = await tokens.authorization()
    tokens.renewable(old)
    assert await tokens.authorization() == "Bearer token-2"
    tokens.renewable(old)
    assert await tokens.authorization() == "Bearer token-2"


async def test_a_token_endpoint_that_makes_no_sense(server: Server, session: aiohttp.ClientSession) -> None:
    """Is an error like any other."""
    server.expires_in = {"a": 1}
    with pytest.raises(MalformedAnswer):
        await source(server, session, Time()).authorization()


@pytest.mark.parametrize("life", ["nan", "inf", float("inf"), 10**400, "soon"])
async def test_a_token_without_a_usable_life(life: object) -> None:
    """Would never be renewed, or always."""
    with pytest.raises(MalformedAnswer):
        _token_from({"access_token": "t", "expires_in": life}, 0.0)


@pytest.mark.parametrize("life", [None, 0, "0", -1])
def test_a_token_of_unknown_life(life: object) -> None:
    """Is taken to last an hour; the server need not say (RFC 6749 section 5.1), and 0 or -1 says as little."""
    assert _token_from({"access_token": "t", "expires_in": life}, 0.0).renew_at == 3540.0


@pytest.mark.parametrize("value", [None, "", 7, "a b", "a\r\nX: y", "ü"])
def test_a_token_that_cannot_be_sent(value: object) -> None:
    """Is none."""
    with pytest.raises(MalformedAnswer):
        _token_from({"access_token": value}, 0.0)


async def test_callers_share_a_failure(server: Server, session: aiohttp.ClientSession) -> None:
    """Fifty users at once cost one request also when it fails; who comes later tries again."""
    server.token_status = 503
    tokens = source(server, session, Time())
    ends = await asyncio.gather(*(tokens.authorization() for _ in range(50)), return_exceptions=True)
    assert {type(end) for end in ends} == {ServerError}
    assert server.tokens == 1
    server.token_status = 200
    assert await tokens.authorization() == "Bearer token-2"


async def test_a_caller_that_gives_up_does_not_take_the_others_with_it(
    server: Server, session: aiohttp.ClientSession
) -> None:
    """The next in line asks instead, even after an earlier failure."""
    tokens = source(server, session, Time())
    server.token_status = 503
    with pytest.raises(ServerError):
        await tokens.authorization()
    server.token_status = 200
    first, second = asyncio.create_task(tokens.authorization()), asyncio.create_task(tokens.authorization())
    await asyncio.sleep(0.005)
    first.cancel()
    assert (await second).startswith("Bearer token-")
    with pytest.raises(asyncio.CancelledError):
        await first


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"error": "invalid_client"}, "correct clientId and clientSecret"),
        (400, {"error": "invalid_grant"}, "correct clientId and clientSecret"),
        (400, {"error": "invalid_scope"}, "the scopes a b; add them"),
        (403, {}, "correct clientId and clientSecret"),
    ],
)
async def test_refusals(
    server: Server, session: aiohttp.ClientSession, status: int, body: dict[str, str], words: str
) -> None:
    """Say what to correct."""
    server.token_status, server.token_body = status, body
    with pytest.raises(AuthenticationFailed, match=words) as caught:
        await source(server, session, Time()).authorization()
    assert (caught.value.failure.scope, caught.value.failure.retryable) == (Scope.TENANT, False)


async def test_a_client_id_that_cannot_be_sent(server: Server, session: aiohttp.ClientSession) -> None:
    """Basic authentication has no way to send a colon in it (RFC 7617 section 2)."""
    hosts = FixedHosts(server.url, PLATFORM)
    tokens = TokenSource(session, hosts, Credentials("a:b", CANARY), PLATFORM, Time(), unobserved)
    with pytest.raises(AuthenticationFailed) as caught:
        await tokens.authorization()
    assert CANARY not in str(caught.value)
    assert server.tokens == 0


async def test_the_request(server: Server, session: aiohttp.ClientSession) -> None:
    """Client credentials as a form, the scopes separated by blanks (RFC 6749 section 4.4.2)."""
    await source(server, session, Time()).authorization()
    assert server.forms == [{"grant_type": "client_credentials", "scope": "a b"}]


async def test_secrets_do_not_show(server: Server, session: aiohttp.ClientSession) -> None:
    """Neither in a repr nor in a traceback that prints one."""
    tokens = source(server, session, Time())
    value = await tokens.authorization()
    shown = f"{Credentials('id', CANARY)!r} {tokens!r} {tokens._token!r}"
    assert CANARY not in shown
    assert value not in shown


@pytest.mark.parametrize("status", [200, 401, 503])
async def test_requests_for_a_token_are_observed(
    server: Server, client: ScimClient, observed: list[tuple[str, str]], status: int
) -> None:
    """Where credentials are refused, nothing else is ever asked for: without this nobody would see it."""
    server.token_status = status
    with contextlib.suppress(ScimError):
        await client.connect()
    assert observed == [("token", str(status))]

"""Who may ask a strict server: tokens for clients, a static token, HTTP Basic; and what anybody may read."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import quote_plus

import pytest

from contract.simulator.stage import USERS, Answer, Stage

AWKWARD = ["p:w", "100%", "a%41", "a+b c", "schlüssel", "=&;?", "%", "☃:%+"]
GRANT = {"grant_type": "client_credentials"}


def _basic(id_: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{id_}:{secret}'.encode()).decode()}"}


async def _token(stage: Stage, headers: dict[str, str] | None = None, **form: str) -> Answer:
    return await stage.call("POST", "/oauth/token", headers=headers or {}, data={**GRANT, **form})


async def _secret(stage: Stage, secret: str) -> None:
    """The tenant's secret from now on; nobody is logged in."""
    await stage.control("PATCH", "settings", {"clientSecret": secret})
    stage.bearer.clear()


async def _may_read(stage: Stage, headers: dict[str, str]) -> int:
    return (await stage.call("GET", USERS, headers=headers)).status


async def _bearer(stage: Stage, answer: Answer) -> int:
    assert answer.status == 200, answer.text
    return await _may_read(stage, {"Authorization": f"Bearer {answer.body['access_token']}"})


@pytest.mark.parametrize("secret", AWKWARD)
async def test_any_secret_works_form_encoded_and_in_the_form(standard: Stage, secret: str):
    """client_secret_basic with id and secret form-encoded (RFC 6749 section 2.3.1), and client_secret_post."""
    await _secret(standard, secret)
    header = _basic("demo", quote_plus(secret))
    assert await _bearer(standard, await _token(standard, header)) == 200
    assert await _bearer(standard, await _token(standard, client_id="demo", client_secret=secret)) == 200


@pytest.mark.parametrize(
    ("secret", "status"), [("p:w", 200), ("100%", 200), ("schlüssel", 200), ("a+b", 401), ("a%41", 401)]
)
async def test_a_plain_header_works_where_it_means_the_same(standard: Stage, secret: str, status: int):
    """Not where decoding makes another secret of it: who sends a plain `+` has not read the RFC."""
    await _secret(standard, secret)
    assert (await _token(standard, _basic("demo", secret))).status == status


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ({}, {}),
        ({}, {"client_id": "demo", "client_secret": "guess"}),
        ({}, {"client_id": "other", "client_secret": "demo-secret"}),
        (_basic("demo", "guess"), {}),
        (_basic("demo", "guess"), {"client_id": "demo"}),
        ({"Authorization": "Basic !"}, {}),
        ({"Authorization": "Bearer x"}, {}),
    ],
)
async def test_others_are_invalid_client(standard: Stage, headers: dict[str, str], form: dict[str, str]):
    """401; whoever tried a header is told which one would do (RFC 6749 section 5.2)."""
    standard.bearer.clear()
    answer = await _token(standard, headers, **form)
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert answer.headers.get("WWW-Authenticate", "").startswith("Basic") == bool(headers)


async def test_two_ways_at_once_are_refused(standard: Stage):
    """400 invalid_request (RFC 6749 section 2.3); the id alone may be there twice."""
    header = _basic("demo", "demo-secret")
    answer = await _token(standard, header, client_id="demo", client_secret="demo-secret")
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")
    assert (await _token(standard, header, client_id="demo")).status == 200


async def test_tokens_carry_what_was_asked(standard: Stage):
    """Any scope and none are as good; another grant is not offered."""
    answer = await _token(standard, _basic("demo", "demo-secret"), scope="anything at:all")
    assert answer.body["scope"] == "anything at:all"
    assert await _bearer(standard, answer) == 200
    assert await _bearer(standard, await _token(standard, _basic("demo", "demo-secret"))) == 200
    refused = await _token(standard, _basic("demo", "demo-secret"), grant_type="password")
    assert (refused.status, refused.body["error"]) == (400, "unsupported_grant_type")


async def test_tokens_end(standard: Stage):
    """When their time has passed, or at once when they are revoked."""
    assert await _may_read(standard, {}) == 200
    standard.clock.now += 3600
    assert await _may_read(standard, {}) == 401
    await standard.log_in()
    await standard.control("POST", "tokens/revoke")
    assert await _may_read(standard, {}) == 401


async def test_a_static_token_never_ends(standard: Stage):
    """Where there is one; none is set at first, and an empty one is no token."""
    standard.bearer.clear()
    assert await _may_read(standard, {"Authorization": "Bearer "}) == 401
    await standard.control("PATCH", "settings", {"staticToken": "always-good"})
    await standard.control("POST", "tokens/revoke")
    standard.clock.now += 10**9
    for header, status in (("Bearer always-good", 200), ("Bearer always", 401), ("Basic always-good", 401), ("", 401)):
        assert await _may_read(standard, {"Authorization": header}) == status


@pytest.mark.parametrize("secret", AWKWARD)
async def test_http_basic_is_plain(standard: Stage, secret: str):
    """The client id and secret as user and password, not encoded (RFC 7617)."""
    await _secret(standard, secret)
    assert await _may_read(standard, _basic("demo", secret)) == 200
    assert await _may_read(standard, _basic("demo", "guess")) == 401


async def test_what_the_server_says_of_itself_is_public(standard: Stage):
    """ServiceProviderConfig, which names both schemes; nothing else is."""
    standard.bearer.clear()
    config: Any = await standard.ok("GET", "/scim/v2/ServiceProviderConfig")
    assert [scheme["type"] for scheme in config["authenticationSchemes"]] == ["oauthbearertoken", "httpbasic"]
    for path in (USERS, "/scim/v2/Groups", "/scim/v2/Schemas", "/scim/v2/Unheard"):
        assert (await standard.call("GET", path)).status == 401

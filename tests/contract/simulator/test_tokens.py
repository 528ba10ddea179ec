"""Tokens: who may do what, and until when."""

from __future__ import annotations

import pytest

from contract.simulator.stage import ERROR_SCHEMA, USERS, Stage


async def test_grants_the_scopes_that_the_client_may_have(stage: Stage):
    """The answer names what was granted; a scope that the client may not have is left out."""
    answer = await stage.token("SCIM.ReadWrite License.Read Everything")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.body
    assert body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 3600, "scope": "SCIM.ReadWrite License.Read"}


async def test_a_wrong_secret_is_invalid_client(stage: Stage):
    """401 invalid_client, as RFC 6749 has it."""
    answer = await stage.token(secret="guess")
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Basic ZGVtbw==", "Basic é", "Bearer x"])
async def test_unreadable_credentials_are_invalid_client(stage: Stage, header: str):
    """Whatever cannot be a client id and secret is answered like a wrong one."""
    answer = await stage.call("POST", "/oauth/token", headers={"Authorization": header}, data={"scope": "x"})
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


async def test_another_grant_is_unsupported(stage: Stage):
    """Only client credentials are offered."""
    answer = await stage.token(grant_type="password")
    assert (answer.status, answer.body["error"]) == (400, "unsupported_grant_type")


async def test_no_allowed_scope_is_invalid_scope(stage: Stage):
    """Asking only for what the client may not have fails."""
    answer = await stage.token("Everything")
    assert (answer.status, answer.body["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/x-www-form-urlencoded; charset=nonsense"])
async def test_an_unreadable_form_is_invalid_request(stage: Stage, kind: str):
    """A form that cannot be read is the client's mistake."""
    answer = await stage.call("POST", "/oauth/token", headers={"Content-Type": kind}, data=b"\xff=\xfe")
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")


async def test_a_token_expires(stage: Stage):
    """Good until its last second, 401 with a challenge after it."""
    stage.clock.now += 3599
    assert (await stage.call("GET", USERS)).status == 200
    stage.clock.now += 1
    answer = await stage.call("GET", USERS)
    assert (answer.status, answer.body["schemas"]) == (401, [ERROR_SCHEMA])
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


async def test_revoked_tokens_are_refused(stage: Stage):
    """The control endpoint ends all tokens at once."""
    await stage.control("POST", "tokens/revoke")
    assert (await stage.call("GET", USERS)).status == 401


@pytest.mark.parametrize(
    ("had", "method", "path", "needed"),
    [
        ("License.Read", "GET", USERS, "SCIM.ReadWrite"),
        ("SCIM.ReadWrite", "GET", "/api/v2/license/quotas", "License.Read"),
        ("License.Read", "DELETE", "/api/v2/license/assignments/x", "License.ReadWrite"),
    ],
)
async def test_a_missing_scope_is_named(stage: Stage, had: str, method: str, path: str, needed: str):
    """403, and WWW-Authenticate says which scope would do."""
    await stage.log_in(had)
    answer = await stage.call(method, path)
    assert answer.status == 403
    assert answer.headers["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{needed}"'

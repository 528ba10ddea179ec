"""Tokens of User Hub: for an access key, with and without a client; and where its hosts are."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64decode
from typing import Any

import pytest

from contract.simulator.stage import USERS, Stage, stage_of
from cxone_simulator.settings import settings_of

KEY = {"accessKeyId": "demo-key", "accessKeySecret": "demo-key-secret"}
BY_KEY = "/authentication/v1/token/access-key"
FOUND = f"{USERS}?filter=userName%20eq%20%22x%22"


def _claims(body: Any) -> Any:
    _, claims, signature = body["id_token"].split(".")
    assert signature == ""
    return json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))


async def _may_read(stage: Stage, body: Any) -> int:
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    return (await stage.call("GET", FOUND, headers=headers)).status


async def test_the_password_grant(hub: Stage):
    """The access key as user and password gives all five members, and the tenant in the id_token."""
    answer = await hub.key_token(scope="openid")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.body) == {"access_token", "token_type", "refresh_token", "expires_in", "id_token"}
    assert (answer.body["token_type"], answer.body["expires_in"]) == ("Bearer", 3600)
    assert _claims(answer.body)["tenantId"]
    assert await _may_read(hub, answer.body) == 200


async def test_the_client_by_basic(hub: Stage):
    """As good as in the body; both at once are not, and none is not either."""
    basic = b64encode(b"demo:demo-secret").decode()
    grant = {"grant_type": "password", "username": "demo-key", "password": "demo-key-secret"}
    header = {"Authorization": f"Basic {basic}"}
    assert (await hub.call("POST", "/auth/token", headers=header, data=grant)).status == 200
    answer = await hub.call("POST", "/auth/token", headers=header, data={**grant, "client_secret": "demo-secret"})
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")
    hub.bearer.clear()
    answer = await hub.call("POST", "/auth/token", data=grant)
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"password": "guess"}, 400, "invalid_grant"),
        ({"username": "demo"}, 400, "invalid_grant"),
        ({"client_secret": "guess"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "guess"}, 400, "invalid_grant"),
    ],
)
async def test_what_gives_no_token(hub: Stage, form: dict[str, str], status: int, error: str):
    """The errors of RFC 6749 section 5.2."""
    hub.bearer.clear()
    answer = await hub.key_token(**form)
    assert (answer.status, answer.body["error"]) == (status, error)


async def test_a_refresh_token_gives_the_next_one(hub: Stage):
    """As often as wanted, after the access token has ended; not when all were revoked, nor is it an access token."""
    first = (await hub.key_token()).body
    hub.clock.now += 3600
    assert await _may_read(hub, first) == 401
    for _ in range(2):
        answer = await hub.key_token(grant_type="refresh_token", refresh_token=first["refresh_token"])
        assert await _may_read(hub, answer.body) == 200
    assert await _may_read(hub, {"access_token": first["refresh_token"]}) == 401
    await hub.control("POST", "tokens/revoke")
    answer = await hub.key_token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (answer.status, answer.body["error"]) == (400, "invalid_grant")


async def test_an_access_key_without_a_client(hub: Stage):
    """JSON instead of a form gives the same answer; a wrong key is 401 as Spring has it, no object 400."""
    answer = await hub.call("POST", BY_KEY, KEY)
    assert await _may_read(hub, answer.body) == 200
    assert _claims(answer.body) | {"iat": 0, "exp": 0} == _claims((await hub.key_token()).body) | {"iat": 0, "exp": 0}
    answer = await hub.call("POST", BY_KEY, {**KEY, "accessKeySecret": "guess"})
    assert (answer.status, answer.body["path"]) == (401, BY_KEY)
    for body in ({}, {"accessKeyId": None}, {"accessKeyId": ["demo-key"]}):
        assert (await hub.call("POST", BY_KEY, body)).status == 401
    assert (await hub.call("POST", BY_KEY, [])).status == 400


@pytest.mark.parametrize("secret", ["a=b", "p:w", "+%41 ☃"])
async def test_any_access_key_works_encoded(hub: Stage, secret: str):
    """`=` in access keys must be URL-encoded, as anything in a form."""
    await hub.control("PATCH", "settings", {"accessKeySecret": secret})
    assert (await hub.key_token(password=secret)).status == 200
    assert (await hub.call("POST", BY_KEY, {**KEY, "accessKeySecret": secret})).status == 200


async def test_discovery_leads_to_the_api(hub: Stage):
    """By the issuer to the token endpoint, and by the tenant of the id_token to the hosts; nobody need be logged in."""
    hub.bearer.clear()
    openid = await hub.ok("GET", "/.well-known/openid-configuration")
    path = openid["token_endpoint"].removeprefix(hub.url)
    assert path == "/auth/token"
    tenant = _claims((await hub.key_token()).body)["tenantId"]
    found = await hub.ok("GET", "/.well-known/cxone-configuration", params={"tenantId": tenant})
    assert (found["api_endpoint"], found["auth_endpoint"]) == (hub.url, hub.url)
    assert {"ui_endpoint", "area", "cluster", "domain", "acdDomain", "uhDomain", "globaldomain", "private"} < set(found)


@pytest.mark.parametrize(("query", "status"), [({}, 400), ({"tenantId": ""}, 400), ({"tenantId": "other"}, 404)])
async def test_discovery_of_no_tenant(hub: Stage, query: dict[str, str], status: int):
    """400 where none is named, 404 for another one."""
    answer = await hub.call("GET", "/.well-known/cxone-configuration", params=query)
    assert (answer.status, "tenant" in answer.body["details"]) == (status, True)


async def test_the_api_can_be_elsewhere():
    """What discovery answers is an option, so that tokens and API can come from two hosts."""
    options = settings_of("UserHub", requests_per_minute=0, api_endpoint="http://127.0.0.1:9")
    async with stage_of(options) as stage:
        tenant = _claims((await stage.key_token()).body)["tenantId"]
        found = await stage.ok("GET", "/.well-known/cxone-configuration", params={"tenantId": tenant})
        assert (found["api_endpoint"], found["auth_endpoint"]) == ("http://127.0.0.1:9", stage.url)

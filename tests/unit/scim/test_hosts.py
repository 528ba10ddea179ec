"""Hosts: where requests go, and that credentials go nowhere else."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from cxone_operator.core.failure import Scope
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.dialects.userhub import USER_HUB
from cxone_operator.scim.errors import MalformedAnswer, Misfit, ScimError, ServerError, Throttled
from cxone_operator.scim.hosts import DiscoveredHosts, FixedHosts
from unit.scim.conftest import Server, json_answer, unobserved


def discovered(server: Server, session: aiohttp.ClientSession, **settings: str) -> DiscoveredHosts:
    return DiscoveredHosts(session, f"{server.url}/", replace(USER_HUB, **settings), unobserved)


@pytest.mark.parametrize(
    ("base_url", "token_url", "expected"),
    [
        ("https://cxone.example.com", None, "https://cxone.example.com/oauth/token"),
        ("https://cxone.example.com/", None, "https://cxone.example.com/oauth/token"),
        ("https://cxone.example.com/tenant/", None, "https://cxone.example.com/tenant/oauth/token"),
        ("https://cxone.example.com", "https://login.example.com/token", "https://login.example.com/token"),
    ],
)
async def test_what_the_settings_say(base_url: str, token_url: str | None, expected: str) -> None:
    """Paths are below the base URL, which may end with a slash."""
    hosts = FixedHosts(base_url, replace(PLATFORM, token_url=token_url))
    assert await hosts.token_url() == expected
    assert await hosts.api("any") == base_url.rstrip("/")


async def test_what_the_known_address_tells(server: Server, session: aiohttp.ClientSession) -> None:
    """Each answer is asked for once, of each tenant by itself."""
    server.answers = [
        json_answer(200, {"token_endpoint": "https://login.example.com/token"}),
        json_answer(200, {"api_endpoint": "https://api-na1.example.com/"}),
        json_answer(200, {"api_endpoint": "https://api-eu1.example.com"}),
    ]
    hosts = discovered(server, session)
    for _ in range(2):
        assert await hosts.token_url() == "https://login.example.com/token"
        assert await hosts.api("a b&c") == "https://api-na1.example.com"
        assert await hosts.api("other") == "https://api-eu1.example.com"
    assert [path for _, path, _ in server.requests] == [
        "/.well-known/openid-configuration",
        "/.well-known/cxone-configuration?tenantId=a%20b%26c",
        "/.well-known/cxone-configuration?tenantId=other",
    ]


async def test_what_is_known_is_not_asked_for(server: Server, session: aiohttp.ClientSession) -> None:
    """A token endpoint that is set, and the API of a token that names no tenant."""
    hosts = discovered(server, session, token_url="https://login.example.com/token")
    assert await hosts.token_url() == "https://login.example.com/token"
    assert await hosts.api("") == server.url
    assert server.requests == []


@pytest.mark.parametrize(
    "address",
    [
        *("http://login.example.com", "ftp://login.example.com", "//login.example.com", "login.example.com"),
        *("", "https://", "https:///x", "https://[::1", "https://[x]/", "https://a\u2100b", None, 7, ["https://x"], {}),
    ],
)
async def test_addresses_that_credentials_are_not_sent_to(
    server: Server, session: aiohttp.ClientSession, address: object
) -> None:
    """Without encryption, or none at all."""
    server.answers = [json_answer(200, {"token_endpoint": address, "api_endpoint": address})]
    hosts = discovered(server, session)
    with pytest.raises(MalformedAnswer, match="no usable token_endpoint"):
        await hosts.token_url()
    with pytest.raises(MalformedAnswer, match="no usable api_endpoint"):
        await hosts.api("t")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_the_same_machine_needs_no_encryption(server: Server, session: aiohttp.ClientSession, host: str) -> None:
    """That is a simulator."""
    server.answers = [json_answer(200, {"token_endpoint": f"http://{host}:8080/token"})]
    assert await discovered(server, session).token_url() == f"http://{host}:8080/token"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410])
async def test_an_address_without_discovery(server: Server, session: aiohttp.ClientSession, status: int) -> None:
    """Is a matter of the settings, and not of the credentials, which it has not seen."""
    server.answers = [json_answer(status, {})]
    with pytest.raises(
        Misfit, match=r"has no /.well-known/openid-configuration .*set spec.api.discovery to false"
    ) as e:
        await discovered(server, session).token_url()
    assert (e.value.failure.scope, e.value.failure.retryable) == (Scope.TENANT, False)


@pytest.mark.parametrize(("status", "error"), [(429, Throttled), (503, ServerError), (408, ServerError)])
async def test_an_address_that_is_busy(
    server: Server, session: aiohttp.ClientSession, status: int, error: type[ScimError]
) -> None:
    """Is asked again when it says so, and what it tells then is taken."""
    server.answers = [json_answer(status, {}, Retry_After="9")]
    hosts = discovered(server, session)
    with pytest.raises(error) as caught:
        await hosts.token_url()
    assert (caught.value.retry_after, caught.value.failure.retryable) == (9.0, True)
    server.answers = [json_answer(200, {"token_endpoint": "https://x/token"})]
    assert await hosts.token_url() == "https://x/token"


async def test_a_redirection_is_not_followed(server: Server, session: aiohttp.ClientSession) -> None:
    """It could lead anywhere."""

    async def elsewhere(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/other"})

    server.answers = [elsewhere]
    with pytest.raises(ScimError, match=r"correct spec\.baseURL"):
        await discovered(server, session).token_url()
    assert len(server.requests) == 1


async def test_requests_are_observed(server: Server, session: aiohttp.ClientSession) -> None:
    """However they end."""
    seen: list[tuple[str, str]] = []
    hosts = DiscoveredHosts(session, server.url, USER_HUB, lambda name, code, _: seen.append((name, code)))
    server.answers = [json_answer(200, {"token_endpoint": "https://x"}), json_answer(404, {})]
    await hosts.token_url()
    with pytest.raises(Misfit):
        await hosts.api("t")
    assert seen == [("discovery", "200"), ("discovery", "404")]

"""A scripted CXone over real HTTP: each test says what it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from cxone_operator.api.reasons import Reason
from cxone_operator.core.failure import Failure
from cxone_operator.core.fence import unfenced
from cxone_operator.core.lane import Lane
from cxone_operator.scim import transport as transports
from cxone_operator.scim.auth import TokenSource
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.hosts import FixedHosts
from cxone_operator.scim.transport import Transport

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
CANARY = "canary-secret-3141"


def unobserved(*_: object) -> None:
    """Nobody wants to know how requests end."""


@dataclass
class CountingBudget:
    """Lets everybody through and remembers what happened."""

    entered: int = 0
    inside: int = 0
    ends: list[Failure | None] = field(default_factory=list)

    @asynccontextmanager
    async def slot(self, lane: Lane) -> AsyncIterator[None]:
        self.entered += 1
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    def answered(self, failure: Failure | None) -> None:
        self.ends.append(failure)

    @property
    def waits(self) -> list[float | None]:
        """What each 429 asked for."""
        return [end.retry_after for end in self.ends if end is not None and end.reason is Reason.RATE_LIMITED]


@dataclass
class Server:
    """What the scripted CXone was asked, and what it answers."""

    url: str = ""
    tokens: int = 0
    expires_in: object = 3600
    token_status: int = 200
    token_body: object = None
    forms: list[dict[str, object]] = field(default_factory=list)
    requests: list[tuple[str, str, object]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    async def token(self, request: web.Request) -> web.Response:
        self.tokens += 1
        self.forms.append(dict(await request.post()))
        await asyncio.sleep(0.01)
        assert aiohttp.BasicAuth.decode(request.headers["Authorization"]).password == CANARY
        body = self.token_body or {"access_token": f"token-{self.tokens}", "expires_in": self.expires_in}
        return web.json_response(body, status=self.token_status)

    async def anything(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body and "json" in request.content_type else None
        self.requests.append((request.method, request.raw_path, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


def json_answer(status: int, body: object, **headers: str) -> Answer:
    """Always this answer."""

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


async def no_content(_request: web.Request) -> web.Response:
    """Done, and nothing to say."""
    return web.Response(status=204)


@pytest.fixture(autouse=True)
def _ripe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test waits for no token."""
    monkeypatch.setattr(transports, "RIPENING_SECONDS", 0.0)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    scripted = Server()
    app = web.Application()
    app.router.add_post("/oauth/token", scripted.token)
    app.router.add_route("*", "/{path:.*}", scripted.anything)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scripted.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield scripted
    await runner.cleanup()


@pytest.fixture
def budget() -> CountingBudget:
    return CountingBudget()


@pytest.fixture
def observed() -> list[tuple[str, str]]:
    return []


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def transport(
    server: Server, session: aiohttp.ClientSession, budget: CountingBudget, observed: list[tuple[str, str]]
) -> Transport:
    def observe(operation: str, code: str, _seconds: float) -> None:
        observed.append((operation, code))

    tokens = TokenSource(
        session, FixedHosts(server.url, PLATFORM), Credentials("id", CANARY), PLATFORM, time.monotonic, observe
    )
    return Transport(session, FixedHosts(server.url, PLATFORM), tokens, budget, observe, unfenced)


@pytest.fixture
async def client(transport: Transport) -> ScimClient:
    return ScimClient(transport, PLATFORM)

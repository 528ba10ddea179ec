"""A simulated tenant over real HTTP, under a clock that the test turns."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
from aiohttp import web

from cxone_simulator.app import create_app
from cxone_simulator.settings import SCOPES, Settings
from cxone_simulator.world import World, make_world

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
NICE_SCHEMA = "urn:ietf:params:scim:schemas:extension:nice:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
USERS = "/scim/v2/Users"
GROUPS = "/scim/v2/Groups"
BULK = "/scim/v2/Bulk"


@dataclass
class Clock:
    """Seconds that pass only when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Any
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass
class Stage:
    """One tenant and one client of it."""

    world: World
    clock: Clock
    url: str
    session: aiohttp.ClientSession
    bearer: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: object = None, **more: Any) -> Answer:
        headers = {**self.bearer, **more.pop("headers", {})}
        more.setdefault("allow_redirects", False)
        if body is not None:
            more["data"] = json.dumps(body)
            headers.setdefault("Content-Type", "application/scim+json")
        async with self.session.request(method, self.url + path, headers=headers, **more) as response:
            return Answer(response.status, response.headers, await response.text())

    async def ok(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """The body of an answer that must be a success."""
        answer = await self.call(method, path, body, **more)
        assert answer.status < 300, answer.text
        return answer.body if answer.text else None

    async def token(self, scope: str = " ".join(SCOPES), secret: str | None = None, **form: str) -> Answer:
        basic = b64encode(f"demo:{secret or self.world.settings.client_secret}".encode(errors="replace")).decode()
        return await self.call(
            "POST",
            "/oauth/token",
            headers={"Authorization": f"Basic {basic}"},
            data={"grant_type": "client_credentials", "scope": scope, **form},
        )

    async def key_token(self, **form: str) -> Answer:
        """What User Hub gives for an access key."""
        grant = {"grant_type": "password", "username": "demo-key", "password": "demo-key-secret"}
        client = {"client_id": "demo", "client_secret": "demo-secret"}
        return await replace(self, bearer={}).call("POST", "/auth/token", data={**grant, **client, **form})

    async def log_in(self, scope: str = " ".join(SCOPES)) -> None:
        on_user_hub = self.world.settings.preset == "UserHub"
        answer = await self.key_token() if on_user_hub else await self.token(scope)
        self.bearer = {"Authorization": f"Bearer {answer.body['access_token']}"}

    async def create(self, name: str, **more: Any) -> Any:
        return await self.ok("POST", USERS, user(name, **more))

    async def patch(self, id_: str, *operations: object, **more: Any) -> Answer:
        body = {"schemas": [PATCH_SCHEMA], "Operations": list(operations)}
        return await self.call("PATCH", f"{USERS}/{id_}", body, **more)

    async def group(self, name: str) -> Any:
        """The group of that name."""
        found = await self.ok("GET", GROUPS, params={"filter": f'displayName eq "{name}"'})
        return found["Resources"][0]

    async def patch_group(self, id_: str, *operations: object) -> Answer:
        body = {"schemas": [PATCH_SCHEMA], "Operations": list(operations)}
        return await self.call("PATCH", f"{GROUPS}/{id_}", body)

    async def find(self, text: str, **query: str) -> list[str]:
        """The userNames that a filter finds."""
        found = await self.ok("GET", USERS, params={"filter": text, **query})
        return [item["userName"] for item in found["Resources"]]

    async def control(self, method: str, path: str, body: object = None) -> Any:
        return await self.ok(method, f"/_simulator/{path}", body)

    async def effects(self) -> list[tuple[str, str, str]]:
        """The journal: effect, userName, actor."""
        entries = (await self.control("GET", "journal"))["entries"]
        return [(entry["effect"], entry["userName"], entry["actor"]) for entry in entries]


def user(name: str, **more: Any) -> dict[str, Any]:
    """A body that the tenant accepts."""
    return {
        "schemas": [USER_SCHEMA],
        "userName": name,
        "name": {"givenName": "Jane", "familyName": "Doe"},
        "emails": [{"value": f"{name.lower()}@example.com", "type": "work", "primary": True}],
        "active": True,
        "roles": [{"value": "Agent"}],
        "groups": [{"value": "Support-Team"}],
        **more,
    }


def bulk(*bodies: dict[str, Any]) -> dict[str, Any]:
    """A BulkRequest that creates users."""
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/scim/v2/Users", "bulkId": f"b{number}", "data": body}
            for number, body in enumerate(bodies)
        ],
    }


@asynccontextmanager
async def stage_of(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Stage]:
    """A tenant on a free port, with a client that is logged in."""
    clock = clock or Clock()
    world = make_world(settings, clock)
    runner = web.AppRunner(create_app(world), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            stage = Stage(world, clock, f"http://127.0.0.1:{runner.addresses[0][1]}", session)
            await stage.log_in()
            yield stage
    finally:
        await runner.cleanup()

"""What the simulated CXone says of itself: requests by route and answer, and the journal of what became of users."""

from __future__ import annotations

from collections.abc import Iterable

import aiohttp
import msgspec

Json = dict[str, object]
_NEVER = 10**17
"""A place in the journal that is never reached."""


class Stats(msgspec.Struct):
    """Requests so far."""

    requests: dict[str, dict[str, int]]
    total: int
    throttled: int
    """Answered 429."""
    max_in_window: int

    def count(self, *routes: str) -> int:
        """Requests of these routes, whatever the answer."""
        return sum(sum(self.requests.get(route, {}).values()) for route in routes)


class Effect(msgspec.Struct, rename="camel"):
    """One thing that happened to a user, at a moment of the monotonic clock that all processes share."""

    time: float
    effect: str
    user_name: str


class _Journal(msgspec.Struct):
    entries: list[Effect]
    next: int


class RemoteUser(msgspec.Struct, rename="camel"):
    """A user as CXone has it."""

    id: str
    user_name: str
    active: bool = True


class _Users(msgspec.Struct):
    users: list[RemoteUser]


class Remote:
    """The control endpoint of one simulated tenant, which neither limits nor counts what is asked of it."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: str) -> None:
        self._session = session
        self.url = url
        self.secret = secret

    async def stats(self) -> Stats:
        """Requests so far."""
        return msgspec.json.decode(await self._get("stats"), type=Stats)

    async def effects(self) -> list[Effect]:
        """Everything that happened."""
        return msgspec.json.decode(await self._get("journal"), type=_Journal).entries

    async def count_effects(self) -> int:
        """How much happened, without being told what."""
        return msgspec.json.decode(await self._get(f"journal?since={_NEVER}"), type=_Journal).next

    async def users(self) -> list[RemoteUser]:
        """Everybody."""
        return msgspec.json.decode(await self._get("users"), type=_Users).users

    async def order(self, method: str, what: str, body: Json) -> None:
        """Change its settings, or order a fault."""
        async with self._session.request(method, f"{self.url}/_simulator/{what}", json=body) as answer:
            answer.raise_for_status()

    async def _get(self, what: str) -> bytes:
        async with self._session.get(f"{self.url}/_simulator/{what}") as answer:
            answer.raise_for_status()
            return await answer.read()


def when(effects: Iterable[Effect], effect: str) -> dict[str, float]:
    """When it first happened to whom, by userName."""
    found: dict[str, float] = {}
    for entry in effects:
        if entry.effect == effect:
            found.setdefault(entry.user_name, entry.time)
    return found

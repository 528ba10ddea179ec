"""A list that is followed: against a server that says what the API server says when things go well, and when not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cxone_operator.cluster import watch as module
from cxone_operator.cluster.server import ApiServer
from cxone_operator.cluster.watch import follow

Stream = Callable[[web.StreamResponse], Awaitable[None]]
PATH = "/apis/cxone.dev/v1alpha1/namespaces/workforce/cxoneusers"


class Followed:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.watches = 0

    def begun(self) -> None:
        self.names: list[str] = []

    def listed(self, items: Iterable[Any]) -> None:
        self.names += [item["metadata"]["name"] for item in items]

    def complete(self) -> None:
        self.told.append("listed " + ",".join(self.names))

    def changed(self, kind: str, body: Any) -> None:
        self.told.append(f"{kind} {body['metadata']['name']}")

    def followed(self) -> None:
        self.watches += 1

    def lost(self, why: str) -> None:
        self.told.append(f"lost: {why}")


class Script:
    """A server that lists `names`, and gives one stream after another; the last one lasts."""

    def __init__(self, *streams: Stream, names: tuple[str, ...] = ("a",), refusals: int = 0) -> None:
        self.streams = list(streams)
        self.names = names
        self.refusals = refusals
        self.versions: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A page of the list, or the next stream."""
        if "watch" in request.query:
            self.versions.append(request.query["resourceVersion"])
            response = web.StreamResponse()
            await response.prepare(request)
            await (self.streams.pop(0) if self.streams else _silence)(response)
            return response
        if self.refusals:
            self.refusals -= 1
            return web.json_response({"message": "not now"}, status=503)
        place = int(request.query.get("continue", "0"))
        more = {"continue": str(place + 1)} if place + 1 < len(self.names) else {}
        items = [{"metadata": {"name": name}} for name in self.names[place : place + 1]]
        return web.json_response({"metadata": {"resourceVersion": "10", **more}, "items": items})


async def _silence(_: web.StreamResponse) -> None:
    await asyncio.sleep(60)


def says(*events: tuple[str, str, str], half: bool = False, split: int = 0) -> Stream:
    """Events (type, name, version), in chunks of `split` bytes if asked; then the stream ends, with half an event."""

    async def stream(response: web.StreamResponse) -> None:
        data = b"".join(
            json.dumps({"type": kind, "object": {"metadata": {"name": name, "resourceVersion": version}}}).encode()
            + b"\n"
            for kind, name, version in events
        )
        for start in range(0, len(data), split or len(data)):
            await response.write(data[start : start + (split or len(data))])
        if half:
            await response.write(b'{"type": "ADDED", "obj')

    return stream


def fails(code: int) -> Stream:
    """An ERROR event, as after a compaction."""

    async def stream(response: web.StreamResponse) -> None:
        await response.write(
            json.dumps({"type": "ERROR", "object": {"code": code, "message": "too old"}}).encode() + b"\n"
        )

    return stream


async def _breaks(response: web.StreamResponse) -> None:
    """The connection ends in the middle of a chunk."""
    raise ConnectionResetError


@asynccontextmanager
async def following(script: Script, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Followed]:
    monkeypatch.setattr(module, "_PAUSES", (0.0,))
    app = web.Application()
    app.router.add_get(PATH, script.answer)
    followed = Followed()
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        api = ApiServer(session, str(server.make_url("")).rstrip("/"))
        task = asyncio.create_task(follow(api, "cxoneusers", "workforce", followed))
        try:
            yield followed
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the server does not tell
            await asyncio.sleep(0.01)


async def test_a_list_and_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages, then events, wherever the network cuts them; the next watch begins where the last one ended."""
    first = says(("ADDED", "c", "11"), ("BOOKMARK", "", "15"), half=True, split=7)
    script = Script(first, says(("DELETED", "a", "16")), names=("a", "b"))
    async with following(script, monkeypatch) as followed:
        await until(lambda: len(script.versions) == 3)
    assert followed.told == ["listed a,b", "ADDED c", "DELETED a"]
    assert script.versions == ["10", "15", "16"]
    assert followed.watches == 3


@pytest.mark.parametrize("stream", [fails(410), fails(500), _breaks])
async def test_a_lost_trail_is_taken_up_by_a_list(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that is too old, a server error, a broken connection: nothing is guessed."""
    script = Script(stream)
    async with following(script, monkeypatch) as followed:
        await until(lambda: len(script.versions) == 2)
    kinds = [told.partition(" ")[0].strip(":") for told in followed.told if not told.startswith("ADDED")]
    assert kinds == ["listed", "lost", "listed"]


async def test_a_server_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it answers."""
    script = Script(refusals=3)
    async with following(script, monkeypatch) as followed:
        await until(lambda: len(script.versions) == 1)
    assert [told[:4] for told in followed.told] == ["lost", "lost", "lost", "list"]
    assert "not now" in followed.told[0]

"""What a watch or a list tells of known versions never reaches its reader; everything else does, byte for byte."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web

from cxone_operator.cluster.echoes import Thinned, without_echoes

KNOWN = {"uid-jane": 7}


def is_echo(uid: str, version: str) -> bool:
    return int(version) <= KNOWN.get(uid, -1)


def line(kind: str = "MODIFIED", uid: str = "uid-jane", version: str = "7") -> bytes:
    return json.dumps({"type": kind, "object": {"metadata": {"uid": uid, "resourceVersion": version}}}).encode()


class Content:
    """A stream in given pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.total_bytes = sum(map(len, pieces))

    async def iter_chunked(self, _size: int) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    async def read(self) -> bytes:
        return b"".join(self._pieces)


async def read(*pieces: bytes) -> bytes:
    thinned = Thinned(Content(*pieces), is_echo)  # type: ignore[arg-type]
    return b"".join([piece async for piece in thinned.iter_chunked(1024)])


@pytest.mark.parametrize(
    "news",
    [
        pytest.param(line(version="8"), id="newer than what is known"),
        pytest.param(line(uid="uid-john"), id="of somebody unknown"),
        pytest.param(line("DELETED"), id="a deletion, of whatever version"),
        pytest.param(b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}', id="a bookmark"),
        pytest.param(b'{"type":"ERROR","object":{"code":410}}', id="an error"),
        pytest.param(b"<html>", id="no JSON"),
        pytest.param(b'{"type":"\xff"}', id="no UTF-8"),
    ],
)
async def test_news_pass(news: bytes) -> None:
    assert await read(line(), b"\n", news, b"\n" + line("ADDED") + b"\n") == news + b"\n"


async def test_lines_are_put_together_from_pieces() -> None:
    whole = line() + b"\n" + line(version="8") + b"\n"
    for cut in range(len(whole)):
        assert await read(whole[:cut], whole[cut:]) == line(version="8") + b"\n"


async def test_a_stream_that_is_cut_keeps_its_rest() -> None:
    """Whoever reads it sees that it was cut."""
    assert await read(line()[:20]) == line()[:20]


def test_it_is_the_content_otherwise() -> None:
    assert Thinned(Content(b"12"), is_echo).total_bytes == 2  # type: ignore[arg-type]


def page(*items: str) -> bytes:
    return f'{{"kind":"CxoneUserList","metadata":{{"continue":"abc"}},"items":[{",".join(items)}]}}'.encode()


def item(uid: str = "uid-jane", version: str = "7") -> str:
    return json.dumps({"metadata": {"uid": uid, "resourceVersion": version}, "spec": {"userName": "jane"}})


async def read_whole(whole: bytes) -> bytes:
    return await Thinned(Content(whole), is_echo).read()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "news",
    [
        pytest.param(item(version="8"), id="newer than what is known"),
        pytest.param(item(uid="uid-john"), id="of somebody unknown"),
    ],
)
async def test_a_list_has_the_news_and_all_else(news: str) -> None:
    assert await read_whole(page(item(), news, item(version="6"))) == page(news)
    assert await read_whole(page(item())) == page()


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(b'{"kind":"APIResourceList","resources":[]}', id="no list"),
        pytest.param(page(item(), "{}"), id="an item without metadata"),
        pytest.param(b'{"items":null}', id="no items"),
        pytest.param(b"<html>", id="no JSON"),
        pytest.param(b'{"kind":"\xff"}', id="no UTF-8"),
    ],
)
async def test_what_is_no_list_of_resources_is_read_as_it_came(whole: bytes) -> None:
    assert await read_whole(whole) == whole


async def test_a_response_reads_like_any_other() -> None:
    """Over a real connection, as aiohttp promises nothing of what a response does with its content."""
    events, listed = line() + b"\n" + line(version="8") + b"\n", page(item(), item(version="8"))

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=events if "watch" in request.query else listed, content_type="application/json")

    application = web.Application()
    application.router.add_get("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        async with ClientSession(f"http://127.0.0.1:{port}", middlewares=(without_echoes(is_echo),)) as session:
            async with session.get("/", params={"watch": "true"}) as response:
                watched = [piece async for piece in response.content.iter_chunked(1024)]
            async with session.get("/") as response:
                read = await response.json()
    finally:
        await runner.cleanup()
    assert b"".join(watched) == line(version="8") + b"\n"
    assert read == json.loads(page(item(version="8")))

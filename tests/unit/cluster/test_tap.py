"""What a watch or a list tells of users is told once, and never reaches the reader; all else does, byte for byte."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web

from cxone_operator.cluster.server import Body
from cxone_operator.cluster.tap import Tap, tapped


class Told:
    """A listener that knows Jane in version 7."""

    def __init__(self) -> None:
        self.users: list[tuple[str | None, Body]] = []

    def is_echo(self, uid: str, resource_version: str) -> bool:
        return uid == "uid-jane" and int(resource_version) <= 7

    def observe_user(self, kind: str | None, body: Body) -> None:
        self.users.append((kind, body))


def resource(uid: str = "uid-jane", version: str = "7", kind: str = "CxoneUser") -> Body:
    return {"kind": kind, "metadata": {"uid": uid, "resourceVersion": version}, "spec": {"userName": "jane"}}


def line(type_: str = "MODIFIED", uid: str = "uid-jane", version: str = "7", kind: str = "CxoneUser") -> bytes:
    return json.dumps({"type": type_, "object": resource(uid, version, kind)}).encode()


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


async def read(told: Told, *pieces: bytes) -> bytes:
    tap = Tap(Content(*pieces), told)  # type: ignore[arg-type]
    return b"".join([piece async for piece in tap.iter_chunked(1024)])


@pytest.mark.parametrize(
    ("type_", "uid", "version"),
    [
        pytest.param("MODIFIED", "uid-jane", "8", id="newer than what is known"),
        pytest.param("ADDED", "uid-john", "7", id="of somebody unknown"),
        pytest.param("DELETED", "uid-jane", "7", id="a deletion, of whatever version"),
    ],
)
async def test_news_are_told_once(type_: str, uid: str, version: str) -> None:
    told = Told()
    assert await read(told, line() + b"\n", line(type_, uid, version) + b"\n" + line("ADDED") + b"\n") == b""
    assert told.users == [(type_, resource(uid, version))]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(line(version="8", kind="CxoneTenant"), id="of another kind"),
        pytest.param(
            b'{"type":"BOOKMARK","object":{"kind":"CxoneUser","metadata":{"resourceVersion":"9"}}}', id="bookmark"
        ),
        pytest.param(line("BOOKMARK"), id="a bookmark with a uid"),
        pytest.param(b'{"type":"ERROR","object":{"code":410}}', id="an error"),
        pytest.param(b'{"type":"ADDED","object":{"kind":"CxoneUser","metadata":{"uid":7}}}', id="not understood"),
        pytest.param(b"<html>", id="no JSON"),
        pytest.param(b'{"type":"\xff"}', id="no UTF-8"),
    ],
)
async def test_all_else_flows_on(other: bytes) -> None:
    told = Told()
    assert await read(told, line(), b"\n", other, b"\n" + line("ADDED") + b"\n") == other + b"\n"
    assert told.users == []


async def test_lines_are_put_together_from_pieces() -> None:
    whole = line() + b"\n" + line(version="8") + b"\n" + b"{}\n"
    for cut in range(len(whole)):
        told = Told()
        assert await read(told, whole[:cut], whole[cut:]) == b"{}\n"
        assert told.users == [("MODIFIED", resource(version="8"))]


async def test_a_stream_that_is_cut_keeps_its_rest() -> None:
    """Whoever reads it sees that it was cut."""
    told = Told()
    assert await read(told, line(version="8")[:20]) == line(version="8")[:20]
    assert told.users == []


def test_it_is_the_content_otherwise() -> None:
    assert Tap(Content(b"12"), Told()).total_bytes == 2  # type: ignore[arg-type]


def page(*items: object) -> bytes:
    listed = {"kind": "CxoneUserList", "metadata": {"continue": "abc"}, "items": items}
    return json.dumps(listed, separators=(",", ":")).encode()


async def read_whole(told: Told, whole: bytes) -> bytes:
    return await Tap(Content(whole), told).read()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("uid", "version"),
    [
        pytest.param("uid-jane", "8", id="newer than what is known"),
        pytest.param("uid-john", "7", id="of somebody unknown"),
    ],
)
async def test_the_news_of_a_list_are_told(uid: str, version: str) -> None:
    told, tenant = Told(), resource(kind="CxoneTenant")
    whole = page(resource(), resource(uid, version), tenant, {}, resource(version="6"))
    assert await read_whole(told, whole) == page(tenant, {})
    assert told.users == [(None, resource(uid, version))]


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(b'{"kind":"APIResourceList","resources":[]}', id="no list"),
        pytest.param(b'{"items":null}', id="no items"),
        pytest.param(b"<html>", id="no JSON"),
        pytest.param(b'{"kind":"\xff"}', id="no UTF-8"),
    ],
)
async def test_what_is_no_list_of_resources_is_read_as_it_came(whole: bytes) -> None:
    assert await read_whole(Told(), whole) == whole


async def test_a_response_reads_like_any_other() -> None:
    """Over a real connection, as aiohttp promises nothing of what a response does with its content."""
    tenant = resource(kind="CxoneTenant")
    events = line(version="8") + b"\n" + line(kind="CxoneTenant") + b"\n"
    listed = page(resource(), resource(version="9"), tenant)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=events if "watch" in request.query else listed, content_type="application/json")

    application = web.Application()
    application.router.add_get("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    told = Told()
    try:
        async with ClientSession(f"http://127.0.0.1:{port}", middlewares=(tapped(told),)) as session:
            async with session.get("/", params={"watch": "true"}) as response:
                watched = [piece async for piece in response.content.iter_chunked(1024)]
            async with session.get("/") as response:
                read = await response.json()
    finally:
        await runner.cleanup()
    assert b"".join(watched) == line(kind="CxoneTenant") + b"\n"
    assert read == json.loads(page(tenant))
    assert told.users == [("MODIFIED", resource(version="8")), (None, resource(version="9"))]

"""One request to the API server: what counts as no answer."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import pytest

from cxone_operator.cluster import server as module
from cxone_operator.cluster.errors import Unreachable
from cxone_operator.cluster.server import ApiServer
from support.company_network import served

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_SECONDS = 0.2


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """All patience is a hundredth of what it is."""
    limits = {name: getattr(module._TIMEOUT, name) for name in ("total", "connect", "sock_connect", "sock_read")}
    patience = {name: seconds / 100 for name, seconds in limits.items() if seconds is not None}
    monkeypatch.setattr(module, "_TIMEOUT", aiohttp.ClientTimeout(**patience))


async def _answer_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError):
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(_SECONDS)
            writer.write(_ANSWER)


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer):
        await reader.read()


async def test_who_waits_for_a_connection_has_not_been_refused_one() -> None:
    """However long that takes: the one before has its answer within bounds."""
    with served(_answer_slowly) as port:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
            server = ApiServer(session, f"http://127.0.0.1:{port}")
            answers = await asyncio.gather(*(server.request("GET", "/") for _ in range(4)))
    assert answers == [{}, {}, {}, {}]


async def test_a_server_that_says_nothing_cannot_be_reached() -> None:
    with served(_say_nothing) as port:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(Unreachable, match="cannot be reached"):
                await ApiServer(session, f"http://127.0.0.1:{port}").request("GET", "/")

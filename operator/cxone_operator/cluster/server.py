"""One request to the API server: bounds, JSON both ways, and an error for whatever goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from cxone_operator.cluster.errors import Unreachable, error_for

Body = Mapping[str, object]

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
"""JSON is YAML."""
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30)
"""Seconds. Waiting for a connection of the session is no failure of the server, so only the socket's time counts."""
_WATCH_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=90)
"""A watch is silent for at most a minute, as bookmarks come that often; a connection that is silent longer is dead."""


class ApiServer:
    """The API server over one aiohttp session."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Body | None = None,
        params: Mapping[str, str] | None = None,
        patch: str = MERGE,
    ) -> Body:
        """The JSON object that it answers; a PATCH is a merge patch (RFC 7396) or an `APPLY`. Raises ClusterError."""
        headers = {"Content-Type": patch if method == "PATCH" else "application/json"}
        data = msgspec.json.encode(body) if body is not None else None
        try:
            async with self._session.request(
                method, self._url + path, params=params, data=data, headers=headers, timeout=_TIMEOUT
            ) as response:
                raw = await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error
        return _answer(status, raw)

    @asynccontextmanager
    async def stream(self, path: str, params: Mapping[str, str]) -> AsyncIterator[AsyncIterator[Body]]:
        """A watch that the server has agreed to: its JSON objects until the server ends it. Raises ClusterError."""
        try:
            async with self._session.get(self._url + path, params=params, timeout=_WATCH_TIMEOUT) as response:
                if response.status >= 400:
                    _answer(response.status, await response.read())
                yield _lines(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(f"the API server at {self._url} cannot be reached: {error or type(error).__name__}")


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[Body]:
    rest = b""
    async for chunk in response.content.iter_any():
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield _answer(200, line)


def _answer(status: int, raw: bytes) -> Body:
    try:
        body = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        nothing = {"message": "no JSON object"}
        raise error_for(status, nothing) if status >= 400 else Unreachable("the API server sent no JSON object")
    if status >= 400:
        raise error_for(status, body)
    return body

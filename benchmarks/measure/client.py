"""A client of the API server that costs little: connections that are kept, bodies as bytes, answers read only if asked.

It is the same kind of client as the operator's: aiohttp, and as many connections.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, TypeVar

import aiohttp
import msgspec

from controlplane.plane import ControlPlane
from cxone_operator.cluster.access import CONNECTIONS

Json = dict[str, Any]
T = TypeVar("T")
_API = "/apis/cxone.dev/v1alpha1"
_PLURALS = {"CxoneUser": "cxoneusers", "CxoneTenant": "cxonetenants"}
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"


class ApiError(Exception):
    """The API server refused; the message is its own."""


class Busy(ApiError):
    """It says to come again: the storage of a kind that nobody has read yet is being filled."""


def users_path(namespace: str | None = None, name: str = "", subresource: str = "") -> str:
    """The path of all CxoneUsers, those of a namespace, one of them, or its subresource."""
    parts = [_API, *(("namespaces", namespace) if namespace else ()), "cxoneusers", name, subresource]
    return "/".join(part for part in parts if part)


class Client:
    """Requests as the administrator."""

    def __init__(self, plane: ControlPlane, connections: int = CONNECTIONS) -> None:
        self._url = plane.url
        self.connections = connections
        """How many requests at once; the operator has as many."""
        self._headers = {"Authorization": f"Bearer {plane.token}", "User-Agent": "benchmark"}
        self._tls = ssl.create_default_context(cafile=str(plane.certificate))
        self._session: aiohttp.ClientSession
        self.patches = 0
        """How many of the patches that the API server counts are ours."""

    async def __aenter__(self) -> Client:
        connector = aiohttp.TCPConnector(limit=0, ssl=self._tls)
        # Waiting is bounded by the whole run, never by a request.
        self._session = aiohttp.ClientSession(
            connector=connector, headers=self._headers, timeout=aiohttp.ClientTimeout(total=None, sock_connect=30)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def request(self, method: str, path: str, body: Json | None = None, kind: str = "application/json") -> bytes:
        """The answer as it came; raises ApiError."""
        data = None if body is None else msgspec.json.encode(body)
        async with self._session.request(method, self._url + path, data=data, headers={"Content-Type": kind}) as answer:
            content = await answer.read()
            if answer.status >= 400:
                raise ApiError(f"{method} {path}: {answer.status} {content[:500].decode(errors='replace')}")
            return content

    async def get(self, path: str) -> Any:  # noqa: ANN401 (whatever JSON it answers)
        """Read something."""
        return msgspec.json.decode(await self.request("GET", path))

    async def create(self, resource: Json) -> None:
        """Create a CxoneUser or CxoneTenant."""
        namespace = resource["metadata"]["namespace"]
        await self.request("POST", f"{_API}/namespaces/{namespace}/{_PLURALS[resource['kind']]}", resource)

    async def patch(self, namespace: str, name: str, patch: Json, subresource: str = "") -> None:
        """Merge-patch a CxoneUser."""
        self.patches += 1
        await self.request("PATCH", users_path(namespace, name, subresource), patch, _MERGE)

    async def apply(self, resource: Json) -> None:
        """Server-side apply of a CxoneUser."""
        metadata = resource["metadata"]
        path = f"{users_path(metadata['namespace'], metadata['name'])}?fieldManager=benchmark"
        await self.request("PATCH", path, resource, _APPLY)

    async def delete(self, namespace: str, name: str) -> None:
        """Ask for the deletion of a CxoneUser."""
        await self.request("DELETE", users_path(namespace, name))

    async def each(self, items: Iterable[T], work: Callable[[T], Awaitable[object]], connections: int = 0) -> None:
        """Do it for all of them, over that many connections at once."""
        queue = iter(items)

        async def worker() -> None:
            for item in queue:
                await work(item)

        async with asyncio.TaskGroup() as group:
            for _ in range(connections or self.connections):
                group.create_task(worker())

    async def stream(self, path: str) -> AsyncIterator[bytes]:
        """What a watch says, in pieces as they come."""
        async with self._session.get(self._url + path) as answer:
            if answer.status >= 400:
                refusal = Busy if answer.status == 429 else ApiError
                raise refusal(f"GET {path}: {answer.status} {await answer.text()}")
            async for piece in answer.content.iter_any():
                yield piece

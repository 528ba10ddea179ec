"""A list that is kept up to date: read once, then followed event by event, and read again where the trail is lost.

Kopf does this for the operator. The bridge uses this instead, because it needs no framework for one kind in one
namespace.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from cxone_operator.cluster.bodies import mapping, metadata
from cxone_operator.cluster.errors import ClusterError, error_for
from cxone_operator.cluster.pages import collection, pages
from cxone_operator.cluster.server import ApiServer, Body
from cxone_operator.telemetry.logging import Streak, get_logger

_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts that fail; the last one repeats."""
_SERVER_SECONDS = 300
"""After so long the server ends a watch that has gone well, and the next begins where it ended."""

log = get_logger(__name__)


class Follower(Protocol):
    """Who is told what the collection holds."""

    def begun(self) -> None:
        """A list of all resources begins."""

    def listed(self, items: Iterable[Body]) -> None:
        """These are some of them; whoever keeps whole bodies keeps them all in memory."""

    def complete(self) -> None:
        """There are no others than those that were listed since it began."""

    def changed(self, kind: str, body: Body) -> None:
        """ADDED, MODIFIED or DELETED."""

    def followed(self) -> None:
        """The server has agreed to tell what changes."""

    def lost(self, why: str) -> None:
        """The trail is lost until a list is complete again."""


async def follow(server: ApiServer, plural: str, namespace: str, follower: Follower) -> None:
    """Until cancelled; whatever goes wrong is told to the follower, and the list is read again."""
    path = collection(plural, namespace)
    unreachable = Streak(log.bind(resources=plural), "watch_lost", "watch_restored")
    failures = 0
    while True:
        try:
            version = await _list(server, path, follower)
            while True:
                async with _watching(server, path, version) as events:
                    unreachable.ended()
                    failures = 0
                    version = await _pass_on(events, version, follower)
        except ClusterError as error:
            follower.lost(str(error))
            unreachable.failed(error=str(error))
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1


async def _list(server: ApiServer, path: str, follower: Follower) -> str:
    version = ""
    follower.begun()
    async for page in pages(server, path):
        follower.listed(page.items)
        version = page.resource_version
    follower.complete()
    return version


def _watching(server: ApiServer, path: str, version: str) -> AbstractAsyncContextManager[AsyncIterator[Body]]:
    params = {
        "watch": "1",
        "resourceVersion": version,
        "allowWatchBookmarks": "true",
        "timeoutSeconds": str(_SERVER_SECONDS),
    }
    return server.stream(path, params)


async def _pass_on(events: AsyncIterator[Body], version: str, follower: Follower) -> str:
    """What the server says, until it ends the watch; the version that was reached."""
    follower.followed()
    async for event in events:
        kind, body = str(event.get("type")), mapping(event.get("object"))
        if kind == "ERROR":
            code = body.get("code")
            raise error_for(code if isinstance(code, int) else 500, body)
        version = metadata(body, "resourceVersion") or version
        if kind != "BOOKMARK":
            follower.changed(kind, body)
    return version

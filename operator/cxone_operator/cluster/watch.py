"""A list that is kept up to date: read once, then followed event by event, and read again where the trail is lost.

Kopf does this for the operator. The bridge uses this instead, because it needs no framework for one kind in one
namespace, and because it asks how long ago the server last spoke, which Kopf does not tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from cxone_operator.cluster.bodies import mapping, metadata
from cxone_operator.cluster.errors import ClusterError, error_for
from cxone_operator.cluster.pages import collection, pages
from cxone_operator.cluster.server import ApiServer, Body
from cxone_operator.telemetry.logging import get_logger

_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts that fail; the last one repeats."""
_SERVER_SECONDS = 300
"""After so long the server ends a watch that has gone well, and the next begins where it ended."""

log = get_logger(__name__)


class Follower(Protocol):
    """Who is told what the collection holds."""

    def listed(self, items: Iterable[Body]) -> None:
        """These are all resources there are."""

    def changed(self, kind: str, body: Body) -> None:
        """ADDED, MODIFIED or DELETED."""

    def spoke(self) -> None:
        """The server has agreed to tell us everything, or has shown that it still does."""

    def lost(self, why: str) -> None:
        """The trail is lost until `listed` is called again."""


async def follow(server: ApiServer, plural: str, namespace: str, follower: Follower) -> None:
    """Until cancelled; whatever goes wrong is told to the follower, and the list is read again."""
    path = collection(plural, namespace)
    failures = 0
    while True:
        try:
            version = await _list(server, path, follower)
            if failures:
                log.info("watch_restored", resources=plural)
            failures = 0
            while True:
                version = await _watch(server, path, version, follower)
        except ClusterError as error:
            follower.lost(str(error))
            if not failures:
                log.warning("watch_lost", resources=plural, error=str(error))
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1


async def _list(server: ApiServer, path: str, follower: Follower) -> str:
    items: list[Body] = []
    version = ""
    async for page in pages(server, path):
        items += page.items
        version = page.resource_version
    follower.listed(items)
    return version


async def _watch(server: ApiServer, path: str, version: str, follower: Follower) -> str:
    """Follow from that version until the server ends the watch; the version that was reached."""
    params = {
        "watch": "1",
        "resourceVersion": version,
        "allowWatchBookmarks": "true",
        "timeoutSeconds": str(_SERVER_SECONDS),
    }
    async with server.stream(path, params) as events:
        follower.spoke()
        async for event in events:
            kind, body = str(event.get("type")), mapping(event.get("object"))
            if kind == "ERROR":
                code = body.get("code")
                raise error_for(code if isinstance(code, int) else 500, body)
            version = metadata(body, "resourceVersion") or version
            follower.spoke()
            if kind != "BOOKMARK":
                follower.changed(kind, body)
    return version

"""Thousands of resources in little time: over several connections that are kept, where kubectl has one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp

from cxone_operator.cluster.credentials import Credentials, find_credentials

Json = dict[str, Any]
_CONNECTIONS = 16
_PATH = "/apis/cxone.dev/v1alpha1/namespaces/{namespace}/cxoneusers"


def declare(kubeconfig: Path, users: Iterable[Json]) -> None:
    """Create all these CxoneUsers; raises aiohttp.ClientError where one is refused."""
    credentials = find_credentials(None, {"KUBECONFIG": str(kubeconfig)})
    asyncio.run(_declare(credentials, iter(users)))


async def _declare(credentials: Credentials, users: Iterable[Json]) -> None:
    headers = {"Authorization": credentials.authorization() or ""}
    connector = aiohttp.TCPConnector(ssl=credentials.tls or True)
    session = aiohttp.ClientSession(credentials.server, headers=headers, connector=connector, raise_for_status=True)
    async with session, asyncio.TaskGroup() as group:
        for _ in range(_CONNECTIONS):
            group.create_task(_create(session, users))


async def _create(session: aiohttp.ClientSession, users: Iterable[Json]) -> None:
    """One connection; all of them take from the same iterator."""
    for user in users:
        async with session.post(_PATH.format(namespace=user["metadata"]["namespace"]), json=user):
            pass

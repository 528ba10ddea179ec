"""Thousands of people in little time: over several connections that are kept, where kubectl has one.

Arguments: kubeconfig, how many.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable

import aiohttp

from cxone_operator.cluster.credentials import Credentials, find_credentials
from demo.scenario import Person
from e2e.cluster import Json

_CONNECTIONS = 16
_PATH = "/apis/cxone.dev/v1alpha1/namespaces/{namespace}/cxoneusers"


async def declare(credentials: Credentials, users: Iterable[Json]) -> None:
    """Create all these CxoneUsers; raises aiohttp.ClientError where one is refused."""
    headers = {"Authorization": credentials.authorization() or ""}
    connector = aiohttp.TCPConnector(ssl=credentials.tls or True)
    session = aiohttp.ClientSession(credentials.server, headers=headers, connector=connector, raise_for_status=True)
    async with session, asyncio.TaskGroup() as group:
        common = iter(users)
        for _ in range(_CONNECTIONS):
            group.create_task(_create(session, common))


async def _create(session: aiohttp.ClientSession, users: Iterable[Json]) -> None:
    """Over one connection."""
    for user in users:
        async with session.post(_PATH.format(namespace=user["metadata"]["namespace"]), json=user):
            pass


if __name__ == "__main__":
    kubeconfig, count = sys.argv[1:]
    people = (Person(f"person-{number}").manifest() for number in range(int(count)))
    asyncio.run(declare(find_credentials(None, {"KUBECONFIG": kubeconfig}), people))

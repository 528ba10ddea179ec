"""Requests as whoever we are.

They go through bounded aiohttp sessions, which cost a third of the client library's CPU and cannot open a connection
for each of 10,000 objects.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field

import aiohttp

from cxone_operator.cluster.credentials import SERVICE_ACCOUNT, Credentials, find_credentials

FIELD_MANAGER = "cxone-operator"
CONNECTIONS = 24
"""Connections of one session; 16 to 32 saturate an API server on two cores (measured), more only queue there."""
_AUTHORIZATION_SECONDS = 60.0
"""How long a token is used before it is asked for again; projected tokens rotate within the hour."""


@dataclass(slots=True)
class Access:
    """Sessions of one cluster."""

    _credentials: Credentials
    _authorization: str | None = None
    _asked: float = field(default=float("-inf"))

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self._credentials.server

    @property
    def remedy(self) -> str:
        """What a person can do where it cannot be reached."""
        return self._credentials.remedy

    async def authorization(self) -> str | None:
        """The value of the Authorization header; None where client certificates identify us."""
        if time.monotonic() - self._asked > _AUTHORIZATION_SECONDS:
            self._authorization = await asyncio.to_thread(self._credentials.authorization)
            self._asked = time.monotonic()
        return self._authorization

    def open_session(
        self, version: str, connections: int = CONNECTIONS, *middlewares: aiohttp.ClientMiddlewareType
    ) -> aiohttp.ClientSession:
        """A session that authenticates by itself. The User-Agent makes the field manager `cxone-operator`."""
        tls = self._credentials.tls
        connector = aiohttp.TCPConnector(limit=connections, ssl=tls if tls is not None else True)
        return aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": f"{FIELD_MANAGER}/{version}"},
            middlewares=(self._authenticate, *middlewares),
        )

    async def _authenticate(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        authorization = await self.authorization()
        if authorization:
            request.headers["Authorization"] = authorization
        return await handler(request)


def own_namespace() -> str | None:
    """The namespace of the pod, None outside a cluster."""
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text().strip() or None
    except OSError:
        return None


def load_access(context: str | None) -> Access:
    """To the cluster that `context` and the environment name; raises ClusterError."""
    return Access(find_credentials(context, os.environ))

"""A place to measure in: a control plane of its own, a simulated CXone, an operator; all of them end with the block."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp

from controlplane.plane import ControlPlane
from demo.stage import CLIENT_ID, ROOT, start_simulator
from measure.client import Client
from measure.operators import Operator
from measure.processes import cpu_seconds
from measure.remote import Remote
from support.resources import tenant

NAMESPACE = "workforce"
UNLIMITED = {"requestsPerMinute": 100_000}
"""The most that a tenant may say."""
_FRESH_CRD_SECONDS = 2.5
"""A fresh CRD makes the API server delay creates for two seconds."""
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """A control plane and a client of it."""

    directory: Path
    plane: ControlPlane
    client: Client

    def operator(self, *options: str) -> Operator:
        """An operator for all namespaces, or as the options say."""
        return Operator(self.plane, self.directory, *options)

    @asynccontextmanager
    async def cxone(self, *options: str) -> AsyncIterator[Remote]:
        """A simulated tenant."""
        secret = secrets.token_urlsafe(16)
        process, simulator = start_simulator(self.directory, secret, *options)
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session:
                yield Remote(session, simulator.url, secret)
        finally:
            process.stop()

    async def create_namespace(self, namespace: str) -> None:
        """Create it."""
        await self.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})

    async def create_tenant(
        self,
        remote: Remote,
        namespace: str = NAMESPACE,
        secret: Mapping[str, str] = MappingProxyType({}),
        **spec: Any,  # noqa: ANN401
    ) -> None:
        """Create the namespace with its Secret, which holds `secret` besides the client, and its tenant `default`."""
        await self.create_namespace(namespace)
        data = {"clientId": CLIENT_ID, "clientSecret": remote.secret, **secret}
        body = {"metadata": {"name": "cxone-credentials"}, "stringData": data}
        await self.client.request("POST", f"/api/v1/namespaces/{namespace}/secrets", body)
        await self.client.create(tenant(namespace, baseURL=remote.url, **spec))

    async def until_tenants_ready(self, count: int = 1) -> None:
        """Wait until the operator has read so many tenants' users."""
        while True:
            items = (await self.client.get("/apis/cxone.dev/v1alpha1/cxonetenants"))["items"]
            conditions = [item.get("status", {}).get("conditions", []) for item in items]
            if sum(any(c["type"] == "Ready" and c["status"] == "True" for c in found) for found in conditions) >= count:
                return
            await asyncio.sleep(_POLL_SECONDS)

    def server_cpu(self) -> float:
        """Processor time of API server and etcd so far, in seconds."""
        return sum(cpu_seconds(process.pid) for process in self.plane.processes)


@asynccontextmanager
async def open_place(*, audit: bool = True) -> AsyncIterator[Place]:
    """A fresh control plane with our CRDs."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with ControlPlane.start(directory / "control-plane", crds=ROOT / "crds", audit=audit) as plane:
            async with Client(plane) as client:
                await asyncio.sleep(_FRESH_CRD_SECONDS)
                yield Place(directory, plane, client)

"""A session: what a command of a person reaches while it runs, the cluster and the CXone of one tenant.

With a cluster, the tenant is its CxoneTenant and the credentials are in the Secret that it names, as for the operator.
Without one (`--no-cluster`) both come from the CXONE_ variables; so they do where the namespace has no CxoneTenant.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TypeVar

import aiohttp
import click

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api.meta import InvalidResource
from cxone_operator.api.tenant import CxoneTenant, TenantSpec, decode_tenant
from cxone_operator.cli.environment import default_tenant
from cxone_operator.cli.options import Place
from cxone_operator.cluster.access import load_access, own_namespace
from cxone_operator.cluster.client import ClusterClient
from cxone_operator.cluster.credentials import namespace_of
from cxone_operator.cluster.errors import ClusterError
from cxone_operator.cluster.server import ApiServer, Body
from cxone_operator.config import SettingsError
from cxone_operator.core.failure import Failure
from cxone_operator.core.fence import unfenced
from cxone_operator.core.window import WINDOW_SECONDS, SlidingWindow
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.engine.read.connection import SecretCredentials, keys_of
from cxone_operator.engine.wiring import remote_builder
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects import settled
from cxone_operator.scim.errors import ScimError
from cxone_operator.scim.network import open_session
from cxone_operator.scim.remote import Remote

T = TypeVar("T")
_CONNECTIONS = 8
"""To the API server, which `check` asks for a dozen rights at once."""


class SessionError(click.ClickException):
    """What keeps a command from its answer; the message names the remedy."""


def run_session(place: Place, command: Callable[[Session], Coroutine[None, None, T]]) -> T:
    """Run a command to its end; what it could not do becomes its message, and exit code 1."""

    async def run() -> T:
        async with opened(place) as session:
            return await command(session)

    try:
        return asyncio.run(run())
    except (ClusterError, InvalidResource, SettingsError, ScimError) as error:
        raise SessionError(str(error)) from None


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Session]:
    """A session, and its end; raises ClusterError."""
    async with AsyncExitStack() as stack:
        server = await open_server(place, stack)
        yield Session(place, server, await stack.enter_async_context(open_session()))


async def open_server(place: Place, stack: AsyncExitStack) -> ApiServer | None:
    """The API server, until the stack ends; None with `--no-cluster`. Raises ClusterError."""
    if place.no_cluster:
        return None
    access = load_access(place.context)
    http = await stack.enter_async_context(access.open_session(version("cxone-operator"), _CONNECTIONS))
    return ApiServer(http, access.server)


class Session:
    """One run of one command."""

    def __init__(self, place: Place, server: ApiServer | None, http: aiohttp.ClientSession) -> None:
        self._place = place
        self._http = http
        self.server = server
        """None without a cluster."""
        self.cluster = ClusterClient(server, lambda *_: None, unfenced) if server is not None else None
        self.default = default_tenant(os.environ)
        """The tenant of the environment, where there is one."""

    @property
    def namespace(self) -> str:
        """Where the resources are."""
        return chosen_namespace(self._place, in_cluster=self.server is not None)

    @property
    def lacking(self) -> str:
        """What to say where the tenant is not there."""
        return f"there is no CxoneTenant '{self._place.tenant}' in namespace {self.namespace}"

    async def bodies(self, plural: str) -> list[Body]:
        """All resources of a kind in the namespace, none without a cluster; raises ClusterError."""
        if self.cluster is None:
            return []
        return [body async for body in self.cluster.list(plural, self.namespace)]

    async def tenant(self) -> CxoneTenant | None:
        """The CxoneTenant that is chosen, None where there is none; raises ClusterError."""
        found = [decode_tenant(body) for body in await self.bodies(tenant_api.PLURAL)]
        return next((tenant for tenant in found if tenant.metadata.name == self._place.tenant), None)

    def spec(self, resource: CxoneTenant | None) -> TenantSpec:
        """What the resource says, else the environment, with the preset's values where nothing is said."""
        if resource is not None:
            return settled(resource.spec)
        if self.default is None:
            raise SessionError(self._nowhere())
        return settled(self.default.spec)

    async def remote(self, resource: CxoneTenant | None) -> Remote:
        """CXone as the tenant's credentials open it; raises ScimError, ClusterError."""
        spec, credentials = self.spec(resource), await self._credentials(resource)
        built = remote_builder(self._http, unfenced)(self._place.tenant, spec, credentials, fresh_limiter(spec))
        if isinstance(built, Failure):
            raise SessionError(built.message)
        await built.connect()
        return built

    async def _credentials(self, resource: CxoneTenant | None) -> Credentials:
        if resource is None or self.cluster is None:
            if self.default is None:
                raise SessionError(self._nowhere())
            return self.default.credentials
        reference, name = resource.spec.credentials_secret_ref, resource.metadata.name
        if reference is None:
            raise SessionError(f"CxoneTenant {name} names no Secret; set spec.credentialsSecretRef")
        found = await SecretCredentials(self.cluster, resource.metadata.namespace, keys_of(resource.spec)).read()
        if isinstance(found, Failure):
            raise SessionError(found.message)
        return found

    def _nowhere(self) -> str:
        if self.server is None:
            return "without a cluster the tenant comes from the environment; set CXONE_BASE_URL and the credentials"
        return f"{self.lacking}; choose --namespace and --tenant, or set CXONE_BASE_URL and the credentials"


def chosen_namespace(place: Place, *, in_cluster: bool) -> str:
    """What the option says, else the kubeconfig, else the pod; `default` where nobody says anything."""
    chosen = namespace_of(place.context, os.environ) if in_cluster else None
    return place.namespace or chosen or own_namespace() or "default"


def fresh_limiter(spec: TenantSpec) -> RateLimiter:
    """The tenant's limit, of which nothing is taken to be used yet: a command asks for little."""
    clocks = Clocks(time.monotonic, lambda: datetime.now(UTC), random.random)
    window = SlidingWindow(spec.rate_limit.requests_per_minute, time.monotonic() - WINDOW_SECONDS)
    return RateLimiter(window, clocks, lambda: None)

"""Where the cluster is and who we are there.

Credentials are loaded by the official client library (kubeconfig, exec plugins, in-cluster tokens that rotate); the
requests themselves go through bounded aiohttp sessions, which cost a third of the library's CPU and cannot open a
connection for each of 10,000 objects.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from kubernetes import client, config

from cxone_operator.cluster.errors import ClusterError

FIELD_MANAGER = "cxone-operator"
CONNECTIONS = 24
"""Connections of one session; 16 to 32 saturate an API server on two cores (measured), more only queue there."""
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_TOKEN_SECONDS = 60.0
"""How long a token is used before the library is asked again; projected tokens rotate within the hour."""


@dataclass(slots=True)
class Access:
    """Server, trust and identity of one cluster."""

    server: str
    tls: ssl.SSLContext | None
    _configuration: client.Configuration
    _token: str | None = None
    _token_time: float = field(default=float("-inf"))

    async def token(self) -> str | None:
        """The value of the Authorization header; None where client certificates identify us."""
        if time.monotonic() - self._token_time > _TOKEN_SECONDS:
            self._token = await asyncio.to_thread(self._configuration.get_api_key_with_prefix, "BearerToken")
            self._token_time = time.monotonic()
        return self._token

    def open_session(self, version: str, connections: int = CONNECTIONS) -> aiohttp.ClientSession:
        """A session that authenticates by itself. The User-Agent makes the field manager `cxone-operator`."""
        connector = aiohttp.TCPConnector(limit=connections, ssl=self.tls if self.tls is not None else True)
        return aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": f"{FIELD_MANAGER}/{version}"},
            middlewares=(self._authenticate,),
        )

    async def _authenticate(
        self,
        request: aiohttp.ClientRequest,
        handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
    ) -> aiohttp.ClientResponse:
        token = await self.token()
        if token:
            request.headers["Authorization"] = token
        return await handler(request)


def own_namespace() -> str | None:
    """The namespace of the pod, None outside a cluster."""
    try:
        return _NAMESPACE_FILE.read_text().strip() or None
    except OSError:
        return None


def load_access(context: str | None) -> Access:
    """KUBECONFIG or ~/.kube/config with `context`, else the service account of the pod; raises ClusterError."""
    configuration = client.Configuration()
    in_cluster = "KUBERNETES_SERVICE_HOST" in os.environ and "KUBECONFIG" not in os.environ and context is None
    try:
        if in_cluster:
            config.load_incluster_config(client_configuration=configuration)
        else:
            config.load_kube_config(context=context, client_configuration=configuration)
    except (config.ConfigException, OSError, ValueError) as error:
        raise ClusterError(
            f"no cluster to work with: {error}; set KUBECONFIG, choose --context, or run inside a cluster"
        ) from error
    return Access(configuration.host.rstrip("/"), _tls(configuration), configuration)


def _tls(configuration: client.Configuration) -> ssl.SSLContext | None:
    if not configuration.host.startswith("https"):
        return None
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context

"""The operator: wires the rooms together and hands the process to Kopf."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import aiohttp
import click

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.cli.environment import default_tenant
from cxone_operator.cli.processes.site import Site
from cxone_operator.cluster.access import CONNECTIONS, Access, load_access
from cxone_operator.cluster.client import ClusterClient
from cxone_operator.cluster.election import Election
from cxone_operator.cluster.errors import ClusterError, Forbidden, Gone, Unreachable
from cxone_operator.cluster.lease import ClusterLease, LeaseStore, Timing
from cxone_operator.cluster.server import ApiServer
from cxone_operator.cluster.tap import tapped
from cxone_operator.config import SettingsError
from cxone_operator.core.fence import unfenced
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.engine.supervisor import Supervisor
from cxone_operator.engine.wiring import remote_builder
from cxone_operator.handlers.watch import Edge, Listener, watch
from cxone_operator.scim.network import open_session
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import write_audit
from cxone_operator.telemetry.logging import get_logger

_EXIT_SECONDS = 5.0
"""How long Kopf may take to end when everything of ours has ended; it needs 2 s for its own workers."""
_STALE_LIST_SECONDS = 1800.0
"""A process that has not listed its resources for so long is not alive, whatever else it does."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseOptions:
    """Which Lease decides who acts."""

    namespace: str
    name: str
    seconds: int


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line says."""

    host: str
    port: int
    namespaces: tuple[str, ...]
    context: str | None
    lease: LeaseOptions


class OperatorError(Exception):
    """The operator cannot start or go on; the message is for the person at the terminal."""


def run_operator(options: RunOptions) -> None:
    """Until it is told to stop. Raises ClickException where it cannot start or go on."""
    try:
        asyncio.run(_Operator(options).run())
    except (OperatorError, ClusterError, SettingsError) as error:
        raise click.ClickException(str(error)) from None


class _Operator:
    """One run of the operator."""

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        self._default = default_tenant(os.environ)
        self._access: Access = load_access(options.context)
        self._supervisor: Supervisor | None = None
        self._election: Election | None = None
        self._stopping = False
        self._sessions: list[aiohttp.ClientSession] = []

    async def run(self) -> None:
        """Serve the site, check the cluster, watch until told to stop."""
        site = Site(self._alive, self._ready, self._set_gauges)
        try:
            port = await site.start(self._options.host, self._options.port)
        except OSError as error:
            raise OperatorError(f"cannot listen on {self._options.host}:{self._options.port}: {error}") from error
        log.info("listening", host=self._options.host or "*", port=port)
        metrics.build_info.info({"version": version("cxone-operator")})
        metrics.REGISTRY.register(metrics.leader)
        try:
            await self._check_cluster()
            edge = Edge(self._access.server, self._start, self._open_watches, self._stop)
            await watch(edge, self._options.namespaces)
        finally:
            if self._election is not None and not self._stopping:  # Kopf has no cleanup after half a start
                await self._stop()
            for session in self._sessions:
                await session.close()
            await site.stop()

    async def _check_cluster(self) -> None:
        """Kopf would wait in silence for a CRD that never comes; say what is missing instead."""
        async with self._access.open_session(version("cxone-operator"), connections=1) as session:
            try:
                server = ApiServer(session, self._access.server)
                served = await ClusterClient(server, metrics.observe_kubernetes_write, unfenced).served_kinds()
            except Unreachable as error:
                raise OperatorError(f"{error}; {self._access.remedy}") from error
        missing = sorted({user_api.PLURAL, tenant_api.PLURAL} - served)
        if missing:
            raise OperatorError(f"the CRDs of {' and '.join(missing)} are not installed; run: kubectl apply -f crds/")

    async def _start(self) -> Supervisor:
        election = await self._elect()
        server = ApiServer(self._open_session(), self._access.server)
        cluster = ClusterClient(server, metrics.observe_kubernetes_write, election.fence)
        remote_session = open_session()
        self._sessions.append(remote_session)
        clocks = Clocks(time.monotonic, lambda: datetime.now(UTC), random.random)
        self._supervisor = Supervisor(
            cluster,
            self._options.namespaces,
            self._default,
            remote_builder(remote_session, election.fence),
            clocks,
            write_audit,
        )
        await self._supervisor.start()
        return self._supervisor

    async def _stop(self) -> None:
        log.info("stopping")
        self._stopping = True
        if self._supervisor is not None:
            await self._supervisor.stop()
        if self._election is not None:
            await self._election.release()
        # Kopf can wait for ever for a watcher that does not end, and a process that only looks alive is never replaced.
        asyncio.get_running_loop().call_later(_EXIT_SECONDS, _end_at_once)

    async def _elect(self) -> Election:
        """Stand by until no other process acts; from here on the Lease is renewed, or the process ends."""
        options = self._options.lease
        identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        self._election = election = Election(
            self._open_lease, identity, Timing(options.seconds), time.monotonic, _end_at_once
        )
        try:
            await election.acquire()
        except (Forbidden, Gone) as error:
            where = f"Lease {options.name} in namespace {options.namespace}"
            raise OperatorError(f"the operator may not use the {where}: {error}") from error
        return election

    @asynccontextmanager
    async def _open_lease(self) -> AsyncIterator[LeaseStore]:
        """With connections of its own: a renewal must not queue behind a thousand status writes."""
        options = self._options.lease
        async with self._access.open_session(version("cxone-operator"), connections=2) as session:
            server = ApiServer(session, self._access.server)
            yield ClusterLease(server, options.namespace, options.name, self._options.namespaces)

    def _open_watches(self, listener: Listener) -> aiohttp.ClientSession:
        """Kopf keeps a connection for each kind and namespace open for ever, and lists over the same session."""
        return self._open_session(CONNECTIONS + 2 * len(self._options.namespaces), tapped(listener))

    def _open_session(
        self, connections: int = CONNECTIONS, *middlewares: aiohttp.ClientMiddlewareType
    ) -> aiohttp.ClientSession:
        session = self._access.open_session(version("cxone-operator"), connections, *middlewares)
        self._sessions.append(session)
        return session

    def _set_gauges(self) -> None:
        metrics.leader.set(self._leads)
        if self._supervisor is not None:
            self._supervisor.set_gauges()

    @property
    def _leads(self) -> bool:
        return self._election is not None and self._election.held

    def _alive(self) -> str | None:
        listed = self._supervisor.listed_at if self._supervisor is not None else None
        if listed is not None and time.monotonic() - listed > _STALE_LIST_SECONDS:
            return "the resources have not been listed for half an hour"
        return None

    def _ready(self) -> str | None:
        """A process that stands by is ready to take over."""
        if self._stopping:
            return "the operator is stopping"
        if self._election is not None and not self._leads:
            return None
        if self._supervisor is None or self._supervisor.listed_at is None:
            return "the resources have not been listed yet"
        return None


def _end_at_once() -> None:
    """Nothing is finished, as the crash-safe order of steps allows."""
    sys.stderr.flush()
    os._exit(1)

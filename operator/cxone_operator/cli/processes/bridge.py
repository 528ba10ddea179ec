"""The bridge: wires its rooms together, and serves until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import click

from cxone_operator.api import user as user_api
from cxone_operator.bridge.recorder import Recorder
from cxone_operator.bridge.roster import Roster
from cxone_operator.bridge.rotation import load_tls, reread
from cxone_operator.bridge.secrets import SecretError, read_secrets
from cxone_operator.bridge.service import Service
from cxone_operator.bridge.signature import Signatures, Verify, trusting
from cxone_operator.bridge.site import WebhookSite
from cxone_operator.bridge.store import Store
from cxone_operator.cli.processes.site import Site
from cxone_operator.cluster.access import load_access
from cxone_operator.cluster.errors import ClusterError
from cxone_operator.cluster.server import ApiServer
from cxone_operator.cluster.watch import follow
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import write_audit
from cxone_operator.telemetry.logging import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BridgeOptions:
    """What the command line says."""

    webhook: tuple[str, int]
    health: tuple[str, int]
    namespace: str
    tenant: str
    secret_files: tuple[Path, ...]
    tls: tuple[Path, Path] | None
    context: str | None


class BridgeError(Exception):
    """The bridge cannot start; the message is for the person at the terminal."""


def run_bridge(options: BridgeOptions) -> None:
    """Until it is told to stop. Raises ClickException where it cannot start."""
    try:
        asyncio.run(_Bridge(options).run())
    except (BridgeError, ClusterError, SecretError) as error:
        raise click.ClickException(str(error)) from None


class _Bridge:
    """One run of the bridge."""

    def __init__(self, options: BridgeOptions) -> None:
        self._options = options
        self._first_verify = self._verify()
        self._tls = _tls(options.tls)
        self._access = load_access(options.context)
        self._roster = Roster()
        self._recorder = Recorder(options.namespace, options.tenant, write_audit)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until told to stop, and finish what was accepted."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        if not self._options.secret_files:
            log.warning("insecure", meaning="anybody who reaches this address decides who has an account")
        metrics.build_info.info({"version": version("cxone-operator")})
        async with self._access.open_session(version("cxone-operator")) as session:
            server = ApiServer(session, self._access.server)
            options = self._options
            store = Store(server, self._roster, options.namespace, options.tenant, metrics.observe_kubernetes_write)
            service = Service(self._first_verify, store, self._recorder, _now)
            await self._serve(server, service)

    async def _serve(self, server: ApiServer, service: Service) -> None:
        health = Site(lambda: None, self._ready, lambda: None)
        webhook = WebhookSite(service, self._recorder, self._tls)
        try:
            health_port = await _listen(health.start, *self._options.health)
            port = await _listen(webhook.start, *self._options.webhook)
            log.info("bridge_listening", host=self._options.webhook[0] or "*", port=port, health_port=health_port)
            await self._keep_current(server, service)
            log.info("stopping")
        finally:
            await webhook.stop()
            await health.stop()

    async def _keep_current(self, server: ApiServer, service: Service) -> None:
        """Follow the users and the files, until told to stop; what is accepted by then is finished without that."""
        options = self._options
        work = [follow(server, user_api.PLURAL, options.namespace, self._roster)]
        if options.secret_files:
            work.append(reread(options.secret_files, lambda: service.use(self._verify())))
        if self._tls is not None and options.tls is not None:
            work.append(reread(options.tls, partial(self._tls.load_cert_chain, *options.tls)))
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(job) for job in work]
            await self._stopping.wait()
            for task in running:
                task.cancel()

    def _verify(self) -> Verify:
        files = self._options.secret_files
        return Signatures(read_secrets(files), _now).verify if files else trusting(_now)

    def _ready(self) -> str | None:
        """Without the API server events are answered with 503, which is better than no answer."""
        if self._stopping.is_set():
            return "the bridge is stopping"
        return self._roster.awaited


async def _listen(start: Callable[[str, int], Awaitable[int]], host: str, port: int) -> int:
    try:
        return await start(host, port)
    except OSError as error:
        raise BridgeError(f"cannot listen on {host}:{port}: {error}") from error


def _tls(files: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    if files is None:
        return None
    try:
        return load_tls(*files)
    except OSError as error:
        raise BridgeError(f"cannot use {files[0]} with the key {files[1]}: {error}") from error


def _now() -> datetime:
    return datetime.now(UTC)

"""`cxone-operator bridge`: turns the events of an HR system into custom resources; and `bridge send`, to try it."""

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

import aiohttp
import click

from cxone_operator.api import user as user_api
from cxone_operator.bridge.recorder import Recorder
from cxone_operator.bridge.roster import Roster
from cxone_operator.bridge.rotation import load_tls, reread
from cxone_operator.bridge.secrets import SecretError, read_secrets
from cxone_operator.bridge.sender import send
from cxone_operator.bridge.service import Service
from cxone_operator.bridge.signature import Signatures, Verify, trusting
from cxone_operator.bridge.site import PATH, WebhookSite
from cxone_operator.bridge.store import Store
from cxone_operator.cli.options import address, logging_options, start_logging
from cxone_operator.cli.site import Site
from cxone_operator.cluster.access import load_access, own_namespace
from cxone_operator.cluster.errors import ClusterError
from cxone_operator.cluster.server import ApiServer
from cxone_operator.cluster.watch import follow
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import write_audit
from cxone_operator.telemetry.logging import LogFormat, get_logger

_FILE = click.Path(dir_okay=False, path_type=Path)
_PREFIX = "CXONE_BRIDGE_"

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


@click.group("bridge", invoke_without_command=True)
@click.option(
    "--listen",
    default=None,
    metavar="HOST:PORT",
    envvar=f"{_PREFIX}LISTEN",
    help="Where HR systems post to [127.0.0.1:8080; 0.0.0.0 in a cluster]",
)
@click.option(
    "--health-listen",
    default=None,
    metavar="HOST:PORT",
    envvar=f"{_PREFIX}HEALTH_LISTEN",
    help="Health and metrics [127.0.0.1:8081; 0.0.0.0 in a cluster]",
)
@click.option(
    "--namespace", default=None, envvar=f"{_PREFIX}NAMESPACE", help="Where the CxoneUsers are [the pod's; default]"
)
@click.option(
    "--tenant", default="default", show_default=True, envvar=f"{_PREFIX}TENANT", help="CxoneTenant of new users"
)
@click.option(
    "--secret-file",
    "secret_files",
    multiple=True,
    type=_FILE,
    envvar=f"{_PREFIX}SECRET_FILE",
    help="A secret (whsec_…) that events are signed with; repeatable; read again when it changes",
)
@click.option("--insecure", is_flag=True, help="Accept events that nobody has signed")
@click.option("--tls-cert", default=None, type=_FILE, envvar=f"{_PREFIX}TLS_CERT", help="Serve HTTPS with it (PEM)")
@click.option("--tls-key", default=None, type=_FILE, envvar=f"{_PREFIX}TLS_KEY", help="Its key (PEM)")
@click.option("--context", default=None, help="Context of the kubeconfig")
@logging_options
@click.pass_context
def bridge(
    click_context: click.Context,
    listen: str | None,
    health_listen: str | None,
    namespace: str | None,
    tenant: str,
    secret_files: tuple[Path, ...],
    insecure: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    context: str | None,
    log_format: LogFormat | None,
    log_level: str,
) -> None:
    """Turn signed events of an HR system into CxoneUser resources."""
    if click_context.invoked_subcommand is not None:
        return
    start_logging(log_format, log_level)
    if bool(secret_files) == insecure:
        raise click.UsageError("give --secret-file, or --insecure to accept events from anybody, and not both")
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together; give both, or neither")
    options = BridgeOptions(
        webhook=address(listen, 8080, "--listen"),
        health=address(health_listen, 8081, "--health-listen"),
        namespace=namespace or own_namespace() or "default",
        tenant=tenant,
        secret_files=secret_files,
        tls=(tls_cert, tls_key) if tls_cert is not None and tls_key is not None else None,
        context=context,
    )
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
            log.info("bridge_listening", host=self._options.webhook[0], port=port, health_port=health_port)
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
        return Signatures(read_secrets(files)).verify if files else trusting(_now)

    def _ready(self) -> str | None:
        """Without the API server events are answered with 503, which is better than no answer."""
        if self._stopping.is_set():
            return "the bridge is stopping"
        return None if self._roster.followed_once else self._roster.problem


@bridge.command("send")
@click.argument("action", type=click.Choice(["hire", "update", "terminate", "rehire"]))
@click.argument("email")
@click.option("--role", default=None)
@click.option("--group", "groups", multiple=True, help="Repeatable")
@click.option("--first-name", default=None)
@click.option("--last-name", default=None)
@click.option("--employee-id", default=None)
@click.option("--effective-date", default=None, metavar="DATE-TIME", help="With its zone: 2026-12-01T09:00:00+01:00")
@click.option("--occurred-at", default=None, metavar="DATE-TIME", help="When it happened [now]")
@click.option("--webhook-id", default=None, help="The same for each attempt of one event [a new one]")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Of the bridge")
@click.option("--secret-file", default=None, type=_FILE, help="Sign with the secret in it [not signed]")
def send_event(
    action: str,
    email: str,
    groups: tuple[str, ...],
    url: str,
    secret_file: Path | None,
    webhook_id: str | None,
    **more: str | None,
) -> None:
    """Send one event as an HR system would, and print the answer."""
    said = {"action": action, "email": email, "groups": list(groups) or None, **more}
    said["occurred_at"] = more["occurred_at"] or _now().isoformat()
    event = {_camel(field): value for field, value in said.items() if value is not None}
    try:
        secret = read_secrets([secret_file])[0] if secret_file is not None else None
        sent = asyncio.run(send(url.rstrip("/") + PATH, secret, event, webhook_id))
    except SecretError as error:
        raise click.ClickException(str(error)) from None
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise click.ClickException(f"no answer from {url}: {error or 'it took too long'}") from None
    click.echo(f"{sent.status} {sent.body}")
    if sent.status >= 300:
        raise click.exceptions.Exit(1)


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


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _now() -> datetime:
    return datetime.now(UTC)

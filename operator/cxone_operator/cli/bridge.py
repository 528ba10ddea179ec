"""`cxone-operator bridge`: turns the events of an HR system into custom resources; and `bridge send`, to try it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxone_operator.cli.options import address, context_option, logging_options, start_logging
from cxone_operator.imports import for_good

if TYPE_CHECKING:
    from cxone_operator.telemetry.logging import LogFormat

_FILE = click.Path(dir_okay=False, path_type=Path)
_PREFIX = "CXONE_BRIDGE_"


@click.group("bridge", invoke_without_command=True)
@click.option(
    "--listen",
    default=None,
    metavar="HOST:PORT",
    envvar=f"{_PREFIX}LISTEN",
    help="Where HR systems post to [127.0.0.1:8080; all addresses in a cluster]",
)
@click.option(
    "--health-listen",
    default=None,
    metavar="HOST:PORT",
    envvar=f"{_PREFIX}HEALTH_LISTEN",
    help="Health and metrics [127.0.0.1:8081; all addresses in a cluster]",
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
@context_option
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
    if bool(secret_files) == insecure:
        raise click.UsageError("give --secret-file, or --insecure to accept events from anybody, and not both")
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together; give both, or neither")
    webhook, health = address(listen, 8080, "--listen"), address(health_listen, 8081, "--health-listen")
    with for_good():
        from cxone_operator.cli.processes.bridge import BridgeOptions, run_bridge
        from cxone_operator.cluster.access import own_namespace

    start_logging(log_format, log_level)
    options = BridgeOptions(
        webhook=webhook,
        health=health,
        namespace=namespace or own_namespace() or "default",
        tenant=tenant,
        secret_files=secret_files,
        tls=(tls_cert, tls_key) if tls_cert is not None and tls_key is not None else None,
        context=context,
    )
    run_bridge(options)


@bridge.command("send")
@click.argument("action", type=click.Choice(["hire", "update", "terminate", "rehire"]))
@click.argument("email")
@click.option("--role", default=None)
@click.option("--group", "groups", multiple=True, help="Repeatable")
@click.option("--first-name", default=None)
@click.option("--last-name", default=None)
@click.option("--employee-id", default=None, help="The number in the HR system, which says who it is")
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
    import asyncio

    import aiohttp

    from cxone_operator.bridge.event import PATH
    from cxone_operator.bridge.secrets import SecretError, read_secrets
    from cxone_operator.bridge.sender import send

    said = {"action": action, "email": email, "groups": list(groups) or None, **more}
    said["occurred_at"] = more["occurred_at"] or datetime.now(UTC).isoformat()
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


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))

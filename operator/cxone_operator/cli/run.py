"""`cxone-operator run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cxone_operator.cli.options import address, context_option, logging_options, start_logging
from cxone_operator.imports import for_good

if TYPE_CHECKING:
    from cxone_operator.telemetry.logging import LogFormat


@click.command("run")
@click.option(
    "--listen",
    default=None,
    metavar="HOST:PORT",
    help="Health and metrics [127.0.0.1:8081; all addresses in a cluster]",
)
@click.option("--namespace", "namespaces", multiple=True, help="Watch this namespace only; repeatable [all]")
@context_option
@click.option("--lease-namespace", default=None, help="Where the Lease is kept [the pod's; outside, the first watched]")
@click.option("--lease-name", default="cxone-operator", show_default=True, help="One for each group of replicas")
@click.option(
    "--lease-seconds",
    type=click.IntRange(3, 60),
    default=8,
    show_default=True,
    help="How long a replica that dies without a word blocks the next",
)
@logging_options
def run(
    listen: str | None,
    namespaces: tuple[str, ...],
    context: str | None,
    lease_namespace: str | None,
    lease_name: str,
    lease_seconds: int,
    log_format: LogFormat | None,
    log_level: str,
) -> None:
    """Watch CxoneUser resources and make CXone agree with them."""
    host, port = address(listen, 8081, "--listen")
    with for_good():
        from cxone_operator.cli.processes.operator import LeaseOptions, RunOptions, run_operator
        from cxone_operator.cluster.access import own_namespace

    start_logging(log_format, log_level)
    where = lease_namespace or own_namespace() or next(iter(namespaces), "default")
    run_operator(RunOptions(host, port, namespaces, context, LeaseOptions(where, lease_name, lease_seconds)))

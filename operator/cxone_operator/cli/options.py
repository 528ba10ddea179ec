"""Options that commands share, and how their values are read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cxone_operator.telemetry.logging import LogFormat

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command of a person looks, as its options say."""

    context: str | None = None
    namespace: str | None = None
    tenant: str = "default"
    no_cluster: bool = False


context_option = click.option("--context", default=None, help="Context of the kubeconfig")
namespace_option = click.option("-n", "--namespace", default=None, help="[that of the context, or default]")


def place_options(command: Command) -> Command:
    """`--context`, `--namespace`, `--tenant` and `--no-cluster`, as one Place: the command's first argument."""

    @context_option
    @namespace_option
    @click.option("--tenant", default="default", show_default=True, help="The CxoneTenant")
    @click.option("--no-cluster", is_flag=True, help="Take the tenant from CXONE_ variables alone")
    @wraps(command)
    def placed(context: str | None, namespace: str | None, tenant: str, no_cluster: bool, **rest: object) -> object:
        return command(Place(context, namespace, tenant, no_cluster), **rest)

    return placed


def logging_options(command: Command) -> Command:
    """`--log-format` and `--log-level`, for `start_logging`."""
    formats = click.option(
        "--log-format", type=click.Choice(["json", "console"]), default=None, help="[console on a terminal]"
    )
    levels = click.option(
        "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
    )
    return formats(levels(command))


def start_logging(log_format: LogFormat | None, log_level: str) -> None:
    """Log from here on."""
    from cxone_operator.telemetry.logging import configure_logging

    configure_logging(log_format or ("console" if sys.stderr.isatty() else "json"), log_level)


def address(listen: str | None, port: int, option: str) -> tuple[str, int]:
    """Host and port of HOST:PORT; without it the given port, on all addresses in a cluster and on one outside.

    All addresses, of IPv4 and of IPv6, are the empty host, as in `:8081`: a cluster can have either family.
    """
    if listen is None:
        return ("" if "KUBERNETES_SERVICE_HOST" in os.environ else "127.0.0.1"), port
    host, colon, text = listen.rpartition(":")
    if not colon or not text.isdecimal() or int(text) > 65535:
        raise click.BadParameter(f"'{listen}' is not HOST:PORT, for example 127.0.0.1:{port}", param_hint=option)
    return host.strip("[]"), int(text)

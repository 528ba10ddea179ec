"""The command line: one group, one module for each command."""

from __future__ import annotations

import click

from cxone_operator.cli.approve import approve
from cxone_operator.cli.bridge import bridge
from cxone_operator.cli.check import check
from cxone_operator.cli.run import run


@click.group()
@click.version_option(package_name="cxone-operator")
def main() -> None:
    """Keep NICE CXone users as Kubernetes resources."""


main.add_command(run)
main.add_command(bridge)
main.add_command(check)
main.add_command(approve)

"""The command line: one group, one module for each command; `kubectl cxone …` is the same."""

from __future__ import annotations

from importlib import metadata

import click
from click.shell_completion import get_completion_class

from cxone_operator.cli.approve import approve
from cxone_operator.cli.bridge import bridge
from cxone_operator.cli.check import check
from cxone_operator.cli.explain import explain
from cxone_operator.cli.import_users import import_users
from cxone_operator.cli.plan import plan
from cxone_operator.cli.run import run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cxone-operator")
def main() -> None:
    """Keep NICE CXone users as Kubernetes resources."""


@main.command("version")
def version() -> None:
    """Print the version."""
    click.echo(metadata.version("cxone-operator"))


@main.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete the commands.

    For `eval` in its start file, as in: eval "$(cxone-operator completion bash)"
    """
    complete = get_completion_class(shell)
    if complete is not None:
        click.echo(complete(main, {}, "cxone-operator", "_CXONE_OPERATOR_COMPLETE").source())


main.add_command(run)
main.add_command(bridge)
main.add_command(check)
main.add_command(plan)
main.add_command(import_users)
main.add_command(approve)
main.add_command(explain)

"""`cxone-operator check`: the doctor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cxone_operator.cli.options import Place, place_options
from cxone_operator.cli.output import Format, note, output_option, print_data, print_table

if TYPE_CHECKING:
    from cxone_operator.doctor.check import Check

_STYLES = {"failed": "red", "warning": "yellow", "skipped": "dim"}
_HEADERS = ("CHECK", "OUTCOME", "SEEN", "REMEDY")


@click.command("check")
@place_options
@click.option(
    "--service-account",
    default="cxone-system/cxone-operator",
    show_default=True,
    metavar="NAMESPACE/NAME",
    help="Whose rights are checked; its Lease is in the same namespace",
)
@output_option
def check(place: Place, service_account: str, output_format: Format) -> None:
    """Find out what keeps the operator from its work.

    Each line has what to do about it. Looks at the API server, the CRDs, the rights and the policies there, at the
    tenant and its Secret, and at CXone: the way to it, token, scopes, users, seats, rate limit and clock. Nothing is
    changed. Exits 1 where something fails, 0 with warnings only.
    """
    namespace, slash, name = service_account.partition("/")
    if not (namespace and slash and name):
        raise click.BadParameter(f"'{service_account}' is not NAMESPACE/NAME", param_hint="--service-account")
    from cxone_operator.cli.processes.check import check as examine
    from cxone_operator.doctor.rights import Account

    lines = examine(place, Account(namespace, name))
    if output_format == "table":
        rows = [(line.name, line.outcome.value, line.seen, line.remedy) for line in lines]
        print_table(_HEADERS, rows, ("bold",), lambda row: _STYLES.get(row[1], ""))
        note(_summary(lines))
    else:
        print_data([_body(line) for line in lines], output_format)
    if any(line.outcome.value == "failed" for line in lines):
        raise click.exceptions.Exit(1)


def _body(line: Check) -> dict[str, str]:
    return {"name": line.name, "outcome": line.outcome.value, "seen": line.seen, "remedy": line.remedy}


def _summary(lines: Sequence[Check]) -> str:
    counts = Counter(line.outcome.value for line in lines)
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))

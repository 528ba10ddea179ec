"""`cxone-operator plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cxone_operator.cli.options import Place, place_options
from cxone_operator.cli.output import Format, output_option, print_data, print_table

if TYPE_CHECKING:
    from cxone_operator.cli.processes.planning import Gathered
    from cxone_operator.rehearsal.forecast import Forecast, Step

CHANGES = 3
"""The exit code where something would change: for a gate in CI."""
_STYLES = {
    "create": "green",
    "adopt": "green",
    "update": "yellow",
    "rename": "yellow",
    "deactivate": "red",
    "delete": "bold red",
    "held": "magenta",
    "waits": "cyan",
    "refused": "bold red",
}


@click.command("plan")
@place_options
@click.option("-f", "--filename", "files", multiple=True, help="A file, a folder with all below it, or -; repeatable")
@click.option("--since", default=None, metavar="REVISION", help="Whoever was in this Git revision of -f is deleted")
@click.option("--prune", is_flag=True, help="Whoever is in the cluster and not in -f is deleted, as Argo CD does")
@click.option("--all", "everybody", is_flag=True, help="Also those for whom nothing would be done")
@output_option
def plan(
    place: Place, files: tuple[str, ...], since: str | None, prune: bool, everybody: bool, output_format: Format
) -> None:
    """Show what would change in CXone, before anything does.

    Person by person, of the resources in the cluster, or of manifests as if they were applied. The operator itself is
    rehearsed on copies: CXone is only read, once, and nothing is written anywhere. Exits 3 when something would change.
    """
    if (since or prune or place.no_cluster) and not files:
        raise click.UsageError("--since, --prune and --no-cluster need manifests; name them with -f")
    gathered, found = _rehearsed(place, files, since, prune)
    shown = [step for step in found.steps if everybody or step.outcome != "nothing"]
    if output_format == "table":
        _print(gathered, found, shown)
    else:
        print_data(_data(gathered, found, shown), output_format)
    raise SystemExit(CHANGES if found.changes_something else 0)


def _rehearsed(place: Place, files: tuple[str, ...], since: str | None, prune: bool) -> tuple[Gathered, Forecast]:
    from cxone_operator.cli.options import start_logging
    from cxone_operator.cli.processes.planning import Wanted, gather
    from cxone_operator.cli.processes.session import SessionError, run_session
    from cxone_operator.manifests.reading import ManifestError
    from cxone_operator.rehearsal.forecast import forecast
    from cxone_operator.rehearsal.rehearsal import rehearse

    start_logging("console", "error")
    try:
        gathered = run_session(place, lambda session: gather(session, place, Wanted(files, since, prune)))
    except ManifestError as error:
        raise SessionError(str(error)) from None
    ending = rehearse(gathered.scene)
    return gathered, forecast(gathered.scene, ending, gathered.tenant)


def _print(gathered: Gathered, found: Forecast, shown: list[Step]) -> None:
    print_table(
        ("OUTCOME", "RESOURCE", "USERNAME", "CHANGES"),
        [(step.outcome, step.resource, step.user_name, step.said) for step in shown],
        row_style=lambda row: _STYLES.get(row[0], ""),
    )
    for line in (*_summary(found, gathered.spec.rate_limit.requests_per_minute), *gathered.doubts()):
        click.echo(line)


def _summary(found: Forecast, per_minute: int) -> list[str]:
    from cxone_operator.rehearsal.forecast import Outcome

    told = [outcome for outcome in Outcome if outcome is not Outcome.NOTHING and found.count(outcome)]
    counts = ", ".join(f"{found.count(outcome):,} {outcome}" for outcome in told)
    lines = [f"{len(found.steps):,} resources: {counts or 'nothing to do'}"]
    free = "any number" if found.seats_free is None else f"{found.seats_free:,}"
    lines.append(f"seats: {found.seats_needed:,} needed, {free} free before anybody leaves")
    minutes = max(1, round(found.seconds / 60))
    lines.append(f"{found.requests:,} requests to CXone, {minutes:,} min at {per_minute:,} a minute")
    if found.problem:
        lines.append(f"the tenant is not ready: {found.problem}")
    if found.count(Outcome.HELD):
        approve = (
            f"approve it with {found.plan_hash}" if found.plan_hash else "the operator will name the hash to approve"
        )
        lines.append(f"the guard would hold {found.count(Outcome.HELD):,} until somebody approves; {approve}")
    return lines


def _data(gathered: Gathered, found: Forecast, shown: list[Step]) -> dict[str, Any]:
    return {
        "steps": [_step_data(step) for step in shown],
        "seats": {"needed": found.seats_needed, "free": found.seats_free},
        "requests": found.requests,
        "seconds": round(found.seconds),
        "problem": found.problem,
        "doubts": gathered.doubts(),
        "planHash": found.plan_hash,
    }


def _step_data(step: Step) -> dict[str, Any]:
    return {
        "resource": step.resource,
        "userName": step.user_name,
        "outcome": str(step.outcome),
        "changes": dict(step.changes),
        "note": step.note,
        "requestedBy": step.requested_by,
    }

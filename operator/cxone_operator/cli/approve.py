"""`cxone-operator approve`: shows whom the guard holds, and lets them go when somebody says so."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cxone_operator.cli.options import Place, context_option, namespace_option
from cxone_operator.cli.output import Format, note, output_option, print_data, print_table

if TYPE_CHECKING:
    from cxone_operator.cli.processes.approve import Plan

_HEADERS = ("USER", "RESOURCE", "WHY", "ASKED BY", "EVENT")


@click.command("approve")
@click.argument("tenant")
@context_option
@namespace_option
@click.option("--yes", "approved", default=None, metavar="HASH", help="Approve without a question, if that is the plan")
@output_option
def approve(
    tenant: str, context: str | None, namespace: str | None, approved: str | None, output_format: Format
) -> None:
    """Show who would lose access, and approve it after a question.

    The guard of a tenant holds everybody when more people would leave at once than its limits allow. An approval is for
    just those who are shown; who comes later needs another one. With -o json or yaml nothing is asked. Exits 1 where
    nothing was approved that should have been.
    """
    from cxone_operator.cli.processes import approve as process
    from cxone_operator.cli.processes.session import run_session

    place = Place(context, namespace, tenant)
    plan = run_session(place, process.held)
    if plan is None or approved not in (None, plan.hash):
        _refuse_or_end(plan, approved)
        return
    shows_only = approved is None and output_format != "table"
    if not shows_only:
        if output_format == "table":
            _print(plan)
        if approved is None:
            _ask(plan)
        run_session(place, lambda session: process.approve(session, plan))
        note(f"approved: {_users(plan.held)} lose access")
    if output_format != "table":
        print_data(_body(plan, approved=not shows_only), output_format)


def _refuse_or_end(plan: Plan | None, approved: str | None) -> None:
    if approved is None:
        note("nobody is held")
        return
    now = f"the plan is {plan.hash} now, with {_users(plan.held)}" if plan is not None else "nobody is held now"
    raise click.ClickException(f"{approved} is not the plan: {now}; nothing was approved, so look who they are")


def _print(plan: Plan) -> None:
    rows = [
        (one.user_name, one.resource, one.why, one.requested_by or "not recorded", one.webhook_id or "-")
        for one in plan.people
    ]
    print_table(_HEADERS, rows, ("bold",))
    note(f"{_users(plan.held)} held since {plan.since}, plan {plan.hash}")
    if not plan.whole:
        note(f"not all of them are shown, or some have changed: {len(plan.people)} resources say that they are held")


def _ask(plan: Plan) -> None:
    if not sys.stdin.isatty():
        raise click.ClickException(f"nobody can be asked here, so nothing was approved; to approve: --yes {plan.hash}")
    if not click.confirm(f"Shall {_users(plan.held)} lose access?", err=True):
        note("nothing was approved")
        raise click.exceptions.Exit(1)


def _users(number: int) -> str:
    return "1 user" if number == 1 else f"{number} users"


def _body(plan: Plan, *, approved: bool) -> dict[str, object]:
    people = [
        {
            "userName": one.user_name,
            "resource": one.resource,
            "why": one.why,
            "requestedBy": one.requested_by,
            "webhookId": one.webhook_id,
        }
        for one in plan.people
    ]
    return {
        "tenant": plan.tenant.name,
        "namespace": plan.tenant.namespace,
        "planHash": plan.hash,
        "heldSince": plan.since,
        "held": plan.held,
        "complete": plan.whole,
        "approved": approved,
        "people": people,
    }

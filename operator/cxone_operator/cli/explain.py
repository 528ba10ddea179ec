"""`cxone-operator explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cxone_operator.cli.options import Place, place_options
from cxone_operator.cli.output import Format, output_option, print_data, print_table

if TYPE_CHECKING:
    from cxone_operator.rehearsal.page import Page

_MOST_LINES = 10
"""Audit lines that are shown, the newest."""


@click.command("explain")
@place_options
@click.argument("user")
@click.option(
    "--audit", "trail", type=click.File(), default=None, help="A file of audit lines: the last of this person"
)
@output_option
def explain(place: Place, user: str, trail: Any, output_format: Format) -> None:  # noqa: ANN401 - click's own file
    """Show one person on one page.

    What is declared, what CXone has, what is waited for, and what happens next. USER is the name of the CxoneUser, or
    the userName.
    """
    if place.no_cluster:
        raise click.UsageError("explain is about a resource of the cluster; leave out --no-cluster")
    page = _page(place, user)
    told = _told(trail, page) if trail is not None else []
    if output_format == "table":
        _print(page)
        for line in told:
            click.echo(line)
    else:
        print_data({**_data(page), "audit": told}, output_format)


def _page(place: Place, name: str) -> Page:
    from cxone_operator.cli.options import start_logging
    from cxone_operator.cli.processes.explaining import gather_person
    from cxone_operator.cli.processes.session import run_session
    from cxone_operator.core.desired import deletion_policy, desired_state, schedule
    from cxone_operator.rehearsal.forecast import forecast
    from cxone_operator.rehearsal.page import page_of
    from cxone_operator.rehearsal.rehearsal import rehearse

    start_logging("console", "error")
    person = run_session(place, lambda session: gather_person(session, place, name))
    found = forecast(person.scene, rehearse(person.scene), person.tenant)
    named = f"{person.user.metadata.namespace}/{person.user.metadata.name}"
    (following,) = (step for step in found.steps if step.resource == named)
    user, defaults = person.user, person.spec.defaults
    stays = not user.metadata.deleting or deletion_policy(user.spec, defaults) == "Retain"
    active = stays and schedule(user.spec, person.scene.began).active
    return page_of(user, desired_state(user.spec, defaults, active), person.account, following)


def _told(trail: Any, page: Page) -> list[str]:  # noqa: ANN401 - click's own file
    """The last audit lines of this resource; a line that is none is passed over."""
    uid = page.user.metadata.uid
    return [line.strip() for line in trail if f'"{uid}"' in line and '"audit"' in line][-_MOST_LINES:]


def _print(page: Page) -> None:
    user, account = page.user, page.account
    click.secho(f"{user.metadata.namespace}/{user.metadata.name}  {user.spec.user_name}", bold=True)
    click.echo(f"tenant {user.spec.tenant_ref.name}; last changed by {user.metadata.requested_by or 'nobody known'}")
    there = f"account {account.id}" if account is not None else "no account in CXone"
    state = "being deleted" if user.metadata.deleting else f"managementPolicy {user.spec.management_policy}"
    click.echo(f"{there}; {state}")
    click.echo()
    rows = [(line.field, line.declared, line.actual, "differs" if line.differs else "") for line in page.lines]
    print_table(("FIELD", "DECLARED", "CXONE", ""), rows)
    click.echo()
    said = [
        (item.type, f"{item.status}/{item.reason}", item.last_transition_time, item.message) for item in page.conditions
    ]
    print_table(("CONDITION", "IS", "SINCE", "MESSAGE"), said)
    click.echo()
    click.echo(f"next: {' — '.join(filter(None, (page.next.outcome, page.next.said)))}")


def _data(page: Page) -> dict[str, Any]:
    user = page.user
    return {
        "resource": f"{user.metadata.namespace}/{user.metadata.name}",
        "userName": user.spec.user_name,
        "requestedBy": user.metadata.requested_by,
        "userId": page.account.id if page.account is not None else None,
        "fields": [
            {"field": line.field, "declared": line.declared, "actual": line.actual, "differs": line.differs}
            for line in page.lines
        ],
        "conditions": [
            {"type": item.type, "status": item.status, "reason": item.reason, "since": item.last_transition_time}
            | {"message": item.message}
            for item in page.conditions
        ],
        "next": {"outcome": str(page.next.outcome), "changes": dict(page.next.changes), "note": page.next.note},
    }

"""`cxone-operator import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxone_operator.cli.options import Place, place_options

if TYPE_CHECKING:
    from cxone_operator.importing.layout import Layout


@click.command("import")
@place_options
@click.option("--filter", "pattern", default="*", metavar="PATTERN", help="Of userNames, in any case: '*@example.com'")
@click.option("--group", "groups", multiple=True, help="Who is in this group; repeatable, then in any of them")
@click.option("--role", "roles", multiple=True, help="Who has this role; repeatable, then any of them")
@click.option("--all", "managed", is_flag=True, help="Also who has a CxoneUser already, under the name that it has")
@click.option(
    "--layout",
    type=click.Choice(["one-file", "by-user", "by-group"]),
    default="one-file",
    show_default=True,
    help="In --output-dir: users.yaml, a file for each, or these in a folder for each first group",
)
@click.option(
    "--output-dir", type=click.Path(file_okay=False, path_type=Path), default=None, help="A folder [standard output]"
)
@click.option("--force", is_flag=True, help="Overwrite files that are there")
@click.option("--csv", "as_sheet", is_flag=True, help="Write a spreadsheet (users.csv in --output-dir)")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="Read this CSV file, and not CXone",
)
@click.option(
    "--named-in",
    "names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="Ask CXone only for those whom this CSV file names, as where it gives no list",
)
def import_users(
    place: Place,
    pattern: str,
    groups: tuple[str, ...],
    roles: tuple[str, ...],
    managed: bool,
    layout: Layout,
    output_dir: Path | None,
    force: bool,
    as_sheet: bool,
    source: Path | None,
    names: Path | None,
) -> None:
    """Write the users of CXone as CxoneUser resources.

    Or those of a spreadsheet. Applying them changes nothing in CXone. Left out are protected users, the account that
    the operator works with, and who has a CxoneUser already; standard error says how many.
    """
    if layout != "one-file" and (output_dir is None or as_sheet):
        raise click.UsageError(f"--layout {layout} is for resources in a folder; set --output-dir, without --csv")
    if source is not None and names is not None:
        raise click.UsageError("--from reads a file and not CXone, --named-in reads CXone; choose one of them")
    from cxone_operator.cli.processes.importing import Order, Source, import_from
    from cxone_operator.importing.choosing import Wish

    wish, order = Wish(pattern, groups, roles, managed), Order(layout, output_dir, force, as_sheet)
    import_from(place, Source(source, names), wish, order)

"""What a command of a person prints: a table on a terminal, plain lines when piped, JSON or YAML for programs.

Standard output has the answer and nothing else; progress and warnings go to standard error, and progress to a terminal
only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from cxone_operator.cli.options import Command

Format = Literal["table", "json", "yaml"]


def output_option(command: Command) -> Command:
    """`-o`, as `output_format`."""
    return click.option(
        "-o",
        "--output",
        "output_format",
        type=click.Choice(["table", "json", "yaml"]),
        default="table",
        show_default=True,
        help="For people or for programs",
    )(command)


def print_data(data: object, output_format: Format) -> None:
    """Builtin values, as JSON or YAML."""
    if output_format == "json":
        import json

        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        import yaml

        click.echo(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), nl=False)


def print_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    styles: Sequence[str] = (),
    row_style: Callable[[Sequence[str]], str] = lambda _row: "",
) -> None:
    """On a terminal a table, `styles` by column (rich's words) and `row_style` over them by row; without rows nothing.

    Piped, it is one line for each row, cells apart by tabs.
    """
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, header in enumerate(headers):
        table.add_column(header, style=styles[number] if number < len(styles) else None, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row), style=row_style(row))
    if table.rows:
        Console(highlight=False).print(table)


def note(text: str) -> None:
    """For the person, not for whatever reads the answer."""
    click.echo(text, err=True)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], Any]]:
    """A bar on a terminal's standard error; the function that is given moves it on by so many."""
    if not sys.stderr.isatty():
        yield lambda _advance: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda advance: bar.advance(task, advance)

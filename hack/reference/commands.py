"""The page of the commands: every one that the package installs, with its subcommands, arguments and options.

A command that is installed under two names is there once, under the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import distribution
from inspect import cleandoc
from pathlib import Path

import click

from reference.markdown import code, literal, page, section, table

PACKAGE = "cxone-operator"


def commands(_root: Path) -> str:
    """The page."""
    scripts = sorted(distribution(PACKAGE).entry_points.select(group="console_scripts"), key=lambda point: point.name)
    first = {point.value: point for point in reversed(scripts)}
    found = [item for point in scripts if point is first[point.value] for item in walk(point.load(), point.name)]
    return page(
        "Commands",
        "Each answers `-h`. Unless it says otherwise it exits 0 on success, 1 on failure, 2 where it was misused. "
        "`kubectl cxone …` is the same as `cxone-operator …` ([how](../how-to/commands.md#as-a-plugin-of-kubectl)).",
        *(section(context.command_path, description(context)) for context in found),
    )


def walk(command: click.Command, name: str, above: click.Context | None = None) -> Iterator[click.Context]:
    """The command and everything below it, in the order of its help."""
    context = click.Context(command, info_name=name, parent=above, **command.context_settings)
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None and not found.hidden:
                yield from walk(found, below, context)


def description(context: click.Context) -> str:
    """Help, usage, options and subcommands."""
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    rows = [row for param in command.get_params(context) if (row := _row(param, context)) is not None]
    parts = (_text(command), code(usage), _options(rows), _below(context))
    return "\n\n".join(part for part in parts if part)


def _text(command: click.Command) -> str:
    """Its help; paragraphs that begin with \\b keep their lines, as in the terminal."""
    paragraphs = cleandoc(command.help or "").split("\n\n")
    kept = (code(text.removeprefix("\b").strip("\n")) if text.startswith("\b") else text for text in paragraphs)
    return "\n\n".join(kept)


def _options(rows: list[tuple[str, str, str]]) -> str:
    """The environment is told of commands that take anything from it."""
    if any(environment for _, environment, _ in rows):
        return table(["option", "environment", "meaning"], rows)
    return table(["option", "meaning"], [(option, meaning) for option, _, meaning in rows])


def _row(param: click.Parameter, context: click.Context) -> tuple[str, str, str] | None:
    record = param.get_help_record(context)
    if record is None or getattr(param, "hidden", False):
        return None
    names = param.envvar if isinstance(param.envvar, list | tuple) else [param.envvar] if param.envvar else []
    return literal(record[0]), ", ".join(literal(name) for name in names), record[1]


def _below(context: click.Context) -> str:
    command = context.command
    if not isinstance(command, click.Group):
        return ""
    found = ((name, command.get_command(context, name)) for name in command.list_commands(context))
    rows = [(literal(name), below.get_short_help_str(200)) for name, below in found if below and not below.hidden]
    return table(["command", "what it does"], rows)

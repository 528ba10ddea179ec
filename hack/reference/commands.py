"""The page of the commands: every one that the package installs, with its subcommands, arguments and options."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import click

from reference.markdown import code, literal, page, section, table

PACKAGE = "cxone-operator"


def commands(_root: Path) -> str:
    """The page."""
    scripts = sorted(point.name for point in distribution(PACKAGE).entry_points if point.group == "console_scripts")
    points = {point.name: point for point in distribution(PACKAGE).entry_points}
    found = [item for name in scripts for item in walk(points[name].load(), name)]
    return page(
        "Commands",
        "Each answers `--help`. Unless it says otherwise it exits 0 on success, 1 on failure, 2 where it was misused.",
        *(section(context.command_path, description(context)) for context in found),
    )


def walk(command: click.Command, name: str, above: click.Context | None = None) -> Iterator[click.Context]:
    """The command and everything below it, in the order of its help."""
    context = click.Context(command, info_name=name, parent=above)
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
    parts = (_text(command), code(usage), table(["option", "environment", "meaning"], rows), _below(context))
    return "\n\n".join(part for part in parts if part)


def _text(command: click.Command) -> str:
    """Its help; paragraphs that begin with \\b keep their lines, as in the terminal."""
    paragraphs = (command.help or "").strip().split("\n\n")
    kept = (code(text.removeprefix("\b").strip("\n")) if text.startswith("\b") else text for text in paragraphs)
    return "\n\n".join(kept)


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

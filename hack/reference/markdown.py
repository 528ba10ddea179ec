"""Markdown: the few forms that the pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTE = "<!-- Written by `make reference` from the code; change that instead. -->"


def page(title: str, *parts: str) -> str:
    """A whole page; empty parts are left out."""
    return "\n\n".join([f"# {title}", NOTE, *(part.strip() for part in parts if part.strip())]) + "\n"


def section(title: str, *parts: str) -> str:
    """A second-level section; empty without content."""
    content = [part.strip() for part in parts if part.strip()]
    return "\n\n".join([f"## {title}", *content]) if content else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty without rows. Cells are Markdown."""
    lines = [_row(row) for row in rows]
    return "\n".join([_row(head), _row(["---"] * len(head)), *lines]) if lines else ""


def bullets(items: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"* {one_line(item)}" for item in items)


def code(text: str, language: str = "") -> str:
    """A block."""
    return f"```{language}\n{text.rstrip()}\n```"


def literal(text: object) -> str:
    """As it is typed; empty for nothing. A backtick inside takes two around it (CommonMark section 6.1)."""
    shown = str(text)
    if not shown:
        return ""
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def one_line(text: str) -> str:
    """Without line breaks."""
    return " ".join(text.split())


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(one_line(cell).replace('|', chr(92) + '|') for cell in cells)} |"

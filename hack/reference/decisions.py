"""The page of the decisions: the two tables that the core is made of, and the phases as a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cxone_operator.core import phase, plan
from cxone_operator.core.work import Phase
from reference.markdown import code, one_line, page, section, table
from reference.source import meaning

_REST = "[*]"
_NAMES = {item.name.title().replace("_", ""): item for item in Phase}
"""As the table calls them → the phase."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table in `core.phase`."""

    phases: str
    event: str
    next: str


def decisions(_root: Path) -> str:
    """The page."""
    lead, plans, rest = _parts(plan.__doc__)
    phases_lead, phases, phases_rest = _parts(phase.__doc__)
    return page(
        "Decisions",
        "What the operator does is in two tables, each of which is a function and a test with the same rows. How they "
        "come to be asked: [how it decides](../how-it-decides.md).",
        section("The plan", lead, plans, rest),
        section(
            "The phases of a user's work",
            phases_lead,
            code("\n".join(diagram(rows(phases))), "mermaid"),
            "Not drawn: what has not been sent can be planned anew in any phase, and a resource that goes, or a "
            "process that ends, ends the work in any of them.",
            phases,
            phases_rest,
            table(["phase", "meaning"], [(f"`{name}`", meaning(Phase, item.name)) for name, item in _NAMES.items()]),
        ),
    )


def rows(text: str) -> list[Row]:
    """Of a table in Markdown, without its head."""
    return [Row(*(cell.strip() for cell in line.strip("|").split("|")[:3])) for line in text.splitlines()[2:]]


def diagram(found: list[Row]) -> Iterator[str]:
    """The state diagram of Mermaid: an arrow for each way from one phase to another; the plan leads to all others."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in found:
        for start, end, event in _arrows(row):
            arrows.setdefault((start, end), []).append(event)
    reached = {end for _, end in arrows}
    yield "stateDiagram-v2"
    yield f"    {_REST} --> Idle: the resource is seen"
    yield from (f"    Idle --> {name}: planned" for name in _NAMES if name not in reached)
    yield from (f"    {start} --> {end}: {'<br/>'.join(events)}" for (start, end), events in arrows.items())


def _arrows(row: Row) -> Iterator[tuple[str, str, str]]:
    starts = [name for name in row.phases.split(", ") if name in _NAMES]
    ends = [_REST] if row.next == "none" else [name for name in re.split(r"[,:] ", row.next) if name in _NAMES]
    for start in starts:
        for end in ends:
            news = ", and it is news" if f"{end}: news" in row.next else ""
            yield start, end, f"{row.event}{news}"


def _parts(text: str | None) -> tuple[str, str, str]:
    """Of a docstring: what stands before its table, the table, and what stands after it."""
    paragraphs = (text or "").strip().split("\n\n")
    place = next(number for number, paragraph in enumerate(paragraphs) if paragraph.startswith("|"))
    before, after = paragraphs[:place], paragraphs[place + 1 :]
    return "\n\n".join(map(one_line, before)), paragraphs[place], "\n\n".join(map(one_line, after))

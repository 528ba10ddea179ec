"""The table of a benchmark: a row for each figure, over all runs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

Figures = Mapping[str, float]
_HEAD = ("figure", "min", "median", "max", "target", "met", "baseline")


def table(runs: Sequence[tuple[Figures, Figures]], targets: Figures) -> str:
    """Of each run its figures and their baselines; a target is met when every run meets it."""
    names = dict.fromkeys(name for figures, _ in runs for name in figures)
    missed = [name for name in targets if name not in names]
    rows = [_HEAD, *(_row(name, runs, targets) for name in (*names, *missed))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(name: str, runs: Sequence[tuple[Figures, Figures]], targets: Figures) -> tuple[str, ...]:
    values = [figures[name] for figures, _ in runs if name in figures]
    bases = [baselines[name] for _, baselines in runs if name in baselines]
    target = targets.get(name)
    return (
        name,
        *(_number(summary(values)) if values else "-" for summary in (min, statistics.median, max)),
        "" if target is None else f"<= {_number(target)}",
        "" if target is None else _met(values, target, len(runs)),
        _number(statistics.median(bases)) if bases else "",
    )


def _met(values: Sequence[float], target: float, runs: int) -> str:
    """What some runs have not found stays open, unless others have missed it."""
    if values and max(values) > target:
        return "NO"
    return "yes" if len(values) == runs else "?"


def _number(value: float) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    """Names to the left, numbers to the right."""
    numbers = (text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join((row[0].ljust(widths[0]), *numbers)).rstrip()

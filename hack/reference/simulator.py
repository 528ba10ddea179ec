"""The page of the simulator's habits."""

from __future__ import annotations

from pathlib import Path

from cxone_simulator.habits import HABITS
from reference.markdown import literal, page, table


def habits(_root: Path) -> str:
    """Every habit by name, and what the tenant does while it is on."""
    return page(
        "Habits of the simulator",
        "What real servers do that no RFC asks for. `PATCH /_simulator/habits` with `{"
        '"zoneAlias": true}` switches some on or off, `GET` lists them, `DELETE` ends all. '
        "A habit lasts; a fault (`/_simulator/faults`) strikes single requests.",
        table(("habit", "while it is on"), [(literal(name), habit.says) for name, habit in HABITS.items()]),
    )

"""The page of the decisions has the tables of the core, and a picture of the phases that says the same."""

from __future__ import annotations

from cxone_operator.core.work import Phase
from reference.__main__ import ROOT
from reference.decisions import Row, decisions, diagram, rows


def _picture() -> list[str]:
    return decisions(ROOT).partition("```mermaid\n")[2].partition("```")[0].splitlines()


def test_every_phase_is_reached() -> None:
    """From the beginning, each of them."""
    ends = {line.split(" --> ")[1].partition(":")[0] for line in _picture() if " --> " in line}
    assert {item.name.title().replace("_", "") for item in Phase} <= ends


def test_an_arrow_for_each_way() -> None:
    """One that stands for each of the events that lead there."""
    found = list(diagram([Row("Sending, InJob", "Ended", "Verifying"), Row("Sending", "Done", "Verifying")]))
    assert "    Sending --> Verifying: Ended<br/>Done" in found
    assert "    InJob --> Verifying: Ended" in found


def test_an_arrow_to_each_of_two() -> None:
    """Where it depends on whether the failure is news; and an end."""
    found = list(diagram([Row("InJob", "Failed", "BackingOff, Idle: news"), Row("Stalled", "Freed", "none")]))
    assert "    InJob --> BackingOff: Failed" in found
    assert "    InJob --> Idle: Failed, and it is news" in found
    assert "    Stalled --> [*]: Freed" in found


def test_what_is_no_way_is_left_out() -> None:
    """`as Verifying, not seen` stands in another row, and `any` is no phase."""
    found = list(diagram([Row("Sending", "Done", "as Verifying, not seen"), Row("any", "Gone", "none")]))
    assert [line for line in found if "Done" in line or "Gone" in line] == []


def test_rows_are_read() -> None:
    """Without head and rule."""
    table = "| phase | event | next | effects |\n|---|---|---|---|\n| Idle | Sent | Sending | seat |"
    assert rows(table) == [Row("Idle", "Sent", "Sending")]

"""kill -9 at every named step, before and after it: the next operator finishes what the last one began."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chaos.processes.campaign import Outcome, Schedule, insist, play_all, quiet
from chaos.processes.proxy import Fault
from chaos.processes.steps import CXONE, KUBERNETES
from chaos.processes.workload import Workload
from controlplane.plane import ControlPlane

POINTS = [(step, before) for step in [*KUBERNETES, *CXONE] for before in (True, False) if before or step != "watch"]


def _name(point: tuple[str, bool]) -> str:
    return f"{'before' if point[1] else 'after'}-{point[0]}"


def _through_every_step(work: Workload, schedule: Schedule) -> None:
    """Joiners enough for a bulk job, one alone, a mover, a leaver, and a deletion of each kind."""
    for number in range(4):
        work.join(f"p{number}")
    quiet(work)
    work.join("alone")
    quiet(work)
    first, second, third, alone = (work.people[f"{name}@example.com"] for name in ("p0", "p1", "p2", "alone"))
    work.change(first, role="Evaluator")
    work.change(second, active=False)
    time.sleep(1.0)
    work.delete(third)
    work.delete(second)
    time.sleep(0.5)
    work.change(alone, active=False)
    time.sleep(0.5)
    work.join("p2")
    insist(work, schedule)


@pytest.fixture(scope="module")
def outcomes(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], Outcome]:
    """All of them, several side by side."""
    schedules = [
        Schedule(_name(point), number, (Fault(point[0], "kill", before=point[1]),))
        for number, point in enumerate(POINTS)
    ]
    directory: Path = tmp_path_factory.mktemp("crash-points")
    return dict(zip(POINTS, play_all(control_plane, schedules, directory, _through_every_step), strict=True))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("point", POINTS, ids=_name)
def test_a_crash(outcomes: dict[tuple[str, bool], Outcome], point: tuple[str, bool]) -> None:
    """It happened, and everything ended well."""
    outcome = outcomes[point]
    assert outcome.schedule.faults[0].struck, f"no request for {point[0]} was seen"
    assert not outcome.complaints, str(outcome)

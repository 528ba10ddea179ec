"""kill -9 at every named step, before and after it: the next operator finishes what the last one began."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chaos.processes.campaign import Schedule, insist, play, quiet
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


@pytest.mark.parametrize("point", POINTS, ids=_name)
def test_a_crash(control_plane: ControlPlane, tmp_path: Path, point: tuple[str, bool]) -> None:
    """It happens, and everything ends well."""
    step, before = point
    fault = Fault(step, "kill", before=before)
    outcome = play(control_plane, Schedule(_name(point), POINTS.index(point), (fault,)), tmp_path, _through_every_step)
    assert fault.struck, f"no request for {step} was seen"
    assert not outcome.complaints, str(outcome)

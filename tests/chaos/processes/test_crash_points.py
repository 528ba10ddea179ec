"""kill -9 at every named step, before and after it: the next operator finishes what the last one began."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chaos.processes.campaign import Schedule, insist, play, quiet
from chaos.processes.proxy import Fault
from chaos.processes.steps import KUBERNETES, PRESETS
from chaos.processes.workload import Workload
from controlplane.plane import ControlPlane

Point = tuple[str, bool, str]
"""A step, whether before it, and the API that CXone speaks."""
_THEIR_OWN = {
    "RFC7644": ("describe", "list-groups", "create", "bulk", "patch", "patch-group"),
    "UserHub": ("search", "create", "patch"),
}
"""Steps that only these APIs have, or that mean something else there."""
POINTS: list[Point] = [
    *(
        (step, before, "Platform")
        for step in [*KUBERNETES, *PRESETS["Platform"]]
        for before in (True, False)
        if before or step != "watch"
    ),
    *((step, before, preset) for preset, steps in _THEIR_OWN.items() for step in steps for before in (True, False)),
]


def _name(point: Point) -> str:
    step, before, preset = point
    return f"{'before' if before else 'after'}-{step}" + ("" if preset == "Platform" else f"-{preset}")


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
def test_a_crash(control_plane: ControlPlane, tmp_path: Path, point: Point) -> None:
    """It happens, and everything ends well."""
    step, before, preset = point
    fault = Fault(step, "kill", before=before)
    schedule = Schedule(_name(point), POINTS.index(point), (fault,), preset=preset)
    outcome = play(control_plane, schedule, tmp_path, _through_every_step)
    assert fault.struck, f"no request for {step} was seen"
    assert not outcome.complaints, str(outcome)

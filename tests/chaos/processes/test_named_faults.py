"""Each fault and each trouble alone, at the same moment of the same story, so that a failure names its cause."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.processes.campaign import Play, Schedule, insist, play, quiet
from chaos.processes.proxy import Fault
from chaos.processes.troubles import TROUBLES, Trouble
from chaos.processes.workload import Workload
from controlplane.plane import ControlPlane

_LATE = {"Retry-After": "1"}
FAULTS = (
    *(Fault("claim", action, before) for action, before in (("cut", True), ("cut", False), ("truncate", False))),
    *(Fault("claim", "status", True, status=status) for status in (409, 429, 500, 503)),
    *(Fault("status", action, before) for action, before in (("cut", True), ("cut", False), ("truncate", False))),
    *(Fault("status", "status", True, status=status) for status in (409, 503)),
    *(Fault("release", action, before) for action, before in (("cut", True), ("cut", False), ("truncate", False))),
    *(Fault("release", "status", True, status=status) for status in (409, 503)),
    *(Fault("tenant-status", action, before) for action, before in (("cut", True), ("cut", False), ("delay", True))),
    Fault("tenant-status", "status", True, status=503),
    *(Fault("list", "status", True, status=status, at=at) for status in (410, 503) for at in (1, 2)),
    Fault("list", "truncate", False),
    *(Fault("watch", action, True) for action in ("gone", "cut")),
    *(Fault("watch", "status", True, status=status) for status in (403, 429, 503)),
    *(Fault("secret", action, False) for action in ("truncate", "cut")),
    *(Fault("lease", action, before, at=3) for action, before in (("cut", False), ("truncate", False))),
    Fault("lease", "delay", True, at=3, seconds=4.0),
    *(Fault("token", action, False) for action in ("truncate", "cut")),
    Fault("token", "status", True, status=429, headers=_LATE),
    *(
        Fault(step, action, before, seconds=5.0)
        for step in ("create", "patch", "bulk")
        for action, before in (("cut", True), ("cut", False), ("truncate", False), ("freeze", True), ("freeze", False))
    ),
    *(Fault(step, "status", False, status=503) for step in ("create", "patch", "bulk")),
    *(Fault(step, "status", True, status=429, headers=_LATE) for step in ("create", "patch", "bulk", "list-users")),
    *(Fault("poll", action, False, seconds=5.0) for action in ("cut", "truncate", "freeze")),
    *(Fault("list-users", action, False) for action in ("cut", "truncate")),
    *(Fault("quota", action, False) for action in ("cut", "truncate")),
)
"""Of one request. Status 503 after means that CXone did it, and a gateway said that it had not."""


def _fault_name(fault: Fault) -> str:
    return str(fault).replace(" ", "-").replace("#", "")


def _story(work: Workload, trouble: Callable[[], None]) -> None:
    """Joiners, then the trouble, then whatever people do: join, move, leave, go, come back under another name."""
    for number in range(3):
        work.join(f"p{number}")
    quiet(work)
    trouble()
    first, second, third = (work.people[f"p{number}@example.com"] for number in range(3))
    work.join("alone")
    quiet(work)
    work.change(first, role="Evaluator")
    work.change(second, active=False)
    time.sleep(0.7)
    work.delete(third)
    for number in range(4, 7):
        work.join(f"p{number}")
    time.sleep(0.5)
    work.join("p2")
    work.change(work.people["alone@example.com"], active=False)
    work.change(second, active=True)
    time.sleep(1.0)


def _caused(trouble: Trouble | None) -> Play:
    """The story, with that in it."""

    def act(work: Workload, schedule: Schedule) -> None:
        _story(work, lambda: trouble.cause(work.world) if trouble is not None else None)
        insist(work, schedule)

    return act


@pytest.mark.parametrize("fault", FAULTS, ids=_fault_name)
def test_one_request_goes_wrong(control_plane: ControlPlane, tmp_path: Path, fault: Fault) -> None:
    """It happens, and everything ends well."""
    fault = replace(fault)
    outcome = play(control_plane, Schedule(_fault_name(fault), 0, (fault,)), tmp_path, _caused(None))
    assert fault.struck, "no such request was seen"
    assert not outcome.complaints, str(outcome)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_more_goes_wrong(control_plane: ControlPlane, tmp_path: Path, trouble: Trouble) -> None:
    """In the same story; everything ends well."""
    outcome = play(control_plane, Schedule(trouble.name, 0, ()), tmp_path, _caused(trouble))
    assert not outcome.complaints, str(outcome)

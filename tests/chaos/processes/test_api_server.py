"""The API server goes away, or hangs, under operators that work: a control plane of their own, three worlds at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chaos.processes.campaign import Schedule, play
from chaos.processes.workload import Workload
from controlplane.plane import ControlPlane
from support.api_server import ApiServer

_WORLDS = 3


def _hang(server: ApiServer, seconds: float) -> None:
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def _restart(server: ApiServer, seconds: float) -> None:
    server.kill()
    time.sleep(seconds)
    server.start()


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("break_it", "seconds"),
    [(_restart, 0.0), (_restart, 6.0), (_hang, 1.5), (_hang, 8.0)],
    ids=["restarts", "is-gone-longer-than-a-lease", "hangs-briefly", "hangs-longer-than-a-lease"],
)
def test_the_api_server(
    own_plane: ControlPlane, api_server: ApiServer, tmp_path: Path, break_it: Any, seconds: float
) -> None:
    """While jobs run and somebody meddles in CXone; people go on when it is back."""
    gather, after = threading.Barrier(_WORLDS + 1, timeout=60), threading.Barrier(_WORLDS + 1, timeout=120)

    def act(work: Workload, _: Schedule) -> None:
        for number in range(4):
            work.join(f"p{number}")
        time.sleep(2.0)
        work.change(work.people["p0@example.com"], active=False)
        for number in range(4, 7):
            work.join(f"p{number}")
        gather.wait()
        work.meddle("p1@example.com", work.people["p1@example.com"])
        after.wait()
        work.change(work.people["p2@example.com"], active=False)
        work.delete(work.people["p3@example.com"])
        work.join("late")
        time.sleep(1.0)

    with ThreadPoolExecutor(_WORLDS) as pool:
        outcomes = [
            pool.submit(play, own_plane, Schedule(f"world {number}", number, ()), tmp_path / str(number), act)
            for number in range(_WORLDS)
        ]
        gather.wait()
        break_it(api_server, seconds)
        after.wait()
        problems = [str(outcome.result()) for outcome in outcomes if outcome.result().complaints]
    assert not problems, "\n".join(problems)

"""The API server goes away, or hangs, under operators that work: a control plane of their own, three worlds at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from chaos.processes.campaign import Schedule, play
from chaos.processes.workload import Workload
from controlplane.plane import ControlPlane
from controlplane.processes import spawn
from support.kube import Kube

CRDS = Path(__file__).parents[3] / "crds"
_WORLDS = 3


class ApiServer:
    """The kube-apiserver of a control plane, which can be ended and started again with the same data and port."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self.process = next(process for process in plane.processes if process.name == "kube-apiserver")
        self._kube = Kube(plane.url, plane.token, plane.certificate)

    def kill(self) -> None:
        """As a machine that loses power."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.stop(0.0)

    def start(self) -> None:
        """Again, on the same port; returns when it is ready."""
        assert self.process.child is not None
        # The launcher is in front of it already, so that it ends with this process.
        command = [str(part) for part in self.process.child.args]
        log = self._plane.files.log("kube-apiserver")
        self.process = spawn("kube-apiserver", command, log, die_with_parent=False)
        deadline = time.monotonic() + 60
        while not self._ready():
            assert time.monotonic() < deadline, f"the API server did not come back; its log is {log}"
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            return self._kube.request("GET", "/apis/cxone.dev/v1alpha1/cxoneusers?limit=1").code == 200
        except (OSError, ValueError, HTTPException):
            return False


@pytest.fixture(scope="module")
def own_plane(control_plane_binaries: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane that only these tests use."""
    with ControlPlane.start(tmp_path_factory.mktemp("own"), crds=CRDS, audit=False) as plane:
        yield plane


@pytest.fixture
def api_server(own_plane: ControlPlane) -> Iterator[ApiServer]:
    """Its API server; ended before etcd, as it may hang without it."""
    server = ApiServer(own_plane)
    yield server
    own_plane._processes[:] = [
        server.process if process.name == "kube-apiserver" else process for process in own_plane.processes
    ]


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

"""The control plane of a run: started once, whoever asks first, and never outlives the run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controlplane import state
from controlplane.binaries import Binaries
from controlplane.processes import start_time
from support.shared_plane import shared

ROOT = Path(__file__).parents[2]
RUN = """
import time
from support.shared_plane import Keeper
print(Keeper().address, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
def test_nothing_outlives_a_run_that_is_killed(control_plane_binaries: Binaries, tmp_path: Path) -> None:
    """Whoever asks gets the same; its process is killed, and the servers, which a thread of it started, are gone."""
    paths = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "hack")])
    environment = {**os.environ, "PYTHONPATH": paths}
    with subprocess.Popen([sys.executable, "-c", RUN], env=environment, stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None
            address = run.stdout.readline().strip()
            plane = shared(address, tmp_path / "first")
            assert shared(address, tmp_path / "second").url == plane.url
            assert plane.kubectl("get", "cxone", "--all-namespaces").stderr.startswith("No resources found")
            servers = [process.pid for process in state.load(plane.files.state)[1]]
            assert all(map(start_time, servers))
        finally:
            run.kill()
    deadline = time.monotonic() + 10
    while any(map(start_time, servers)):
        assert time.monotonic() < deadline
        time.sleep(0.01)

"""Processes are ended if they are ours, and only then."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controlplane import processes, state
from controlplane.errors import ControlPlaneError
from controlplane.processes import Process, spawn, start_time

HACK = Path(processes.__file__).parents[1]


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    process = spawn("sleeper", ["/bin/sleep", "600"], tmp_path / "log", die_with_parent=False)
    yield process
    process.stop()


def test_a_process_is_ended_when_asked(sleeper: Process) -> None:
    assert sleeper.alive
    sleeper.stop()
    assert not sleeper.alive


def test_a_process_that_does_not_listen_is_killed(executable: Callable[[str, str], Path], tmp_path: Path) -> None:
    script = executable("deaf", f"trap '' TERM\necho > {tmp_path / 'ready'}\nwhile :; do sleep 0.1; done")
    process = spawn("deaf", [str(script)], tmp_path / "log", die_with_parent=False)
    _until((tmp_path / "ready").exists)
    process.stop(grace_seconds=0.2)
    assert process.child is not None
    assert process.child.returncode == -signal.SIGKILL


def test_another_process_with_the_same_pid_is_left_alone(sleeper: Process, tmp_path: Path) -> None:
    state.save(tmp_path / "state.json", "", [replace(sleeper, started="long ago")])
    assert state.stop(tmp_path / "state.json") == 0
    assert sleeper.alive


def test_the_record_is_enough_to_end_a_process(sleeper: Process, tmp_path: Path) -> None:
    record = tmp_path / "state.json"
    state.save(record, "https://127.0.0.1:1", [sleeper])
    assert state.load(record) == ("https://127.0.0.1:1", (sleeper,))
    assert state.stop(record) == 1
    assert (sleeper.alive, record.exists()) == (False, False)


@pytest.mark.parametrize("content", ["", "{}", json.dumps({"url": "", "processes": [{"pid": 1}]})])
def test_a_damaged_record_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "state.json").write_text(content)
    with pytest.raises(ControlPlaneError, match="is damaged"):
        state.load(tmp_path / "state.json")


def test_nobody_has_a_start_time_after_the_end(sleeper: Process) -> None:
    assert start_time(sleeper.pid) == sleeper.started
    sleeper.stop()
    assert start_time(sleeper.pid) is None


def test_the_settings_of_another_etcd_are_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETCD_NAME", "other")
    process = spawn("env", ["/usr/bin/env"], tmp_path / "log", die_with_parent=False)
    process.stop()
    assert "ETCD_NAME" not in (tmp_path / "log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    script = f"""
import time
from pathlib import Path
from controlplane.processes import spawn
child = spawn("sleeper", ["/bin/sleep", "600"], Path({str(tmp_path / "log")!r}), die_with_parent=True)
while "sleep" not in Path(f"/proc/{{child.pid}}/comm").read_text():
    time.sleep(0.01)
print(child.pid, flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(HACK)}, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert start_time(child) is not None
        parent.kill()
    _until(lambda: start_time(child) is None)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)

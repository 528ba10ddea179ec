"""What the fork server starts behaves and reports as the installed command does, so that tests may use either."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from controlplane.plane import ControlPlane
from controlplane.processes import start_time
from demo import stage
from demo.stage import CLIENT_ID, Starter, installed, operator_port, start_operator, start_simulator
from support.forked import Forked
from support.kube import Kube
from support.resources import tenant, user
from support.waiting import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def forked() -> Starter:
    """What all tests start processes with."""
    assert isinstance(stage.starter, Forked)
    return stage.starter


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _story(starter: Starter, plane: ControlPlane, kube: Kube, namespace: str, directory: Path) -> dict[str, Any]:
    """Somebody joins and leaves, then the operator is told to end: all that can be seen of it from outside."""
    directory.mkdir()
    log, secret = directory / "operator.log", secrets.token_urlsafe(16)
    with ExitStack() as ending, pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "starter", starter)
        process, simulator = start_simulator(directory, secret, "--requests-per-minute", "0")
        ending.callback(process.stop, 0.0)
        kube.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}).accepted()
        credentials = {"clientId": CLIENT_ID, "clientSecret": secret}
        body = {"metadata": {"name": "cxone-credentials"}, "stringData": credentials}
        kube.request("POST", f"/api/v1/namespaces/{namespace}/secrets", body).accepted()
        kube.create(tenant(namespace, baseURL=simulator.url)).accepted()
        operator = start_operator(log, plane.kubeconfig, "--namespace", namespace)
        ending.callback(operator.stop, 0.0)
        kube.create(user(namespace, "jane", role="Agent")).accepted()
        eventually(lambda: _is_ready(kube, namespace, active=True))
        kube.patch("CxoneUser", namespace, "jane", {"spec": {"active": False}}).accepted()
        eventually(lambda: _is_ready(kube, namespace, active=False))
        with urllib.request.urlopen(f"http://127.0.0.1:{operator_port(log)}/metrics", timeout=10) as answer:
            metrics = answer.read().decode()
        status, folder = _status(operator.pid), os.readlink(f"/proc/{operator.pid}/cwd")
        os.kill(operator.pid, signal.SIGTERM)
        assert operator.child is not None
        code = operator.child.wait(20)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return {
            "exit code": code,
            "events": sorted({(line.get("log", ""), line.get("level", ""), line.get("event", "")) for line in lines}),
            "fields": sorted({field for line in lines for field in line}),
            "metrics": sorted(set(re.findall(r"^(?:# HELP )?(\w+)", metrics, re.MULTILINE))),
            "signals": {name: value for name, value in status.items() if name.startswith("Sig") and name != "SigQ"},
            "umask": status["Umask"],
            "leads its session": status["NSsid"] == status["NSpid"],
            "directory": folder,
            "effects": [entry["effect"] for entry in simulator.get("journal")["entries"]],
        }


def _is_ready(kube: Kube, namespace: str, *, active: bool) -> bool:
    body = kube.get("CxoneUser", namespace, "jane").accepted()
    status = body.get("status", {})
    current = status.get("observedGeneration") == body["metadata"]["generation"]
    ready = any(item["type"] == "Ready" and item["status"] == "True" for item in status.get("conditions", []))
    return current and ready and status.get("active") is active


def test_an_operator_behaves_and_reports_the_same(
    forked: Starter, control_plane: ControlPlane, kube: Kube, namespace: str, tmp_path: Path
) -> None:
    """Events, fields, metrics, what it did, how it takes signals, and its exit code."""
    seen = [
        _story(starter, control_plane, kube, f"{namespace}-{name}", tmp_path / name)
        for name, starter in (("installed", installed), ("forked", forked))
    ]
    assert seen[0] == seen[1]
    assert seen[0]["exit code"] == 0
    assert seen[0]["leads its session"] is True
    assert len(seen[0]["metrics"]) > 20
    assert ("", "info", "listening") in seen[0]["events"]


@pytest.mark.parametrize(
    ("command", "variables", "code"),
    [
        (("cxone-operator", "--version"), {}, 0),
        (("cxone-operator", "bridge", "--help"), {}, 0),
        (("cxone-operator", "run", "--listen", "nowhere"), {}, 2),
        (("cxone-operator", "run"), {"KUBECONFIG": "/nonexistent/a"}, 1),
        (("cxone-operator", "run"), {"KUBECONFIG": "/nonexistent/b"}, 1),
        (("cxone-operator", "run"), {"CXONE_BASE_URL": "http://x"}, 1),
        (("cxone-simulator", "--version"), {}, 0),
        (("cxone-simulator", "--job-seconds", "inf"), {}, 2),
    ],
)
def test_a_command_says_the_same(
    forked: Starter, tmp_path: Path, command: tuple[str, ...], variables: dict[str, str], code: int
) -> None:
    """Of its arguments and its environment, to the letter; with the same exit code."""
    said = []
    for number, starter in enumerate((installed, forked, forked)):
        log = tmp_path / f"{number}.log"
        process = starter(command[0], command[1:], log, variables)
        assert process.child is not None
        said.append((process.child.wait(20), log.read_text()))
    assert said[0][1] != ""
    assert said[1:] == [said[0]] * 2
    assert said[0][0] == code


def test_two_in_a_row_have_different_parents(forked: Starter, tmp_path: Path) -> None:
    """Children of one server hash strings alike; an operator and its successor must not."""
    processes = [forked("cxone-simulator", ["--listen", "127.0.0.1:0"], tmp_path / "log", {}) for _ in range(2)]
    assert len({_status(process.pid)["PPid"] for process in processes}) == 2


def test_a_kill_is_seen(forked: Starter, tmp_path: Path) -> None:
    """At once, with the number of the signal."""
    process = forked("cxone-simulator", ["--listen", "127.0.0.1:0"], tmp_path / "log", {})
    assert process.alive
    process.stop(0.0)
    assert not process.alive
    assert process.child is not None
    assert process.child.wait() in (-signal.SIGKILL, -signal.SIGTERM)


def test_it_outlives_the_thread_that_started_it(forked: Starter, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(forked, "cxone-simulator", ["--listen", "127.0.0.1:0"], tmp_path / "log", {})
    eventually(lambda: "listening" in (tmp_path / "log").read_text())
    assert started.result().alive


def test_nothing_outlives_a_killed_test_run(tmp_path: Path) -> None:
    """Neither the servers nor what they started."""
    script = f"""
import time
from pathlib import Path
from support.forked import Forked
forked = Forked()
for number in range(2):
    child = forked("cxone-simulator", ["--listen", "127.0.0.1:0"], Path({str(tmp_path / "log")!r}), {{}})
    print(child.pid, flush=True)
time.sleep(600)
"""
    paths = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "hack")])
    with subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        children = [int(parent.stdout.readline()) for _ in range(2)]
        servers = [int(_status(child)["PPid"]) for child in children]
        assert all(map(start_time, [*children, *servers]))
        parent.kill()
    deadline = time.monotonic() + 10
    while any(map(start_time, [*children, *servers])):
        assert time.monotonic() < deadline
        time.sleep(0.01)

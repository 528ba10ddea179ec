"""What Argo CD's part of the story needs: made once, as all binaries of the cluster."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from controlplane import cache, gobuild
from tools import catalogue, finder

PACKAGES = {"redis-server": "redis-server", "git": "git"}
"""A program → the package of Debian that brings it."""
_MANIFESTS = "install.yaml"
_SOURCES = {_MANIFESTS: "manifests", "git-verify-wrapper.sh": "hack"}
"""What an installation applies, and what the repository server starts for each commit → where the source has it."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where each of them is."""

    argocd: Path
    kustomize: Path
    shipped: Path
    """The folder of what Argo CD ships beside its program."""

    @property
    def manifests(self) -> Path:
        """All that an installation applies."""
        return self.shipped / _MANIFESTS

    @property
    def path(self) -> str:
        """Where the repository server finds what it starts."""
        return os.pathsep.join((str(self.shipped), str(self.kustomize.parent), os.environ["PATH"]))


def locate() -> Programs:
    """All of them; takes minutes where they must be built."""
    tool = catalogue.argocd()
    shipped = cache.root("e2e") / f"argocd-{tool.version}"
    if not all((shipped / name).exists() for name in _SOURCES):
        with cache.alone(shipped, "what Argo CD ships"):
            _keep(tool, shipped)
    return Programs(finder.locate(tool), finder.locate(catalogue.kustomize()), shipped)


def _keep(tool: catalogue.Tool, to: Path) -> None:
    """As the source of a module may be cleaned away."""
    module = tool.program.module
    source = gobuild.source(module, catalogue.ARGOCD, gobuild.find_go(module, "run it where it was run before"))
    for name, folder in _SOURCES.items():
        unfinished = to / f".{name}"
        shutil.copyfile(source / folder / name, unfinished)
        unfinished.chmod(0o755)
        unfinished.replace(to / name)

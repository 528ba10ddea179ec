"""What Argo CD's part of the story needs: made once, as all binaries of the cluster."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from controlplane import gobuild
from tools import catalogue, finder

PACKAGES = {"redis-server": "redis-server", "git": "git"}
"""A program → the package of Debian that brings it."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where each of them is."""

    argocd: Path
    kustomize: Path
    manifests: Path
    """All that an installation applies, as one file."""


def locate() -> Programs:
    """All of them; takes minutes where they must be built."""
    tool = catalogue.argocd()
    manifests = finder.cache_folder(tool) / "install.yaml"
    argocd = finder.locate(tool)
    if not manifests.exists():
        _keep_manifests(tool, manifests)
    return Programs(argocd, finder.locate(catalogue.kustomize()), manifests)


def _keep_manifests(tool: catalogue.Tool, to: Path) -> None:
    """Beside the program, as the source of a module may be cleaned away."""
    module = tool.program.module
    go = gobuild.find_go(module, "run it where Argo CD was built before")
    source = gobuild.source(module, catalogue.ARGOCD, go)
    unfinished = to.with_name(".install.yaml")
    shutil.copyfile(source / "manifests" / "install.yaml", unfinished)
    unfinished.replace(to)

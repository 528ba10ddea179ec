"""The binaries of the cluster. Whatever is not there yet is built, once, into the cache that all checkouts share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controlplane import binaries
from controlplane.binaries import Binaries
from tools import finder
from tools.catalogue import TOOLS


@dataclass(frozen=True, slots=True)
class Programs:
    """Where each of them is."""

    control_plane: Binaries
    kubernetes: Path
    """The folder with what else is of Kubernetes: kubelet, scheduler and the like."""
    containerd: Path
    shim: Path
    ctr: Path
    coredns: Path
    kube_router: Path
    helm: Path


def locate() -> Programs:
    """All of them; takes minutes where they must be built."""
    return Programs(
        control_plane=binaries.locate(),
        kubernetes=binaries.locate_node(),
        containerd=_tool("containerd"),
        shim=_tool("containerd-shim-runc-v2"),
        ctr=_tool("ctr"),
        coredns=_tool("coredns"),
        kube_router=_tool("kube-router"),
        helm=_tool("helm"),
    )


def _tool(name: str) -> Path:
    return finder.locate(TOOLS[name]())

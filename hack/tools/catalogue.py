"""Which tools there are, and how each is built and asked for its version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from controlplane.gobuild import Program
from controlplane.versions import GoModule

ARGOCD = "github.com/argoproj/argo-cd/v3"
"""The module of Argo CD, which has its manifests, too."""
MODULES = Path(__file__).parent
"""The folder with one Go module for each tool: programs that share one would have to agree on every dependency."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, the version that its module pins, and the arguments that make it print its version."""

    program: Program
    version: str
    """As the program says it, for example 3.22.0."""
    ask: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called on PATH."""
        return self.program.name


def helm() -> Tool:
    """Renders and checks the chart. It takes a cluster for the Kubernetes of its client-go, as its makefile has it."""
    module = GoModule(MODULES / "helm")
    version = module.version("helm.sh/helm/v3")
    kubernetes_minor = module.version("k8s.io/client-go").split(".")[1]
    stamps = [("helm.sh/helm/v3/internal/version.version", version)]
    for package in ("helm.sh/helm/v3/pkg/chartutil", "helm.sh/helm/v3/pkg/lint/rules"):
        stamps += [(f"{package}.k8sVersionMajor", "1"), (f"{package}.k8sVersionMinor", kubernetes_minor)]
    program = Program("helm", "helm.sh/helm/v3/cmd/helm", module, stamps=tuple(stamps))
    return Tool(program, version.removeprefix("v"), ("version", "--short"))


def promtool() -> Tool:
    """Checks and tests alert rules, and parses queries; built without the service discoveries, a fifth of its packages.

    The module of Prometheus 3.15.1 has the version v0.315.1.
    """
    module = GoModule(MODULES / "promtool")
    _, release, patch = module.version("github.com/prometheus/prometheus").split(".")
    version = f"{int(release) // 100}.{int(release) % 100}.{patch}"
    program = Program(
        "promtool",
        "github.com/prometheus/prometheus/cmd/promtool",
        module,
        stamps=(("github.com/prometheus/common/version.Version", version),),
        tags=("remove_all_sd",),
    )
    return Tool(program, version, ("--version",))


def kubeconform() -> Tool:
    """Holds manifests against the schemas of what a cluster serves."""
    module = GoModule(MODULES / "kubeconform")
    version = module.version("github.com/yannh/kubeconform")
    program = Program(
        "kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform", module, stamps=(("main.version", version),)
    )
    return Tool(program, version.removeprefix("v"), ("-v",))


def kube_score() -> Tool:
    """Judges manifests as auditors of clusters do."""
    module = GoModule(MODULES / "kube-score")
    version = module.version("github.com/zegl/kube-score").removeprefix("v")
    program = Program(
        "kube-score", "github.com/zegl/kube-score/cmd/kube-score", module, stamps=(("main.version", version),)
    )
    return Tool(program, version, ("version",))


def containerd(name: str) -> Tool:
    """The container runtime of a node: itself, its shim for runc, or its command line."""
    package = "github.com/containerd/containerd/v2"
    module = GoModule(MODULES / "containerd")
    version = module.version(package)
    program = Program(
        name,
        f"{package}/cmd/{name}",
        module,
        stamps=((f"{package}/version.Version", version),),
        tags=("no_btrfs", "no_devmapper", "no_zfs", "no_aufs"),
    )
    return Tool(program, version.removeprefix("v"), ("--version",))


def coredns() -> Tool:
    """The DNS of a cluster, with those plugins only that answer for its own names."""
    module = GoModule(MODULES / "coredns")
    version = module.version("github.com/coredns/coredns")
    return Tool(Program("coredns", "cxone.dev/coredns", module), version.removeprefix("v"), ("--version",))


def kube_router() -> Tool:
    """Enforces NetworkPolicies with what every kernel has: iptables and ipset."""
    package = "github.com/cloudnativelabs/kube-router/v2"
    module = GoModule(MODULES / "kube-router")
    version = module.version(package)
    program = Program(
        "kube-router", f"{package}/cmd/kube-router", module, stamps=((f"{package}/pkg/version.Version", version),)
    )
    return Tool(program, version.removeprefix("v"), ("--version",))


def argocd() -> Tool:
    """Delivers from Git: controller, repository server, API server and command line, whichever it is called."""
    module = GoModule(MODULES / "argocd")
    version = module.version(ARGOCD).removeprefix("v")
    program = Program("argocd", f"{ARGOCD}/cmd", module, stamps=((f"{ARGOCD}/common.version", version),))
    return Tool(program, version, ("version", "--client", "--short"))


def kustomize() -> Tool:
    """Renders kustomizations for Argo CD, which starts it."""
    package = "sigs.k8s.io/kustomize/kustomize/v5"
    module = GoModule(MODULES / "kustomize")
    version = module.version(package)
    program = Program("kustomize", package, module, stamps=(("sigs.k8s.io/kustomize/api/provenance.version", version),))
    return Tool(program, version.removeprefix("v"), ("version",))


CONTAINERD = ("containerd", "containerd-shim-runc-v2", "ctr")
TOOLS: dict[str, Callable[[], Tool]] = {
    "helm": helm,
    "promtool": promtool,
    "kubeconform": kubeconform,
    "kube-score": kube_score,
    **{name: partial(containerd, name) for name in CONTAINERD},
    "coredns": coredns,
    "kube-router": kube_router,
    "argocd": argocd,
    "kustomize": kustomize,
}

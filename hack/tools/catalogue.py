"""Which tools there are, and how each is built and asked for its version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controlplane.gobuild import Program
from controlplane.versions import GoModule

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


TOOLS = {"helm": helm, "promtool": promtool, "kubeconform": kubeconform, "kube-score": kube_score}

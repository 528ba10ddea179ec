"""The cluster as its administrator has it: kubectl, and two nodes that are Ready."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from controlplane.servers import Files
from e2e import network
from e2e.images import Image
from e2e.network import NODES
from e2e.node import Node
from e2e.programs import Programs
from e2e.servers import Servers
from e2e.world import INSIDE

_MANIFESTS = Path(__file__).parent / "manifests"
Json = dict[str, Any]
T = TypeVar("T")


class StepFailed(Exception):
    """Something did not go as it must; the message says what was seen."""


class Cluster:
    """Control plane, nodes, and what every cluster runs."""

    def __init__(self, programs: Programs) -> None:
        self.programs = programs
        self.servers = Servers(programs, Files(INSIDE / "control-plane"))
        self.nodes = {place.name: Node(place, INSIDE / place.name, self.servers) for place in NODES}

    def start(self, images: Sequence[Image]) -> None:
        """Returns when both nodes are Ready and names are resolved."""
        network.lay()
        self.servers.start()
        for node in self.nodes.values():
            node.start(images)
        self.until(lambda: len(self.get("nodes")["items"]) == len(self.nodes), "a node does not register")
        for node in self.nodes.values():
            node.enforce_policies()
        self.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=60s")
        self.apply(_MANIFESTS / "dns.yaml")
        self.rolled_out("coredns", "kube-system")

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """Run kubectl, best as a page has it; raises StepFailed with what it said."""
        answer = self.attempt(*arguments, given=given)
        if answer.returncode != 0:
            raise StepFailed(f"$ kubectl {' '.join(arguments)}\n{answer.stdout}{answer.stderr}".strip())
        return answer.stdout

    def attempt(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl where it may be refused."""
        command = self.command(*arguments)
        return subprocess.run(command, input=given or "", capture_output=True, text=True, check=False)

    def command(self, *arguments: str) -> list[str]:
        """The command line of kubectl as the administrator."""
        kubectl = self.programs.control_plane.kubectl
        return [str(kubectl), f"--kubeconfig={self.servers.files.kubeconfig}", *arguments]

    def apply(self, path: Path) -> None:
        """By server-side apply, as the pages do."""
        self.kubectl("apply", "--server-side", "-f", str(path))

    def get(self, *arguments: str) -> Json:
        """A resource, or a list."""
        found: Json = json.loads(self.kubectl("get", "-o", "json", *arguments))
        return found

    def rolled_out(self, deployment: str, namespace: str, seconds: int = 60) -> None:
        """Wait until the newest version of a deployment is there alone."""
        self.kubectl("-n", namespace, "rollout", "status", "deployment", deployment, f"--timeout={seconds}s")

    def until(self, look: Callable[[], T], otherwise: str, seconds: float = 60.0) -> T:
        """The first truthy result; raises StepFailed after that many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            self.servers.check()
            found = look()
            if found:
                return found
            if time.monotonic() > deadline:
                raise StepFailed(f"{otherwise}: still {found!r} after {seconds:.0f} s")
            time.sleep(0.2)

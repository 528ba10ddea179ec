"""One node: containerd, the kubelet, the proxy of Services, and what enforces network policies.

Debian's own containerd is too old for the kubelet. Where the kernel still has version 1 of cgroups, the kubelet is told
that this is known.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from controlplane.errors import ControlPlaneError
from e2e.images import PAUSE, Image
from e2e.machine import CNI
from e2e.network import DNS, PODS, SERVICES, Place
from e2e.servers import Servers
from e2e.world import CGROUP, hierarchies


class Node:
    """A machine that runs pods, as far as Kubernetes can tell."""

    def __init__(self, place: Place, folder: Path, servers: Servers) -> None:
        self.place = place
        self._folder = folder
        self._servers = servers
        self._programs = servers.programs
        self._socket = folder / "containerd.sock"

    def start(self, images: Sequence[Image]) -> None:
        """Begin to start it; it is Ready some seconds later."""
        self._prepare()
        self._spawn("containerd", [str(self._programs.containerd), "--config", str(self._containerd_settings())])
        self._servers.until(self._socket.exists, f"containerd of {self.place.name} does not listen")
        for image in images:
            self.ctr("images", "import", "--local", str(image.archive))
        self._spawn("kubelet", self._kubelet())
        self._spawn("kube-proxy", self._proxy())

    def restart_kubelet(self) -> None:
        """Pods do not notice, but it has forgotten which tokens it has fetched for them."""
        self._servers.end(f"{self.place.name}-kubelet")
        self._spawn("kubelet", self._kubelet())

    def enforce_policies(self) -> None:
        """As soon as the node is known: what does it asks for that at its start."""
        self._spawn("kube-router", self._router())

    def ctr(self, *arguments: str) -> str:
        """The command line of containerd, for what the kubelet runs."""
        command = [str(self._programs.ctr), "--address", str(self._socket), "--namespace", "k8s.io", *arguments]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise ControlPlaneError(f"ctr {' '.join(arguments)} failed.", answer.stderr.strip())
        return answer.stdout

    def _spawn(self, name: str, command: list[str]) -> None:
        path = f"PATH={self._programs.shim.parent}:{os.environ['PATH']}"
        program = [shutil.which("nsenter") or "nsenter", *self.place.command("/usr/bin/env", path, *command)[1:]]
        self._servers.spawn(f"{self.place.name}-{name}", program)

    def _prepare(self) -> None:
        (self._folder / "cni").mkdir(parents=True)
        (self._folder / "cni" / "pods.conflist").write_text(json.dumps(self._pod_network()))
        (self._folder / "resolv.conf").write_text("")
        for hierarchy in hierarchies():
            make_cgroup(hierarchy, hierarchy / CGROUP / self.place.name)

    def _containerd_settings(self) -> Path:
        path = self._folder / "containerd.toml"
        path.write_text(f"""version = 3
root = "{self._folder}/containerd"
state = "/run/containerd-{self.place.name}"
[grpc]
address = "{self._socket}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "{PAUSE}"
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true  # a container that is root may have no right to lower it
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["{CNI}"]
conf_dir = "{self._folder}/cni"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
""")
        return path

    def _pod_network(self) -> dict[str, object]:
        addresses = {
            "type": "host-local",
            "dataDir": str(self._folder / "addresses"),
            "ranges": [[{"subnet": self.place.pods}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        }
        bridge = {"type": "bridge", "bridge": "pods", "isGateway": True, "hairpinMode": True, "ipam": addresses}
        return {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]}

    def _kubelet(self) -> list[str]:
        settings = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self.place.address,
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{CGROUP}/{self.place.name}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "containerRuntimeEndpoint": f"unix://{self._socket}",
            "clusterDNS": [DNS],
            "clusterDomain": "cluster.local",
            "resolvConf": str(self._folder / "resolv.conf"),
            "protectKernelDefaults": True,
            "evictionHard": {"memory.available": "100Mi"},
            "imageGCHighThresholdPercent": 100,
            "volumePluginDir": str(self._folder / "plugins"),
            "podLogsDir": str(self._folder / "logs"),
        }
        path = self._folder / "kubelet.json"
        path.write_text(json.dumps(settings))
        return [
            str(self._programs.kubernetes / "kubelet"),
            f"--config={path}",
            f"--kubeconfig={self._servers.kubeconfig(self.place.name)}",
            f"--root-dir={self._folder / 'kubelet'}",
            f"--cert-dir={self._folder / 'certificates'}",
            f"--hostname-override={self.place.name}",
            f"--node-ip={self.place.address}",
        ]

    def _proxy(self) -> list[str]:
        return [
            str(self._programs.kubernetes / "kube-proxy"),
            f"--kubeconfig={self._servers.files.kubeconfig}",
            "--proxy-mode=nftables",
            f"--cluster-cidr={PODS}",
            f"--hostname-override={self.place.name}",
            f"--bind-address={self.place.address}",
            # These would change the settings of the whole machine.
            "--conntrack-max-per-core=0",
            "--conntrack-tcp-timeout-established=0",
            "--conntrack-tcp-timeout-close-wait=0",
        ]

    def _router(self) -> list[str]:
        return [
            str(self._programs.kube_router),
            f"--kubeconfig={self._servers.files.kubeconfig}",
            "--run-firewall=true",
            "--run-router=false",
            "--run-service-proxy=false",
            f"--service-cluster-ip-range={SERVICES}",
            f"--hostname-override={self.place.name}",
            "--health-port=0",
            "--metrics-port=0",
            "--iptables-sync-period=1m",
        ]


def make_cgroup(hierarchy: Path, path: Path) -> None:
    """A new cgroup has neither processors nor memory (version 1), nor any controller (version 2), until it is told."""
    for folder in (path.parent, path):
        _hand_on_controllers(folder.parent)
        folder.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (folder / setting).exists() and not (folder / setting).read_text().strip():
                (folder / setting).write_text((hierarchy / setting).read_text())


def _hand_on_controllers(cgroup: Path) -> None:
    """To the cgroups below it. In version 1 there is nothing to hand on."""
    available = cgroup / "cgroup.controllers"
    for controller in available.read_text().split() if available.exists() else ():
        (cgroup / "cgroup.subtree_control").write_text(f"+{controller}")

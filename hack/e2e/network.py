"""The wires: one network that control plane and nodes share, and a network namespace for each node.

It is all inside a network namespace that has no way out, so that these addresses meet no others.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

CONTROL_PLANE = "10.20.0.5"
"""Where the API server is; the pages of the installation take it for an example."""
SERVICES = "10.96.0.0/16"
API_SERVER = "10.96.0.1"
"""Where pods reach it: the first address of Services."""
DNS = "10.96.0.10"
PODS = "10.244.0.0/16"

_BRIDGE = "lan"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one node is in the network."""

    name: str
    address: str
    pods: str
    """Addresses of its pods."""

    def command(self, *command: str) -> list[str]:
        """The command in the network of the node."""
        return ["nsenter", f"--net=/run/netns/{self.name}", "--", *command]


NODES = (Place("node1", "10.20.0.11", "10.244.1.0/24"), Place("node2", "10.20.0.12", "10.244.2.0/24"))


def lay() -> None:
    """Lay all wires."""
    _ip("link set lo up")
    _ip(f"link add {_BRIDGE} type bridge")
    _ip(f"addr add {CONTROL_PLANE}/24 dev {_BRIDGE}")
    _ip(f"link set {_BRIDGE} up")
    for node in NODES:
        _connect(node)
        _ip(f"route add {node.pods} via {node.address}")
        _forward(node)


def _connect(node: Place) -> None:
    _ip(f"netns add {node.name}")
    _ip(f"link add {node.name} type veth peer name eth0 netns {node.name}")
    _ip(f"link set {node.name} master {_BRIDGE} up")
    for step in ("link set lo up", f"addr add {node.address}/24 dev eth0", "link set eth0 up"):
        _ip(f"-n {node.name} {step}")
    _ip(f"-n {node.name} route add default via {CONTROL_PLANE}")
    for other in NODES:
        if other != node:
            _ip(f"-n {node.name} route add {other.pods} via {other.address}")


def _forward(node: Place) -> None:
    """Let the node pass on what is for its pods, and let its filters see it."""
    for setting in ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables"):
        path = Path("/proc/sys") / setting
        subprocess.run(node.command("sh", "-c", f"echo 1 > {path}"), check=True)


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True)

"""Where pages are followed: a copy of the checkout, a cluster, and a simulated CXone where the page has CXone."""

from __future__ import annotations

import os
import random
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from controlplane.plane import ControlPlane
from controlplane.processes import Process
from demo.stage import start_bridge, start_operator, start_simulator
from docs.pages import ROOT, Block, Command
from docs.reader import Reader, parts, program
from support.kube import PLURALS, Kube

NAMESPACES = ("workforce", "workforce-emea", "default")
"""Where pages have people."""
_PORTS = ("8090", "8081", "8080")
"""Of the simulator, of the operator's pages for machines, of the bridge."""
_WORDS = {
    "YOUR-ID": "demo",
    "YOUR-SECRET": "demo-secret",
    "https://platform.api.nicecxone.com": "http://127.0.0.1:8090",
}
"""What a page leaves to the reader, and what it is here."""
_COPIED = ("manifests", "crds", "docs/how-to/examples")
_LINKED = ("charts", "hack", "Makefile", "README.md", "operator", "pyproject.toml")
_GRACE_SECONDS = 20.0
_FIRST_PORT, _LAST_PORT = 15000, 30000
"""Below those that Linux takes by itself for connections."""
_COMPANY = """
kubectl -n workforce create secret generic cxone-credentials \\
    --from-literal=clientId=YOUR-ID --from-literal=clientSecret=YOUR-SECRET
kubectl -n workforce apply -f manifests/samples/tenant.yaml -f manifests/samples/user.yaml
kubectl -n workforce wait --for=condition=Ready cxu/jane-smith --timeout=30s
"""
COMPANY = "a company"
"""What most pages take for granted: a tenant `default` and a user `jane-smith`, at work."""
BEGINNINGS = {"nothing": "", "an operator": "kubectl get namespace workforce", COMPANY: _COMPANY}
"""What is there when a page begins → what makes it so; all but nothing have a simulated CXone and an operator."""


class Place:
    """A folder like a checkout, with processes that go on until the page ends."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self._plane = plane
        self._logs = folder / "logs"
        self._kube = Kube.administrator(plane)
        self._running: dict[str, Process] = {}
        self._ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
        self._checkout = folder / "checkout"
        self._furnish()
        commands = (self._checkout / ".venv" / "bin", plane.files.directory / "bin", Path(sys.executable).parent)
        path = ":".join([*map(str, commands), os.environ["PATH"]])
        self._reader = Reader(self._checkout, {"KUBECONFIG": str(plane.kubeconfig), "PATH": path})
        self._seen: set[str] = set()
        self._company: list[str] = []

    @contextmanager
    def opened(self, beginning: str) -> Iterator[None]:
        """For one page, with what it takes for granted. The company stays as long as nobody has changed it."""
        self._reader.begin()
        if beginning != COMPANY or not self._stands():
            self.clear()
            if BEGINNINGS[beginning]:
                self.follow(Command("kubectl create namespace workforce"))
                self._start("simulator", [])
                self._start("operator", ["--namespace", "workforce"])
                self.follow(Command(BEGINNINGS[beginning]))
            self._company = self._people() if beginning == COMPANY else []
        yield

    def run(self, block: Block) -> None:
        """Every command of the block, or what it writes."""
        if block.file:
            (self._checkout / block.file).parent.mkdir(parents=True, exist_ok=True)
            (self._checkout / block.file).write_text(self.here(block.text), encoding="utf-8")
            return
        for command in parts(block):
            self.follow(command)
        ended = [what for what, process in self._running.items() if not process.alive]
        assert ended == [], f"ended by itself: {ended}; the logs are in {self._logs}"

    def once(self, block: Block) -> None:
        """The same, unless another page has had it already."""
        if block.text not in self._seen:
            self.run(block)
            self._seen.add(block.text)

    def follow(self, command: Command) -> None:
        """Type it as it stands, but for what a page leaves to the reader."""
        started = program(self.here(command.text))
        if started is not None:
            self._start(*started)
        else:
            self._reader.follow(Command(self.here(command.text), tuple(map(self.here, command.output))))

    def here(self, text: str) -> str:
        """With the ports and credentials of this place."""
        for word, value in _WORDS.items():
            text = text.replace(word, value)
        for port, mine in self._ports.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{mine}")
        return text

    def clear(self) -> None:
        """End what runs, and empty the cluster of people; there is nobody in it who would finish a namespace."""
        for what in reversed(list(self._running)):
            self._running.pop(what).stop(_GRACE_SECONDS)
        for name in (*NAMESPACES, "cxone-system"):
            if self._kube.request("GET", f"/api/v1/namespaces/{name}").code == 200:
                self._empty(name)
        self._furnish()

    def _stands(self) -> bool:
        """The company is as it was made."""
        works = all(process.alive for process in self._running.values())
        return works and bool(self._company) and self._company == self._people()

    def _people(self) -> list[str]:
        """Who is declared, in which version."""
        found = [body["metadata"] for kind in PLURALS for body in self._kube.all(kind, "workforce")]
        return [f"{item['uid']} {item['generation']} {item.get('annotations')}" for item in found]

    def _empty(self, namespace: str) -> None:
        self._kube.vacate(namespace)
        where = f"namespaces/{namespace}"
        for path in (f"/api/v1/{where}/secrets", f"/apis/coordination.k8s.io/v1/{where}/leases"):
            self._kube.request("DELETE", path).accepted()
        if namespace != "default":
            self._kube.request("DELETE", f"/api/v1/{where}").accepted()
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            self._kube.request("PUT", f"/api/v1/{where}/finalize", body | {"spec": {"finalizers": []}}).accepted()

    def _furnish(self) -> None:
        """As after a clone, with the ports of this place."""
        shutil.rmtree(self._checkout, ignore_errors=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        for name in _COPIED:
            shutil.copytree(ROOT / name, self._checkout / name)
        for name in _LINKED:
            (self._checkout / name).symlink_to(ROOT / name)
        for path in [*self._checkout.glob("manifests/samples/*"), *self._checkout.glob("docs/how-to/examples/*")]:
            path.write_text(self.here(path.read_text(encoding="utf-8")), encoding="utf-8")
        _commands(self._checkout / ".venv" / "bin", f"http://127.0.0.1:{self._ports['8080']}")

    def _start(self, what: str, options: Sequence[str]) -> None:
        """In the terminal that the page has for it: whatever ran there ends."""
        self._company = []
        if what in self._running:
            self._running.pop(what).stop(_GRACE_SECONDS)
        port, log = {"simulator": "8090", "bridge": "8080"}.get(what, "8081"), self._logs / f"{what}.log"
        listen = ["--listen", f"127.0.0.1:{self._ports[port]}"]
        options = [*options, *listen]
        match what:
            case "simulator":
                self._running[what], _ = start_simulator(self._logs, "demo-secret", *options)
            case "operator":
                self._running[what] = start_operator(log, self._plane.kubeconfig, *options)
            case "bridge":
                options = [str(self._checkout / word) if word.endswith(".secret") else word for word in options]
                self._running[what] = start_bridge(log, self._plane.kubeconfig, *options)
                _until_it_listens(int(self._ports["8080"]))


def _commands(folder: Path, bridge: str) -> None:
    """The programs of `.venv`; events are sent to the bridge of this place."""
    folder.mkdir(parents=True)
    ours = ROOT / ".venv" / "bin"
    (folder / "python").write_text(f'#!/bin/sh\nexec "{ours}/python" "$@"\n')
    sent = f'if [ "$1 $2" = "bridge send" ]; then set -- "$@" --url {bridge}; fi'
    (folder / "cxone-operator").write_text(f'#!/bin/sh\n{sent}\nexec "{ours}/cxone-operator" "$@"\n')
    for program_ in folder.iterdir():
        program_.chmod(0o755)


def _until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)


def _free_ports(count: int) -> list[str]:
    """They are known before anybody listens, as the pages' are."""
    found: set[int] = set()
    while len(found) < count:
        port = random.randint(_FIRST_PORT, _LAST_PORT)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.add(port)
    return [str(port) for port in found]

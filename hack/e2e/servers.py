"""The control plane of the cluster: as `controlplane` starts it, with what makes it run pods."""

from __future__ import annotations

import secrets
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from controlplane import credentials
from controlplane import servers as plane
from controlplane.errors import ControlPlaneError
from controlplane.processes import Process, spawn
from controlplane.servers import Files
from e2e.network import CONTROL_PLANE, NODES, PODS, SERVICES
from e2e.programs import Programs

URL = f"https://{CONTROL_PLANE}:6443"
_ETCD_PORT = 2379
_START_SECONDS = 90.0
_LINES_OF_LOG = 15


class Servers:
    """Whatever was started, and ends with the world; an error as soon as one of them has ended."""

    def __init__(self, programs: Programs, files: Files) -> None:
        self.programs = programs
        self.files = files
        self._running: list[Process] = []
        self._tokens = {name: secrets.token_urlsafe(32) for name in ("admin", *(node.name for node in NODES))}

    def start(self) -> None:
        """The API server answers, and controllers and scheduler are at work, when this returns."""
        self.files.run.mkdir(parents=True)
        credentials.write_service_account_key(self.files.service_account_key)
        credentials.write_private(self.files.tokens, self._identities())
        self.spawn("etcd", plane.etcd(self.programs.control_plane, self.files, _ETCD_PORT))
        self.spawn("kube-apiserver", self._apiserver())
        self.until(self.files.certificate.exists, "the API server has no certificate")
        self.until(self._ready, "the API server is not ready")
        credentials.write_kubeconfig(self.files.kubeconfig, URL, self._tokens["admin"], self.files.certificate)
        for command in (self._controller_manager(), self._scheduler()):
            self.spawn(Path(command[0]).name, command)

    def kubeconfig(self, node: str) -> Path:
        """How that node's kubelet connects."""
        path = self.files.run / f"{node}.kubeconfig"
        credentials.write_kubeconfig(path, URL, self._tokens[node], self.files.certificate)
        return path

    def spawn(self, name: str, command: Sequence[str]) -> None:
        """Start one more server."""
        self._running.append(spawn(name, command, self.files.log(name), die_with_parent=True))

    def until(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Wait for it while everybody runs."""
        deadline = time.monotonic() + _START_SECONDS
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise ControlPlaneError(
                    f"{otherwise} after {_START_SECONDS:.0f} s.", "Look at the logs of the servers."
                )
            time.sleep(0.1)

    def check(self) -> None:
        """Raises ControlPlaneError where a server has ended."""
        for process in self._running:
            if not process.alive:
                raise ControlPlaneError(f"{process.name} has ended.", "Look at the end of its log.")

    def logs(self) -> Iterator[tuple[str, str]]:
        """Each server, and the end of its log."""
        for process in self._running:
            lines = self.files.log(process.name).read_text(errors="replace").splitlines()
            yield process.name, "\n".join(lines[-_LINES_OF_LOG:])

    def _identities(self) -> str:
        lines = [f'{self._tokens["admin"]},admin,admin,"system:masters"']
        lines += [f'{self._tokens[node.name]},system:node:{node.name},{node.name},"system:nodes"' for node in NODES]
        return "\n".join([*lines, ""])

    def _apiserver(self) -> list[str]:
        files = self.files
        return [
            str(self.programs.control_plane.apiserver),
            f"--etcd-servers=http://127.0.0.1:{_ETCD_PORT}",
            "--bind-address=0.0.0.0",
            f"--advertise-address={CONTROL_PLANE}",
            "--secure-port=6443",
            f"--cert-dir={files.certificates}",
            f"--token-auth-file={files.tokens}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={files.service_account_key}",
            f"--service-account-key-file={files.service_account_key}",
            f"--service-cluster-ip-range={SERVICES}",
            "--kubelet-preferred-address-types=InternalIP",
        ]

    def _controller_manager(self) -> list[str]:
        return [
            str(self.programs.kubernetes / "kube-controller-manager"),
            f"--kubeconfig={self.files.kubeconfig}",
            f"--service-account-private-key-file={self.files.service_account_key}",
            f"--root-ca-file={self.files.certificate}",
            f"--cluster-cidr={PODS}",
            "--allocate-node-cidrs=false",
            "--leader-elect=false",
            "--secure-port=0",
        ]

    def _scheduler(self) -> list[str]:
        scheduler = str(self.programs.kubernetes / "kube-scheduler")
        return [scheduler, f"--kubeconfig={self.files.kubeconfig}", "--leader-elect=false", "--secure-port=0"]

    def _ready(self) -> bool:
        headers = {"Authorization": f"Bearer {self._tokens['admin']}"}
        request = urllib.request.Request(f"{URL}/readyz", headers=headers)  # noqa: S310
        try:
            context = ssl.create_default_context(cafile=str(self.files.certificate))
            with urllib.request.urlopen(request, timeout=5, context=context) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

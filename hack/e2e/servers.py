"""The control plane of the cluster: as `controlplane` starts it, with what makes it run pods.

Its certificate is one of an older cluster: it does not say by which key it was signed. What is audited are the requests
by which the installation shows its tokens again and again: the Leases of the operator, and what the bridge writes.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from controlplane import credentials
from controlplane import servers as plane
from controlplane.errors import ControlPlaneError
from controlplane.processes import Process, spawn
from controlplane.servers import Files
from e2e.authority import Authority
from e2e.network import API_SERVER, CONTROL_PLANE, NODES, PODS, SERVICES
from e2e.programs import Programs

URL = f"https://{CONTROL_PLANE}:6443"
_ETCD_PORT = 2379
_NAMES = (f"IP:{CONTROL_PLANE}", f"IP:{API_SERVER}", "DNS:kubernetes.default.svc.cluster.local")
_ACCOUNTS = "system:serviceaccount:cxone-system"
_AUDITED = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {
            "level": "Metadata",
            "users": [f"{_ACCOUNTS}:cxone-operator"],
            "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}],
        },
        {
            "level": "Metadata",
            "users": [f"{_ACCOUNTS}:cxone-hr-bridge"],
            "verbs": ["create", "patch"],
            "resources": [{"group": "cxone.dev", "resources": ["cxoneusers"]}],
        },
        {"level": "None"},
    ],
}
_START_SECONDS = 90.0
_LINES_OF_LOG = 15


class Servers:
    """Whatever was started, and ends with the world; an error as soon as one of them has ended."""

    def __init__(self, programs: Programs, files: Files) -> None:
        self.programs = programs
        self.files = files
        self._running: list[Process] = []
        self.authority: Authority
        """Who signed the API server's certificate; there from `start` on."""
        self._tokens = {name: secrets.token_urlsafe(32) for name in ("admin", *(node.name for node in NODES))}

    def start(self) -> None:
        """The API server answers, and controllers and scheduler are at work, when this returns."""
        self.files.run.mkdir(parents=True)
        credentials.write_service_account_key(self.files.service_account_key)
        credentials.write_private(self.files.tokens, self._identities())
        self.authority = Authority(self.files.certificates)
        credentials.write_kubeconfig(self.files.kubeconfig, URL, self._tokens["admin"], self.authority.certificate)
        self.spawn("etcd", plane.etcd(self.programs.control_plane, self.files, _ETCD_PORT))
        self.spawn("kube-apiserver", self._apiserver())
        self.until(self._ready, "the API server is not ready")
        for command in (self._controller_manager(), self._scheduler()):
            self.spawn(Path(command[0]).name, command)

    def kubeconfig(self, node: str) -> Path:
        """How that node's kubelet connects."""
        path = self.files.run / f"{node}.kubeconfig"
        credentials.write_kubeconfig(path, URL, self._tokens[node], self.authority.certificate)
        return path

    def spawn(self, name: str, command: Sequence[str]) -> None:
        """Start one more server."""
        self._running.append(spawn(name, command, self.files.log(name), die_with_parent=True))

    def end(self, name: str) -> None:
        """End one of them, which may then be started again."""
        (process,) = [process for process in self._running if process.name == name]
        self._running.remove(process)
        process.stop()

    def audited(self) -> list[dict[str, Any]]:
        """The requests that were audited so far, as audit.k8s.io/v1 has them."""
        return [json.loads(line) for line in self.files.audit_log.read_text().splitlines()]

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
        files.audit_policy.write_text(json.dumps(_AUDITED))
        certificate, key = self.authority.issue("kube-apiserver", _NAMES, key_identifier="none")
        return [
            str(self.programs.control_plane.apiserver),
            f"--etcd-servers=http://127.0.0.1:{_ETCD_PORT}",
            "--bind-address=0.0.0.0",
            f"--advertise-address={CONTROL_PLANE}",
            "--secure-port=6443",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--audit-policy-file={files.audit_policy}",
            f"--audit-log-path={files.audit_log}",
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
            f"--root-ca-file={self.authority.certificate}",
            f"--cluster-cidr={PODS}",
            "--allocate-node-cidrs=false",
            "--leader-elect=false",
            "--secure-port=0",
        ]

    def _scheduler(self) -> list[str]:
        scheduler = str(self.programs.kubernetes / "kube-scheduler")
        return [scheduler, f"--kubeconfig={self.files.kubeconfig}", "--leader-elect=false", "--secure-port=0"]

    def _ready(self) -> bool:
        kubectl = [str(self.programs.control_plane.kubectl), f"--kubeconfig={self.files.kubeconfig}"]
        answer = subprocess.run([*kubectl, "get", "--raw=/readyz"], capture_output=True, check=False)
        return answer.returncode == 0

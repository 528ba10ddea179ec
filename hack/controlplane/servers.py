"""The command lines of the servers, and what the API server writes to its audit log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from controlplane.binaries import Binaries

_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [
        {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
        {"level": "None", "users": ["system:apiserver"]},
        {"level": "Metadata"},
    ],
}
"""Every write with its author, object and answer; no reads, no heartbeats, nothing that the API server does itself. Of
service accounts everything, so that what they were granted can be compared with what they used."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where everything of one control plane is."""

    directory: Path

    @property
    def kubeconfig(self) -> Path:
        """How clients connect, as the administrator."""
        return self.directory / "kubeconfig"

    @property
    def state(self) -> Path:
        """Which processes run."""
        return self.directory / "state.json"

    @property
    def run(self) -> Path:
        """What one run leaves and the next one starts without: data, keys, logs."""
        return self.directory / "run"

    @property
    def certificates(self) -> Path:
        """Where kube-apiserver puts the certificate that it signs itself."""
        return self.run / "certificates"

    @property
    def certificate(self) -> Path:
        """The certificate of kube-apiserver followed by its authority."""
        return self.certificates / "apiserver.crt"

    @property
    def service_account_key(self) -> Path:
        """Signs the tokens of service accounts."""
        return self.run / "service-account.key"

    @property
    def tokens(self) -> Path:
        """Identities of kube-apiserver's --token-auth-file."""
        return self.run / "tokens.csv"

    @property
    def audit_policy(self) -> Path:
        """What is audited."""
        return self.run / "audit-policy.json"

    @property
    def audit_log(self) -> Path:
        """One JSON object a line (audit.k8s.io/v1 Event)."""
        return self.run / "audit.jsonl"

    def log(self, process: str) -> Path:
        """What a server prints."""
        return self.run / f"{process}.log"


def etcd(binaries: Binaries, files: Files, port: int) -> list[str]:
    """One member, which trades safety against a power cut for speed."""
    url = f"http://127.0.0.1:{port}"
    return [
        str(binaries.etcd),
        f"--data-dir={files.run / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        "--listen-peer-urls=http://127.0.0.1:0",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(binaries: Binaries, files: Files, port: int, etcd_port: int, *, audit: bool) -> list[str]:
    """As in a cluster, except that pods need no service account: there is nothing to run them."""
    return [
        str(binaries.apiserver),
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={files.certificates}",
        f"--token-auth-file={files.tokens}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={files.service_account_key}",
        f"--service-account-key-file={files.service_account_key}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
        *(_audit(files) if audit else ()),
    ]


def controller_manager(binary: Path, files: Files, controllers: tuple[str, ...]) -> list[str]:
    """Only the named controllers; without an election, as there is one of it."""
    return [
        str(binary),
        f"--kubeconfig={files.kubeconfig}",
        f"--controllers={','.join(controllers)}",
        "--leader-elect=false",
        "--secure-port=0",
    ]


def _audit(files: Files) -> list[str]:
    files.audit_policy.write_text(json.dumps(_AUDIT_POLICY))
    # It is read whole, and would be cut in two at 100 MB, which 30,000 users fill.
    return [
        f"--audit-policy-file={files.audit_policy}",
        f"--audit-log-path={files.audit_log}",
        "--audit-log-maxsize=4000",
    ]

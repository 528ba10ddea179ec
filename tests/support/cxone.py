"""A namespace with a tenant, a simulated CXone and an operator of its own, and questions to all of them."""

from __future__ import annotations

import json
import secrets
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from controlplane.plane import ControlPlane
from controlplane.processes import Process
from demo.stage import CLIENT_ID, operator_port, start_operator, start_simulator
from support.audit import Request, writes
from support.kube import Kube
from support.resources import tenant
from support.secrecy import leaks
from support.waiting import eventually

UNLIMITED = {
    "rateLimit": {"requestsPerMinute": 100000},
    "bulk": {"maxOperations": 100},
    "safety": {"deprovisioning": {"maxPercent": 100, "maxUsers": 100000}},
}


class Company:
    """Everything that one test needs of the world."""

    def __init__(self, plane: ControlPlane, kube: Kube, namespace: str, directory: Path, *simulator: str) -> None:
        self.plane = plane
        self.kube = kube
        self.namespace = namespace
        self.directory = directory
        self.secret = secrets.token_urlsafe(16)
        self.operator: Process | None = None
        self.logs: list[Path] = []
        """Of every operator that worked here."""
        self._secrets = {plane.token, self.secret}
        self._simulator_process, self.simulator = start_simulator(
            directory, self.secret, "--requests-per-minute", "0", "--job-seconds", "0.3", *simulator
        )

    def open(self, **spec: Any) -> None:
        """Create the Secret and the tenant, and start the operator."""
        self.put_secret(self.secret)
        self.create_tenant(**spec)
        self.start()

    def create_tenant(self, **spec: Any) -> None:
        """Create the tenant `default`; by default without a limit that matters."""
        self.kube.create(tenant(self.namespace, baseURL=self.simulator.url, **{**UNLIMITED, **spec})).accepted()

    def put_secret(self, value: str, **more: str) -> None:
        """Create or replace the tenant's Secret."""
        self._secrets.add(value)
        data = {"clientId": CLIENT_ID, "clientSecret": value, **more}
        body = {"metadata": {"name": "cxone-credentials"}, "stringData": {k: v for k, v in data.items() if v}}
        path = f"/api/v1/namespaces/{self.namespace}/secrets"
        self.kube.request("DELETE", f"{path}/cxone-credentials")
        self.kube.request("POST", path, body).accepted()

    def start(self, *options: str, **environment: str) -> None:
        """Start an operator for this namespace."""
        self.logs.append(self.directory / f"operator-{len(self.logs) + 1}.log")
        self.operator = start_operator(
            self.logs[-1],
            self.plane.kubeconfig,
            *("--namespace", self.namespace, "--lease-seconds", "3"),
            *options,
            environment=environment,
        )

    def stop(self) -> None:
        """Stop the operator as a cluster would."""
        if self.operator is not None:
            self.operator.stop(20)
            self.operator = None

    def close(self) -> None:
        """Stop everything, and make sure that nobody has written what must not be written."""
        self.stop()
        self._simulator_process.stop()
        assert leaks(self.logs, self._secrets, CLIENT_ID) == []

    def users(self) -> list[dict[str, Any]]:
        """All CxoneUsers of the namespace."""
        path = f"/apis/cxone.dev/v1alpha1/namespaces/{self.namespace}/cxoneusers"
        items: list[dict[str, Any]] = self.kube.request("GET", path).accepted()["items"]
        return items

    def user(self, name: str) -> dict[str, Any]:
        """One CxoneUser."""
        return self.kube.get("CxoneUser", self.namespace, name).accepted()

    def condition(self, name: str, type_: str = "Ready", kind: str = "CxoneUser") -> dict[str, Any]:
        """A condition that belongs to the newest spec; empty where there is none."""
        body = self.kube.get(kind, self.namespace, name).accepted()
        status = body.get("status", {})
        if status.get("observedGeneration") != body["metadata"]["generation"]:
            return {}
        return next((item for item in status.get("conditions", []) if item["type"] == type_), {})

    def reason(self, name: str, type_: str = "Ready", kind: str = "CxoneUser") -> str:
        """`True/Succeeded`, or "" while the newest spec has not been observed."""
        found = self.condition(name, type_, kind)
        return f"{found['status']}/{found['reason']}" if found else ""

    def until_ready(self, name: str, seconds: float = 20.0) -> dict[str, Any]:
        """Wait until CXone agrees; the resource."""
        eventually(lambda: self.reason(name).startswith("True/") or None, seconds)
        return self.user(name)

    def until_reason(self, name: str, reason: str, seconds: float = 25.0) -> str:
        """Wait until Ready has that reason; its message."""
        eventually(lambda: self.reason(name).endswith(f"/{reason}") or None, seconds)
        return str(self.condition(name)["message"])

    def remote(self, user_name: str) -> dict[str, Any] | None:
        """The user in CXone."""
        return next((user for user in self.simulator.get("users")["users"] if user["userName"] == user_name), None)

    def effects(self, user_name: str | None = None) -> list[str]:
        """What happened in CXone, in order."""
        entries = self.simulator.get("journal")["entries"]
        return [entry["effect"] for entry in entries if user_name in (None, entry["userName"])]

    def operator_writes(self) -> Counter[tuple[str, str]]:
        """Successful writes of the operator to this namespace, by (resource, subresource)."""
        time.sleep(0.5)
        made = writes(self.plane.audit_log, namespace=self.namespace, user_agent="cxone-operator/")
        return Counter((write.resource, write.subresource) for write in made if _changed(write))

    def metrics(self) -> str:
        """The operator's metrics."""
        port = operator_port(self.logs[-1])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def log(self) -> list[dict[str, Any]]:
        """Everything that the operators wrote; audit lines are those with log=audit."""
        lines = [line for log in self.logs for line in log.read_text().splitlines()]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def trail(self) -> list[dict[str, Any]]:
        """The audit lines of all operators so far."""
        return [line for line in self.log() if line.get("log") == "audit"]


def _changed(write: Request) -> bool:
    return write.code < 300

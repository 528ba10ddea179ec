"""All that the operator asks of the API server, in steps; each permission serves one of them."""

from __future__ import annotations

import json
import ssl
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from chaos.processes.proxy import Fault, Proxy
from chaos.processes.steps import KUBERNETES
from manifests.installation import Account, Installation
from manifests.rights import Permission
from manifests.scenario import Look, Scenario
from support.cxone import TENANT, Company
from support.kube import Json
from support.operator import Operator

ACCOUNT = "cxone-operator"
LEASES = "coordination.k8s.io"
_CALM: dict[str, Any] = {
    "rateLimit": {"requestsPerMinute": 100000},
    "bulk": {"minOperations": 2, "maxFailures": 1},
    "safety": {"deprovisioning": {"maxUsers": 5, "minUsers": 5}},
}
_POLL = {"method": "GET", "path": "/Bulk/"}
_HOURS = 3600.0
_CROWD_SECONDS = 5.0

STEPS = {
    "it acquires the Lease": [
        Permission("get", "leases", LEASES, ("cxone-operator",)),
        Permission("create", "leases", LEASES),
    ],
    "it knows what there is": [Permission("list", "cxoneusers"), Permission("list", "cxonetenants")],
    "it renews the Lease": [Permission("patch", "leases", LEASES, ("cxone-operator",))],
    "a user that was there is created in CXone": [
        Permission("get", "secrets", "", ("cxone-credentials",)),
        Permission("patch", "cxoneusers"),
    ],
    "the user says so": [Permission("patch", "cxoneusers/status")],
    "the tenant says so": [Permission("patch", "cxonetenants/status")],
    "the tenant will outlive its users": [Permission("patch", "cxonetenants")],
    "a tenant that comes later is ready": [Permission("watch", "cxonetenants")],
    "a user that comes later is ready": [Permission("watch", "cxoneusers")],
    "a change is carried out": [],
    "a leaver is locked out": [],
    "a deleted user is gone": [],
    "a job that was given up is told in an Event": [Permission("create", "events", "")],
    "a conflict is resolved although the watch is silent": [Permission("get", "cxoneusers")],
}
"""Step → the permissions without which it fails, and that no earlier step needs."""


class OperatorScenario(Scenario):
    """The operator of an installation, as the service account of the manifests, and the company that it works for."""

    def __init__(self, installed: Installation, doomed: str = "") -> None:
        super().__init__(installed.act_as(ACCOUNT), doomed)
        self._installed = installed
        self._next_crowd = 0.0
        operator = Operator(self.account.kubeconfig, installed.directory)
        directory = installed.directory / "company"
        self.company = Company(installed.plane, installed.people, directory, operator, "--seats", "5000")

    def play(self) -> None:
        """Every step, in order; raises Stuck at the first that has no effect."""
        try:
            self.prepare()
            self.start(self.company.operator)
            self.work()
            self.company.operator.stop()
            self._conflict()
        finally:
            self.close()

    def close(self) -> None:
        """End everything."""
        for operator in self.company.operators:
            operator.end()
        self.company.close()

    def prepare(self) -> None:
        """What is there before the operator is. Nobody can ask CXone how a bulk job is getting on."""
        self.company.fault(job="fail", times=1000)  # or their users are seen as wanted, and nobody asks how a job went
        self.company.fault(kind="status", match=_POLL, status=400)
        self.company.create_tenant(**_CALM)
        self.company.put_secret(self.company.secret)
        self.company.create("early")

    def start(self, operator: Operator) -> None:
        """The command line of the manifests, but for the port and the Lease's namespace."""
        run, *options = self._installed.arguments(ACCOUNT)
        assert run == "run"
        operator.start(*options, "--listen", "127.0.0.1:0", "--lease-namespace", self._installed.system)

    def work(self) -> None:
        """What a running operator does: all steps but the last."""
        company, sees = self.company, self.witness
        sees("it acquires the Lease", lambda: "lease_acquired" in company.operator.text())
        first = self._lease().get("renewTime")
        sees("it knows what there is", lambda: company.operator.answers("readyz"))
        sees("it renews the Lease", lambda: self._lease().get("renewTime") != first)
        created = ["created", "licenseAssigned"]
        sees("a user that was there is created in CXone", lambda: company.effects("early@example.com") == created)
        sees("the user says so", lambda: self.is_ready("early"))
        sees("the tenant says so", lambda: self.is_ready("default", TENANT))
        sees("the tenant will outlive its users", self._tenant_is_in_use)
        company.create_tenant("later", **_CALM)
        sees("a tenant that comes later is ready", lambda: self.is_ready("later", TENANT))
        company.create("late")
        sees("a user that comes later is ready", lambda: self.is_ready("late"))
        company.change("late", role="Supervisor")
        sees("a change is carried out", lambda: self._since_created("late") == ["updated"] and self.is_ready("late"))
        company.leave("late")
        gone = ["updated", "deactivated", "licenseReleased"]
        sees("a leaver is locked out", lambda: self._since_created("late") == gone)
        company.delete("late")
        sees("a deleted user is gone", lambda: company.is_gone("late"))
        sees("a job that was given up is told in an Event", self._a_job_was_given_up)

    def witness(self, step: str, look: Look) -> None:
        """Wait for the effect of a step at the hands of the newest operator."""
        self.sees(self.company.operators[-1], step, look)

    def is_ready(self, name: str, kind: str = "CxoneUser") -> bool:
        """With its newest spec."""
        return self.company.reason(name, kind=kind).startswith("True/")

    def _conflict(self) -> None:
        """Somebody writes between the operator's look and its write, and no watch tells it so."""
        self.company.create("contested")
        tls = ssl.create_default_context(cafile=str(self._installed.plane.certificate))
        proxy = Proxy(self._installed.plane.url, KUBERNETES, lambda _fault: None, lambda *_: 0, tls)
        silent = [Fault("watch", "delay", before=True, seconds=_HOURS) for _ in range(2)]
        proxy.faults += [*silent, Fault("claim", "delay", before=True, seconds=1.0)]
        kubeconfig = _plain_kubeconfig(self._installed.directory / "proxy.kubeconfig", proxy.url, self.account)
        operator = Operator(kubeconfig, self._installed.directory, name="proxied")
        self.company.operators.append(operator)
        try:
            self.start(operator)
            self.witness("its claim is on its way", lambda: proxy.counts["claim"])
            annotation = {"metadata": {"annotations": {"example.com/written": "first"}}}
            self.company.kube.patch("CxoneUser", self.company.namespace, "contested", annotation).accepted()
            self.witness(
                "a conflict is resolved although the watch is silent",
                lambda: self.is_ready("contested"),
            )
        finally:
            operator.end()
            proxy.close()

    def _a_job_was_given_up(self) -> bool:
        """Who comes at once goes in one job, unless the operator is quicker than we are; then some more come."""
        if time.monotonic() >= self._next_crowd:
            self._next_crowd = time.monotonic() + _CROWD_SECONDS
            names = [f"crowd-{uuid.uuid4().hex[:8]}" for _ in range(4)]
            with ThreadPoolExecutor(len(names)) as pool:
                list(pool.map(self.company.create, names))
        return "BulkJobAbandoned" in self.company.events()

    def _since_created(self, name: str) -> list[str]:
        return self.company.effects(f"{name}@example.com")[2:]

    def _tenant_is_in_use(self) -> bool:
        return "cxone.dev/in-use" in self.company.tenant()["metadata"].get("finalizers", [])

    def _lease(self) -> Json:
        path = f"/apis/{LEASES}/v1/namespaces/{self._installed.system}/leases/cxone-operator"
        spec: Json = self.company.kube.request("GET", path).body.get("spec", {})
        return spec


def _plain_kubeconfig(path: Path, url: str, account: Account) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "proxy",
        "clusters": [{"name": "proxy", "cluster": {"server": url}}],
        "users": [{"name": "proxy", "user": {"token": account.token}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
    }
    path.write_text(json.dumps(config))
    return path

"""All that the operator asks of the API server, in steps; each permission serves one of them."""

from __future__ import annotations

import json
import ssl
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chaos.processes.proxy import Fault, Proxy
from chaos.processes.steps import KUBERNETES
from controlplane.processes import Process
from demo.stage import CLIENT_ID, operator_port, start_operator
from demo.view import Simulator
from manifests.place import Account, Place
from manifests.rights import Permission
from manifests.steps import Witness, answers
from support.resources import tenant, user

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
    "it renews the Lease": [Permission("patch", "leases", LEASES, ("cxone-operator",))],
    "it knows what there is": [Permission("list", "cxoneusers"), Permission("list", "cxonetenants")],
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


class OperatorScenario:
    """The operator at one place, as the service account of the manifests."""

    def __init__(self, place: Place, simulator: Simulator, secret: str) -> None:
        self._place = place
        self._simulator = simulator
        self.account = place.act_as(ACCOUNT)
        self._secret = secret
        self._next_crowd = 0.0

    def play(self, doomed: str = "") -> None:
        """Every step, in order; raises Stuck at the first that has no effect."""
        self.prepare()
        with self.running() as process:
            self.work(Witness(self.account, process, doomed))
        self._conflict(doomed)

    def prepare(self) -> None:
        """What is there before the operator is. Nobody can ask CXone how a bulk job is getting on."""
        self._simulator.send("POST", "faults", {"kind": "status", "match": _POLL, "status": 400})
        self._put_tenant("default")
        self._put_secret()
        self.join("early")

    def work(self, witness: Witness) -> None:
        """What a running operator does: all steps but the last."""
        sees, effects = witness.sees, self._effects
        sees("it acquires the Lease", lambda: self._lease().get("holderIdentity"))
        first = self._lease()["renewTime"]
        sees("it renews the Lease", lambda: self._lease()["renewTime"] != first)
        port = operator_port(self._place.directory / "operator.log")
        sees("it knows what there is", lambda: answers(port, "readyz"))
        sees("a user that was there is created in CXone", lambda: effects("early") == ["created", "licenseAssigned"])
        sees("the user says so", lambda: self.is_ready("CxoneUser", "early"))
        sees("the tenant says so", lambda: self.is_ready("CxoneTenant", "default"))
        sees("the tenant will outlive its users", lambda: "cxone.dev/in-use" in self._finalizers("default"))
        self._put_tenant("later")
        sees("a tenant that comes later is ready", lambda: self.is_ready("CxoneTenant", "later"))
        self.join("late")
        sees("a user that comes later is ready", lambda: self.is_ready("CxoneUser", "late"))
        self._change("late", role="Supervisor")
        sees("a change is carried out", lambda: effects("late")[2:] == ["updated"] and self._is_settled("late"))
        self._change("late", active=False)
        sees("a leaver is locked out", lambda: effects("late")[3:] == ["deactivated", "licenseReleased"])
        self._place.kube.delete("CxoneUser", self._place.people, "late").accepted()
        sees("a deleted user is gone", lambda: self._get("CxoneUser", "late").code == 404)
        sees("a job that was given up is told in an Event", self._a_job_was_given_up)

    def _conflict(self, doomed: str) -> None:
        """Somebody writes between the operator's look and its write, and no watch tells it so."""
        self.join("contested")
        tls = ssl.create_default_context(cafile=str(self._place.plane.certificate))
        proxy = Proxy(self._place.plane.url, KUBERNETES, lambda _fault: None, lambda _port: 0, tls)
        silent = [Fault("watch", "delay", before=True, seconds=_HOURS) for _ in range(2)]
        proxy.faults += [*silent, Fault("claim", "delay", before=True, seconds=1.0)]
        kubeconfig = _plain_kubeconfig(self._place.directory / "proxy.kubeconfig", proxy.url, self.account)
        try:
            with self.running("operator-proxied.log", kubeconfig) as process:
                witness = Witness(self.account, process, doomed)
                witness.sees("its claim is on its way", lambda: proxy.counts["claim"])
                annotation = {"metadata": {"annotations": {"example.com/written": "first"}}}
                self._place.kube.patch("CxoneUser", self._place.people, "contested", annotation).accepted()
                witness.sees(
                    "a conflict is resolved although the watch is silent",
                    lambda: self.is_ready("CxoneUser", "contested"),
                )
        finally:
            proxy.close()

    @contextmanager
    def running(self, log: str = "operator.log", kubeconfig: Path | None = None) -> Iterator[Process]:
        """The command line of the manifests, but for the port and for a Lease that does not keep tests waiting."""
        run, *options = self._place.arguments(ACCOUNT)
        assert run == "run"
        mine = ("--listen", "127.0.0.1:0", "--lease-namespace", self._place.system, "--lease-seconds", "3")
        process = start_operator(self._place.directory / log, kubeconfig or self.account.kubeconfig, *options, *mine)
        try:
            yield process
        except BaseException:
            process.stop(0.0)
            raise
        process.stop(20.0)

    def _a_job_was_given_up(self) -> bool:
        """Who comes at once goes in one job, unless the operator is quicker than we are; then some more come."""
        if time.monotonic() >= self._next_crowd:
            self._next_crowd = time.monotonic() + _CROWD_SECONDS
            names = [f"crowd-{uuid.uuid4().hex[:8]}" for _ in range(4)]
            with ThreadPoolExecutor(len(names)) as pool:
                list(pool.map(self.join, names))
        return "BulkJobAbandoned" in self._events()

    def _put_tenant(self, name: str) -> None:
        body = tenant(self._place.people, name, baseURL=self._simulator.url, **_CALM)
        self._place.kube.create(body).accepted()

    def _put_secret(self) -> None:
        data = {"clientId": CLIENT_ID, "clientSecret": self._secret}
        body = {"metadata": {"name": "cxone-credentials"}, "stringData": data}
        self._place.kube.request("POST", f"/api/v1/namespaces/{self._place.people}/secrets", body).accepted()

    def join(self, name: str) -> None:
        spec = {"role": "Agent", "userName": self.user_name(name)}
        self._place.kube.create(user(self._place.people, name, **spec)).accepted()

    def _change(self, name: str, **spec: object) -> None:
        self._place.kube.patch("CxoneUser", self._place.people, name, {"spec": spec}).accepted()

    def user_name(self, name: str) -> str:
        """Several places share one CXone."""
        return f"{name}.{self._place.people}@example.com"

    def _effects(self, name: str) -> list[str]:
        entries = self._simulator.get("journal")["entries"]
        return [entry["effect"] for entry in entries if entry["userName"] == self.user_name(name)]

    def _get(self, kind: str, name: str) -> Any:
        return self._place.kube.get(kind, self._place.people, name)

    def _finalizers(self, name: str) -> list[str]:
        found: list[str] = self._get("CxoneTenant", name).accepted()["metadata"].get("finalizers", [])
        return found

    def is_ready(self, kind: str, name: str) -> bool:
        conditions = self._get(kind, name).accepted()["status"]["conditions"]
        return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)

    def _is_settled(self, name: str) -> bool:
        body = self._get("CxoneUser", name).accepted()
        return body["status"].get("observedGeneration") == body["metadata"]["generation"] and self.is_ready(
            "CxoneUser", name
        )

    def _lease(self) -> dict[str, Any]:
        path = f"/apis/{LEASES}/v1/namespaces/{self._place.system}/leases/cxone-operator"
        spec: dict[str, Any] = self._place.kube.request("GET", path).body.get("spec", {})
        return spec

    def _events(self) -> set[str]:
        path = f"/api/v1/namespaces/{self._place.people}/events"
        return {event["reason"] for event in self._place.kube.request("GET", path).accepted()["items"]}


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

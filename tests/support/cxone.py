"""A company: a namespace with a tenant, a simulated CXone and an operator, and the words for what happens there."""

from __future__ import annotations

import copy
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controlplane.plane import ControlPlane
from demo.stage import CLIENT_ID, start_simulator
from support import audit
from support.kube import Json, Kube
from support.operator import Operator
from support.resources import tenant, user
from support.secrecy import leaks
from support.waiting import eventually

UNLIMITED: dict[str, Any] = {
    "rateLimit": {"requestsPerMinute": 100000},
    "bulk": {"maxOperations": 100},
    "safety": {"deprovisioning": {"maxPercent": 100, "maxUsers": 100000}},
}
EMPLOYEE: dict[str, Any] = {"role": "Agent", "groups": ["Support-Team"]}
"""What everybody is declared with, unless the test says otherwise."""
_SECRET_KEYS = ("clientSecret", "accessKeySecret", "password", "token")
_SHORT = 8
"""Characters of a secret value that may well be in a log for another reason."""
USER, TENANT, CREDENTIALS = "CxoneUser", "CxoneTenant", "cxone-credentials"


class Employer:
    """A namespace, whose users are in a SCIM server, and an operator for them."""

    def __init__(self, plane: ControlPlane, namespace: str, directory: Path, operator: Operator) -> None:
        directory.mkdir(exist_ok=True)
        self.plane = plane
        self.kube = Kube.administrator(plane)
        self.namespace = namespace
        self.directory = directory
        self.operators = [operator]
        """Whatever works for this namespace; the first one perhaps for others, too."""
        self._secrets = {plane.token}
        self._audited = audit.end(plane.audit_log)

    def close(self) -> None:
        """Make sure that nobody has written what must not be written."""
        logs = [log for operator in self.operators for log in operator.logs]
        assert leaks(logs, self._secrets, CLIENT_ID) == []

    @property
    def operator(self) -> Operator:
        """The one that it came with."""
        return self.operators[0]

    def start_another(self, *options: str) -> Operator:
        """One operator more, beside those that there are."""
        name = f"replica-{len(self.operators)}"
        self.operators.append(Operator(self.plane.kubeconfig, self.directory, self.namespace, name=name))
        self.operators[-1].start(*options)
        return self.operators[-1]

    # The tenant.

    def open_on(self, spec: Json, secret: Mapping[str, str]) -> None:
        """Create the Secret and the tenant, and see to it that an operator works for them."""
        self.store_secret(secret)
        self.kube.create(tenant(self.namespace, **{**UNLIMITED, **spec})).accepted()
        self.serve()

    def serve(self) -> None:
        """Start the operator, unless it runs."""
        if not self.operator.alive:
            self.operator.start()

    def store_secret(self, data: Mapping[str, str], name: str = CREDENTIALS) -> None:
        """Create or replace a tenant's Secret."""
        self._secrets |= {value for key, value in data.items() if key in _SECRET_KEYS and len(value) > _SHORT}
        body = {"metadata": {"name": name}, "stringData": dict(data)}
        self.remove_secret(name)
        self.kube.request("POST", f"/api/v1/namespaces/{self.namespace}/secrets", body).accepted()

    def remove_secret(self, name: str = CREDENTIALS) -> None:
        """As if somebody had deleted it by mistake."""
        self.kube.request("DELETE", f"/api/v1/namespaces/{self.namespace}/secrets/{name}")

    def tenant(self, name: str = "default") -> Json:
        """The CxoneTenant."""
        return self.kube.get(TENANT, self.namespace, name).accepted()

    def change_tenant(self, **spec: Any) -> None:
        """Edit the spec of the tenant."""
        self.kube.patch(TENANT, self.namespace, "default", {"spec": spec}).accepted()

    def delete_tenant(self, name: str = "default") -> None:
        """Ask for its deletion; its users may hold it."""
        self.kube.delete(TENANT, self.namespace, name).accepted()

    def tenant_reason(self, type_: str = "Ready") -> str:
        """As `reason`, of the tenant."""
        return self.reason("default", type_, TENANT)

    # What people do to CxoneUsers.

    def create(self, *names: str, **spec: Any) -> None:
        """Declare somebody."""
        for name in names:
            self.kube.create(user(self.namespace, name, **{**EMPLOYEE, **spec})).accepted()

    def join(self, *names: str, **spec: Any) -> None:
        """Declare somebody, and wait until they can work."""
        self.create(*names, **spec)
        for name in names:
            self.until_ready(name)

    def apply(self, name: str, manager: str, **spec: Any) -> None:
        """Declare somebody as a field manager does that insists."""
        self.kube.apply(user(self.namespace, name, **{**EMPLOYEE, **spec}), manager, force=True).accepted()

    def change(self, name: str, /, **spec: Any) -> None:
        """Edit a spec."""
        self.kube.patch(USER, self.namespace, name, {"spec": spec}).accepted()

    def leave(self, *names: str) -> None:
        """Declare that somebody shall not be active any more."""
        for name in names:
            self.change(name, active=False)

    def delete(self, *names: str) -> None:
        """Ask for the deletion of the resource."""
        for name in names:
            self.kube.delete(USER, self.namespace, name).accepted()

    def annotate(self, name: str, kind: str = USER, *, manager: str = "tests", **annotations: str) -> None:
        """With annotations of ours: reconcile_requested_at="1"."""
        said = {f"cxone.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
        body = {"metadata": {"annotations": said}}
        self.kube.patch(kind, self.namespace, name, body, manager=manager).accepted()

    def compare_now(self, name: str, request: str = "1", seconds: float = 20.0) -> None:
        """Ask for a comparison with CXone, and wait until it is done."""
        self.annotate(name, reconcile_requested_at=request)
        eventually(lambda: self.user(name)["status"].get("lastHandledReconcileAt") == request, seconds)

    def approve(self, plan: str) -> None:
        """Let go the leavers of that plan."""
        self.annotate("default", TENANT, manager="on-call", approve_deprovisioning=plan)

    # What the cluster shows.

    def users(self) -> list[Json]:
        """All CxoneUsers of the namespace."""
        return self.kube.all(USER, self.namespace)

    def user(self, name: str) -> Json:
        """One CxoneUser."""
        return self.kube.get(USER, self.namespace, name).accepted()

    def is_gone(self, name: str, kind: str = USER) -> bool:
        """There is no such resource."""
        return self.kube.get(kind, self.namespace, name).code == 404

    def condition(self, name: str, type_: str = "Ready", kind: str = USER) -> Json:
        """A condition that belongs to the newest spec; empty where there is none."""
        body = self.kube.get(kind, self.namespace, name).accepted()
        status = body.get("status", {})
        if status.get("observedGeneration") != body["metadata"]["generation"]:
            return {}
        return next((item for item in status.get("conditions", []) if item["type"] == type_), {})

    def reason(self, name: str, type_: str = "Ready", kind: str = USER) -> str:
        """`True/Succeeded`, or "" while the newest spec has not been observed."""
        found = self.condition(name, type_, kind)
        return f"{found['status']}/{found['reason']}" if found else ""

    def until_ready(self, name: str, seconds: float = 20.0) -> Json:
        """Wait until CXone agrees; the resource."""
        eventually(lambda: self.reason(name).startswith("True/") or None, seconds)
        return self.user(name)

    def until_reason(self, name: str, reason: str, seconds: float = 25.0) -> str:
        """Wait until Ready has that reason; its message."""
        eventually(lambda: self.reason(name).endswith(f"/{reason}") or None, seconds)
        return str(self.condition(name)["message"])

    def until_gone(self, *names: str, kind: str = USER) -> None:
        """Wait until the resources are no more."""
        for name in names:
            eventually(lambda name=name: self.is_gone(name, kind))

    def deprovisioning(self) -> Json:
        """What the tenant says of the guard."""
        found: Json = self.tenant().get("status", {}).get("deprovisioning", {})
        return found

    def until_held(self, number: int, seconds: float = 20.0) -> str:
        """Wait until the guard holds that many; the hash of their plan."""
        eventually(lambda: self.deprovisioning().get("held") == number, seconds)
        return str(self.deprovisioning()["planHash"])

    def events(self) -> list[str]:
        """The reasons of all Events of the namespace."""
        path = f"/api/v1/namespaces/{self.namespace}/events"
        return [event["reason"] for event in self.kube.request("GET", path).accepted()["items"]]

    def operator_writes(self) -> Counter[tuple[str, str]]:
        """Successful writes of the operator to this namespace, by (resource, subresource)."""
        time.sleep(0.5)
        made = audit.writes(
            self.plane.audit_log, namespace=self.namespace, user_agent="cxone-operator/", since=self._audited
        )
        return Counter((write.resource, write.subresource) for write in made if write.code < 300)

    def trail(self) -> list[Json]:
        """The audit lines of the namespace's tenants, by every operator so far."""
        lines = [line for operator in self.operators for line in operator.trail()]
        return [line for line in lines if line["tenant"].startswith(f"{self.namespace}/")]


class Company(Employer):
    """Such a one with a simulated CXone: everything that most tests need of the world."""

    def __init__(
        self, plane: ControlPlane, namespace: str, directory: Path, operator: Operator, *simulator: str
    ) -> None:
        super().__init__(plane, namespace, directory, operator)
        self.secret = secrets.token_urlsafe(16)
        self._secrets.add(self.secret)
        options = ("--requests-per-minute", "0", "--job-seconds", "0.3", *simulator)
        self._simulator, self.simulator = start_simulator(directory, self.secret, *options)

    def close(self) -> None:
        """End CXone as well."""
        self._simulator.stop(0.0)
        super().close()

    def branch(self, namespace: str) -> Company:
        """The same CXone and operator, and another namespace, which the operator watches as well."""
        branch = copy.copy(self)
        branch.namespace = namespace
        return branch

    def open(self, **spec: Any) -> None:
        """Create the Secret and the tenant, and see to it that an operator works for them."""
        self.put_secret(self.secret)
        self.create_tenant(**spec)
        self.serve()

    def create_tenant(self, name: str = "default", **spec: Any) -> None:
        """Create a tenant; by default without a limit that matters."""
        declared = {"baseURL": self.simulator.url, **UNLIMITED, **spec}
        self.kube.create(tenant(self.namespace, name, **declared)).accepted()

    def put_secret(self, value: str, *, name: str = CREDENTIALS, **more: str) -> None:
        """Create or replace a tenant's Secret."""
        data = {"clientId": CLIENT_ID, "clientSecret": value, **more}
        self.store_secret({k: v for k, v in data.items() if v}, name)

    # CXone, and what administrators do there by hand.

    def stats(self) -> Json:
        """What CXone has counted."""
        found: Json = self.simulator.get("stats")
        return found

    def active(self) -> int:
        """How many can work."""
        return int(self.stats()["users"]["active"])

    def remote_users(self) -> list[Json]:
        """Everybody whom CXone knows."""
        found: list[Json] = self.simulator.get("users")["users"]
        return found

    def remote(self, user_name: str) -> Json | None:
        """One of them."""
        return next((found for found in self.remote_users() if found["userName"] == user_name), None)

    def known(self, user_name: str) -> Json:
        """One who must be among them."""
        found = self.remote(user_name)
        assert found is not None, f"{user_name} is not in CXone"
        return found

    def journal(self) -> list[Json]:
        """What happened there, in order."""
        found: list[Json] = self.simulator.get("journal")["entries"]
        return found

    def effects(self, user_name: str | None = None) -> list[str]:
        """The kinds of what happened, to one or to all."""
        return [entry["effect"] for entry in self.journal() if user_name in (None, entry["userName"])]

    def change_outside(self, user_name: str, **attributes: Any) -> None:
        """Somebody changes an account by hand, or makes one that has nothing else."""
        self.simulator.send("POST", "outside", {"userName": user_name, "set": attributes})

    def make_outside(self, user_name: str, **attributes: Any) -> None:
        """Somebody makes an account by hand."""
        base = {"name": {"givenName": "Jane", "familyName": "Smith"}, "emails": [{"value": user_name}], "active": True}
        self.change_outside(user_name, **{**base, **attributes})

    def fault(self, **order: Any) -> None:
        """Something goes wrong with requests or jobs that come."""
        self.simulator.send("POST", "faults", order)

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self.simulator.send("DELETE", "faults", {})

    def set_cxone(self, **settings: Any) -> None:
        """Change how CXone behaves from now on."""
        self.simulator.send("PATCH", "settings", settings)

    def rotate_secret(self) -> str:
        """CXone knows another secret, which is returned, and none of the tokens that there were."""
        value = secrets.token_urlsafe(16)
        self.set_cxone(clientSecret=value)
        self.simulator.send("POST", "tokens/revoke", {})
        return value

"""The scripts on what a real operator writes, and their answers applied to a real API server.

One operator serves the whole module: its users are brought into their states once and looked at as they were then, so
that no test depends on what another has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controlplane.plane import ControlPlane
from support import argocd
from support.argocd import Health, Json, ScriptError
from support.cxone import Company
from support.kube import Kube
from support.resources import tenant, user
from support.waiting import eventually

GUARD_CLOSED = {"deprovisioning": {"maxPercent": 0, "maxUsers": 0, "minUsers": 0}}
"""Every leaver is held until somebody approves."""
SEATS = 4
JANE = "jane@example.com"


@pytest.fixture(scope="module")
def company(control_plane: ControlPlane, kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A tenant with few seats and a closed guard."""
    namespace = "argocd-live"
    kube.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}).accepted()
    made = Company(control_plane, kube, namespace, tmp_path_factory.mktemp("company"), "--seats", str(SEATS))
    try:
        made.open(safety=GUARD_CLOSED)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def states(company: Company) -> dict[str, Json]:
    """Every user of the company in the state that its name says, and the tenant while two leavers are held."""
    create(company, "role-not-found", role="Agnet")
    company.until_reason("role-not-found", "RoleNotFound")
    create(company, "differences-found", managementPolicy="ObserveOnly")
    for name in ("jane", "suspended", "leaving", "deleted"):
        create(company, name)
        company.until_ready(name)
    create(company, "without-a-seat")
    change(company, "suspended", suspend=True)
    change(company, "leaving", active=False)
    company.kube.delete("CxoneUser", company.namespace, "deleted").accepted()
    company.until_reason("differences-found", "DifferencesFound")
    company.until_reason("suspended", "Suspended")
    for name in ("leaving", "deleted"):
        company.until_reason(name, "DeprovisioningHeld")
    company.until_reason("without-a-seat", "LicenseUnavailable")
    eventually(lambda: live_tenant(company)["status"]["deprovisioning"]["held"] == 2)
    found = {body["metadata"]["name"]: body for body in company.users()}
    return found | {"tenant": live_tenant(company)}


def create(company: Company, name: str, /, **spec: Any) -> None:
    company.kube.create(user(company.namespace, name, **{"role": "Agent", **spec})).accepted()


def change(company: Company, name: str, /, **spec: Any) -> None:
    company.kube.patch("CxoneUser", company.namespace, name, {"spec": spec}).accepted()


def live_tenant(company: Company) -> Json:
    return company.kube.get("CxoneTenant", company.namespace, "default").accepted()


def tenant_health(company: Company) -> Health:
    return argocd.health(live_tenant(company))


def run(company: Company, resource: Json, action: str, **parameters: str) -> Json:
    """Click on an action as it is offered; what Argo CD writes."""
    assert not argocd.discover(resource)[action].disabled
    patch = argocd.merge_patch(resource, argocd.act(resource, action, parameters))
    name = resource["metadata"]["name"]
    company.kube.patch(resource["kind"], company.namespace, name, patch).accepted()
    return patch


@pytest.mark.parametrize("kind", ["CxoneTenant", "CxoneUser"])
def test_what_nobody_has_seen_yet_is_progressing(kube: Kube, namespace: str, kind: str) -> None:
    """The default status of the CRD, before any operator has written one."""
    body = kube.create({"CxoneTenant": tenant, "CxoneUser": user}[kind](namespace)).accepted()
    assert argocd.health(body) == Health("Progressing", "Waiting for the operator to observe the latest spec")


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("jane", "Healthy", "CXone agrees"),
        ("role-not-found", "Degraded", "role 'Agnet' does not exist"),
        ("without-a-seat", "Suspended", f"all {SEATS} seats"),
        ("suspended", "Suspended", "spec.suspend"),
        ("differences-found", "Suspended", "reported only"),
        ("leaving", "Suspended", "how to approve"),
        ("deleted", "Suspended", "Being deprovisioned"),
        ("tenant", "Suspended", "2 users would lose access"),
    ],
)
def test_the_verdict_on_each_state(states: dict[str, Json], name: str, status: str, message: str) -> None:
    """With the operator's own words."""
    found = argocd.health(states[name])
    assert (found.status, message in found.message) == (status, True), found


def test_reconcile_compares_now(company: Company, states: dict[str, Json]) -> None:
    """What somebody changed in CXone is put right at once, and the request is answered."""
    outside = {"userName": JANE, "set": {"roles": [{"value": "Administrator"}]}}
    company.simulator.send("POST", "outside", outside)
    patch = run(company, company.user("jane"), "reconcile")
    (asked,) = patch["metadata"]["annotations"].values()
    eventually(lambda: company.user("jane")["status"].get("lastHandledReconcileAt") == asked)
    remote = company.remote(JANE)
    assert remote is not None
    assert remote["roles"] == [{"value": "Agent"}]


def test_suspend_and_resume_a_user(company: Company, states: dict[str, Json]) -> None:
    """A change waits while it is suspended, and is carried out afterwards."""
    run(company, company.user("jane"), "suspend")
    change(company, "jane", role="Supervisor")
    company.until_reason("jane", "Suspended")
    assert argocd.health(company.user("jane")).status == "Suspended"
    assert role(company) == "Agent"
    run(company, company.user("jane"), "resume")
    company.until_ready("jane")
    assert argocd.health(company.user("jane")).status == "Healthy"
    assert role(company) == "Supervisor"


def role(company: Company) -> str:
    remote = company.remote(JANE)
    assert remote is not None
    return str(remote["roles"][0]["value"])


def test_suspend_and_resume_a_tenant(company: Company) -> None:
    """The operator says that it sends nothing, and then that it goes on."""
    eventually(lambda: tenant_ready(company) == "True/Succeeded")
    run(company, live_tenant(company), "suspend")
    eventually(lambda: tenant_ready(company) == "False/Suspended")
    assert tenant_health(company).status == "Suspended"
    run(company, live_tenant(company), "resume")
    eventually(lambda: tenant_ready(company) == "True/Succeeded")


def tenant_ready(company: Company) -> str:
    return company.reason("default", kind="CxoneTenant")


def test_approving_lets_go_what_was_held(company: Company, states: dict[str, Json]) -> None:
    """Exactly the set that somebody has looked at; afterwards there is nothing to approve."""
    held = live_tenant(company)
    with pytest.raises(ScriptError, match="has changed"):
        argocd.act(held, "approve", {"planHash": "0123456789abcdef"})
    run(company, held, "approve", planHash=held["status"]["deprovisioning"]["planHash"])
    company.until_ready("leaving")
    eventually(lambda: company.kube.get("CxoneUser", company.namespace, "deleted").code == 404)
    company.until_ready("without-a-seat")
    assert company.effects().count("deactivated") == 2
    assert argocd.health(company.user("leaving")).status == "Healthy"
    eventually(lambda: tenant_health(company).status == "Healthy")
    assert argocd.discover(live_tenant(company))["approve"].disabled


def test_refused_credentials_are_degraded_until_corrected(company: Company, states: dict[str, Json]) -> None:
    """The remedy is in the message."""
    company.simulator.send("PATCH", "settings", {"clientSecret": "rotated"})
    company.simulator.send("POST", "tokens/revoke", {})
    run(company, company.user("jane"), "reconcile")
    eventually(lambda: tenant_health(company).status == "Degraded")
    assert "correct clientId and clientSecret" in tenant_health(company).message
    company.put_secret("rotated")
    eventually(lambda: tenant_health(company).status == "Healthy")


def test_git_takes_back_only_what_it_declares(kube: Kube, namespace: str) -> None:
    """Argo CD's forced server-side apply: an action stays, and a field that leaves Git has its default again."""
    declared = user(namespace, "jane", active=False)
    kube.apply(declared, "argocd-controller", force=True).accepted()
    live = kube.get("CxoneUser", namespace, "jane").accepted()
    kube.patch("CxoneUser", namespace, "jane", argocd.merge_patch(live, argocd.act(live, "suspend"))).accepted()
    again = kube.apply(user(namespace, "jane"), "argocd-controller", force=True).accepted()
    assert (again["spec"]["suspend"], again["spec"]["active"]) == (True, True)

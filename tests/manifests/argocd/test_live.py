"""The scripts on what a real operator writes, and their answers applied to a real API server.

One operator serves the whole module: its users are brought into their states once and looked at as they were then, so
that no test depends on what another has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from controlplane.plane import ControlPlane
from support import argocd
from support.argocd import Health, Json, ScriptError
from support.cxone import Company
from support.kube import Kube
from support.operator import Operator
from support.resources import tenant, user
from support.waiting import eventually

GUARD_CLOSED = {"deprovisioning": {"maxPercent": 0, "maxUsers": 0, "minUsers": 0}}
"""Every leaver is held until somebody approves."""
SEATS = 4
JANE = "jane@example.com"


@pytest.fixture(scope="module")
def company(control_plane: ControlPlane, kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A tenant with few seats and a closed guard."""
    namespace, directory = kube.new_namespace(f"argocd-{uuid4().hex[:12]}"), tmp_path_factory.mktemp("company")
    operator = Operator(control_plane.kubeconfig, directory, namespace)
    made = Company(control_plane, namespace, directory, operator, "--seats", str(SEATS))
    try:
        made.open(safety=GUARD_CLOSED)
        yield made
    finally:
        operator.end()
        made.close()


@pytest.fixture(scope="module")
def states(company: Company) -> dict[str, Json]:
    """Every user of the company in the state that its name says, and the tenant while two leavers are held."""
    company.create("role-not-found", role="Agnet")
    company.until_reason("role-not-found", "RoleNotFound")
    company.create("differences-found", managementPolicy="ObserveOnly")
    for name in ("jane", "suspended", "leaving", "deleted"):
        company.join(name)
    company.create("without-a-seat")
    company.change("suspended", suspend=True)
    company.leave("leaving")
    company.delete("deleted")
    company.until_reason("differences-found", "DifferencesFound")
    company.until_reason("suspended", "Suspended")
    for name in ("leaving", "deleted"):
        company.until_reason(name, "DeprovisioningHeld")
    company.until_reason("without-a-seat", "LicenseUnavailable")
    company.until_held(2)
    found = {body["metadata"]["name"]: body for body in company.users()}
    return found | {"tenant": company.tenant()}


def tenant_health(company: Company) -> Health:
    return argocd.health(company.tenant())


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
    company.change_outside(JANE, roles=[{"value": "Administrator"}])
    patch = run(company, company.user("jane"), "reconcile")
    (asked,) = patch["metadata"]["annotations"].values()
    eventually(lambda: company.user("jane")["status"].get("lastHandledReconcileAt") == asked)
    remote = company.known(JANE)
    assert remote["roles"] == [{"value": "Agent"}]


def test_suspend_and_resume_a_user(company: Company, states: dict[str, Json]) -> None:
    """A change waits while it is suspended, and is carried out afterwards."""
    run(company, company.user("jane"), "suspend")
    company.change("jane", role="Supervisor")
    company.until_reason("jane", "Suspended")
    assert argocd.health(company.user("jane")).status == "Suspended"
    assert role(company) == "Agent"
    run(company, company.user("jane"), "resume")
    company.until_ready("jane")
    assert argocd.health(company.user("jane")).status == "Healthy"
    assert role(company) == "Supervisor"


def role(company: Company) -> str:
    return str(company.known(JANE)["roles"][0]["value"])


def test_suspend_and_resume_a_tenant(company: Company) -> None:
    """The operator says that it sends nothing, and then that it goes on."""
    eventually(lambda: company.tenant_reason() == "True/Succeeded")
    run(company, company.tenant(), "suspend")
    eventually(lambda: company.tenant_reason() == "False/Suspended")
    assert tenant_health(company).status == "Suspended"
    run(company, company.tenant(), "resume")
    eventually(lambda: company.tenant_reason() == "True/Succeeded")


def test_approving_lets_go_what_was_held(company: Company, states: dict[str, Json]) -> None:
    """Exactly the set that somebody has looked at; afterwards there is nothing to approve."""
    held = company.tenant()
    with pytest.raises(ScriptError, match="has changed"):
        argocd.act(held, "approve", {"planHash": "0123456789abcdef"})
    run(company, held, "approve", planHash=held["status"]["deprovisioning"]["planHash"])
    company.until_ready("leaving")
    company.until_gone("deleted")
    company.until_ready("without-a-seat")
    assert company.effects().count("deactivated") == 2
    assert argocd.health(company.user("leaving")).status == "Healthy"
    eventually(lambda: tenant_health(company).status == "Healthy")
    assert argocd.discover(company.tenant())["approve"].disabled


def test_refused_credentials_are_degraded_until_corrected(company: Company, states: dict[str, Json]) -> None:
    """The remedy is in the message."""
    rotated = company.rotate_secret()
    run(company, company.user("jane"), "reconcile")
    eventually(lambda: tenant_health(company).status == "Degraded")
    assert "correct clientId and clientSecret" in tenant_health(company).message
    company.put_secret(rotated)
    eventually(lambda: tenant_health(company).status in ("Healthy", "Suspended"))  # as long as leavers are held


def test_git_takes_back_only_what_it_declares(kube: Kube, namespace: str) -> None:
    """Argo CD's forced server-side apply: an action stays, and a field that leaves Git has its default again."""
    declared = user(namespace, "jane", active=False)
    kube.apply(declared, "argocd-controller", force=True).accepted()
    live = kube.get("CxoneUser", namespace, "jane").accepted()
    kube.patch("CxoneUser", namespace, "jane", argocd.merge_patch(live, argocd.act(live, "suspend"))).accepted()
    again = kube.apply(user(namespace, "jane"), "argocd-controller", force=True).accepted()
    assert (again["spec"]["suspend"], again["spec"]["active"]) == (True, True)

"""An API server that refuses a status for good (422), as one with an older CRD does: leavers go all the same.

An admission policy refuses it here, which is bound to the namespace of the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.cxone import TENANT, USER, Company
from support.kube import PLURALS, Answer
from support.waiting import eventually

REGISTRATION = "/apis/admissionregistration.k8s.io/v1"
POLICIES, BINDINGS = "validatingadmissionpolicies", "validatingadmissionpolicybindings"
Refuse = Callable[[str], None]


@pytest.fixture
def refuse(company: Company) -> Iterator[Refuse]:
    """The API server refuses every status of that kind from now on, but for one that says nothing new."""
    made: list[str] = []

    def begin(kind: str) -> None:
        name = f"no-status-of-{PLURALS[kind]}.{company.namespace}"
        made.append(name)
        rule = {"apiGroups": ["cxone.dev"], "apiVersions": ["*"], "operations": ["UPDATE"]}
        policy = {
            "matchConstraints": {"resourceRules": [{**rule, "resources": [f"{PLURALS[kind]}/status"]}]},
            "validations": [{"expression": "false", "message": "status.licenses.total: too large"}],
        }
        here = {"matchLabels": {"kubernetes.io/metadata.name": company.namespace}}
        binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": here}}
        for plural, spec in ((POLICIES, policy), (BINDINGS, binding)):
            body = {"metadata": {"name": name}, "spec": spec}
            company.kube.request("POST", f"{REGISTRATION}/{plural}", body).accepted()
        eventually(lambda: touched(company, kind).code == 422)

    yield begin
    for name in made:
        for plural in (BINDINGS, POLICIES):
            company.kube.request("DELETE", f"{REGISTRATION}/{plural}/{name}")


def touched(company: Company, kind: str) -> Answer:
    """What the API server says to a status that changes nothing."""
    found = company.kube.all(kind, company.namespace)[0]["metadata"]["name"]
    return company.kube.patch(kind, company.namespace, found, {"status": {}}, "status")


def active(company: Company, name: str) -> bool:
    return bool(company.known(f"{name}@example.com")["active"])


def test_a_tenants_status_that_is_refused_stops_no_leaver(company: Company, refuse: Refuse) -> None:
    """Within the guard's allowance they go; metric, log and an Event on the tenant say what is wrong."""
    company.open(safety={})
    company.join("jane", "john", "judy")
    refuse(TENANT)
    company.leave("jane")
    company.delete("john")
    company.until_ready("jane")
    company.until_gone("john")
    assert (active(company, "jane"), active(company, "john"), active(company, "judy")) == (False, False, True)
    eventually(lambda: "StatusRefused" in company.events())
    counted = f'cxone_operator_tenant_status_refused_total{{tenant="{company.namespace}/default"}} '
    (line,) = [line for line in company.operator.metrics().splitlines() if line.startswith(counted)]
    assert float(line.removeprefix(counted)) >= 1
    assert "tenant_status_not_written" in company.operator.text()
    assert "turn_failed" not in company.operator.text()


def test_a_flood_is_held_although_nobody_can_be_told(company: Company, refuse: Refuse) -> None:
    """What cannot be written down is counted all the same."""
    company.open(safety={"deprovisioning": {"maxUsers": 1, "minUsers": 1}})
    company.join("jane", "john", "judy")
    refuse(TENANT)
    company.delete("jane", "john", "judy")
    eventually(lambda: [line["result"] for line in company.trail()].count("held") == 3)
    assert company.effects().count("deactivated") == 0


def test_a_users_status_that_is_refused_keeps_nobody_active(company: Company, refuse: Refuse) -> None:
    """Neither who leaves nor who is deleted; whose resource is let go, as that is no status."""
    company.open()
    company.join("jane", "john")
    refuse(USER)
    company.leave("jane")
    company.delete("john")
    eventually(lambda: (active(company, "jane"), active(company, "john")) == (False, False))
    company.until_gone("john")
    assert "resource_refused" in company.operator.text()

"""The circuit on real parts: a tenant that fails as a whole, and another one beside it that does not notice."""

from __future__ import annotations

import time
from typing import Any

from support.cxone import Company
from support.resources import user
from support.waiting import eventually

NAMES = [f"user-{number:02}" for number in range(30)]


def circuit(company: Company) -> str:
    return company.reason("default", "CircuitOpen", "CxoneTenant")


def test_a_storm_opens_it_and_its_end_closes_it(company: Company) -> None:
    """Few requests while it lasts, not one status write to the users, and everybody in the end."""
    company.open(bulk={"mode": "Off"})
    eventually(lambda: circuit(company) == "False/Succeeded")
    company.simulator.send("POST", "faults", {"kind": "status", "status": 503})
    for name in NAMES:
        company.kube.create(user(company.namespace, name, role="Agent")).accepted()
    eventually(lambda: circuit(company) == "True/RemoteUnavailable")
    assert f'circuit_open{{tenant="{company.namespace}/default"}} 1.0' in company.metrics()
    before = company.simulator.get("stats")["total"]
    time.sleep(12)
    assert company.simulator.get("stats")["total"] - before <= 8
    assert company.operator_writes()["cxoneusers", "status"] == 0
    company.simulator.send("DELETE", "faults", {})
    for name in NAMES:
        company.until_ready(name, 60)
    eventually(lambda: circuit(company) == "False/Succeeded")
    assert company.effects().count("created") == len(NAMES)


def test_refused_credentials_open_it(company: Company) -> None:
    """And the right ones close it."""
    company.open()
    eventually(lambda: circuit(company) == "False/Succeeded")
    company.simulator.send("PATCH", "settings", {"clientSecret": "rotated"})
    company.simulator.send("POST", "tokens/revoke", {})
    company.kube.create(user(company.namespace, role="Agent")).accepted()
    eventually(lambda: circuit(company) == "True/AuthenticationFailed")
    company.put_secret("rotated")
    eventually(lambda: circuit(company) == "False/Succeeded")
    company.until_ready("jane-smith")


def test_other_tenants_do_not_notice(make_company: Any, tmp_path: Any) -> None:
    """One operator, two tenants: the one whose CXone fails holds up nobody of the other."""
    sick = make_company()
    sick.put_secret(sick.secret)
    sick.create_tenant()
    (tmp_path / "other").mkdir()
    well = Company(sick.plane, sick.kube, sick.namespace, tmp_path / "other")
    try:
        body = {
            "metadata": {"name": "well-credentials"},
            "stringData": {"clientId": "demo", "clientSecret": well.secret},
        }
        sick.kube.request("POST", f"/api/v1/namespaces/{sick.namespace}/secrets", body).accepted()
        tenant = sick.kube.get("CxoneTenant", sick.namespace, "default").accepted()
        spec = {
            **tenant["spec"],
            "baseURL": well.simulator.url,
            "credentialsSecretRef": {"name": "well-credentials"},
        }
        other = {**tenant, "metadata": {"name": "well", "namespace": sick.namespace}, "spec": spec}
        sick.kube.create({key: other[key] for key in ("apiVersion", "kind", "metadata", "spec")}).accepted()
        sick.simulator.send("POST", "faults", {"kind": "latency", "seconds": 20})
        sick.start()
        for name in NAMES:
            sick.kube.create(user(sick.namespace, name, role="Agent")).accepted()
        began = time.monotonic()
        sick.kube.create(user(sick.namespace, "jane", role="Agent", tenantRef={"name": "well"})).accepted()
        sick.until_ready("jane")
        assert time.monotonic() - began < 10
        assert not any(effect == "created" for effect in sick.effects())
        sick.simulator.send("DELETE", "faults", {})
    finally:
        well.close()

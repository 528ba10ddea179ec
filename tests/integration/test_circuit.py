"""The circuit on real parts: a tenant that fails as a whole, and another one beside it that does not notice."""

from __future__ import annotations

import time

from integration.conftest import MakeCompany
from support.cxone import Company
from support.waiting import eventually

NAMES = [f"user-{number:02}" for number in range(30)]


def test_a_storm_opens_it_and_its_end_closes_it(company: Company) -> None:
    """Few requests while it lasts, not one status write to the users, and everybody in the end."""
    company.open(bulk={"mode": "Off"})
    eventually(lambda: company.tenant_reason("CircuitOpen") == "False/Succeeded")
    company.fault(kind="status", status=503)
    company.create(*NAMES)
    eventually(lambda: company.tenant_reason("CircuitOpen") == "True/RemoteUnavailable")
    assert f'circuit_open{{tenant="{company.namespace}/default"}} 1.0' in company.operator.metrics()
    before = company.stats()["total"]
    time.sleep(12)
    assert company.stats()["total"] - before <= 8
    assert company.operator_writes()["cxoneusers", "status"] == 0
    company.heal()
    for name in NAMES:
        company.until_ready(name, 60)
    eventually(lambda: company.tenant_reason("CircuitOpen") == "False/Succeeded")
    assert company.effects().count("created") == len(NAMES)


def test_refused_credentials_open_it(company: Company) -> None:
    """And the right ones close it."""
    company.open()
    eventually(lambda: company.tenant_reason("CircuitOpen") == "False/Succeeded")
    rotated = company.rotate_secret()
    company.create("jane-smith")
    eventually(lambda: company.tenant_reason("CircuitOpen") == "True/AuthenticationFailed")
    company.put_secret(rotated)
    eventually(lambda: company.tenant_reason("CircuitOpen") == "False/Succeeded")
    company.until_ready("jane-smith")


def test_other_tenants_do_not_notice(make_company: MakeCompany) -> None:
    """One operator, two tenants: the one whose CXone fails holds up nobody of the other."""
    sick, well = make_company(), make_company()
    sick.fault(kind="latency", seconds=20)
    sick.open()
    sick.put_secret(well.secret, name="well-credentials")
    reference = {"name": "well-credentials"}
    sick.create_tenant("well", baseURL=well.simulator.url, credentialsSecretRef=reference)
    sick.create(*NAMES)
    began = time.monotonic()
    sick.join("jane", tenantRef={"name": "well"})
    assert time.monotonic() - began < 10
    assert well.effects("jane@example.com").count("created") == 1
    assert "created" not in sick.effects()

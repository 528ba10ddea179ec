"""A real operator with nothing to do keeps quiet, whatever it looks at; the simulation tests this over hours."""

from __future__ import annotations

from support.cxone import Company
from support.waiting import eventually


def test_looking_again_is_not_worth_a_line(own_company: Company) -> None:
    """The user is compared with CXone several times, and the Lease is renewed: the log does not grow."""
    own_company.open()
    own_company.join("jane")
    eventually(lambda: "CXone accepts the credentials" in own_company.operator.text())
    renewed, said = lease_time(own_company), own_company.operator.text()
    for number in ("1", "2", "3"):
        own_company.compare_now("jane", number)
    eventually(lambda: lease_time(own_company) > renewed)
    assert own_company.operator.text() == said


def lease_time(company: Company) -> str:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{company.namespace}/leases/cxone-operator"
    return str(company.kube.request("GET", path).accepted()["spec"]["renewTime"])

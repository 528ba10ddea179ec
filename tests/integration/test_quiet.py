"""A real operator with nothing to do keeps quiet, whatever it looks at; the simulation tests this over hours."""

from __future__ import annotations

from support.cxone import Company
from support.resources import user
from support.waiting import eventually


def test_looking_again_is_not_worth_a_line(company: Company) -> None:
    """The user is compared with CXone several times, and the Lease is renewed: the log does not grow."""
    company.open()
    company.kube.create(user(company.namespace, "jane", role="Agent")).accepted()
    company.until_ready("jane")
    eventually(lambda: "CXone accepts the credentials" in company.logs[0].read_text())
    renewed, said = lease_time(company), company.logs[0].read_text()
    for number in ("1", "2", "3"):
        body = {"metadata": {"annotations": {"cxone.dev/reconcile-requested-at": number}}}
        company.kube.patch("CxoneUser", company.namespace, "jane", body).accepted()
        eventually(lambda number=number: company.user("jane")["status"].get("lastHandledReconcileAt") == number)
    eventually(lambda: lease_time(company) > renewed)
    assert company.logs[0].read_text() == said


def lease_time(company: Company) -> str:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{company.namespace}/leases/cxone-operator"
    return str(company.kube.request("GET", path).accepted()["spec"]["renewTime"])

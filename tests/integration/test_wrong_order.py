"""Things deleted in the wrong order, or while nobody watched: each ends in a described state, and strands nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controlplane.plane import ControlPlane
from support.cxone import Company
from support.kube import Kube
from support.resources import user
from support.waiting import eventually

CRDS = Path(__file__).parents[2] / "crds"
STAFF = [f"user-{number}" for number in range(4)]


def join(company: Company, *names: str) -> None:
    for name in names:
        company.kube.create(user(company.namespace, name, role="Agent")).accepted()
    for name in names:
        company.until_ready(name)


def delete(company: Company, name: str) -> None:
    company.kube.delete("CxoneUser", company.namespace, name).accepted()


def is_gone(company: Company, name: str, kind: str = "CxoneUser") -> bool:
    return company.kube.get(kind, company.namespace, name).code == 404


def active(company: Company) -> int:
    found: int = company.simulator.get("stats")["users"]["active"]
    return found


@pytest.fixture(scope="module")
def whole_plane(control_plane_binaries: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of its own, with the controllers that empty a deleted namespace."""
    with ControlPlane.start(tmp_path_factory.mktemp("whole"), crds=CRDS, audit=True) as plane:
        plane.start_controllers()
        yield plane


@pytest.fixture
def alone(whole_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Company]:
    """A company on that control plane; its operator lives in another namespace, as in a cluster."""
    kube = Kube(whole_plane.url, whole_plane.token, whole_plane.certificate)
    kube.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}).accepted()
    company = Company(whole_plane, kube, namespace, tmp_path)
    yield company
    company.close()


def test_a_deleted_namespace_deprovisions_its_users(alone: Company) -> None:
    """Tenant, Secret and users go at once; the Secret last of what is needed, so that everybody is locked out."""
    alone.put_secret(alone.secret)
    alone.create_tenant(safety={})
    alone.start("--lease-namespace", "default")
    join(alone, *STAFF)
    alone.kube.request("DELETE", f"/api/v1/namespaces/{alone.namespace}").accepted()
    eventually(lambda: active(alone) == 0, 30)
    eventually(lambda: alone.kube.request("GET", f"/api/v1/namespaces/{alone.namespace}").code == 404, 60)
    assert alone.simulator.get("stats")["licenses"]["used"] == 0


def test_a_deleted_namespace_meets_the_guard(alone: Company) -> None:
    """More than the allowance: the namespace stays, Terminating, until somebody approves."""
    names = [f"user-{number}" for number in range(8)]
    alone.put_secret(alone.secret)
    alone.create_tenant(safety={})
    alone.start("--lease-namespace", "default")
    join(alone, *names)
    alone.kube.request("DELETE", f"/api/v1/namespaces/{alone.namespace}").accepted()

    def held() -> dict[str, Any] | None:
        found = alone.kube.get("CxoneTenant", alone.namespace, "default").accepted()["status"].get("deprovisioning", {})
        return found if found.get("held") == 8 else None

    plan = eventually(held, 30)["planHash"]
    assert active(alone) == 8
    annotation = {"metadata": {"annotations": {"cxone.dev/approve-deprovisioning": plan}}}
    alone.kube.patch("CxoneTenant", alone.namespace, "default", annotation).accepted()
    eventually(lambda: alone.kube.request("GET", f"/api/v1/namespaces/{alone.namespace}").code == 404, 60)
    assert active(alone) == 0


def test_a_deleted_tenant_takes_no_more_users(company: Company) -> None:
    """It stays for those whom it has, and lets nobody in."""
    company.open()
    join(company, "jane")
    company.kube.delete("CxoneTenant", company.namespace, "default").accepted()
    company.kube.create(user(company.namespace, "john", role="Agent")).accepted()
    assert "is being deleted" in company.until_reason("john", "TenantNotReady")
    delete(company, "jane")
    delete(company, "john")
    eventually(lambda: is_gone(company, "default", "CxoneTenant"))
    assert active(company) == 0
    assert company.effects().count("created") == 1


def test_users_whose_secret_is_gone_say_so_and_go_when_it_is_back(company: Company) -> None:
    """A deletion without credentials waits; nobody is let go unseen."""
    company.open()
    join(company, "jane")
    company.stop()
    company.kube.request("DELETE", f"/api/v1/namespaces/{company.namespace}/secrets/cxone-credentials")
    delete(company, "jane")
    company.start()

    def waits() -> bool:
        conditions = company.user("jane")["status"]["conditions"]
        return any(item["reason"] == "TenantNotReady" and "Secret" in item["message"] for item in conditions)

    eventually(waits, 25)
    assert active(company) == 1
    company.put_secret(company.secret)
    eventually(lambda: is_gone(company, "jane"))
    assert active(company) == 0


def test_break_glass(company: Company) -> None:
    """cxone.dev/abandon lets a resource go without its Secret, without CXone, and leaves a trace."""
    company.open()
    join(company, "jane")
    company.kube.request("DELETE", f"/api/v1/namespaces/{company.namespace}/secrets/cxone-credentials")
    company.stop()
    company.start()
    delete(company, "jane")
    body = {"metadata": {"annotations": {"cxone.dev/abandon": "true"}}}
    company.kube.patch("CxoneUser", company.namespace, "jane", body).accepted()
    eventually(lambda: is_gone(company, "jane"))
    assert active(company) == 1
    assert any(line.get("action") == "abandon" for line in company.log())


def test_a_user_of_a_misspelt_tenant_can_be_deleted(company: Company) -> None:
    """Whoever put the finalizer on, an admission policy say: nobody was provisioned, so nobody is stranded."""
    company.open()
    misspelt = user(company.namespace, "jane", role="Agent", tenantRef={"name": "defualt"})
    misspelt["metadata"]["finalizers"] = ["cxone.dev/user", "example.com/other"]
    company.kube.create(misspelt).accepted()
    company.until_reason("jane", "TenantNotReady")
    delete(company, "jane")
    eventually(lambda: company.user("jane")["metadata"]["finalizers"] == ["example.com/other"])
    assert [line["action"] for line in company.log() if line.get("log") == "audit"] == ["retain"]


def test_a_user_whose_tenant_was_torn_away_is_kept_until_somebody_decides(company: Company) -> None:
    """It has an account, which nobody can deprovision any more: break-glass works without a tenant, too."""
    company.open()
    join(company, "jane")
    company.stop()
    company.kube.delete("CxoneTenant", company.namespace, "default").accepted()
    company.kube.patch("CxoneTenant", company.namespace, "default", {"metadata": {"finalizers": None}}).accepted()
    delete(company, "jane")
    company.start()
    assert "cxone.dev/abandon=true" in company.until_reason("jane", "TenantNotReady")
    body = {"metadata": {"annotations": {"cxone.dev/abandon": "true"}}}
    company.kube.patch("CxoneUser", company.namespace, "jane", body).accepted()
    eventually(lambda: is_gone(company, "jane"))
    assert active(company) == 1
    assert [line["action"] for line in company.log() if line.get("log") == "audit"] == ["create", "abandon"]


def test_a_day_without_an_operator(company: Company) -> None:
    """Joiners, leavers and deletions of that day are carried out; those in sync are not written."""
    company.open()
    join(company, *STAFF)
    company.stop()
    company.kube.patch("CxoneUser", company.namespace, "user-0", {"spec": {"active": False}}).accepted()
    delete(company, "user-1")
    company.kube.create(user(company.namespace, "late", role="Agent")).accepted()
    before = company.operator_writes()["cxoneusers", "status"]
    company.start()
    company.until_ready("user-0")
    company.until_ready("late")
    eventually(lambda: is_gone(company, "user-1"))
    assert active(company) == 3
    assert company.operator_writes()["cxoneusers", "status"] - before == 2


def test_a_deleted_crd(alone: Company) -> None:
    """It deletes every user, so each is deprovisioned before it goes; the next start says what is missing."""
    alone.put_secret(alone.secret)
    alone.create_tenant(safety={})
    alone.start("--lease-namespace", "default")
    join(alone, *STAFF)
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cxoneusers.cxone.dev"
    alone.kube.request("DELETE", path).accepted()
    eventually(lambda: alone.kube.request("GET", path).code == 404, 60)
    assert active(alone) == 0
    alone.stop()
    alone.start("--lease-namespace", "default")
    eventually(lambda: alone.operator is not None and not alone.operator.alive, 30)
    assert "kubectl apply -f crds/" in alone.logs[-1].read_text()
    alone.plane.apply_crds(CRDS)

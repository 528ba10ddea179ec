"""Things deleted in the wrong order, or while nobody watched: each ends in a described state, and strands nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controlplane.plane import ControlPlane
from support.cxone import Company
from support.kube import Kube
from support.operator import Operator
from support.resources import user
from support.waiting import eventually

CRDS = Path(__file__).parents[2] / "crds"
STAFF = [f"user-{number}" for number in range(4)]


@pytest.fixture(scope="module")
def whole_plane(control_plane_binaries: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of its own, with the controllers that empty a deleted namespace."""
    with ControlPlane.start(tmp_path_factory.mktemp("whole"), crds=CRDS, audit=True) as plane:
        plane.start_controllers()
        yield plane


@pytest.fixture
def alone(whole_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Company]:
    """A company on that control plane; its operator lives in another namespace, as in a cluster."""
    Kube.administrator(whole_plane).new_namespace(namespace)
    company = Company(whole_plane, namespace, tmp_path, Operator(whole_plane.kubeconfig, tmp_path, namespace))
    yield company
    company.operator.end()
    company.close()


def lease(company: Company) -> tuple[str, ...]:
    """Outside the namespace that goes, and not the one of the test before."""
    return "--lease-namespace", "default", "--lease-name", company.namespace


def test_a_deleted_namespace_deprovisions_its_users(alone: Company) -> None:
    """Tenant, Secret and users go at once; the Secret last of what is needed, so that everybody is locked out."""
    alone.operator.start(*lease(alone))
    alone.open(safety={})
    alone.join(*STAFF)
    alone.kube.request("DELETE", f"/api/v1/namespaces/{alone.namespace}").accepted()
    eventually(lambda: alone.active() == 0, 30)
    eventually(lambda: alone.kube.request("GET", f"/api/v1/namespaces/{alone.namespace}").code == 404, 60)
    assert alone.simulator.get("stats")["licenses"]["used"] == 0


def test_a_deleted_namespace_meets_the_guard(alone: Company) -> None:
    """More than the allowance: the namespace stays, Terminating, until somebody approves."""
    names = [f"user-{number}" for number in range(8)]
    alone.operator.start(*lease(alone))
    alone.open(safety={})
    alone.join(*names)
    alone.kube.request("DELETE", f"/api/v1/namespaces/{alone.namespace}").accepted()

    plan = alone.until_held(8, 30)
    assert alone.active() == 8
    alone.approve(plan)
    eventually(lambda: alone.kube.request("GET", f"/api/v1/namespaces/{alone.namespace}").code == 404, 60)
    assert alone.active() == 0


def test_a_deleted_tenant_takes_no_more_users(company: Company) -> None:
    """It stays for those whom it has, and lets nobody in."""
    company.open()
    company.join("jane")
    company.delete_tenant()
    company.create("john")
    assert "is being deleted" in company.until_reason("john", "TenantNotReady")
    company.delete("jane")
    company.delete("john")
    company.until_gone("default", kind="CxoneTenant")
    assert company.active() == 0
    assert company.effects().count("created") == 1


def test_users_whose_secret_is_gone_say_so_and_go_when_it_is_back(own_company: Company) -> None:
    """A deletion without credentials waits; nobody is let go unseen."""
    own_company.open()
    own_company.join("jane")
    own_company.operator.stop()
    own_company.remove_secret()
    own_company.delete("jane")
    own_company.operator.start()

    def waits() -> bool:
        conditions = own_company.user("jane")["status"]["conditions"]
        return any(item["reason"] == "TenantNotReady" and "Secret" in item["message"] for item in conditions)

    eventually(waits, 25)
    assert own_company.active() == 1
    own_company.put_secret(own_company.secret)
    own_company.until_gone("jane")
    assert own_company.active() == 0


def test_break_glass(own_company: Company) -> None:
    """cxone.dev/abandon lets a resource go without its Secret, without CXone, and leaves a trace."""
    own_company.open()
    own_company.join("jane")
    own_company.remove_secret()
    own_company.operator.stop()
    own_company.operator.start()
    own_company.delete("jane")
    own_company.annotate("jane", abandon="true")
    own_company.until_gone("jane")
    assert own_company.active() == 1
    assert "abandon" in [line["action"] for line in own_company.trail()]


def test_a_user_of_a_misspelt_tenant_can_be_deleted(company: Company) -> None:
    """Whoever put the finalizer on, an admission policy say: nobody was provisioned, so nobody is stranded."""
    company.open()
    misspelt = user(company.namespace, "jane", role="Agent", tenantRef={"name": "defualt"})
    misspelt["metadata"]["finalizers"] = ["cxone.dev/user", "example.com/other"]
    company.kube.create(misspelt).accepted()
    company.until_reason("jane", "TenantNotReady")
    company.delete("jane")
    eventually(lambda: company.user("jane")["metadata"]["finalizers"] == ["example.com/other"])
    eventually(lambda: [line["action"] for line in company.trail()] == ["retain"])


def test_a_user_whose_tenant_was_torn_away_is_kept_until_somebody_decides(own_company: Company) -> None:
    """It has an account, which nobody can deprovision any more: break-glass works without a tenant, too."""
    own_company.open()
    own_company.join("jane")
    own_company.operator.stop()
    own_company.delete_tenant()
    own_company.kube.patch(
        "CxoneTenant", own_company.namespace, "default", {"metadata": {"finalizers": None}}
    ).accepted()
    own_company.delete("jane")
    own_company.operator.start()
    assert "cxone.dev/abandon=true" in own_company.until_reason("jane", "TenantNotReady")
    own_company.annotate("jane", abandon="true")
    own_company.until_gone("jane")
    assert own_company.active() == 1
    eventually(lambda: [line["action"] for line in own_company.trail()] == ["create", "abandon"])


def test_a_day_without_an_operator(own_company: Company) -> None:
    """Joiners, leavers and deletions of that day are carried out; those in sync are not written."""
    own_company.open()
    own_company.join(*STAFF)
    own_company.operator.stop()
    own_company.leave("user-0")
    own_company.delete("user-1")
    own_company.create("late")
    before = own_company.operator_writes()["cxoneusers", "status"]
    own_company.operator.start()
    own_company.until_ready("user-0")
    own_company.until_ready("late")
    own_company.until_gone("user-1")
    assert own_company.active() == 3
    assert own_company.operator_writes()["cxoneusers", "status"] - before == 2


def test_a_deleted_crd(alone: Company) -> None:
    """It deletes every user, so each is deprovisioned before it goes; the next start says what is missing."""
    alone.operator.start(*lease(alone))
    alone.open(safety={})
    alone.join(*STAFF)
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cxoneusers.cxone.dev"
    alone.kube.request("DELETE", path).accepted()
    eventually(lambda: alone.kube.request("GET", path).code == 404, 60)
    assert alone.active() == 0
    alone.operator.stop()
    alone.operator.start(*lease(alone))
    eventually(lambda: not alone.operator.alive, 30)
    assert "kubectl apply -f crds/" in alone.operator.text()
    alone.plane.apply_crds(CRDS)

"""Groups that cannot be read or changed: whoever leaves is locked out all the same, and nobody is called Ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.plane import ControlPlane
from support.cxone import UNLIMITED, Company
from support.operator import SharedOperators
from support.waiting import eventually


@pytest.fixture
def company(control_plane: ControlPlane, shared_operators: SharedOperators, tmp_path: Path) -> Iterator[Company]:
    """A company whose CXone is a server of the standard."""
    operator, namespace = shared_operators.next()
    company = Company(control_plane, namespace, tmp_path / "standard", operator, "--preset", "RFC7644")
    yield company
    company.heal()
    company.kube.vacate(namespace)
    company.close()


def test_no_leaver_waits_for_groups(company: Company) -> None:
    """Neither at a start, nor while the groups of joiners are being changed."""
    company.create_tenant(**UNLIMITED, api={"preset": "RFC7644"})
    company.put_secret(company.secret)
    company.serve()
    company.join("jane", "june", role=None)
    company.fault(match={"path": "/scim/v2/Groups"}, kind="status", status=500)
    company.create("joan", role=None)
    company.leave("jane")
    eventually(lambda: not company.known("jane@example.com")["active"])
    company.change_tenant(api={"preset": "RFC7644", "usersPath": "/scim/v2/Users/"})  # which connects anew
    company.leave("june")
    eventually(lambda: not company.known("june@example.com")["active"])
    assert not company.reason("joan").startswith("True/")
    company.heal()
    company.until_ready("joan", 60)
    assert [group["value"] for group in company.known("joan@example.com")["groups"]] == ["Support-Team"]

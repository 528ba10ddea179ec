"""Seats on a server of the standard, which has no licence API: the limit of the tenant counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.plane import ControlPlane
from support.cxone import UNLIMITED, Company
from support.operator import SharedOperators

STAFF = ("ann", "bob", "cid")


@pytest.fixture
def company(control_plane: ControlPlane, shared_operators: SharedOperators, tmp_path: Path) -> Iterator[Company]:
    """A company with four seats, one of them taken by somebody whom no resource has."""
    operator, namespace = shared_operators.next()
    company = Company(control_plane, namespace, tmp_path / "standard", operator, "--preset", "RFC7644")
    company.make_outside("visitor@example.com")
    company.put_secret(company.secret)
    company.create_tenant(**UNLIMITED, api={"preset": "RFC7644"}, license={"mode": "CountUsers", "limit": 4})
    company.serve()
    yield company
    company.kube.vacate(namespace)
    company.close()


def test_who_has_no_seat_waits_for_that_of_a_leaver(company: Company) -> None:
    """Nobody is made without one, the tenant says how many wait, and never more than the limit are active."""
    company.join(*STAFF, role=None)
    company.create("late", role=None)
    message = company.until_reason("late", "LicenseUnavailable")
    assert "all 4 seats" in message
    assert company.remote("late@example.com") is None
    company.leave("ann")
    company.until_ready("late")
    active = {found["userName"].partition("@")[0] for found in company.remote_users() if found["active"]}
    assert active == {"visitor", "bob", "cid", "late"}
    licences = company.tenant()["status"]["licenses"]
    assert (licences["total"], licences["used"]) == (4, 4)

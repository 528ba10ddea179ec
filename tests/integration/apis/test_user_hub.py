"""A first year with the API that the vendor publishes: access keys, hosts by discovery, ids for roles, no list."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controlplane.plane import ControlPlane
from demo.stage import CLIENT_ID
from support.cxone import UNLIMITED, Company, Employer
from support.operator import SharedOperators
from support.waiting import eventually

NUMBER = int(os.environ.get("FIRST_YEAR_PEOPLE", "40"))
"""How many people; at 1,000 it takes a minute and a half."""
NAMES = [f"person-{number:03}" for number in range(NUMBER)]
KNOWN = NAMES[:5]
ACCESS_KEY = "canary-access-key-secret"
SECONDS = 60.0 + NUMBER / 10
GUARD = {"deprovisioning": {"maxPercent": 100, "maxUsers": 100_000, "minUsers": 10_000}}
"""Nobody is held, although there are fewer and fewer of whom a share is taken."""


@pytest.fixture
def company(control_plane: ControlPlane, shared_operators: SharedOperators, tmp_path: Path) -> Iterator[Company]:
    """A company whose CXone is User Hub; some of its people are there already."""
    operator, namespace = shared_operators.next()
    options = ("--preset", "UserHub", "--access-key-secret", ACCESS_KEY, "--undeactivatable", "person-020@example.com")
    company = Company(control_plane, namespace, tmp_path / "hub", operator, *options)
    for name in KNOWN:
        company.make_outside(f"{name}@example.com")
    yield company
    company.kube.vacate(namespace)
    company.close()


def open_hub(company: Company, license_: dict[str, Any] | None = None, **api: Any) -> None:
    key = {"accessKeyId": "demo-key", "accessKeySecret": ACCESS_KEY}
    secret = {"clientId": CLIENT_ID, "clientSecret": company.secret, **key}
    spec = {**UNLIMITED, "license": license_ or {}, "safety": {**GUARD, "allowDelete": True}}
    company.open_on({**spec, "baseURL": company.simulator.url, "api": {"preset": "UserHub", **api}}, secret)


def all_ready(company: Employer, *names: str) -> None:
    for name in names:
        company.until_ready(name, SECONDS)


def account(company: Company, name: str) -> dict[str, Any]:
    return company.known(f"{name}@example.com")


@pytest.mark.parametrize("deactivation", ["Patch", "Batch"])
def test_a_first_year(company: Company, deactivation: str) -> None:
    """What is declared and the API has is reached; what it does not have is said once, by the tenant."""
    open_hub(company, deactivation=deactivation)
    for name in NAMES:
        company.create(name, role="Agent", groups=None, team="Support-Team")
    all_ready(company, *NAMES)
    assert company.active() == NUMBER
    assert len(company.remote_users()) == NUMBER
    company.change(NAMES[1], groups=["Support-Team"], role="supervisor", team="QA-Team")
    all_ready(company, NAMES[1])
    eventually(lambda: "spec.groups is declared" in " ".join(company.tenant()["status"].get("findings", [])))

    company.change_outside("person-002@example.com", active=False)
    company.compare_now("person-002")
    eventually(lambda: account(company, "person-002")["active"])

    before = account(company, "person-003")["id"]
    company.change("person-003", userName="married@example.com")
    all_ready(company, "person-003")
    assert account(company, "married")["id"] == before

    company.create("lost", role="Agnet", groups=None)
    assert "did you mean 'Agent'?" in company.until_reason("lost", "RoleNotFound")
    assert company.remote("lost@example.com") is None

    leavers = NAMES[10:20]
    company.leave(*leavers)
    all_ready(company, *leavers)
    assert [name for name in leavers if account(company, name)["active"]] == []
    company.change(leavers[0], active=True)
    all_ready(company, leavers[0])
    assert account(company, leavers[0])["active"]

    seats = company.active()
    company.change_tenant(license={"limit": seats})
    company.create("late", role="Agent", groups=None)
    assert f"all {seats} seats" in company.until_reason("late", "LicenseUnavailable", SECONDS)
    assert company.remote("late@example.com") is None
    company.leave(leavers[0])
    all_ready(company, "late")
    assert company.active() == seats

    company.change("person-029", deletionPolicy="Delete")
    company.delete(*NAMES[29:])
    for name in NAMES[29:]:
        eventually(lambda name=name: company.is_gone(name), SECONDS)
    assert [name for name in NAMES[29:] if account(company, name)["active"]] == []
    requests = company.stats()["total"]
    print(f"UserHub, {deactivation}: {NUMBER} people, {requests} requests, {requests / NUMBER:.2f} for each")  # noqa: T201


def test_whom_a_batch_spares_is_told(company: Company) -> None:
    """A 200 that names somebody who was not locked out: nobody else waits for that, and it is not hidden."""
    open_hub(company, deactivation="Batch")
    leavers = NAMES[16:26]
    company.join(*leavers, role="Agent", groups=None)
    company.leave(*leavers)
    others = [name for name in leavers if name != "person-020"]
    all_ready(company, *others)
    assert [name for name in others if account(company, name)["active"]] == []
    eventually(lambda: company.reason("person-020").startswith("False/") or None)
    assert "did not deactivate" in company.condition("person-020")["message"]


def test_seats_are_what_the_limit_leaves(company: Company) -> None:
    """Without a licence API: who has no seat waits, and gets the one of a leaver."""
    open_hub(company, {"limit": 2})
    company.join("person-010", "person-011", role="Agent", groups=None)
    company.create("waiting", role="Agent", groups=None)
    company.until_reason("waiting", "LicenseUnavailable")
    assert company.remote("waiting@example.com") is None
    company.leave("person-010")
    all_ready(company, "person-010", "waiting")
    assert [account(company, name)["active"] for name in ("person-010", "person-011", "waiting")] == [False, True, True]

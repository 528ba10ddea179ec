"""The deprovisioning guard on real parts: what it lets through, what it holds, and who may lift it."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.cxone import Company
from support.resources import user
from support.waiting import eventually

STAFF = [f"user-{number:02}" for number in range(12)]
"""With twelve active users the allowance is the floor, five."""


@pytest.fixture
def staffed(company: Company) -> Company:
    """Twelve active users under the default limits."""
    company.open(safety={})
    join(company, *STAFF)
    return company


def join(company: Company, *names: str) -> None:
    for name in names:
        company.kube.create(user(company.namespace, name, role="Agent")).accepted()
    for name in names:
        company.until_ready(name)


def leave(company: Company, *names: str, active: bool = False) -> None:
    for name in names:
        company.kube.patch("CxoneUser", company.namespace, name, {"spec": {"active": active}}).accepted()


def delete(company: Company, *names: str) -> None:
    for name in names:
        company.kube.delete("CxoneUser", company.namespace, name).accepted()


def deprovisioning(company: Company) -> dict[str, Any]:
    """What the tenant says of the guard."""
    body = company.kube.get("CxoneTenant", company.namespace, "default").accepted()
    found: dict[str, Any] = body.get("status", {}).get("deprovisioning", {})
    return found


def until_held(company: Company, number: int) -> str:
    """Wait until that many are held; the hash of their plan."""
    eventually(lambda: deprovisioning(company).get("held") == number)
    return str(deprovisioning(company)["planHash"])


def approve(company: Company, plan: str) -> None:
    body = {"metadata": {"annotations": {"cxone.dev/approve-deprovisioning": plan}}}
    company.kube.patch("CxoneTenant", company.namespace, "default", body, manager="on-call").accepted()


def audited_as_held(company: Company) -> list[str]:
    return [line["resource"]["name"] for line in company.log() if line.get("result") == "held"]


def deactivated(company: Company) -> int:
    return company.effects().count("deactivated")


def tenant_condition(company: Company) -> dict[str, Any]:
    return company.condition("default", "DeprovisioningHeld", "CxoneTenant")


def test_a_few_leavers_go_at_once(staffed: Company) -> None:
    """As many as the floor allows."""
    leave(staffed, *STAFF[:5])
    for name in STAFF[:5]:
        staffed.until_ready(name)
    assert deactivated(staffed) == 5
    assert deprovisioning(staffed)["used"] == 5
    assert tenant_condition(staffed)["status"] == "False"


def test_a_flood_is_held_whole_until_it_is_approved(staffed: Company) -> None:
    """Nobody of them is touched; the tenant, each user, an event, a metric and the audit trail say so."""
    leave(staffed, *STAFF[:6])
    plan = until_held(staffed, 6)
    message = staffed.until_reason("user-00", "DeprovisioningHeld")
    assert "default" in message
    assert deactivated(staffed) == 0
    assert plan in tenant_condition(staffed)["message"]
    assert sorted(deprovisioning(staffed)["sample"]) == [f"{name}@example.com" for name in STAFF[:6]]
    events = staffed.kube.request("GET", f"/api/v1/namespaces/{staffed.namespace}/events").accepted()["items"]
    assert "DeprovisioningHeld" in {event["reason"] for event in events}
    assert f'deprovisioning_held{{tenant="{staffed.namespace}/default"}} 6.0' in staffed.metrics()
    assert sorted(audited_as_held(staffed)) == STAFF[:6]

    approve(staffed, plan)
    for name in STAFF[:6]:
        staffed.until_ready(name)
    assert deactivated(staffed) == 6
    assert deprovisioning(staffed)["used"] == 0
    (line,) = [line for line in staffed.trail() if line["action"] == "approve-deprovisioning"]
    assert (line["resource"], line["requestedBy"]) == ({"plan": plan, "users": "6"}, "on-call")
    eventually(lambda: deprovisioning(staffed)["held"] == 0)
    leave(staffed, "user-06")
    staffed.until_ready("user-06")


def test_every_source_counts(staffed: Company) -> None:
    """Specs, deletions and end dates together cross the line."""
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    for name in STAFF[:2]:
        staffed.kube.patch("CxoneUser", staffed.namespace, name, {"spec": {"activeUntil": soon}}).accepted()
    leave(staffed, *STAFF[2:4])
    delete(staffed, *STAFF[4:8])
    until_held(staffed, 6)
    eventually(lambda: deprovisioning(staffed)["held"] == 8, 10)
    assert deactivated(staffed) == 0


def test_what_is_undone_in_time_never_happens(company: Company) -> None:
    """One by one, as people do it: nobody slips through on the way; the few who still leave go a while later."""
    company.open(safety={"deprovisioning": {"windowSeconds": 60}})
    join(company, *STAFF)
    leave(company, *STAFF)
    until_held(company, 12)
    for name in STAFF[3:]:
        leave(company, name, active=True)
        time.sleep(0.6)
        assert deactivated(company) == 0
    for name in STAFF[:3]:
        company.until_ready(name)
    assert deactivated(company) == 3
    assert tenant_condition(company)["status"] == "False"


def test_an_approval_covers_just_its_set(staffed: Company) -> None:
    """One leaver more needs a new approval."""
    leave(staffed, *STAFF[:6])
    first = until_held(staffed, 6)
    leave(staffed, "user-06")
    second = until_held(staffed, 7)
    approve(staffed, first)
    leave(staffed, "user-07")
    third = until_held(staffed, 8)
    assert len({first, second, third}) == 3
    assert deactivated(staffed) == 0
    approve(staffed, third)
    eventually(lambda: deactivated(staffed) == 8)


def kill(company: Company) -> None:
    assert company.operator is not None
    os.kill(company.operator.pid, signal.SIGKILL)
    company.stop()


@pytest.mark.parametrize("end", [Company.stop, kill], ids=["SIGTERM", "SIGKILL"])
def test_a_restart_never_refills_the_allowance(staffed: Company, end: Any) -> None:
    """What was used is on the tenant before it is used."""
    leave(staffed, *STAFF[:5])
    eventually(lambda: deactivated(staffed) == 5, every=0.02)
    end(staffed)
    staffed.start()
    leave(staffed, "user-05")
    until_held(staffed, 1)
    for name in STAFF[:5]:
        staffed.until_ready(name)
    assert deactivated(staffed) == 5


def test_a_restart_holds_what_was_held(staffed: Company) -> None:
    """The same set under the same hash, and nothing gets through on the way."""
    leave(staffed, *STAFF[:8])
    plan = until_held(staffed, 8)
    kill(staffed)
    staffed.start()
    eventually(lambda: len(audited_as_held(staffed)) == 16)
    assert deprovisioning(staffed)["held"] == 8
    assert deprovisioning(staffed)["planHash"] == plan
    assert deactivated(staffed) == 0
    approve(staffed, plan)
    eventually(lambda: deactivated(staffed) == 8)


def test_leavers_while_nobody_watched_meet_the_guard(staffed: Company) -> None:
    """A day without an operator, and a folder removed from Git."""
    staffed.stop()
    delete(staffed, *STAFF[:9])
    staffed.start()
    until_held(staffed, 9)
    assert deactivated(staffed) == 0


def test_the_window_moves_on(make_company: Any) -> None:
    """Who is held only because the window is used up goes by itself when it has moved."""
    company = make_company()
    company.open(safety={"deprovisioning": {"minUsers": 1, "maxUsers": 1, "windowSeconds": 60}})
    join(company, "first", "second")
    leave(company, "first")
    company.until_ready("first")
    leave(company, "second")
    until_held(company, 1)
    company.until_ready("second", 90)
    assert deactivated(company) == 2

"""The deprovisioning guard on real parts: what it lets through, what it holds, and who may lift it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.cxone import Company
from support.operator import BRIEF, Operator
from support.waiting import eventually

STAFF = [f"user-{number:02}" for number in range(12)]
"""With twelve active users the allowance is the floor, five."""


@pytest.fixture
def staffed(company: Company) -> Company:
    """Twelve active users under the default limits."""
    return hire(company)


@pytest.fixture
def own_staffed(own_company: Company) -> Company:
    """The same with an operator of its own, which may be killed."""
    own_company.operator.start(*BRIEF)
    return hire(own_company)


def hire(company: Company) -> Company:
    company.open(safety={})
    company.join(*STAFF)
    return company


def audited_as_held(company: Company) -> list[str]:
    return [line["resource"]["name"] for line in company.trail() if line["result"] == "held"]


def deactivated(company: Company) -> int:
    return company.effects().count("deactivated")


def tenant_condition(company: Company) -> dict[str, Any]:
    return company.condition("default", "DeprovisioningHeld", "CxoneTenant")


def test_a_few_leavers_go_at_once(staffed: Company) -> None:
    """As many as the floor allows."""
    staffed.leave(*STAFF[:5])
    for name in STAFF[:5]:
        staffed.until_ready(name)
    assert deactivated(staffed) == 5
    assert staffed.deprovisioning()["used"] == 5
    assert tenant_condition(staffed)["status"] == "False"


def test_a_flood_is_held_whole_until_it_is_approved(staffed: Company) -> None:
    """Nobody of them is touched; the tenant, each user, an event, a metric and the audit trail say so."""
    staffed.leave(*STAFF[:6])
    plan = staffed.until_held(6)
    message = staffed.until_reason("user-00", "DeprovisioningHeld")
    assert "default" in message
    assert deactivated(staffed) == 0
    assert plan in tenant_condition(staffed)["message"]
    assert sorted(staffed.deprovisioning()["sample"]) == [f"{name}@example.com" for name in STAFF[:6]]
    assert "DeprovisioningHeld" in staffed.events()
    assert f'deprovisioning_held{{tenant="{staffed.namespace}/default"}} 6.0' in staffed.operator.metrics()
    assert sorted(audited_as_held(staffed)) == STAFF[:6]

    staffed.approve(plan)
    for name in STAFF[:6]:
        staffed.until_ready(name)
    assert deactivated(staffed) == 6
    assert staffed.deprovisioning()["used"] == 0
    (line,) = [line for line in staffed.trail() if line["action"] == "approve-deprovisioning"]
    assert (line["resource"], line["requestedBy"]) == ({"plan": plan, "users": "6"}, "on-call")
    eventually(lambda: staffed.deprovisioning()["held"] == 0)
    staffed.leave("user-06")
    staffed.until_ready("user-06")


def test_every_source_counts(staffed: Company) -> None:
    """Specs, deletions and end dates together cross the line."""
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    for name in STAFF[:2]:
        staffed.change(name, activeUntil=soon)
    staffed.leave(*STAFF[2:4])
    staffed.delete(*STAFF[4:8])
    staffed.until_held(6)
    eventually(lambda: staffed.deprovisioning()["held"] == 8, 10)
    assert deactivated(staffed) == 0


def test_what_is_undone_in_time_never_happens(company: Company) -> None:
    """One by one, as people do it: nobody slips through on the way; the few who still leave go a while later."""
    company.open(safety={"deprovisioning": {"windowSeconds": 60}})
    company.join(*STAFF)
    company.leave(*STAFF)
    company.until_held(12)
    for name in STAFF[3:]:
        company.change(name, active=True)
        time.sleep(0.6)
        assert deactivated(company) == 0
    for name in STAFF[:3]:
        company.until_ready(name)
    assert deactivated(company) == 3
    assert tenant_condition(company)["status"] == "False"


def test_an_approval_covers_just_its_set(staffed: Company) -> None:
    """One leaver more needs a new approval."""
    staffed.leave(*STAFF[:6])
    first = staffed.until_held(6)
    staffed.leave("user-06")
    second = staffed.until_held(7)
    staffed.approve(first)
    staffed.leave("user-07")
    third = staffed.until_held(8)
    assert len({first, second, third}) == 3
    assert deactivated(staffed) == 0
    staffed.approve(third)
    eventually(lambda: deactivated(staffed) == 8)


@pytest.mark.parametrize("end", [Operator.stop, Operator.kill], ids=["SIGTERM", "SIGKILL"])
def test_a_restart_never_refills_the_allowance(own_staffed: Company, end: Any) -> None:
    """What was used is on the tenant before it is used."""
    own_staffed.leave(*STAFF[:5])
    eventually(lambda: deactivated(own_staffed) == 5, every=0.02)
    end(own_staffed.operator)
    own_staffed.operator.start()
    own_staffed.leave("user-05")
    own_staffed.until_held(1)
    for name in STAFF[:5]:
        own_staffed.until_ready(name)
    assert deactivated(own_staffed) == 5


def test_a_restart_holds_what_was_held(own_staffed: Company) -> None:
    """The same set under the same hash, and nothing gets through on the way."""
    own_staffed.leave(*STAFF[:8])
    plan = own_staffed.until_held(8)
    own_staffed.operator.kill()
    own_staffed.operator.start()
    eventually(lambda: len(audited_as_held(own_staffed)) == 16)
    assert own_staffed.deprovisioning()["held"] == 8
    assert own_staffed.deprovisioning()["planHash"] == plan
    assert deactivated(own_staffed) == 0
    own_staffed.approve(plan)
    eventually(lambda: deactivated(own_staffed) == 8)


def test_leavers_while_nobody_watched_meet_the_guard(own_staffed: Company) -> None:
    """A day without an operator, and a folder removed from Git."""
    own_staffed.operator.stop()
    own_staffed.delete(*STAFF[:9])
    own_staffed.operator.start()
    own_staffed.until_held(9)
    assert deactivated(own_staffed) == 0


def test_the_window_moves_on(company: Company) -> None:
    """Who is held only because the window is used up goes by itself when it has moved."""
    company.open(safety={"deprovisioning": {"minUsers": 1, "maxUsers": 1, "windowSeconds": 60}})
    company.join("first", "second")
    company.leave("first")
    company.until_ready("first")
    company.leave("second")
    company.until_held(1)
    company.until_ready("second", 90)
    assert deactivated(company) == 2

"""Names that change hands: schedules that once failed, each the smallest of its kind, and that the rules complain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.simulation.names import complaints_about_accounts
from chaos.simulation.schedule import (
    Act,
    Crash,
    Fault,
    FaultKind,
    Hand,
    InFlight,
    Listing,
    Moment,
    Outsider,
    Person,
    Schedule,
    Setting,
    Step,
    Stop,
    Tenant,
    TenantAct,
)
from chaos.simulation.test_checker import change_body
from chaos.simulation.world import Verdict, simulate
from cxone_operator.core.users import Field

JOINS = Step(0.0, Person(Act.JOIN, 0))
ONE = Setting(min_operations=1)
NEVER = Setting(license="None", min_operations=1, population=1, never=(0,))
FOUND: dict[str, Schedule] = {
    "to a name that is taken, while a job makes the account": Schedule(
        Setting(license="CountUsers", seats=1, min_operations=1, population=2, never=(0,)),
        (Step(1.0, Person(Act.TAKE, 0)),),
    ),
    "while a job makes the account, and the tenant goes": Schedule(
        Setting(license="CountUsers", seats=1, min_operations=1, population=1),
        (Step(1.0, Person(Act.RENAME, 0)), Step(0.0, Tenant(TenantAct.DELETE))),
    ),
    "of somebody whose account is deleted by hand": Schedule(
        ONE,
        (
            JOINS,
            Step(3.0, Person(Act.RENAME, 0)),
            Step(0.0, Stop(0.5)),
            Step(0.0, Outsider(Hand.DELETE, 0)),
        ),
    ),
    "while a job makes the account, and the operator dies": Schedule(
        replace(ONE, population=1),
        (
            Step(0.0, Crash("job", 0, Moment.BEFORE, InFlight.ARRIVES, 2.0)),
            Step(1.0, Person(Act.RENAME, 0)),
            Step(3.0, Person(Act.DELETE, 0)),
        ),
    ),
    "of two who swap": Schedule(
        replace(ONE, population=2),
        (
            Step(20.0, Person(Act.RENAME, 1)),
            Step(0.0, Person(Act.TAKE, 0)),
            Step(0.0, Outsider(Hand.RENAME, 1)),
        ),
    ),
    "to the name of somebody who leaves, by somebody who leaves": Schedule(
        Setting(license="CountUsers", seats=5, min_operations=1, population=5, page=2, listing=Listing.WITH_A_HOLE),
        (Step(3.0, Person(Act.TAKE, 3)), Step(0.0, Person(Act.DELETE, 4)), Step(0.0, Person(Act.DELETE, 4))),
    ),
    "there and here, and out": Schedule(
        replace(ONE, population=1),
        (
            Step(20.0, Outsider(Hand.RENAME, 0)),
            Step(0.1, Person(Act.RENAME, 0)),
            Step(0.1, Person(Act.DELETE, 0)),
        ),
    ),
    "and out, while a job makes the account, by somebody who may adopt nobody and has a namesake": Schedule(
        replace(NEVER, chance=3, slowest_operation=6.0),
        (Step(2.0, Person(Act.RENAME, 0)), Step(0.3, Person(Act.RECREATE, 0))),
    ),
    "while the account is made, as a namesake comes who may not adopt it": Schedule(
        replace(NEVER, chance=2, bulk="Off"), (Step(1.0, Person(Act.RENAME, 0)), Step(0.3, Person(Act.DUPLICATE, 0)))
    ),
    "while the account is made, by an owner whose namesake waits to make one": Schedule(
        replace(NEVER, chance=3, bulk="Off"), (Step(0.3, Person(Act.DUPLICATE, 0)), Step(0.3, Person(Act.RENAME, 0)))
    ),
    "while a request may still make a second account of the old name": Schedule(
        replace(NEVER, bulk="Off"),
        (
            Step(0.0, Fault(FaultKind.LATE, "create", 1)),
            Step(0.0, Person(Act.JOIN, 4)),
            Step(2.0, Person(Act.RENAME, 0)),
            Step(0.5, Person(Act.TAKE, 4)),
        ),
    ),
    "by an heir, while a request for the one who is gone may still make a second account": Schedule(
        replace(NEVER, bulk="Off"),
        (
            Step(0.0, Fault(FaultKind.LATE, "create", 1)),
            Step(2.0, Person(Act.RECREATE, 0)),
            Step(0.3, Person(Act.RENAME, 0)),
        ),
    ),
    "to a name that is taken, with a seat that was promised": Schedule(
        Setting(seats=4, min_operations=1, shows_changes=False, population=5, never=(0,)),
        (Step(1.0, Person(Act.TAKE, 0)), Step(0.0, Tenant(TenantAct.MORE_SEATS))),
    ),
}


@pytest.mark.parametrize("schedule", FOUND.values(), ids=FOUND.keys())
def test_found(schedule: Schedule) -> None:
    """No account is left active that nobody wants and nobody speaks of."""
    assert schedule.renames
    assert simulate(schedule).complaints == ()


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    """Somebody was renamed, and all is well."""
    return simulate(Schedule(replace(ONE, population=1), (Step(20.0, Person(Act.RENAME, 0)),)))


def complaints(verdict: Verdict) -> list[str]:
    return complaints_about_accounts(Setting(), verdict.cluster, verdict.remote, 2000.0)


def test_nobody_complains_without_a_cause(verdict: Verdict) -> None:
    assert complaints(verdict) == []


def test_an_account_that_nobody_owns(verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its resource is gone, and it is active."""
    kept = {key: body for key, body in verdict.cluster.objects.items() if "userName" not in body["spec"]}
    monkeypatch.setattr(verdict.cluster, "objects", kept)
    assert complaints(verdict) == ["id-1 is active as q0@example.com, and nobody wants it or says so"]


def test_a_name_that_is_not_the_declared_one(verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the resource says that all is well."""
    user = verdict.remote.users["id-1"]
    renamed = replace(user, state=replace(user.state, user_name="z@example.com"))
    monkeypatch.setattr(verdict.remote, "users", {"id-1": renamed})
    assert complaints(verdict) == ["p0 says that all is well, and its account is called z@example.com"]


def test_an_account_that_is_not_there(verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the resource says that all is well."""
    monkeypatch.setattr(verdict.remote, "users", {})
    assert complaints(verdict) == ["p0 says that all is well, and has no account"]


def test_a_renamed_leaver_that_cxone_does_not_lock_out() -> None:
    """That is fine as long as the resource says so."""
    unheeded = replace(ONE, population=1, ignored=Field.ACTIVE)
    steps = (Step(20.0, Person(Act.RENAME, 0)), Step(8.0, Person(Act.LEAVE, 0)))
    verdict = simulate(Schedule(unheeded, steps))
    assert verdict.complaints == ()
    change_body(verdict, "p0", "status", differences=[])
    (found,) = complaints_about_accounts(unheeded, verdict.cluster, verdict.remote, 2000.0)
    assert found == "p0 should be inactive, whatever its name"


def test_a_wait_for_nobody_who_says_why() -> None:
    """Whoever waits for another resource's name is excused as long as that one says why it keeps it."""
    steps = (Step(8.0, Outsider(Hand.DEACTIVATE, 2)), Step(0.0, Person(Act.RENAME, 2)), Step(0.0, Person(Act.TAKE, 1)))
    verdict = simulate(Schedule(replace(ONE, license="CountUsers", seats=1, population=3, never=(0,), chance=1), steps))
    assert verdict.complaints == ()
    change_body(verdict, "p2", "status", conditions=[{"type": "Ready", "status": "False", "reason": "Progressing"}])
    found = complaints(verdict)
    assert "p1 says Progressing: CxoneUser 'p2' still has the account of this userName" in found[0]

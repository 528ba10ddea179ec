"""Schedules that failed once, each kept as the smallest that showed its bug."""

from __future__ import annotations

import pytest

from chaos.simulation.journal import PEOPLE, START
from chaos.simulation.past import Resource
from chaos.simulation.schedule import (
    Act,
    ClockJump,
    Crash,
    Cut,
    Dates,
    Event,
    Fault,
    FaultKind,
    Form,
    Hand,
    InFlight,
    Job,
    JobEnd,
    Listing,
    Moment,
    Outsider,
    Person,
    Schedule,
    Seats,
    Setting,
    Step,
    Stop,
    Tenant,
    TenantAct,
)
from chaos.simulation.world import Verdict, simulate
from cxone_operator.core.users import Field


def played(setting: Setting, *steps: tuple[float, Event]) -> Schedule:
    """A schedule, written briefly."""
    return Schedule(setting, tuple(Step(after, event) for after, event in steps))


FOUND = {
    "a list that hides the inactive does not tell who was locked out before the first status": played(
        Setting(seats=1, min_operations=1, page=2, shows_changes=False, listing=Listing.ACTIVE_ONLY),
        (0.0, Person(Act.JOIN, 0)),
        (1.0, Person(Act.LEAVE, 0)),
    ),
    "whom only the id has found is not known by it any more once it is active": played(
        Setting(license="CountUsers", seats=1, page=2, listing=Listing.ACTIVE_ONLY),
        (0.0, Person(Act.JOIN, 0)),
        (1.0, Outsider(Hand.DEACTIVATE, 0)),
        (0.0, Stop(0.5)),
        (3.0, Outsider(Hand.DEACTIVATE, 0)),
    ),
    "leavers slip through the pages of a list": played(
        Setting(population=5, page=2, listing=Listing.WITH_A_HOLE),
        (20.0, Person(Act.DELETE, 2)),
        (0.0, Stop(5.0)),
        (1.0, Person(Act.DELETE, 4)),
    ),
    "CountUsers admits nobody before the first snapshot": played(
        Setting(license="CountUsers", seats=1, min_operations=1, population=5)
    ),
    "a wait that returns is told again": played(
        Setting(seats=1, population=2),
        (11.0, Tenant(TenantAct.SUSPEND)),
        (1.3, Tenant(TenantAct.RESUME)),
    ),
    "a wait is told although its first write fails": played(
        Setting(seats=1, population=2),
        (8.0, Fault(FaultKind.REFUSE, "kube_status", 1)),
        (4.0, Person(Act.TOUCH, 9)),
    ),
    "a wait is told for the newest spec": played(
        Setting(seats=1, population=2, min_operations=1),
        (0.3, Cut(20.0)),
        (0.0, Person(Act.MOVE, 1)),
        (11.0, Person(Act.TOUCH, 9)),
    ),
    "a create that arrives late finds its resource waiting": played(
        Setting(),
        (0.3, Person(Act.JOIN, 0)),
        (0.0, Fault(FaultKind.LATE, "create", 1)),
        (1.0, Person(Act.DELETE, 0)),
    ),
    "a create that arrives after a crash finds its resource waiting": played(
        Setting(population=1, bulk="Off"),
        (0.0, Crash("create", 0, Moment.DURING, InFlight.LATE, 0.5)),
        (1.5, Person(Act.DELETE, 0)),
    ),
    "a job that nobody knows finds its resources waiting": played(
        Setting(population=2),
        (0.0, Crash("submit", 0, Moment.AFTER, InFlight.LOST, 0.5)),
        (1.3, Person(Act.DELETE, 1)),
    ),
    "a clock that was wrong when a job was sent keeps nobody waiting once it is right": played(
        Setting(license="CountUsers", seats=1, min_operations=1, requests_per_minute=600),
        (0.0, Person(Act.JOIN, 0)),
        (0.0, Crash("submit", 0, Moment.BEFORE, InFlight.LOST, 2.0)),
        (0.0, ClockJump(7200.0)),
        (1.0, Person(Act.LEAVE, 0)),
    ),
    "an heir inherits only what it is sure to keep": played(
        Setting(population=1),
        (8.0, Person(Act.RECREATE, 0)),
        (0.0, Person(Act.DELETE, 0)),
    ),
    "who was not asked for is not absent": played(
        Setting(lists=False, population=4),
        (6.0, Stop(0.5)),
        (0.0, Person(Act.DELETE, 0)),
    ),
    "a seat whose user nobody saw is counted again": played(
        Setting(license="CountUsers", seats=1, min_operations=1, population=2, shows_changes=False),
        (0.3, Person(Act.RECREATE, 0)),
    ),
    "a seat is given back although the process dies after the deactivation": played(
        Setting(seat_release=Seats.ON_RELEASE, population=1, bulk="Off"),
        (5.0, Person(Act.LEAVE, 0)),
        (0.0, Crash("patch", 0, Moment.AFTER, InFlight.LOST, 0.5)),
    ),
    "a suspended resource does not take over the account that it must not adopt": played(
        Setting(population=1, never=(0,)),
        (0.0, Person(Act.SUSPEND, 0)),
        (0.0, Outsider(Hand.CREATE, 0)),
    ),
    "a resource that created its user still owns it after it was only observed": played(
        Setting(population=1, never=(0,)),
        (8.0, Person(Act.OBSERVE, 0)),
        (5.0, Person(Act.MANAGE, 0)),
    ),
    "a leaver's seat is given back although CXone ignores another change": played(
        Setting(population=1, seat_release=Seats.ON_RELEASE, ignored=Field.ROLES),
        (3.0, Outsider(Hand.EDIT, 0)),
        (0.0, Person(Act.LEAVE, 0)),
    ),
    "an inactive user waits for the job that changes its role": played(
        Setting(population=1, min_operations=1, ignored=Field.ROLES),
        (5.0, Outsider(Hand.EDIT, 0)),
        (0.0, Person(Act.LEAVE, 0)),
    ),
    "a joiner who waits for a job of an earlier process is looked at when it is given up": played(
        Setting(chance=10624, license="CountUsers", seats=3, lists=False, population=4),
        (0.0, Job(JobEnd.NEVER)),
        (3.0, Stop(0.5)),
        (0.0, Person(Act.RECREATE, 2)),
    ),
    "a clock that was wrong for a second does not put off the last day": played(
        Setting(), (0.0, Dates(1, None, 3.0)), (3.0, ClockJump(-7200.0))
    ),
    "an account that a lost job has created is no stranger's": played(
        Setting(population=2, never=(0, 1)), (0.0, Fault(FaultKind.LOSE, "submit", 3))
    ),
    "an heir inherits the doubts, too": played(
        Setting(chance=3, population=2, slowest_operation=6.0),
        (1.6, Person(Act.RECREATE, 1)),
        (0.3, Person(Act.DELETE, 1)),
    ),
    "who must not adopt inherits nothing": played(
        Setting(chance=7, population=1, never=(0,), bulk="Off"),
        (8.0, Person(Act.RECREATE, 0)),
        (5.0, Person(Act.DELETE, 0)),
    ),
    "whoever waits for a seat until the last day stops waiting": played(
        Setting(seats=1, population=1), (2.0, Dates(4, None, 60.0))
    ),
    "a seat that was promised to somebody who was locked out by hand is theirs": played(
        Setting(seats=3, min_operations=1, population=3), (8.0, Outsider(Hand.DEACTIVATE, 1))
    ),
    "who has left is not said to be active because something else does not take effect": played(
        Setting(license="CountUsers", seats=1, min_operations=1, population=0, ignored=Field.ROLES),
        (0.0, Outsider(Hand.CREATE, 1)),
        (0.0, Dates(1, None, 45.0)),
        (0.0, Person(Act.MOVE, 1)),
    ),
    "whoever goes leaves the account to an heir that has made it anew": played(
        Setting(
            chance=1539,
            license="CountUsers",
            seats=1,
            min_operations=1,
            population=2,
            page=2,
            listing=Listing.WITH_A_HOLE,
        ),
        (0.0, Person(Act.DELETE, 0)),
        (0.0, Crash("any", 0, Moment.BEFORE, InFlight.LOST, 0.5)),
        (3.0, Person(Act.JOIN, 0)),
        (0.3, Outsider(Hand.DELETE, 1)),
        (0.0, Tenant(TenantAct.READDRESS)),
        (0.0, Person(Act.RECREATE, 1)),
    ),
    "who is locked out by hand and hidden then is let in again": played(
        Setting(seats=1, min_operations=1, population=1, lists=False, listing=Listing.ACTIVE_ONLY),
        (3.0, Outsider(Hand.DEACTIVATE, 0)),
    ),
    "nobody waits for a tenant that was replaced before its credentials were tried": played(
        Setting(seats=1, min_operations=1, population=0, tenants=2, shared=True),
        (0.0, Tenant(TenantAct.DOWN)),
        (0.0, Person(Act.JOIN, 0)),
        (0.05, Tenant(TenantAct.READDRESS, "second")),
    ),
    "an account that is made late is no stranger's, though the one that was made since is gone": played(
        Setting(population=1, never=(0,), license="None", bulk="Off"),
        (0.0, Fault(FaultKind.LATE, "create", 1)),
        (5.0, Outsider(Hand.DELETE, 0)),
    ),
    "an account that is made late goes with its resource, though another one was made since": played(
        Setting(population=1, never=(0,), license="None", bulk="Off"),
        (0.0, Fault(FaultKind.LATE, "create", 1)),
        (0.0, Person(Act.ERASE, 0)),
        (5.0, Person(Act.DELETE, 0)),
    ),
    "a deletion is told although an account that is made late has the name again": played(
        Setting(chance=1, population=1, license="None", bulk="Off"),
        (0.0, Fault(FaultKind.LATE, "create", 1)),
        (0.0, Person(Act.ERASE, 0)),
        (12.0, Person(Act.DELETE, 0)),
    ),
    "a lock-out that CXone ignores is named, although it has ignored something else before": played(
        Setting(seats=1, min_operations=1, ignored=Field.ACTIVE, form=Form.CUT),
        (0.0, Dates(0, None, 45.0)),
    ),
    "nobody is locked out before a neighbour whose token request was throttled has shown whom it owns": played(
        Setting(
            license="CountUsers", seats=1, min_operations=1, shows_changes=False, population=1, tenants=2, shared=True
        ),
        (3.0, Stop(5.0)),
        (0.0, Fault(FaultKind.REFUSE, "authenticate", 1)),
        (8.0, Person(Act.TRANSFER, 0)),
        (0.0, Fault(FaultKind.THROTTLE, "authenticate", 1)),
    ),
    "what CXone does not heed is named also after another look at the user": played(
        Setting(population=5, page=2, form=Form.CUT, listing=Listing.WITH_A_HOLE)
    ),
    "an account that is in the way is not in the way any more once it is gone": played(
        Setting(never=(1,)),
        (1.0, Outsider(Hand.CREATE, 1)),
        (0.0, Person(Act.JOIN, 1)),
        (1.0, Outsider(Hand.DELETE, 1)),
    ),
    "an account that was in the way for long is not any more once it is gone": played(
        Setting(population=1, never=(1,)),
        (8.0, Outsider(Hand.CREATE, 1)),
        (0.0, Person(Act.JOIN, 1)),
        (100.0, Outsider(Hand.DELETE, 1)),
    ),
    "two who were claimed under one name, and renamed to one name, do not take turns with its account": played(
        Setting(population=4),
        (0.0, Person(Act.TAKE, 1)),
        (3.0, Person(Act.TAKE, 2)),
        (0.0, Person(Act.TAKE, 2)),
    ),
    "an account that was made anew is named, although CXone ignores the same as before": played(
        Setting(chance=20027, seats=3, min_operations=5, shows_changes=False, population=3, form=Form.CUT),
        (8.0, Crash("any", 0, Moment.BEFORE, InFlight.LOST, 0.5)),
        (0.0, Outsider(Hand.DELETE, 1)),
    ),
    "a deletion that is not offered is not asked for again, also in a bulk request": played(
        Setting(license="CountUsers", bulk="Synchronous", min_operations=1, population=2, takes_deletes=False),
        (0.0, Person(Act.ERASE, 1)),
        (1.0, Person(Act.DELETE, 1)),
    ),
    "leavers are locked out one by one where many at once are not offered": played(
        Setting(bulk="Lockouts", min_operations=1, population=3, takes_bulk=False),
        *((after, Person(Act.LEAVE, who)) for who, after in enumerate((8.0, 0.0, 0.0))),
    ),
    "whoever waits for a seat has the account that an earlier process made, though no list shows it": played(
        Setting(seats=3, min_operations=1, page=2, population=5, listing=Listing.WITH_A_HOLE),
        (1.0, Stop(5.0)),
    ),
    "a seat is not kept for an activation that CXone ignores": played(
        Setting(seats=3, min_operations=1, shows_changes=False, population=5, ignored=Field.ACTIVE),
        (8.0, Outsider(Hand.DEACTIVATE, 0)),
    ),
    "whoever moves to another tenant of the same CXone stays active": played(
        Setting(population=1, tenants=2, shared=True), (8.0, Person(Act.TRANSFER, 0))
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_failed_once_does_not_fail_again(name: str) -> None:
    """As small as it can be."""
    verdict = simulate(FOUND[name])
    assert verdict.complaints == (), str(verdict.journal)


def test_a_user_name_that_cxone_refuses_for_ever_is_tried_a_few_times() -> None:
    """The account in the way is in no list and is not found by name, so nobody sees whether it is still there."""
    setting = Setting(population=1, never=(1,), listing=Listing.ACTIVE_ONLY)
    in_the_way = [(8.0, Outsider(Hand.CREATE, 1)), (0.0, Outsider(Hand.DEACTIVATE, 1)), (0.0, Person(Act.JOIN, 1))]
    verdict = simulate(played(setting, *in_the_way))
    assert verdict.complaints == (), str(verdict.journal)
    assert sum(entry.verb == "refused" for entry in verdict.journal) == 3


PROMPT_SECONDS = 10.0
SLOW_LEAVERS = {
    "while the job that created the user never ends": played(
        Setting(population=2), (0.0, Job(JobEnd.NEVER)), (6.0, Person(Act.LEAVE, 0)), (12.0, Person(Act.TOUCH, 9))
    ),
    "while another leaver may still be under way": played(
        Setting(population=1, bulk="Off"),
        (5.0, Crash("create", 0, Moment.BEFORE, InFlight.LOST, 1.0)),
        (0.0, Person(Act.JOIN, 1)),
        (0.5, Person(Act.DELETE, 0)),
        (0.0, Person(Act.DELETE, 1)),
    ),
    "while CXone ignores what else was asked": played(
        Setting(population=1, ignored=Field.ROLES, bulk="Off"),
        (6.0, Person(Act.MOVE, 0)),
        (0.0, Dates(0, None, 45.0)),
        (45.0, Person(Act.TOUCH, 9)),
    ),
}


@pytest.mark.parametrize("name", SLOW_LEAVERS)
def test_a_leaver_waits_for_nobody(name: str) -> None:
    """Whatever else is stuck, p0 is locked out within seconds of the edit, or of the last day."""
    verdict = simulate(SLOW_LEAVERS[name])
    journal = verdict.journal
    edited = max(
        entry.time
        for entry in journal
        if entry.subject == "p0" and entry.verb == "apply" and entry.origin.actor == PEOPLE
    )
    dates = Resource(verdict.cluster.objects["cxoneusers", "p0"]).dates if "p0" in _names(verdict) else []
    asked = max([edited, *((date - START).total_seconds() for date in dates)])
    out = next(entry.time for entry in journal if entry.subject == "p0@example.com" and entry.verb == "deactivate")
    assert out - asked < PROMPT_SECONDS, str(journal)


def _names(verdict: Verdict) -> set[str]:
    return {name for plural, name in verdict.cluster.objects if plural == "cxoneusers"}

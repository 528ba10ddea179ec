"""Each rule about what is drawn seldom is shown a run that breaks it, as `test_checker` does for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chaos.simulation.checker import complaints_about_requests, complaints_about_writes
from chaos.simulation.history import MOST_IN_VAIN
from chaos.simulation.journal import Entry, Origin
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import (
    DEFAULT,
    SECOND,
    Act,
    Dates,
    Event,
    Form,
    Hand,
    Limits,
    Outsider,
    Person,
    Schedule,
    Setting,
    Step,
    Tenant,
    TenantAct,
)
from chaos.simulation.test_checker import change_body, complaints, set_active
from chaos.simulation.trail import complaints_about_trails
from chaos.simulation.world import Verdict, simulate
from cxone_operator.core.users import Field
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.memory.site import Sites
from cxone_operator.scim.errors import Unavailable
from cxone_operator.telemetry.audit import Result

READY = {"type": "Ready", "status": "True", "reason": "Succeeded"}
Break = Callable[[Verdict], None]


def played(setting: Setting, *steps: tuple[float, Event]) -> tuple[Schedule, Verdict]:
    """A run in which all is well."""
    schedule = Schedule(setting, tuple(Step(after, event) for after, event in steps))
    verdict = simulate(schedule)
    assert verdict.complaints == ()
    return schedule, verdict


def effect(verb: str, subject: str, detail: str, time: float, tenant: str = DEFAULT) -> Break:
    """The operator does something, decided at that moment."""

    def add(verdict: Verdict) -> None:
        verdict.journal.entries.append(Entry(time, Origin("operator 1", time), verb, subject, detail, tenant))

    return add


def says(name: str, **status: object) -> Break:
    """The resource says something else."""
    return lambda verdict: change_body(verdict, name, "status", **status)


def reactivated(verdict: Verdict) -> None:
    set_active(verdict, 0, active=True)


def locked_out(verdict: Verdict) -> None:
    set_active(verdict, 0, active=False)


def nothing_awaited(verdict: Verdict) -> None:
    body = verdict.cluster.objects["cxonetenants", DEFAULT]
    verdict.cluster.objects["cxonetenants", DEFAULT] = {**body, "status": {**body["status"], "deprovisioning": {}}}


def overbooked(verdict: Verdict) -> None:
    verdict.remote.most_used.append((90.0, 3, 2))
    effect("create", "p2@example.com", "id-9", 90.0)(verdict)


def asked_in_vain(verdict: Verdict) -> None:
    for second in range(MOST_IN_VAIN + 1):
        effect("refused", "p0@example.com", "no seat", 90.0 + second)(verdict)


PROTECTED = (Setting(population=2, protected="P0*"), (8.0, Person(Act.LEAVE, 0)))
STRANGER = (Setting(population=1, never=(0,)), (0.0, Outsider(Hand.CREATE, 0)), (8.0, Person(Act.MOVE, 0)))
OWN = (Setting(population=1, never=(0,)), (8.0, Person(Act.MOVE, 0)))
HELD = (Setting(population=3, seats=2, on_shortage="HoldBatch"), (12.0, Person(Act.TOUCH, 9)))
ENDED = (Setting(population=1), (8.0, Dates(0, None, 6.0)))
NOT_BEGUN = (Setting(), (1.0, Dates(0, 500.0, None)))
TWO = (Setting(population=2, tenants=2), (8.0, Person(Act.LEAVE, 1)))
IGNORED = (Setting(population=1, ignored=Field.ROLES, bulk="Off"), (8.0, Person(Act.MOVE, 0)))
UNHEEDED = (Setting(population=1, ignored=Field.ACTIVE, bulk="Off"), (8.0, Person(Act.LEAVE, 0)))
UNHEEDED_DELETION = (Setting(population=1, ignored=Field.ACTIVE, bulk="Off"), (8.0, Person(Act.DELETE, 0)))
CUT = (Setting(population=1, form=Form.CUT), (8.0, Person(Act.MOVE, 0)))
FOLDED = (Setting(population=1, form=Form.FOLDED), (8.0, Person(Act.MOVE, 0)))
UNAPPROVED = (
    Setting(population=3, approves=False, limits=Limits(1, 100, 1)),
    (8.0, Person(Act.LEAVE, 0)),
    (0.0, Person(Act.DELETE, 1)),
)
OVERBOOKING = (Setting(population=3, seats=2, overbooks=True), (8.0, Outsider(Hand.OCCUPY, 0)))
BLIND = (Setting(population=1, shows_quota=False), (8.0, Person(Act.MOVE, 0)))
NO_BULK = (Setting(population=3, takes_bulk=False), (8.0, Person(Act.MOVE, 0)))


@pytest.mark.parametrize(
    ("run", "break_it", "said"),
    [
        (PROTECTED, effect("update", "p0@example.com", "roles", 20.0), "a protected user was changed"),
        (PROTECTED, effect("create", "p0@example.com", "id-9", 20.0), "a protected user was changed"),
        (PROTECTED, says("p0", conditions=[READY]), "p0 says Ready=True Succeeded: None instead of False Protected"),
        (STRANGER, effect("update", "p0@example.com", "roles", 20.0), "somebody else's account was changed"),
        (STRANGER, effect("status", "p0", "Ready=False, userId=id-1", 20.0), "somebody else's account was recorded"),
        (STRANGER, says("p0", userId="id-1"), "p0 says userId id-1 of somebody else's account"),
        (STRANGER, says("p0", conditions=[READY]), "p0 says Ready=True Succeeded: None instead of False Already"),
        (
            OWN,
            says("p0", conditions=[{**READY, "status": "False", "reason": "AlreadyExists"}]),
            "p0 says Ready=False AlreadyExists: None instead of True",
        ),
        (HELD, effect("create", "p0@example.com", "id-9", 10.0), "3 waited, 2 seats were free"),
        (HELD, lambda verdict: verdict.remote.set_total(3), "p0 should be active and seats are free"),
        (ENDED, reactivated, "p0 should be inactive"),
        (ENDED, effect("activate", "p0@example.com", "active", 20.0), "nobody asked for"),
        (ENDED, effect("deactivate", "p0@example.com", "active", 13.0), "locked out wrongly"),
        (NOT_BEGUN, effect("create", "p0@example.com", "id-9", 20.0), "nobody asked for"),
        (TWO, locked_out, "p0 should be active and seats are free"),
        (TWO, effect("activate", "p1@example.com", "active", 20.0, SECOND), "nobody asked for"),
        (TWO, effect("create", "p1@example.com", "id-9", 5.0, DEFAULT), "nobody asked for"),
        (IGNORED, says("p0", differences=[]), "p0 names the fields []"),
        (IGNORED, says("p0", conditions=[READY]), "p0 says Ready=True Succeeded: None instead of False Differences"),
        (UNHEEDED, says("p0", differences=[]), "p0 should be inactive"),
        (UNHEEDED, says("p0", conditions=[READY]), "p0 should be inactive"),
        (UNHEEDED, says("p0", conditions=[READY]), "p0 says that all is well, and CXone shows otherwise"),
        (UNHEEDED_DELETION, says("p0", conditions=[READY]), "p0 is still being deleted"),
        (CUT, says("p0", differences=[]), "p0 names the fields [] instead of ['name.familyName']"),
        (CUT, says("p0", conditions=[READY]), "p0 says that all is well, and CXone shows otherwise"),
        (FOLDED, says("p0", conditions=[{**READY, "status": "False"}]), "p0 says Ready=False"),
        (UNAPPROVED, says("p0", conditions=[READY]), "p0 should be inactive"),
        (UNAPPROVED, says("p1", conditions=[READY]), "p1 is still being deleted"),
        (UNAPPROVED, nothing_awaited, "p0 says that it is held, and its tenant says nothing of it"),
        (OVERBOOKING, overbooked, "3 seats of 2 are taken, 0 of them moved without us"),
        (BLIND, effect("create", "p0@example.com", "id-9", 20.0), "nobody knows how many seats there are"),
        (BLIND, says("p0", conditions=[READY]), "p0 says Ready=True Succeeded: None instead of False PermissionDenied"),
        (OWN, asked_in_vain, "times in vain within 30 s, with 0 news"),
        (NO_BULK, effect("refused", "bulk", "not offered", 20.0), "asked for what is not offered"),
    ],
)
def test_a_wrong_run_is_found(run: tuple[Setting, tuple[float, Event]], break_it: Break, said: str) -> None:
    """Nothing is wrong before, and this afterwards."""
    schedule, verdict = played(*run)
    assert complaints(verdict, schedule) == ""
    break_it(verdict)
    assert said in complaints(verdict, schedule)


def test_a_held_batch_is_told_from_a_short_one() -> None:
    """The seats that are left free by HoldBatch would be a fault under FillAvailable."""
    schedule, verdict = played(*HELD)
    other = replace(schedule, setting=replace(schedule.setting, on_shortage="FillAvailable"))
    assert "p0 should be active and seats are free" in complaints(verdict, other)


def test_what_is_ignored_is_asked_for_once_in_a_sync_period() -> None:
    """And each time has its audit line."""
    _, verdict = played(*IGNORED)
    assert sum(entry.verb == "ignored" for entry in verdict.journal) > 3
    assert any("too soon" in found for found in complaints_about_writes(verdict.journal, [DEFAULT], 0.0))
    (trail,) = verdict.trails
    line = next(line for line in trail.lines if line.result is Result.FAILURE)
    less = replace(trail, lines=[one for one in trail.lines if one is not line])
    assert any("audit lines" in found for found in complaints_about_trails([less], verdict.journal, {}))


def test_whoever_asks_too_much_at_rest_is_complained_of() -> None:
    """One resource and one account need twelve requests at the most."""
    schedule, verdict = played(*OWN)
    assert complaints_about_requests(schedule.setting, verdict.cluster, verdict.remote, 12) == []
    assert complaints_about_requests(schedule.setting, verdict.cluster, verdict.remote, 13) != []


def test_an_outage_that_another_tenant_notices_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one tenant is down, the other must settle before it is up again."""
    events = (Tenant(TenantAct.DOWN), Person(Act.JOIN, 2), Person(Act.LEAVE, 1))
    schedule = Schedule(Setting(population=2, tenants=2), tuple(Step(5.0, event) for event in events))
    assert simulate(schedule).complaints == ()
    healthy, met = RemoteModel.authenticate, list[RemoteModel]()

    def together(model: RemoteModel, origin: Origin) -> None:
        met.append(model)
        if any(one.down for one in met):
            raise Unavailable("connection refused", code="connect")
        healthy(model, origin)

    monkeypatch.setattr(RemoteModel, "authenticate", together)
    assert "p1 should be inactive" in simulate(schedule).complaints


def test_tenants_of_one_cxone_that_do_not_know_each_other_are_complained_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one locks out whom the other one wants."""
    join = Sites.join

    def join_alone(sites: Sites, member: Memory, client_id: str, _tenant_id: str) -> None:
        join(sites, member, client_id + member.name)

    monkeypatch.setattr(Sites, "join", join_alone)
    move = Step(8.0, Person(Act.TRANSFER, 0))
    verdict = simulate(Schedule(Setting(population=1, tenants=2, shared=True), (move,)))
    assert any("locked out wrongly" in found for found in verdict.complaints)

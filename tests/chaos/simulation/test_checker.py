"""A checker that cannot fail is worthless: each rule is shown a run that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from chaos.simulation.checker import complaints_about_state, complaints_about_writes
from chaos.simulation.history import complaints_about_history
from chaos.simulation.journal import Entry, Origin
from chaos.simulation.schedule import DEFAULT, SECOND, Act, Limits, Person, Schedule, Setting, Step
from chaos.simulation.trail import complaints_about_trails
from chaos.simulation.world import Verdict, simulate
from cxone_operator.core.users import RemoteUser
from cxone_operator.telemetry.audit import AuditLine, Result

ENGINE = Origin("operator 1", 50.0)
SCHEDULE = Schedule(
    Setting(population=3, seats=3),
    (Step(10.0, Person(Act.LEAVE, 0)), Step(1.0, Person(Act.DELETE, 1)), Step(1.0, Person(Act.SUSPEND, 9))),
)


@pytest.fixture
def verdict() -> Verdict:
    """A run in which p0 has left, p1's resource was deleted, and p2 works."""
    done = simulate(SCHEDULE)
    assert done.complaints == ()
    return done


def complaints(verdict: Verdict, schedule: Schedule = SCHEDULE) -> str:
    """What the checker says of it now."""
    remotes = verdict.remotes.values()
    found = complaints_about_history(schedule, verdict.cluster, verdict.journal, remotes)
    for one in remotes:
        found += complaints_about_state(schedule.setting, verdict.cluster, one, verdict.seconds)
    return "\n".join(found)


def remote(verdict: Verdict, who: int) -> RemoteUser:
    """That person in CXone."""
    return verdict.remote.named(f"p{who}@example.com")[0]


def set_active(verdict: Verdict, who: int, *, active: bool) -> None:
    """Change the user behind everybody's back."""
    user = remote(verdict, who)
    verdict.remote.users[user.id] = replace(user, state=replace(user.state, active=active))


def change_body(verdict: Verdict, name: str, part: str, **values: object) -> None:
    """Change the present version of a resource behind everybody's back."""
    body = verdict.cluster.objects["cxoneusers", name]
    verdict.cluster.objects["cxoneusers", name] = {**body, part: {**body[part], **values}}


def twice_in_cxone(verdict: Verdict) -> None:
    verdict.remote.users["id-copy"] = replace(remote(verdict, 2), id="id-copy")


def leaver_active(verdict: Verdict) -> None:
    set_active(verdict, 0, active=True)


def deleted_active(verdict: Verdict) -> None:
    set_active(verdict, 1, active=True)


def leaver_keeps_seat(verdict: Verdict) -> None:
    verdict.remote.holders.add(remote(verdict, 0).id)


def deleted_keeps_seat(verdict: Verdict) -> None:
    verdict.remote.holders.add(remote(verdict, 1).id)


def joiner_inactive(verdict: Verdict) -> None:
    set_active(verdict, 2, active=False)


def joiner_without_seat(verdict: Verdict) -> None:
    verdict.remote.holders.clear()


def other_role(verdict: Verdict) -> None:
    user = remote(verdict, 2)
    verdict.remote.users[user.id] = replace(user, state=replace(user.state, roles=("Janitor",)))


def finalizer_for_ever(verdict: Verdict) -> None:
    change_body(verdict, "p2", "metadata", deletionTimestamp="2026-11-23T12:00:30Z")


def no_finalizer(verdict: Verdict) -> None:
    change_body(verdict, "p2", "metadata", finalizers=[])


def old_generation(verdict: Verdict) -> None:
    change_body(verdict, "p2", "metadata", generation=99)


def wrong_condition(verdict: Verdict) -> None:
    change_body(verdict, "p2", "status", conditions=[{"type": "Ready", "status": "False", "reason": "Progressing"}])


def wrong_id(verdict: Verdict) -> None:
    change_body(verdict, "p2", "status", userId="id-other")


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (twice_in_cxone, "exists 2 times"),
        (leaver_active, "p0 should be inactive"),
        (deleted_active, "p1@example.com has no resource any more and is still active"),
        (leaver_keeps_seat, "p0 is inactive and still holds a seat"),
        (deleted_keeps_seat, "p1@example.com has no resource any more and still holds a seat"),
        (joiner_inactive, "p2 should be active and seats are free"),
        (joiner_without_seat, "active without a seat"),
        (other_role, "p2 has the roles"),
        (finalizer_for_ever, "p2 is still being deleted"),
        (no_finalizer, "p2 carries no finalizer"),
        (old_generation, "p2 has observedGeneration"),
        (wrong_condition, "p2 says Ready=False"),
        (wrong_id, "p2 says userId"),
    ],
)
def test_a_wrong_end_is_found(verdict: Verdict, break_it: Callable[[Verdict], None], said: str) -> None:
    """Each rule about the state complains of a state that breaks it."""
    break_it(verdict)
    assert said in complaints(verdict)


@pytest.mark.parametrize(
    ("verb", "subject", "detail", "said"),
    [
        ("create", "p2@example.com", "id-9", "created twice"),
        ("create", "stranger@example.com", "id-9", "nobody asked for"),
        ("activate", "p0@example.com", "active", "nobody asked for"),
        ("deactivate", "p2@example.com", "active", "locked out wrongly"),
        ("delete", "p2@example.com", "id-3 active", "locked out wrongly"),
        ("refused", "p2@example.com", "active users keep their seat", "the seat of an active user"),
        ("refused", "p2@example.com", "no seat", "sent without a seat"),
    ],
)
def test_a_wrong_step_is_found(verdict: Verdict, verb: str, subject: str, detail: str, said: str) -> None:
    """Each rule about history complains of one effect that breaks it."""
    verdict.journal.entries.append(Entry(50.0, ENGINE, verb, subject, detail))
    assert said in complaints(verdict)


def test_a_broken_limit_is_found(verdict: Verdict) -> None:
    """Two were locked out within the window, and one is allowed."""
    tight = Schedule(replace(SCHEDULE.setting, limits=Limits(1, 100, 1, 60)), SCHEDULE.steps)
    assert "2 locked out within the window, 1 are allowed" in complaints(verdict, tight)
    loose = Schedule(replace(SCHEDULE.setting, limits=Limits(2, 100, 1, 60)), SCHEDULE.steps)
    assert complaints(verdict, loose) == ""


def test_a_gap_in_the_audit_trail_is_found(verdict: Verdict) -> None:
    """A line that is missing, one too many, and one that denies what was done; not where the process crashed."""
    (trail,) = verdict.trails
    create = next(line for line in trail.lines if line.action == "create")

    def said(lines: list[AuditLine]) -> str:
        return "\n".join(complaints_about_trails([replace(trail, lines=lines)], verdict.journal, {}))

    assert said(trail.lines) == ""
    assert "sent 3 create and has 2 audit lines" in said([line for line in trail.lines if line is not create])
    assert "sent 3 create and has 4 audit lines" in said([*trail.lines, create])
    denied = msgspec.structs.replace(create, result=Result.FAILURE)
    lines = [denied if line is create else line for line in trail.lines]
    assert f"did create 1 times for {create.user_name.lower()}, and 0 audit lines admit it" in said(lines)
    verdict.journal.add(99.0, ENGINE, "crash", "")
    assert said([]) == ""


def test_writes_at_rest_are_found(verdict: Verdict) -> None:
    """What `world` asks of the journal in the last, quiet sync period; of those tenants that can be reached."""
    end = verdict.journal.entries[-1].time + 0.001
    assert complaints_about_writes(verdict.journal, [DEFAULT, SECOND], end) == []
    verdict.journal.add(end + 1.0, ENGINE, "status", "p2", "", SECOND)
    (found,) = complaints_about_writes(verdict.journal, [DEFAULT, SECOND], end)
    assert "written at rest" in found
    assert complaints_about_writes(verdict.journal, [DEFAULT], end) == []

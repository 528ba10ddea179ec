"""What the engine counts and measures, room by room."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import pytest
from cxone_operator.engine.auditor import Auditor
from cxone_operator.engine.budget import Budget
from cxone_operator.engine.census import Census
from cxone_operator.engine.clocks import Clocks
from cxone_operator.engine.connection import Connection, FixedCredentials
from cxone_operator.engine.dispatcher import Dispatcher
from cxone_operator.engine.gate import Gate
from cxone_operator.engine.results import Results
from cxone_operator.engine.state import TenantState
from cxone_operator.engine.summary import Summary
from cxone_operator.engine.tasks import Tasks

from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import BulkJob
from cxone_operator.core.actions import Create, Update
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, Field
from cxone_operator.core.window import SlidingWindow
from cxone_operator.scim.auth import Credentials
from cxone_operator.scim.errors import PermissionDenied, ScimError
from cxone_operator.telemetry import metrics
from unit.builders import NOW, a_remote, a_state, a_tenant, a_user

TENANT = "workforce/measured"


def series(family: str) -> dict[frozenset[tuple[str, str]], float]:
    """All values of a metric for our tenant, by their other labels."""
    return {
        frozenset((key, value) for key, value in sample.labels.items() if key != "tenant"): sample.value
        for found in metrics.REGISTRY.collect()
        for sample in found.samples
        if sample.name == f"cxone_operator_{family}" and sample.labels.get("tenant") == TENANT
    }


def value(family: str, **labels: str) -> float | None:
    return series(family).get(frozenset(labels.items()))


def increase(family: str, before: float | None, **labels: str) -> float:
    return (value(family, **labels) or 0.0) - (before or 0.0)


class Scene:
    """One tenant on a clock that the test moves, and a CXone that only knows seats."""

    def __init__(self, **spec: object) -> None:
        self.time = 0.0
        self.clocks = Clocks(lambda: self.time, lambda: NOW + timedelta(seconds=self.time), lambda: 0.0)
        self.state = TenantState(TENANT, a_tenant(**spec), self.clocks)
        budget = Budget(SlidingWindow(100, 0.0, 0), self.clocks, lambda: None)
        connection = Connection(FixedCredentials(Credentials("id", "secret")), _no_client, self.clocks)
        self.summary = Summary(self.state, connection, budget)
        self.gate = Gate(self.state, Tasks())
        rooms = (cast("Any", None),) * 3
        self.auditor = Auditor(TENANT, lambda _: None, lambda: self.time)
        self.dispatcher = Dispatcher(self.state, budget, *rooms, self.gate, self.auditor, Tasks())
        self.asked: list[Lane] = []
        self.quota: Quota | ScimError = Quota(10, 4)

    async def license_quota(self, lane: Lane) -> Quota:
        """What the client asks CXone."""
        self.asked.append(lane)
        if isinstance(self.quota, ScimError):
            raise self.quota
        return self.quota

    async def keep_current(self, seconds: float = 0.0) -> None:
        self.time += seconds
        self.gate.keep_current(self)  # type: ignore[arg-type]
        for _ in range(5):
            await asyncio.sleep(0)

    def shown(self) -> None:
        metrics.forget_tenants()
        self.summary.set_gauges()


def _no_client(_: Credentials) -> Failure:
    return Failure(Reason.UNSUPPORTED, "", retryable=False, scope=Scope.TENANT)


def told(ready: str = "True", reason: str = "Succeeded", active: bool | None = True) -> Mapping[str, object]:
    conditions = [{"type": "Ready", "status": ready, "reason": reason, "observedGeneration": 1}]
    return {"observedGeneration": 1, "active": active, "conditions": conditions}


# Users.


def test_users_are_counted_by_what_their_author_sees() -> None:
    Census.of(
        [
            a_user("a", status=told()),
            a_user("b", status=told()),
            a_user("c", status=told("False", "RoleNotFound", active=None)),
            a_user("d"),
        ]
    ).show(TENANT)
    assert value("users", ready="True", active="true") == 2
    assert value("users", ready="False", active="unknown") == 1
    assert value("users", ready="Unknown", active="unknown") == 1
    assert value("user_conditions", type="Ready", status="False", reason="RoleNotFound") == 1


def test_deletions_that_wait_for_us_are_counted_with_what_they_wait_for() -> None:
    """One that carries no finalizer of ours is no business of ours."""
    metrics.forget_tenants()
    held = told("False", "DeprovisioningHeld")
    Census.of(
        [
            a_user("a", deleting=True, status=held),
            a_user("b", deleting=True),
            a_user("c", deleting=True, claimed=False, status=held),
            a_user("d", status=held),
        ]
    ).show(TENANT)
    found = {key: count for key, count in series("user_conditions").items() if ("type", "Deleting") in key}
    labels = {"type": "Deleting", "status": "True"}
    assert found == {
        frozenset({**labels, "reason": "DeprovisioningHeld"}.items()): 1,
        frozenset({**labels, "reason": "Pending"}.items()): 1,
    }


def test_a_count_that_is_over_disappears() -> None:
    scene = Scene()
    scene.state.inbox.put(a_user("a", status=told("False", "RoleNotFound")))
    scene.shown()
    assert value("users", ready="False", active="true") == 1
    scene.state.inbox.put(a_user("a", status=told(), metadata={"resourceVersion": "2"}))
    scene.shown()
    assert series("users") == {frozenset({("ready", "True"), ("active", "true")}): 1}


def test_the_gauges_of_a_tenant_that_is_gone_disappear() -> None:
    """Every one of them: no loop says them again."""
    scene = Scene()
    scene.state.inbox.put(a_user("a", status=told()))
    scene.state.ledger.learn(Quota(10, 4), 0.0)
    scene.state.directory.finish_refresh(scene.state.directory.begin_refresh(0.0))
    scene.shown()
    said = {gauge for gauge in metrics.TENANT_GAUGES if _tenants(gauge)}
    assert said == set(metrics.TENANT_GAUGES)
    metrics.forget_tenants()
    assert {gauge for gauge in metrics.TENANT_GAUGES if _tenants(gauge)} == set()


def test_no_gauge_of_a_tenant_is_forgotten_to_be_forgotten() -> None:
    gauges = {
        collector
        for name, collector in vars(metrics).items()
        if type(collector).__name__ == "Gauge" and "tenant" in collector._labelnames
    }
    assert gauges == set(metrics.TENANT_GAUGES)


def _tenants(gauge: metrics.Gauge) -> set[str]:
    return {sample.labels["tenant"] for family in gauge.collect() for sample in family.samples}


def test_a_snapshot_that_is_in_doubt_has_no_age() -> None:
    """An old figure would say that all is well."""
    scene = Scene()
    scene.state.directory.finish_refresh(scene.state.directory.begin_refresh(0.0))
    scene.time = 7.0
    scene.shown()
    assert value("directory_age_seconds") == 7
    scene.state.directory.doubt_absences()
    scene.shown()
    assert value("directory_age_seconds") is None


def test_jobs_are_counted_while_they_run_and_after_they_were_given_up() -> None:
    scene = Scene()
    scene.state.jobs["job-1"] = BulkJob("job-1", 5, "2026-11-24T00:00:00Z")
    scene.state.abandoned_jobs = 2
    scene.shown()
    assert (value("bulk_jobs", state="running"), value("bulk_jobs", state="abandoned")) == (1, 2)


def test_only_lanes_that_people_wait_in_have_a_depth() -> None:
    scene = Scene()
    scene.state.lanes.put("uid-a", Lane.JOINERS, 0.0, alone=False)
    scene.shown()
    depths = {dict(labels)["lane"]: depth for labels, depth in series("queue_depth").items()}
    assert depths == {"leavers": 0, "updates": 0, "joiners": 1}


def test_a_wait_in_a_lane_begins_when_the_lane_is_entered() -> None:
    """What came before, such as a pause after a failure or a hold of the guard, is no wait for the budget."""
    scene = Scene()
    user, action = a_user("a"), Update(a_remote("a"), Change(a_state("a"), (Field.ROLES,)), takes_seat=False)
    scene.state.record(user.metadata.uid)
    scene.time = 5.0
    scene.state.lanes.put(user.metadata.uid, Lane.UPDATES, 5.0, alone=False)
    scene.time = 7.0
    before = waited(Lane.UPDATES)
    scene.dispatcher._take(Lane.UPDATES, [(user, action)])
    assert waited(Lane.UPDATES) - before == 2.0


def waited(lane: Lane) -> float:
    return metrics.REGISTRY.get_sample_value("cxone_operator_queue_wait_seconds_sum", {"lane": lane.label}) or 0.0


# Seats.


def test_seats_are_shown_as_the_gate_counts_them() -> None:
    """Not as CXone counted them before somebody was let in."""
    scene = Scene()
    scene.state.ledger.learn(Quota(10, 4), 0.0)
    scene.state.ledger.promise("uid-a")
    scene.state.ledger.confirm("uid-a", 1.0)
    scene.state.ledger.promise("uid-b")
    scene.shown()
    seats = {dict(labels)["state"]: seats for labels, seats in series("licenses").items()}
    assert seats == {"total": 10, "used": 5, "reserved": 1, "waiting": 0}
    assert value("license_utilization_percent") == 50


@pytest.mark.parametrize("mode", ["None", "Quota"])
def test_seats_that_are_not_counted_or_not_known_are_not_shown(mode: str) -> None:
    scene = Scene(license={"mode": mode})
    if mode == "None":
        scene.state.ledger.learn(Quota(10, 4), 0.0)
    scene.shown()
    assert (series("licenses"), series("license_utilization_percent")) == ({}, {})


def test_a_tenant_without_seats_is_not_divided_by() -> None:
    scene = Scene()
    scene.state.ledger.learn(Quota(0, 0), 0.0)
    scene.shown()
    assert value("license_utilization_percent") == 0


async def test_seats_are_read_also_where_nobody_joins() -> None:
    """Once per sync period, behind everybody who waits for something."""
    scene = Scene(syncPeriodSeconds=100)
    await scene.keep_current()
    assert scene.asked == []
    scene.state.directory.finish_refresh(scene.state.directory.begin_refresh(0.0))
    await scene.keep_current()
    await scene.keep_current(99.0)
    assert scene.asked == [Lane.BACKGROUND]
    scene.quota = Quota(10, 9)
    await scene.keep_current(1.0)
    assert scene.asked == [Lane.BACKGROUND] * 2
    assert scene.state.ledger.quota == Quota(10, 9)


async def test_a_reading_for_joiners_is_as_good() -> None:
    scene = Scene(syncPeriodSeconds=100)
    scene.state.directory.finish_refresh(scene.state.directory.begin_refresh(0.0))
    scene.time = 60.0
    scene.gate.admitted(scene, 1)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await scene.keep_current(99.0)
    assert scene.asked == [Lane.JOINERS]


async def test_a_refused_reading_is_not_repeated_before_the_next_period() -> None:
    """And keeps no joiner from trying at once."""
    scene = Scene(syncPeriodSeconds=100)
    scene.state.directory.finish_refresh(scene.state.directory.begin_refresh(0.0))
    scene.quota = PermissionDenied("the client lacks scope License.Read", code="403", write=False)
    await scene.keep_current()
    await scene.keep_current(99.0)
    assert scene.asked == [Lane.BACKGROUND]
    assert scene.gate.failure is None
    scene.gate.admitted(scene, 1)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert scene.asked == [Lane.BACKGROUND, Lane.JOINERS]


@pytest.mark.parametrize(("mode", "shown"), [("None", None), ("CountUsers", Quota(5, 1))])
async def test_only_the_licence_api_is_asked(mode: str, shown: Quota | None) -> None:
    """CountUsers counts the snapshot, which costs no request."""
    scene = Scene(license={"mode": mode, "limit": 5})
    refresh = scene.state.directory.begin_refresh(0.0)
    refresh.add([a_remote("jane")])
    scene.state.directory.finish_refresh(refresh)
    await scene.keep_current()
    assert (scene.asked, scene.state.ledger.quota) == ([], shown)


# Created users.


@pytest.mark.parametrize(
    ("failure", "policy", "counted"),
    [
        pytest.param(Failure(Reason.ROLE_NOT_FOUND, "", retryable=False, code="400"), "Adopt", 1, id="refused"),
        pytest.param(Failure(Reason.ALREADY_EXISTS, "", retryable=False, code="409"), "Adopt", 0, id="adopted instead"),
        pytest.param(Failure(Reason.ALREADY_EXISTS, "", retryable=False, code="409"), "Never", 1, id="not adopted"),
        pytest.param(Failure(Reason.REMOTE_UNAVAILABLE, "", retryable=True, code="503"), "Adopt", 0, id="repeated"),
        pytest.param(
            Failure(Reason.AUTHENTICATION_FAILED, "", retryable=False, scope=Scope.TENANT, code="401"),
            "Adopt",
            0,
            id="nobody's own",
        ),
    ],
)
def test_a_creation_has_failed_when_it_is_given_up(failure: Failure, policy: str, counted: int) -> None:
    scene = Scene()
    user = a_user("jane", adoptionPolicy=policy)
    scene.state.inbox.put(user)
    before = value("users_provisioned_total", result="failure")
    action = Create(a_state("jane"))
    scene.auditor.begin(user, action)
    Results(scene.state, scene.auditor).failed(user, action, failure)
    assert increase("users_provisioned_total", before, result="failure") == counted


def test_only_creations_count() -> None:
    scene = Scene()
    user = a_user("jane")
    before = value("users_provisioned_total", result="failure")
    action = Update(a_remote("jane"), Change(a_state("jane"), (Field.ROLES,)), takes_seat=False)
    failure = Failure(Reason.ROLE_NOT_FOUND, "", retryable=False, code="400")
    scene.auditor.begin(user, action)
    Results(scene.state, scene.auditor).failed(user, action, failure)
    assert increase("users_provisioned_total", before, result="failure") == 0

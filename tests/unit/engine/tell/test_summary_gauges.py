"""The summary: what the gauges of a tenant show, from what its loop knows."""

from __future__ import annotations

import pytest

from cxone_operator.api.tenant import BulkJob
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.telemetry import metrics
from unit.builders import a_user
from unit.engine.scene import series, value
from unit.engine.tell.summary_scene import Scene, told


def test_a_count_that_is_over_disappears() -> None:
    scene = Scene()
    scene.memory.resources.put(a_user("a", status=told("False", "RoleNotFound")))
    scene.shown()
    assert value("users", ready="False", active="true") == 1
    scene.memory.resources.put(a_user("a", status=told(), metadata={"resourceVersion": "2"}))
    scene.shown()
    assert series("users") == {frozenset({("ready", "True"), ("active", "true")}): 1}


def test_the_gauges_of_a_tenant_that_is_gone_disappear() -> None:
    """Every one of them: no loop says them again."""
    scene = Scene()
    scene.memory.resources.put(a_user("a", status=told()))
    scene.memory.seats.learn(Quota(10, 4), 0.0)
    scene.snapshot()
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
    scene.snapshot()
    scene.time = 7.0
    scene.shown()
    assert value("directory_age_seconds") == 7
    scene.memory.directory.doubt_absences()
    scene.shown()
    assert value("directory_age_seconds") is None


def test_jobs_are_counted_while_they_run_and_after_they_were_given_up() -> None:
    scene = Scene()
    scene.memory.jobs["job-1"] = BulkJob("job-1", 5, "2026-11-24T00:00:00Z")
    scene.memory.abandoned_jobs = 2
    scene.shown()
    assert (value("bulk_jobs", state="running"), value("bulk_jobs", state="abandoned")) == (1, 2)


def test_only_lanes_that_people_wait_in_have_a_depth() -> None:
    scene = Scene()
    scene.memory.queues.put("uid-a", Lane.JOINERS, 0.0, alone=False)
    scene.shown()
    depths = {dict(labels)["lane"]: depth for labels, depth in series("queue_depth").items()}
    assert depths == {"leavers": 0, "updates": 0, "joiners": 1}


def test_seats_are_shown_as_the_gate_counts_them() -> None:
    """Not as CXone counted them before somebody was let in."""
    scene = Scene()
    scene.memory.seats.learn(Quota(10, 4), 0.0)
    scene.memory.seats.promise("uid-a")
    scene.memory.seats.confirm("uid-a", 1.0)
    scene.memory.seats.promise("uid-b")
    scene.shown()
    seats = {dict(labels)["state"]: seats for labels, seats in series("licenses").items()}
    assert seats == {"total": 10, "used": 5, "reserved": 1, "waiting": 0}
    assert value("license_utilization_percent") == 50


@pytest.mark.parametrize("mode", ["None", "Quota"])
def test_seats_that_are_not_counted_or_not_known_are_not_shown(mode: str) -> None:
    scene = Scene(license={"mode": mode})
    if mode == "None":
        scene.memory.seats.learn(Quota(10, 4), 0.0)
    scene.shown()
    assert (series("licenses"), series("license_utilization_percent")) == ({}, {})


def test_a_tenant_without_seats_is_not_divided_by() -> None:
    scene = Scene()
    scene.memory.seats.learn(Quota(0, 0), 0.0)
    scene.shown()
    assert value("license_utilization_percent") == 0

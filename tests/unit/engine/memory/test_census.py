"""The census: what a person sees of all resources, counted."""

from __future__ import annotations

from collections.abc import Mapping

from cxone_operator.engine.memory.census import Census
from cxone_operator.telemetry import metrics
from unit.builders import a_user, condition
from unit.engine.scene import TENANT, series, value


def told(ready: str = "True", reason: str = "Succeeded", active: bool | None = True) -> Mapping[str, object]:
    conditions = [{"type": "Ready", "status": ready, "reason": reason, "observedGeneration": 1}]
    return {"observedGeneration": 1, "active": active, "conditions": conditions}


def test_users_are_counted_by_what_their_author_sees() -> None:
    Census(
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


def test_the_tenant_counts_those_who_are_ready_wait_or_are_stuck() -> None:
    """By what is True of them; who says so no more is counted no more."""
    stuck = a_user("c", status={"conditions": [condition("Stalled", "True", "RoleNotFound")]})
    census = Census(
        [
            a_user("a", status=told()),
            a_user("b", status=told("False", "LicenseUnavailable")),
            stuck,
            a_user("d", status={"conditions": [condition("Reconciling", "True", "JobRunning")]}),
            a_user("e", status={"conditions": [condition("Reconciling", "True", "Progressing")]}),
        ]
    )
    assert (census.ready, census.waiting, census.stalled) == (1, 2, 1)
    census.remove(stuck)
    assert (census.ready, census.waiting, census.stalled) == (1, 2, 0)


def test_deletions_that_wait_for_us_are_counted_with_what_they_wait_for() -> None:
    """One that carries no finalizer of ours is no business of ours."""
    metrics.forget_tenants()
    held = told("False", "DeprovisioningHeld")
    Census(
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

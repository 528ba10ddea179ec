"""A rehearsal is the operator at work on copies: what it writes there is what it would write."""

from __future__ import annotations

from typing import Any

import pytest

from cxone_operator.core.seats import Quota
from cxone_operator.rehearsal.forecast import Forecast, Outcome, forecast
from cxone_operator.rehearsal.rehearsal import rehearse
from cxone_operator.rehearsal.remote import Accounts
from unit.builders import a_remote, a_user
from unit.rehearsal.scenery import accounts, scene

TENANT = "workforce/default"


def planned(*users: Any, there: Accounts | None = None, **spec: Any) -> Forecast:
    begins = scene(list(users), there or accounts(), **spec)
    return forecast(begins, rehearse(begins), TENANT)


def outcomes(found: Forecast) -> dict[str, Outcome]:
    return {step.resource.partition("/")[2]: step.outcome for step in found.steps}


def fresh(name: str, **spec: Any) -> Any:
    return a_user(name, claimed=False, **spec)


def known(name: str, **spec: Any) -> Any:
    """A resource that the operator has settled."""
    return a_user(name, status={"userId": f"id-{name}", "observedGeneration": 1}, **spec)


@pytest.mark.parametrize(
    ("user", "there", "outcome"),
    [
        (fresh("jane"), [], Outcome.CREATE),
        (fresh("jane", active=False), [], Outcome.NOTHING),
        (fresh("jane"), [a_remote("jane")], Outcome.NOTHING),
        (fresh("jane", role="Lead"), [a_remote("jane")], Outcome.ADOPT),
        (fresh("jane", adoptionPolicy="Never"), [a_remote("jane")], Outcome.REFUSED),
        (fresh("jane", managementPolicy="ObserveOnly", role="Lead"), [a_remote("jane")], Outcome.WAITS),
        (known("jane", role="Lead"), [a_remote("jane")], Outcome.UPDATE),
        (known("jane", userName="jones@example.com"), [a_remote("jane")], Outcome.RENAME),
        (known("jane", active=False), [a_remote("jane")], Outcome.DEACTIVATE),
        (known("jane", deleting=True), [a_remote("jane")], Outcome.DEACTIVATE),
        (known("jane", deleting=True, deletionPolicy="Retain"), [a_remote("jane")], Outcome.NOTHING),
        (known("jane", suspend=True, role="Lead"), [a_remote("jane")], Outcome.WAITS),
    ],
)
def test_what_becomes_of_somebody(user: Any, there: list[Any], outcome: Outcome) -> None:
    """In the words of the operator itself, as it is the operator that decides."""
    found = planned(user, there=accounts(*there))
    assert outcomes(found) == {"jane": outcome}
    assert found.changes_something is (outcome not in (Outcome.NOTHING, Outcome.REFUSED))


def test_a_deletion_for_good() -> None:
    """Where tenant and resource say so: a lock-out and then the deletion are one outcome."""
    found = planned(
        known("jane", deleting=True, deletionPolicy="Delete"),
        there=accounts(a_remote("jane")),
        safety={"allowDelete": True},
    )
    assert outcomes(found) == {"jane": Outcome.DELETE}


def test_what_changes_is_told_field_by_field() -> None:
    """And whoever asked for it."""
    (step,) = planned(known("jane", role="Lead"), there=accounts(a_remote("jane"))).steps
    assert (step.user_name, step.changes) == ("jane@example.com", {"roles": "Agent → Lead"})


def test_seats_go_to_the_oldest() -> None:
    """As in the operator's own queue; whoever waits is told why."""
    users = [
        fresh(f"n{number}", metadata={"creationTimestamp": f"2026-11-0{9 - number}T00:00:00Z"}) for number in (1, 2, 3)
    ]
    found = planned(*users, there=accounts(quota=Quota(10, 8)), license={"mode": "Quota"})
    assert outcomes(found) == {"n1": Outcome.WAITS, "n2": Outcome.CREATE, "n3": Outcome.CREATE}
    assert (found.seats_needed, found.seats_free) == (3, 2)
    assert "seat" in found.steps[0].note


def test_a_leaver_makes_room() -> None:
    """Leavers go first, and their seats serve those who wait."""
    there = accounts(a_remote("jane"), quota=Quota(5, 5))
    found = planned(known("jane", active=False), fresh("john"), there=there, license={"mode": "Quota"})
    assert outcomes(found) == {"jane": Outcome.DEACTIVATE, "john": Outcome.CREATE}


def test_the_guard_holds_a_flood() -> None:
    """All of them, and none of the others is kept waiting."""
    gone = [known(f"n{number}", active=False) for number in range(8)]
    there = accounts(*(a_remote(f"n{number}") for number in range(8)))
    found = planned(*gone, fresh("john"), there=there)
    assert [found.count(outcome) for outcome in (Outcome.HELD, Outcome.CREATE)] == [8, 1]
    assert found.plan_hash is None, "the operator has not held them yet"


@pytest.mark.parametrize("jobs", [False, True])
def test_many_are_made_in_bulk(jobs: bool) -> None:
    """What it would cost is what it costs here, with the packing of the real client."""
    users = [fresh(f"n{number}") for number in range(250)]
    found = planned(*users, there=accounts(jobs=jobs), bulk={"mode": "Auto"})
    assert found.count(Outcome.CREATE) == 250
    assert 3 < found.requests < 20
    assert found.seconds < 120


def test_many_singles_take_as_long_as_the_rate_limit_says() -> None:
    """Minutes are told before anybody waits for them, and cost none here."""
    found = planned(*(fresh(f"n{number}") for number in range(250)), bulk={"mode": "Off"})
    assert 100 < found.seconds < 240


def test_a_tenant_that_is_suspended_does_nothing() -> None:
    """As it says of itself."""
    found = planned(fresh("jane"), suspend=True)
    assert outcomes(found) == {"jane": Outcome.WAITS}

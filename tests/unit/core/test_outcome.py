"""Outcomes as a table: what the author of a resource reads after each kind of end."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser, Difference, UserStatus
from cxone_operator.core import outcome
from cxone_operator.core.adoption import started_creating
from cxone_operator.core.desired import schedule
from cxone_operator.core.failure import Failure
from cxone_operator.core.outcome import Subject
from cxone_operator.core.users import RemoteUser
from unit.builders import NOW, a_remote, a_user, condition

ACTIVE, INACTIVE = a_remote(), a_remote(active=False)
REQUESTED = {"annotations": {"cxone.dev/reconcile-requested-at": "now-1"}}
SHOWN = (Difference("roles", "Supervisor", "Agent"),)
UNHEEDED = Failure(Reason.DIFFERENCES_FOUND, "without effect", retryable=True, differences=SHOWN)
FAILURE = Failure(Reason.REMOTE_UNAVAILABLE, "CXone answers 503", retryable=True)


def settled(user: CxoneUser, remote: RemoteUser | None, *, counts: bool = True, released: bool = False) -> UserStatus:
    subject = Subject(user, NOW, remote, remote_known=True)
    return outcome.settled(subject, schedule(user.spec, NOW), counts_seats=counts, released=released)


def read(status: UserStatus) -> dict[str, str]:
    return {item.type: f"{item.status}/{item.reason}" for item in status.conditions}


IN_SYNC = {"Ready": "True/Succeeded", "Synced": "True/Succeeded"}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (settled(a_user(), ACTIVE), {**IN_SYNC, "Licensed": "True/Licensed"}),
        (settled(a_user(active=False), INACTIVE, released=True), {**IN_SYNC, "Licensed": "False/Released"}),
        (settled(a_user(active=False), None), {**IN_SYNC, "Licensed": "False/NotRequired"}),
        (settled(a_user(), ACTIVE, counts=False), {**IN_SYNC, "Licensed": "True/NotRequired"}),
        (
            settled(a_user(activeFrom="2027-01-01T00:00:00Z"), None),
            {**IN_SYNC, "Ready": "True/Scheduled", "Licensed": "False/NotRequired"},
        ),
        (
            outcome.reported(Subject(a_user(), NOW, ACTIVE), (Difference("groups", "a", "b"),)),
            {"Ready": "False/DifferencesFound", "Synced": "False/DifferencesFound", "Licensed": "Unknown/Pending"},
        ),
        (
            outcome.waiting(Subject(a_user(), NOW), Reason.LICENSE_UNAVAILABLE, "no seat"),
            {
                "Ready": "False/LicenseUnavailable",
                "Synced": "Unknown/Pending",
                "Licensed": "False/LicenseUnavailable",
                "Reconciling": "True/LicenseUnavailable",
            },
        ),
        (
            outcome.retrying(Subject(a_user(), NOW), FAILURE),
            {
                "Ready": "False/RemoteUnavailable",
                "Synced": "Unknown/Pending",
                "Licensed": "Unknown/Pending",
                "Reconciling": "True/ProgressingWithRetry",
            },
        ),
        (
            outcome.retrying(Subject(a_user(), NOW), replace(FAILURE, reason=Reason.LICENSE_UNAVAILABLE)),
            {
                "Ready": "False/LicenseUnavailable",
                "Synced": "Unknown/Pending",
                "Licensed": "False/LicenseUnavailable",
                "Reconciling": "True/ProgressingWithRetry",
            },
        ),
        (
            outcome.retrying(Subject(a_user(), NOW, ACTIVE), UNHEEDED),
            {
                "Ready": "False/DifferencesFound",
                "Synced": "False/DifferencesFound",
                "Licensed": "Unknown/Pending",
                "Reconciling": "True/ProgressingWithRetry",
            },
        ),
        (
            outcome.waiting(Subject(a_user(), NOW), Reason.JOB_RUNNING, "a job"),
            {
                "Ready": "False/JobRunning",
                "Synced": "Unknown/Pending",
                "Licensed": "Unknown/Pending",
                "Reconciling": "True/JobRunning",
            },
        ),
        (
            outcome.creating(Subject(a_user(), NOW)),
            {
                "Ready": "False/Progressing",
                "Synced": "False/Progressing",
                "Licensed": "Unknown/Pending",
                "Reconciling": "True/Progressing",
            },
        ),
        (
            outcome.stalled(Subject(a_user(), NOW), Reason.ROLE_NOT_FOUND, "no role"),
            {
                "Ready": "False/RoleNotFound",
                "Synced": "Unknown/RoleNotFound",
                "Licensed": "Unknown/Pending",
                "Stalled": "True/RoleNotFound",
            },
        ),
        (
            outcome.paused(Subject(a_user(), NOW), "The user"),
            {"Ready": "Unknown/Suspended", "Synced": "Unknown/Pending", "Licensed": "Unknown/Pending"},
        ),
    ],
)
def test_conditions(status: UserStatus, expected: dict[str, str]) -> None:
    """Each end gives exactly the conditions of the table in core/outcome.py; abnormal ones only while they are True."""
    assert read(status) == expected
    assert all(item.observed_generation == 1 for item in status.conditions)


def test_transition_time_moves_only_with_the_status() -> None:
    """A new message or generation is no transition."""
    old = {"conditions": [condition("Ready", "True", "Succeeded"), condition("Licensed", "False", "Released")]}
    found = {item.type: item for item in settled(a_user(status=old), ACTIVE).conditions}
    assert found["Ready"].last_transition_time == "2026-11-01T00:00:00Z"
    assert found["Licensed"].last_transition_time == "2026-11-23T12:00:00Z"


def test_what_is_kept_keeps_its_generation() -> None:
    """A wait says nothing new about the last comparison."""
    old = {"conditions": [condition("Synced", "True", "Succeeded", generation=1)]}
    user = a_user(status=old, metadata={"generation": 2})
    status = outcome.waiting(Subject(user, NOW), Reason.RATE_LIMITED, "waits")
    assert status.condition("Synced") == user.status.condition("Synced")
    assert status.observed_generation == 2


def test_status_shows_cxone_as_known() -> None:
    """Id and activity come from CXone; what was not looked at keeps what was said."""
    old = a_user(status={"userId": "7", "active": True})
    assert (settled(old, INACTIVE).user_id, settled(old, INACTIVE).active) == ("id-jane", False)
    assert settled(old, None).user_id is None
    assert outcome.retrying(Subject(old, NOW), FAILURE).user_id == "7"


def test_what_cxone_shows_otherwise_is_listed() -> None:
    """Where it accepted a request without effect, and only there."""
    assert outcome.retrying(Subject(a_user(), NOW, ACTIVE), UNHEEDED).differences == SHOWN
    assert outcome.retrying(Subject(a_user(), NOW, ACTIVE), FAILURE).differences == ()


def test_the_id_of_somebody_elses_user_is_not_recorded() -> None:
    """It would make the user ours, and a later deletion would lock it out."""
    theirs = Subject(a_user(adoptionPolicy="Never", status={"userId": "7"}), NOW, ACTIVE, remote_known=True, ours=False)
    status = outcome.stalled(theirs, Reason.ALREADY_EXISTS, "exists")
    assert (status.user_id, status.active) == (None, True)


def test_a_user_that_is_about_to_be_created_says_so() -> None:
    """A later process takes an account that exists by then for ours."""
    assert started_creating(a_user(status=msgspec.to_builtins(outcome.creating(Subject(a_user(), NOW)))))
    assert not started_creating(a_user())


def test_a_request_to_reconcile_is_answered_when_it_is_done() -> None:
    """Not while the user still waits, so that the answer proves something."""
    user = a_user(metadata=REQUESTED)
    assert settled(user, ACTIVE).last_handled_reconcile_at == "now-1"
    for waits in (outcome.retrying(Subject(user, NOW), FAILURE), outcome.creating(Subject(user, NOW))):
        assert waits.last_handled_reconcile_at is None


def test_settling_again_changes_nothing() -> None:
    """The same facts give the same status, so a restart writes nothing."""
    first = settled(a_user(), ACTIVE)
    again = a_user(status=msgspec.to_builtins(first))
    assert settled(again, ACTIVE) == first


@pytest.mark.parametrize(
    ("said", "remote", "looked", "shown"),
    [
        (("True", "Licensed"), a_remote(), True, ("True", "Licensed")),
        (("True", "Licensed"), a_remote(active=False), True, ("Unknown", "Progressing")),
        (("True", "Licensed"), None, True, ("Unknown", "Progressing")),
        (("True", "Licensed"), None, False, ("True", "Licensed")),
        (("False", "LicenseUnavailable"), a_remote(), True, ("True", "Licensed")),
        (("False", "LicenseUnavailable"), None, True, ("False", "LicenseUnavailable")),
        (("False", "Released"), a_remote(active=False), True, ("False", "Released")),
        (("True", "NotRequired"), a_remote(), True, ("True", "NotRequired")),
    ],
)
def test_a_wait_does_not_claim_a_seat_that_is_not_there(
    said: tuple[str, str], remote: RemoteUser | None, looked: bool, shown: tuple[str, str]
) -> None:
    """Whatever is waited for, and whatever was said before."""
    user = a_user(status={"conditions": [condition("Licensed", *said)]})
    subject = Subject(user, NOW, remote, remote_known=looked)
    failure = Failure(Reason.REMOTE_UNAVAILABLE, "503", retryable=True)
    for status in (
        outcome.waiting(subject, Reason.RATE_LIMITED, "later"),
        outcome.retrying(subject, failure),
        outcome.stalled(subject, Reason.REMOTE_REJECTED, "no"),
        outcome.reported(subject, ()),
        outcome.paused(subject, "The user"),
    ):
        licensed = status.condition("Licensed")
        assert licensed is not None
        assert (licensed.status, licensed.reason) == shown

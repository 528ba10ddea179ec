"""The outcome: what a decision or a failure means to the author of the resource, as status and conditions.

One function per way that a decision can end, all through `_status`:

| outcome    | Ready                | Synced            | Licensed                  | Reconciling         | Stalled |
|------------|----------------------|-------------------|---------------------------|---------------------|---------|
| settled    | True                 | True              | True / False + why        | -                   | -       |
| reported   | False DifferencesFound | False           | kept **                   | -                   | -       |
| waiting    | False, the wait      | kept              | ** False if seats short   | True, the wait      | -       |
| retrying   | False, the failure   | kept, or False *| ** False if seats short   | True ProgressingWithRetry | - |
| stalled    | False, the reason    | Unknown           | kept **                   | -                   | True    |
| paused     | Unknown Suspended    | kept              | kept **                   | -                   | -       |

*  where CXone has accepted the request and shows otherwise.
** unless CXone shows otherwise: an active user holds a seat, and one that is not active may have lost it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cxone_operator.api import bounds, conditions
from cxone_operator.api.conditions import Condition, Finding
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser, Difference, UserStatus
from cxone_operator.core.desired import Schedule
from cxone_operator.core.failure import Failure
from cxone_operator.core.users import RemoteUser

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose status is written, when, and what is known of it in CXone."""

    user: CxoneUser
    now: datetime
    remote: RemoteUser | None = None
    remote_known: bool = False
    """False: `remote` None means "not looked at", and the status keeps what it said of CXone."""
    ours: bool = True
    """False: the user in CXone is somebody else's, and its id is not recorded, as that would make it ours."""


def settled(subject: Subject, schedule: Schedule, *, counts_seats: bool, released: bool) -> UserStatus:
    """CXone agrees with the spec. `released`: this user held a seat that is free again."""
    if schedule.not_yet:
        starts = schedule.next_change
        moment = conditions.timestamp(starts) if starts is not None else "activeFrom"
        ready = Finding(conditions.READY, "True", Reason.SCHEDULED, f"Inactive; becomes active at {moment}")
    else:
        ready = Finding(conditions.READY, "True", Reason.SUCCEEDED, _settled_message(subject))
    synced = Finding(conditions.SYNCED, "True", Reason.SUCCEEDED, "No declared field differs")
    licensed = _licensed(subject, counts_seats=counts_seats, released=released)
    return _status(subject, [ready, synced, licensed])


def reported(subject: Subject, differences: tuple[Difference, ...]) -> UserStatus:
    """CXone differs from the spec and stays so by policy."""
    fields = ", ".join(difference.field for difference in differences)
    message = f"CXone differs in {fields}; reported only, by policy"
    ready = Finding(conditions.READY, "False", Reason.DIFFERENCES_FOUND, message)
    synced = Finding(conditions.SYNCED, "False", Reason.DIFFERENCES_FOUND, message)
    return _status(subject, [ready, synced, _seat(subject)], differences)


def waiting(subject: Subject, reason: Reason, message: str) -> UserStatus:
    """The next step waits for something that comes by itself."""
    return _status(
        subject,
        [
            Finding(conditions.READY, "False", reason, message),
            _kept(subject, conditions.SYNCED),
            _seat(subject, reason, message),
            Finding(conditions.RECONCILING, "True", reason, message),
        ],
        handled=False,
    )


def creating(subject: Subject) -> UserStatus:
    """Recorded before the first request where adoption is forbidden, and before an account has another name."""
    message = "Being created in CXone" if subject.remote is None else "Being renamed in CXone"
    return _status(
        subject,
        [
            Finding(conditions.READY, "False", Reason.PROGRESSING, message),
            Finding(conditions.SYNCED, "False", Reason.PROGRESSING, message),
            _seat(subject),
            Finding(conditions.RECONCILING, "True", Reason.PROGRESSING, message),
        ],
        handled=False,
    )


def retrying(subject: Subject, failure: Failure) -> UserStatus:
    """The last attempt failed in a way that passes, or had no effect."""
    synced = (
        Finding(conditions.SYNCED, "False", failure.reason, failure.message)
        if failure.differences
        else _kept(subject, conditions.SYNCED)
    )
    return _status(
        subject,
        [
            Finding(conditions.READY, "False", failure.reason, failure.message),
            synced,
            _seat(subject, failure.reason, failure.message),
            Finding(conditions.RECONCILING, "True", Reason.PROGRESSING_WITH_RETRY, failure.message),
        ],
        failure.differences,
        handled=False,
    )


def stalled(subject: Subject, reason: Reason, message: str) -> UserStatus:
    """Nothing more happens until somebody changes something."""
    return _status(
        subject,
        [
            Finding(conditions.READY, "False", reason, message),
            Finding(conditions.SYNCED, "Unknown", reason, message),
            _seat(subject),
            Finding(conditions.STALLED, "True", reason, message),
        ],
    )


def paused(subject: Subject, what: str) -> UserStatus:
    """Held by suspend; `what` says whose."""
    message = f"{what} is suspended; spec changes are not carried out, deletion still is"
    return _status(
        subject,
        [
            Finding(conditions.READY, "Unknown", Reason.SUSPENDED, message),
            _kept(subject, conditions.SYNCED),
            _seat(subject),
        ],
    )


def _settled_message(subject: Subject) -> str:
    if subject.remote is None:
        return "Inactive, and rightly not in CXone"
    return "CXone agrees with the spec"


def _licensed(subject: Subject, *, counts_seats: bool, released: bool) -> Finding:
    active = subject.remote is not None and subject.remote.state.active
    if not counts_seats:
        return Finding(conditions.LICENSED, "True" if active else "False", Reason.NOT_REQUIRED, "Seats are not counted")
    if active:
        return Finding(conditions.LICENSED, "True", Reason.LICENSED, "Holds a seat")
    if released:
        return Finding(conditions.LICENSED, "False", Reason.RELEASED, "The seat was given back")
    return Finding(conditions.LICENSED, "False", Reason.NOT_REQUIRED, "An inactive user needs no seat")


def _seat(subject: Subject, reason: Reason | None = None, message: str = "") -> Finding | Condition:
    """Whoever waits for a seat has none, however that came out; else what was said, unless CXone shows otherwise."""
    if reason is Reason.LICENSE_UNAVAILABLE:
        return Finding(conditions.LICENSED, "False", reason, message)
    said = _kept(subject, conditions.LICENSED)
    if subject.remote is not None and subject.remote.state.active:
        gained = said.status == "False"
        return Finding(conditions.LICENSED, "True", Reason.LICENSED, "Holds a seat") if gained else said
    if subject.remote_known and said.status == "True":
        return Finding(conditions.LICENSED, "Unknown", Reason.PROGRESSING, "Not active; the seat may not be free yet")
    return said


def _kept(subject: Subject, type_: str) -> Finding | Condition:
    """What the resource says already, with the generation that it was said of."""
    return subject.user.status.condition(type_) or Finding(type_, "Unknown", Reason.PENDING, "Not known yet")


def _status(
    subject: Subject,
    findings: Iterable[Finding | Condition],
    differences: tuple[Difference, ...] = (),
    *,
    handled: bool = True,
) -> UserStatus:
    """`handled`: a request to reconcile, where there is one, has been answered by this outcome."""
    user, old = subject.user, subject.user.status
    requested = user.reconcile_requested_at if handled else None
    status = UserStatus(
        observed_generation=user.metadata.generation,
        user_id=_known(subject, lambda remote: remote.id, old.user_id) if subject.ours else None,
        active=_known(subject, lambda remote: remote.state.active, old.active),
        differences=differences,
        last_handled_reconcile_at=requested or old.last_handled_reconcile_at,
        conditions=conditions.merge(old.conditions, findings, user.metadata.generation, subject.now),
    )
    return bounds.user_status(status)


def _known(subject: Subject, read: Callable[[RemoteUser], T], old: T | None) -> T | None:
    if subject.remote is not None:
        return read(subject.remote)
    return None if subject.remote_known else old

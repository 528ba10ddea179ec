"""The auditor: one line for each write to CXone, and for each that is refused or held before it is sent.

A write has a line when its end is known. A bulk job's end says nothing of a single user, so there the line waits
until the user was read back; what is still open when the tenant stops is written down as unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from cxone_operator.api.conditions import STALLED
from cxone_operator.api.meta import ABANDON
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser, Difference
from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, Release, RemoteAction, Update
from cxone_operator.core.diff import differences, introduced
from cxone_operator.core.evidence import carried_out
from cxone_operator.core.failure import Failure
from cxone_operator.core.knowledge import Knowledge
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import Act, Audit, AuditLine, Result

_NOT_SERVED = Failure(
    Reason.REMOTE_REJECTED, "the bulk job has ended without it; it is sent again alone", retryable=True, code="job"
)
_GIVEN_UP = "the bulk job was given up and may still go on"
_LEFT = "the user left the bulk job before its end and is read back"
_UNFINISHED = "the operator ended before the answer came; the next one reads it back"
_UNSEEN = "it was not read back"


@dataclass(slots=True)
class _Attempt:
    """A write whose end is not known yet."""

    user: CxoneUser
    """As of the request: what is asked of the resource since does not belong to it."""
    action: RemoteAction
    began: float
    job: str = ""
    request_id: str = ""
    doubtful: bool = False
    """Its bulk job was given up, and may still carry it out."""


class Auditor:
    """Audit lines and provisioning counters of one tenant."""

    def __init__(self, tenant: str, write: Audit, clock: Callable[[], float]) -> None:
        self._tenant = tenant
        self._write = write
        self._clock = clock
        self._attempts: dict[str, _Attempt] = {}
        self._said: dict[str, object] = {}
        """What was said last of a resource without sending anything, so that it is said once."""

    # Writes.

    def begin(self, user: CxoneUser, action: RemoteAction) -> None:
        """A request for this user is about to be sent."""
        uid = user.metadata.uid
        self._leave_open(uid, _UNSEEN)
        self._said.pop(uid, None)
        self._attempts[uid] = _Attempt(user, action, self._clock())

    def accepted(self, uids: Iterable[str], request_id: str, job: str = "") -> None:
        """CXone has taken a bulk request; what becomes of each user is seen when it is read back."""
        for uid in uids:
            attempt = self._attempts[uid]
            attempt.request_id, attempt.job = request_id, job

    def done(self, uid: str, request_id: str = "") -> None:
        """CXone has carried it out."""
        attempt = self._attempts.pop(uid)
        if isinstance(attempt.action, Create):
            metrics.users_provisioned.labels(self._tenant, "success").inc()
        self._end(attempt, Result.SUCCESS, request_id=request_id)

    def failed(self, uid: str, failure: Failure) -> None:
        """CXone has not, or not for certain."""
        attempt = self._attempts.pop(uid)
        if failure.tried:
            self._end(attempt, Result.UNKNOWN if failure.uncertain else Result.FAILURE, failure)

    def withdrawn(self, uids: Iterable[str]) -> None:
        """These were not sent after all."""
        for uid in uids:
            del self._attempts[uid]

    def doubt(self, uids: Iterable[str]) -> None:
        """The bulk job of these was given up: if nothing of it is seen, it may still come."""
        for uid in uids:
            if uid in self._attempts:
                self._attempts[uid].doubtful = True

    def read_back(self, uid: str, known: Knowledge) -> None:
        """CXone was looked at after a bulk job."""
        attempt = self._attempts.get(uid)
        seen = carried_out(attempt.action, known) if attempt is not None else None
        if attempt is None or seen is None:
            return
        if seen:
            self.done(uid)
        elif attempt.doubtful:
            self._leave_open(uid, _GIVEN_UP)
        else:
            self.failed(uid, _NOT_SERVED)

    def left_job(self, uid: str) -> None:
        """A leaver goes on without the job that it is in."""
        self._leave_open(uid, _LEFT)

    def forget(self, uid: str) -> None:
        """The resource is gone."""
        self._leave_open(uid, _UNSEEN)
        self._said.pop(uid, None)

    def close(self) -> None:
        """Nothing more will be known."""
        for uid in list(self._attempts):
            self._leave_open(uid, _UNFINISHED)

    # What is not sent.

    def refused(self, user: CxoneUser, reason: Reason, message: str) -> None:
        """The operator does not carry the resource out; once for each spec and reason, also across a restart."""
        if self._is_news(user, reason) and not _says_already(user, reason) and user.spec.management_policy == "Full":
            act = Act.DEPROVISION if user.metadata.deleting else Act.PROVISION
            self._say(_line(user, act, Result.REFUSED), reason=reason, error=message)

    def held(self, user: CxoneUser, action: Deactivate | Delete) -> None:
        """The deprovisioning guard does not let it pass."""
        line = _line(user, Act[action.name.upper()], Result.HELD)
        self._say(line, changes=_changes(action), reason=Reason.DEPROVISIONING_HELD)

    def released(self, user: CxoneUser, action: Release) -> None:
        """A resource goes; where its user stays as it is, somebody may want to know."""
        self._leave_open(user.metadata.uid, _UNSEEN)
        act = Act.ABANDON if user.abandoned else Act.RETAIN
        if not action.deprovisioned and self._is_news(user, act):
            who = user.metadata.annotated_by.get(ABANDON) if act is Act.ABANDON else None
            self._say(_line(user, act, Result.SUCCESS), requested_by=who or user.metadata.requested_by)

    def plan_approved(self, plan: str, users: int, approver: str) -> None:
        """Somebody has approved what the guard held."""
        resource = {"plan": plan, "users": str(users)}
        self._say(AuditLine(Act.APPROVE, Result.SUCCESS, resource=resource, requested_by=approver))

    def job_abandoned(self, job: str, operations: int, why: str) -> None:
        """A bulk job was given up; its users are read back."""
        resource = {"job": job, "operations": str(operations)}
        self._say(AuditLine(Act.BULK, Result.ABANDONED, resource=resource), error=why)

    def at_rest(self, uid: str) -> None:
        """Nothing is refused any more; if it is again, that is news."""
        self._said.pop(uid, None)

    def _is_news(self, user: CxoneUser, what: object) -> bool:
        uid, said = user.metadata.uid, (user.metadata.generation, what)
        news = self._said.get(uid) != said
        self._said[uid] = said
        return news

    def _leave_open(self, uid: str, why: str) -> None:
        attempt = self._attempts.pop(uid, None)
        if attempt is not None:
            self._end(attempt, Result.UNKNOWN, Failure(Reason.REMOTE_UNAVAILABLE, why, retryable=True))

    def _end(self, attempt: _Attempt, result: Result, failure: Failure | None = None, *, request_id: str = "") -> None:
        self._say(
            _line(attempt.user, _act(attempt.user, attempt.action), result),
            changes=_changes(attempt.action),
            remote_request_id=request_id or (failure.request_id if failure else "") or attempt.request_id,
            bulk_job=attempt.job,
            reason=failure.reason if failure else "",
            error_code=failure.code if failure else "",
            error=failure.message if failure else "",
            duration_seconds=round(self._clock() - attempt.began, 3),
        )

    def _say(self, line: AuditLine, **more: object) -> None:
        self._write(msgspec.structs.replace(line, tenant=self._tenant, **more))


def _line(user: CxoneUser, act: Act, result: Result) -> AuditLine:
    ref = user.reference
    return AuditLine(
        act,
        result,
        user_name=user.spec.user_name,
        resource={"namespace": ref.namespace, "name": ref.name, "uid": ref.uid},
        requested_by=user.metadata.requested_by,
        webhook_id=user.metadata.webhook_id,
    )


def _says_already(user: CxoneUser, reason: Reason) -> bool:
    """An earlier process has refused this very spec, and has written that down."""
    stalled = user.status.condition(STALLED)
    return stalled is not None and stalled.reason == reason and stalled.observed_generation == user.metadata.generation


def _act(user: CxoneUser, action: RemoteAction) -> Act:
    adopts = isinstance(action, Update) and user.status.user_id is None
    return Act.ADOPT if adopts else Act[action.name.upper()]


def _changes(action: RemoteAction) -> dict[str, str]:
    found = {difference.field: difference for difference in _differences(action)}
    return {field: f"{difference.actual} → {difference.desired}" for field, difference in found.items()}


def _differences(action: RemoteAction) -> tuple[Difference, ...]:
    match action:
        case Create(state):
            return introduced(state)
        case Update() | Deactivate():
            return differences(action.change, action.remote.state)
        case Delete() | Reclaim():
            return ()

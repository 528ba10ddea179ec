"""The audit trail: one line for each write to CXone, and for each that is refused or held before it is sent.

A write has a line when its end is known: `core.phase` says when that is.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from cxone_operator.api.conditions import STALLED
from cxone_operator.api.meta import ABANDON
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser, Difference
from cxone_operator.core import work
from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, Release, RemoteAction, Update
from cxone_operator.core.diff import differences, introduced
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import Act, Audit, AuditLine, Result


class AuditTrail:
    """Audit lines and provisioning counters of one tenant."""

    def __init__(self, tenant: str, write: Audit, clock: Callable[[], float]) -> None:
        self._tenant = tenant
        self._write = write
        self._clock = clock
        self._said: dict[str, object] = {}
        """What was said last of a resource without sending anything, so that it is said once."""

    def ended(self, end: work.Audit) -> None:
        """A write has ended, or nothing more will be known of it."""
        attempt, failure = end.attempt, end.failure
        self._said.pop(attempt.user.metadata.uid, None)
        if isinstance(attempt.action, Create) and end.result is Result.SUCCESS:
            metrics.users_provisioned.labels(self._tenant, "success").inc()
        self._say(
            _line(attempt.user, _act(attempt.user, attempt.action), end.result),
            changes=_changes(attempt.action),
            remote_request_id=(failure.request_id if failure else "") or attempt.request_id,
            bulk_job=attempt.job,
            reason=failure.reason if failure else "",
            error_code=failure.code if failure else "",
            error=failure.message if failure else "",
            duration_seconds=round(self._clock() - attempt.began, 3),
        )

    def given_up(self) -> None:
        """A creation was refused for good."""
        metrics.users_provisioned.labels(self._tenant, "failure").inc()

    def forget(self, uid: str) -> None:
        """The resource is gone."""
        self._said.pop(uid, None)

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

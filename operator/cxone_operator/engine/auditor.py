"""The auditor: turns actions and their ends into audit lines and counters."""

from __future__ import annotations

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Create, Deactivate, Release, RemoteAction, Update
from cxone_operator.core.diff import differences
from cxone_operator.core.failure import Failure
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import Audit, AuditLine, Result


class Auditor:
    """Audit lines and provisioning counters of one tenant."""

    def __init__(self, tenant: str, write: Audit) -> None:
        self._tenant = tenant
        self._write = write

    def done(self, user: CxoneUser, action: RemoteAction, seconds: float | None = None) -> None:
        """CXone has carried it out."""
        if isinstance(action, Create):
            metrics.users_provisioned.labels(self._tenant, "success").inc()
        self._line(user, action, "success", seconds=seconds)

    def failed(self, user: CxoneUser, action: RemoteAction, failure: Failure, seconds: float | None = None) -> None:
        """CXone has not, or not for certain."""
        if isinstance(action, Create) and not failure.retryable:
            metrics.users_provisioned.labels(self._tenant, "failure").inc()
        self._line(user, action, "failure", error=f"{failure.code} {failure.reason}".strip(), seconds=seconds)

    def released(self, user: CxoneUser, action: Release) -> None:
        """A resource goes; where its user stays as it is, somebody may want to know."""
        if not action.deprovisioned:
            self._write(
                AuditLine(
                    tenant=self._tenant,
                    action="abandon" if user.abandoned else "retain",
                    result="success",
                    user_name=user.spec.user_name,
                    resource=_resource(user),
                    requested_by=user.metadata.requested_by,
                    webhook_id=user.metadata.webhook_id,
                )
            )

    def held(self, user: CxoneUser, action: RemoteAction) -> None:
        """The deprovisioning guard does not let it pass."""
        self._line(user, action, "held")

    def plan_approved(self, plan: str, users: int) -> None:
        """Somebody has approved what the guard held."""
        self._write(
            AuditLine(
                tenant=self._tenant,
                action="approve-deprovisioning",
                result="success",
                resource={"plan": plan, "users": str(users)},
            )
        )

    def job_abandoned(self, job: str, operations: int, why: str) -> None:
        """A bulk job was given up; its users are read back."""
        self._write(
            AuditLine(
                tenant=self._tenant,
                action="bulk",
                result="abandoned",
                resource={"job": job, "operations": str(operations)},
                error=why,
            )
        )

    def _line(
        self, user: CxoneUser, action: RemoteAction, result: Result, *, error: str = "", seconds: float | None = None
    ) -> None:
        self._write(
            AuditLine(
                tenant=self._tenant,
                action=_name(user, action),
                result=result,
                user_name=user.spec.user_name,
                resource=_resource(user),
                changes=_changes(action),
                requested_by=user.metadata.requested_by,
                webhook_id=user.metadata.webhook_id,
                error=error,
                duration_seconds=round(seconds, 3) if seconds is not None else None,
            )
        )


def _name(user: CxoneUser, action: RemoteAction) -> str:
    adopts = isinstance(action, Update) and user.status.user_id is None
    return "adopt" if adopts else action.name


def _resource(user: CxoneUser) -> dict[str, str]:
    ref = user.reference
    return {"namespace": ref.namespace, "name": ref.name, "uid": ref.uid}


def _changes(action: RemoteAction) -> dict[str, str]:
    if isinstance(action, Update):
        found = differences(action.change, action.remote.state)
        return {difference.field: f"{difference.actual} → {difference.desired}" for difference in found}
    return {"active": "true → false"} if isinstance(action, Deactivate) else {}

"""What the bridge tells about an event: one audit line where it was applied or refused, one count in any case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cxone_operator.api.hr import HrEvent
from cxone_operator.api.meta import HR_MANAGER
from cxone_operator.bridge.event import Event
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import Act, Audit, AuditLine
from cxone_operator.telemetry.audit import Result as AuditResult

Result = Literal[
    "applied", "duplicate", "ignored", "invalid", "unauthorized", "unknown", "conflict", "too_large", "unavailable"
]
"""What became of a request, in metrics."""


_ACTS = {"hire": Act.HIRE, "update": Act.HR_UPDATE, "terminate": Act.TERMINATE, "rehire": Act.REHIRE}


class Recorder:
    """Metrics and audit lines of one bridge."""

    def __init__(self, namespace: str, tenant: str, write: Audit) -> None:
        self._tenant = f"{namespace}/{tenant}"
        self._write = write

    def answered(self, action: str, result: Result, seconds: float) -> None:
        """A request was answered; `action` is empty where it was no event."""
        metrics.bridge_events.labels(action or "none", result).inc()
        metrics.bridge_event_duration.observe(seconds)

    def applied(self, event: Event, happened: HrEvent, resource: Mapping[str, str], changes: Mapping[str, str]) -> None:
        """The API server has stored what the event changes."""
        self._line(event, happened, AuditResult.SUCCESS, resource, changes)

    def refused(self, event: Event, happened: HrEvent, why: str) -> None:
        """A field belongs to somebody else, or it is not clear who is meant, or there is nobody."""
        self._line(event, happened, AuditResult.REFUSED, {}, {}, why)

    def _line(
        self,
        event: Event,
        happened: HrEvent,
        result: AuditResult,
        resource: Mapping[str, str],
        changes: Mapping[str, str],
        error: str = "",
    ) -> None:
        self._write(
            AuditLine(
                _ACTS[event.action],
                result,
                tenant=self._tenant,
                user_name=event.email,
                resource=resource,
                changes=changes,
                requested_by=HR_MANAGER,
                webhook_id=happened.id,
                error=error,
            )
        )

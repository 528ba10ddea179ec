"""A tenant that all is well with, for the tests of what is said of it."""

from __future__ import annotations

from collections.abc import Mapping

from cxone_operator.api.conditions import Condition
from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import (
    CxoneTenant,
    decode_tenant,
)
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.window import SlidingWindow
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.engine.tell.summary import Summary
from cxone_operator.telemetry import metrics
from unit.engine import scene as scenes

AWAY = Failure(Reason.REMOTE_UNAVAILABLE, "CXone answered 503", retryable=True, code="503")
REFUSED = Failure(Reason.AUTHENTICATION_FAILED, "CXone refuses the credentials", retryable=False, scope=Scope.TENANT)


class Connected:
    """A connection, or what is wrong with it."""

    problem: Failure | None = None
    authenticated = True


class Scene(scenes.Scene):
    """A summary of a tenant that all is well with."""

    def __init__(self, **spec: object) -> None:
        super().__init__(**spec)
        self.connection = Connected()
        self.limiter = RateLimiter(SlidingWindow(100, 0.0), self.clocks, lambda: None)
        self.summary = Summary(self.memory, self.connection, self.limiter)

    def unmanaged(self) -> int:
        """As the status has it that is written of what has moved."""
        assert self.summary.moved(None)
        return self.summary.status(a_resource()).users.unmanaged

    def shown(self) -> None:
        metrics.forget_tenants()
        self.summary.set_gauges()

    def said(self) -> dict[str, str]:
        """Status and reason of each condition."""
        conditions = self.summary.status(a_resource()).conditions
        return {condition.type: f"{condition.status} {condition.reason}" for condition in conditions}

    def ready(self) -> Condition:
        return self.summary.status(a_resource()).conditions[0]


def a_resource(**status: object) -> CxoneTenant:
    metadata = {"name": "default", "namespace": "workforce", "uid": "uid-tenant", "generation": 1}
    return decode_tenant({"metadata": metadata, "spec": {"baseURL": "http://127.0.0.1:1"}, "status": status})


def told(ready: str = "True", reason: str = "Succeeded", active: bool | None = True) -> Mapping[str, object]:
    conditions = [{"type": "Ready", "status": ready, "reason": reason, "observedGeneration": 1}]
    return {"observedGeneration": 1, "active": active, "conditions": conditions}

"""Waits: telling authors what their user waits for, once it has lasted long enough to be worth a write.

Until then the default status of a new resource, or the generation that is ahead of observedGeneration, already says
that work is going on.
"""

from __future__ import annotations

from cxone_operator.api.conditions import READY
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core import outcome
from cxone_operator.core.lane import Lane
from cxone_operator.engine.budget import Budget
from cxone_operator.engine.connection import Connection
from cxone_operator.engine.gate import Gate
from cxone_operator.engine.reconciler import Reconciler
from cxone_operator.engine.reporter import Reporter
from cxone_operator.engine.state import Record, TenantState

PATIENCE_SECONDS = 10.0
"""How long a wait stays unsaid."""


class Waits:
    """Interim statuses of one tenant's users."""

    def __init__(
        self,
        state: TenantState,
        connection: Connection,
        budget: Budget,
        gate: Gate,
        reconciler: Reconciler,
        reporter: Reporter,
    ) -> None:
        self._state = state
        self._budget = budget
        self._connection = connection
        self._gate = gate
        self._reconciler = reconciler
        self._reporter = reporter

    def tell(self) -> None:
        """Write what is waited for to every user that has waited long enough, when it is news.

        Not while the circuit is open: the tenant says so, and thousands of writes would help nobody.
        """
        if self._budget.circuit.is_open:
            return
        now = self._state.time
        for uid, record in list(self._state.records.items()):
            waits_long = now - record.pending_since >= PATIENCE_SECONDS or self._held(uid)
            if not waits_long or now - record.told_at < PATIENCE_SECONDS or record.stalled is not None:
                continue
            user = self._state.inbox.get(uid)
            if user is not None and (uid not in self._state.busy or record.job is not None):
                self._tell(user, record)

    def _tell(self, user: CxoneUser, record: Record) -> None:
        reason, message, retrying = self._explain(user, record)
        ready = user.status.condition(READY)
        if ready is not None and ready.reason == reason and ready.observed_generation == user.metadata.generation:
            return
        record.told_at = self._state.time
        subject = self._reconciler.subject(user)
        if user.metadata.deleting:
            message = f"Being deprovisioned: {message}"
        if retrying and record.failure is not None:
            status = outcome.retrying(subject, record.failure)
        else:
            status = outcome.waiting(subject, reason, message)
        self._reporter.tell(user, status)

    def _explain(self, user: CxoneUser, record: Record) -> tuple[Reason, str, bool]:
        """What is waited for, whether it is the repetition of something that failed."""
        shared = self._tenant_wait()
        if shared is not None:
            return (*shared, False)
        if self._held(user.metadata.uid):
            return Reason.DEPROVISIONING_HELD, self._held_message(), False
        if record.job is not None:
            return Reason.JOB_RUNNING, "Part of a bulk job that CXone is working on", False
        entry = self._entry_wait(user)
        if entry is not None:
            return (*entry, False)
        if record.failure is not None:
            return record.failure.reason, record.failure.message, True
        if self._state.doubts.until(user.metadata.uid) > self._state.time:
            return Reason.PROGRESSING, "A request that may still create the user has not ended for certain", False
        if self._state.recovering:
            return Reason.JOB_RUNNING, "A bulk job of an earlier process has not ended", False
        return Reason.RATE_LIMITED, "Waits for the tenant's request budget", False

    def _entry_wait(self, user: CxoneUser) -> tuple[Reason, str] | None:
        """What keeps somebody out who is to gain access."""
        if self._state.closing and not user.metadata.deleting:
            return Reason.TENANT_NOT_READY, f"tenant {self._state.name} is being deleted; nobody joins it any more"
        joins = self._state.lanes.lane_of(user.metadata.uid) is Lane.JOINERS
        return self._gate.explain() if joins and (self._gate.short or self._gate.failure) else None

    def _held(self, uid: str) -> bool:
        departures = self._state.departures
        return departures.hold is not None and uid in departures.waiting

    def _held_message(self) -> str:
        """Without numbers and hash, which change with every further leaver: the tenant has them."""
        return f"too many users would lose access at once; tenant {self._state.name} says how to approve it"

    def _tenant_wait(self) -> tuple[Reason, str] | None:
        if self._state.spec.suspend:
            return Reason.SUSPENDED, f"tenant {self._state.name} is suspended"
        if self._connection.problem is not None:
            return self._connection.problem.reason, self._connection.problem.message
        failure = self._state.reading.failure
        if failure is not None:
            return failure.reason, failure.message
        if not self._state.directory.complete:
            return Reason.TENANT_NOT_READY, "the first snapshot of CXone's users is being read"
        return None

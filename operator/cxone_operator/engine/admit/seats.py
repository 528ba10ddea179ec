"""The gate in front of the joiners' queue: nobody passes without a seat."""

from __future__ import annotations

from cxone_operator.api.reasons import Reason
from cxone_operator.core.failure import Scope
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import admit
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.memory.queues import FRONT
from cxone_operator.engine.read.quota import QuotaReader
from cxone_operator.engine.tell.waits import Shortage
from cxone_operator.scim.remote import Remote


class SeatGate:
    """Says how many joiners of one tenant may pass."""

    def __init__(self, memory: Memory, quota: QuotaReader) -> None:
        self._memory = memory
        self._quota = quota

    def admitted(self, remote: Remote, waiting: int) -> int:
        """How many of those who wait may pass now; 0 also while the number of seats is not known."""
        license_, seats = self._memory.spec.license, self._memory.seats
        if license_.mode == "None":
            seats.short = False
            return waiting
        if license_.mode == "CountUsers":
            if not self._memory.directory.complete:
                return 0
            self._quota.count_users()
        elif seats.read_due(self._memory.time):
            self._quota.read_for_joiners(remote)
            return 0
        passing = admit(waiting, seats.seats(license_.reserve), hold_batch=license_.on_shortage == "HoldBatch")
        seats.short = passing < waiting
        return passing

    def shortage(self) -> Shortage | None:
        """Who stays without a seat, and why; None where everybody gets one."""
        memory, failure = self._memory, self._quota.back_off.failure
        if failure is not None and failure.scope is Scope.TENANT:
            return None
        depth = memory.queues.depth(Lane.JOINERS)
        if not depth or memory.spec.license.mode == "None" or (failure is None and not memory.seats.short):
            return None
        free = memory.seats.most_free(memory.spec.license.reserve)
        holds = memory.spec.license.on_shortage == "HoldBatch"
        nobody = holds or failure is not None or not free
        start = FRONT if nobody else memory.queues.order_at(Lane.JOINERS, free)
        if start is None:
            return None
        if failure is not None:
            return Shortage(start, failure.reason, f"the licence quota cannot be read: {failure.message}")
        return Shortage(start, Reason.LICENSE_UNAVAILABLE, self._why(free, holds=holds))

    def _why(self, free: int, *, holds: bool) -> str:
        if holds and free:
            return "not all who wait fit into the free seats, and onShortage is HoldBatch"
        quota = self._memory.seats.quota
        total = (quota.total if quota is not None else None) or 0
        return f"all {total} seats of the tenant are taken or promised to older resources; continues when one is free"

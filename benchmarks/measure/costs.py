"""What something costs, from a moment on: writes, requests, processor time and memory, for each user.

Also of what did not come to its end: then it is shared by those who got there, and the run says that it is incomplete.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from measure import api_server
from measure.benchmark import Run
from measure.operators import Operator
from measure.place import Place
from measure.remote import Remote, Stats

TARGETS = {
    "operator_cpu_ms_per_user": 3.0,
    "failed_writes": 0.0,
    "failed_writes_by_operator": 0.0,
    "answers_429": 0.0,
    "operator_ends": 0.0,
}
"""Of whatever is measured so; an operator ends by itself when it loses its Lease."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The counters as they stood in the beginning."""

    place: Place
    remote: Remote
    operator: Operator
    since: str
    patches: int
    stats: Stats
    operator_cpu: float
    server_cpu: float
    client_cpu: float

    @classmethod
    async def begin(cls, place: Place, remote: Remote, operator: Operator) -> Costs:
        """From now on."""
        patches, stats = await api_server.patches(place.client), await remote.stats()
        cpu = operator.cpu, place.server_cpu(), time.process_time()
        return cls(place, remote, operator, api_server.now(), patches, stats, *cpu)

    async def record(self, run: Run, users: int) -> None:
        """Until now; what grows with their number is for each of so many users."""
        operator, each = self.operator, 1 / max(1, users)
        run.record("operator_cpu_ms_per_user", 1000 * each * (operator.cpu - self.operator_cpu))
        run.record("api_server_cpu_ms_per_user", 1000 * each * (self.place.server_cpu() - self.server_cpu))
        run.record("measuring_cpu_ms_per_user", 1000 * each * (time.process_time() - self.client_cpu))
        run.record("peak_memory_mb", operator.peak, digits=1)
        run.record("resident_memory_mb", operator.resident, digits=1)
        run.record("operator_ends", operator.ends)
        made = api_server.operator_writes(self.place.plane, self.since)
        run.record("writes_per_user", each * made.succeeded, digits=3)
        run.record("failed_writes", made.failed)
        counted = await api_server.patches(self.place.client) - self.patches
        run.record("patches_per_user_by_metrics", each * counted, digits=3)
        run.record("failed_writes_by_operator", await operator.failed_writes())
        stats = await self.remote.stats()
        run.record("requests_per_user", each * (stats.total - self.stats.total), digits=4)
        run.record("answers_429", stats.throttled - self.stats.throttled)
        run.record("most_requests_in_60_s", stats.max_in_window)

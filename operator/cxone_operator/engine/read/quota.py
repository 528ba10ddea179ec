"""The quota: how many seats there are and how many are used, read when somebody needs to know."""

from __future__ import annotations

from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.engine.base.backoff import BackOff
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.scim.errors import ScimError
from cxone_operator.scim.remote import Remote
from cxone_operator.telemetry.logging import get_logger

log = get_logger(__name__)


class QuotaReader:
    """Reads one tenant's seats into the reservations."""

    def __init__(self, memory: Memory, tasks: Tasks) -> None:
        self._memory = memory
        self._tasks = tasks
        self._reading = False
        self._next_look = float("-inf")
        self.back_off = BackOff()
        """Closed after the quota could not be read for somebody who waits."""

    def read_for_joiners(self, remote: Remote) -> None:
        """Somebody waits for the answer."""
        if not self._reading and not self.back_off.remaining(self._memory.time):
            self._reading = True
            self._tasks.start(self._read(remote))

    def keep_current(self, remote: Remote) -> None:
        """Where nobody joins, seats are read once per sync period, and when many have left theirs."""
        memory, now = self._memory, self._memory.time
        period = memory.spec.sync_period_seconds
        mode, joiners = memory.spec.license.mode, memory.queues.depth(Lane.JOINERS)
        if mode == "None" or joiners or self._reading or not memory.directory.complete:
            return
        doubted = mode == "Quota" and memory.seats.doubted(now)
        if not doubted and (now < self._next_look or memory.seats.age(now) < period):
            return
        self._next_look = now + period
        if mode == "CountUsers":
            self.count_users()
        else:
            self._reading = True
            self._tasks.start(self._look(remote))

    def count_users(self) -> None:
        """The snapshot tells how many seats are used; how many there are, the tenant, or nobody."""
        memory = self._memory
        memory.seats.learn(Quota(memory.spec.license.limit, memory.directory.active_users), memory.time)

    async def _read(self, remote: Remote) -> None:
        memory = self._memory
        try:
            await self._ask(remote, Lane.JOINERS)
        except ScimError as error:
            self.back_off.failed(error.failure, memory.time, memory.clocks.jitter())
        else:
            self.back_off.succeeded()
        finally:
            self._reading = False
            memory.wake()

    async def _look(self, remote: Remote) -> None:
        try:
            await self._ask(remote, Lane.BACKGROUND)
        except ScimError as error:
            log.warning("quota_not_read", tenant=self._memory.name, error=str(error))
            for uid in self._memory.seats.distrust():
                self._memory.resources.mark(uid)
        finally:
            self._reading = False

    async def _ask(self, remote: Remote, lane: Lane) -> None:
        memory = self._memory
        sent = memory.time
        try:
            quota = await remote.seats(lane)
        finally:
            memory.learn(remote.capabilities)
        limit = memory.spec.license.limit
        total = min((most for most in (limit, quota.total) if most is not None), default=None)
        for uid in memory.seats.learn(Quota(total, quota.used), sent):
            memory.resources.mark(uid)
        memory.wake()

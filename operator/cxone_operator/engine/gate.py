"""The gate in front of the joiners' lane: nobody passes without a seat."""

from __future__ import annotations

from cxone_operator.api.reasons import Reason
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota, admit
from cxone_operator.engine.pause import Pause
from cxone_operator.engine.state import TenantState
from cxone_operator.engine.tasks import Tasks
from cxone_operator.scim.client import RemoteUsers
from cxone_operator.scim.errors import ScimError
from cxone_operator.telemetry.logging import get_logger

log = get_logger(__name__)


class Gate:
    """Reads the quota when it is needed and says how many may pass."""

    def __init__(self, state: TenantState, tasks: Tasks) -> None:
        self._state = state
        self._tasks = tasks
        self._reading = False
        self._pause = Pause()
        self._next_look = float("-inf")
        self.short = False
        """Somebody was turned away the last time."""

    def admitted(self, client: RemoteUsers, waiting: int) -> int:
        """How many of those who wait may pass now; 0 also while the number of seats is not known."""
        license_ = self._state.spec.license
        if license_.mode == "None":
            return waiting
        if license_.mode == "CountUsers":
            if not self._state.directory.complete:
                return 0
            self._count_users()
        elif not self._have_quota(client):
            return 0
        seats = self._state.ledger.seats(license_.reserve)
        passing = admit(waiting, seats, hold_batch=license_.on_shortage == "HoldBatch")
        self.short = passing < waiting
        return passing

    def keep_current(self, client: RemoteUsers) -> None:
        """Where nobody joins, seats are read once per sync period, so that what is told of them is no older."""
        now, period = self._state.time, self._state.spec.sync_period_seconds
        license_, joiners = self._state.spec.license, self._state.lanes.depth(Lane.JOINERS)
        current = now < self._next_look or self._state.ledger.age(now) < period
        if license_.mode == "None" or joiners or current or not self._state.directory.complete:
            return
        self._next_look = now + period
        if license_.mode == "CountUsers":
            self._count_users()
        else:
            self._tasks.start(self._look(client))

    @property
    def failure(self) -> Failure | None:
        """Why the quota could not be read, None where it could."""
        return self._pause.failure

    def explain(self) -> tuple[Reason, str]:
        """Why a joiner waits here."""
        if self.failure is not None:
            return self.failure.reason, f"the licence quota cannot be read: {self.failure.message}"
        quota, license_ = self._state.ledger.quota, self._state.spec.license
        total = quota.total if quota is not None else 0
        if license_.on_shortage == "HoldBatch" and self._state.ledger.seats(license_.reserve).free:
            return Reason.LICENSE_UNAVAILABLE, "not all who wait fit into the free seats, and onShortage is HoldBatch"
        return Reason.LICENSE_UNAVAILABLE, f"all {total} seats of the tenant are taken; continues when one is free"

    def _count_users(self) -> None:
        limit = self._state.spec.license.limit
        if limit is not None:
            self._state.ledger.learn(Quota(limit, self._state.directory.active_users), self._state.time)

    def _have_quota(self, client: RemoteUsers) -> bool:
        due = self._state.ledger.read_due(self._state.time, short=self.short)
        if due and not self._reading and not self._pause.remaining(self._state.time):
            self._reading = True
            self._tasks.start(self._read(client))
        return not due

    async def _read(self, client: RemoteUsers) -> None:
        try:
            await self._ask(client, Lane.JOINERS)
        except ScimError as error:
            self._pause.failed(error.failure, self._state.time, self._state.clocks.jitter())
        else:
            self._pause.succeeded()
        finally:
            self._reading = False
            self._state.wake.set()

    async def _look(self, client: RemoteUsers) -> None:
        try:
            await self._ask(client, Lane.BACKGROUND)
        except ScimError as error:
            log.warning("quota_not_read", tenant=self._state.name, error=str(error))

    async def _ask(self, client: RemoteUsers, lane: Lane) -> None:
        sent = self._state.time
        quota = await client.license_quota(lane)
        limit = self._state.spec.license.limit
        total = quota.total if limit is None else min(limit, quota.total)
        self._state.ledger.learn(Quota(total, quota.used), sent)

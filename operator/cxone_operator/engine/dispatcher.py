"""The dispatcher: takes users out of the lanes, as fast as the budget and the seats allow, and carries out their step.

Enough work for one lane goes as a bulk job, little work as single requests. What comes back is written to the
directory, and the user is looked at again; the dispatcher itself never decides what a result means.
"""

from __future__ import annotations

import math
from heapq import nsmallest

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import (
    Create,
    Deactivate,
    Delete,
    Reclaim,
    RemoteAction,
    Update,
    lane_of,
    takes_seat,
)
from cxone_operator.core.lane import Lane
from cxone_operator.core.patience import patience
from cxone_operator.core.users import key_of
from cxone_operator.engine.auditor import Auditor
from cxone_operator.engine.budget import Budget, Withdrawn
from cxone_operator.engine.gate import Gate
from cxone_operator.engine.jobs import Item, Jobs
from cxone_operator.engine.reconciler import Reconciler
from cxone_operator.engine.results import Results
from cxone_operator.engine.state import TenantState
from cxone_operator.engine.tasks import Tasks
from cxone_operator.scim.client import RemoteUsers
from cxone_operator.scim.errors import ScimError
from cxone_operator.telemetry import metrics

SINGLES = 8
"""Single requests in flight for each lane; more would only wait for the same budget."""
JOBS = 8
"""Bulk jobs in flight; leavers are exempt."""
LOOKUPS = 4
"""Look-ups in flight."""
PAGE = 500
"""Users asked for in one page of the directory; servers may give fewer."""
_REMOTE_ACTIONS = (Create, Update, Deactivate, Delete, Reclaim)


class Dispatcher:
    """Sends the work of one tenant."""

    def __init__(
        self,
        state: TenantState,
        budget: Budget,
        reconciler: Reconciler,
        results: Results,
        jobs: Jobs,
        gate: Gate,
        auditor: Auditor,
        tasks: Tasks,
    ) -> None:
        self._state = state
        self._budget = budget
        self._reconciler = reconciler
        self._results = results
        self._jobs = jobs
        self._gate = gate
        self._auditor = auditor
        self._tasks = tasks
        self._singles = dict.fromkeys(Lane, 0)
        self._lookups = 0

    def dispatch(self, client: RemoteUsers) -> float | None:
        """Start what can be started now; seconds until more can be, None where nothing waits for time."""
        self._send_lookups(client)
        delays = [self._dispatch_lane(client, lane) for lane in (Lane.LEAVERS, Lane.UPDATES, Lane.JOINERS)]
        return min((delay for delay in delays if delay is not None), default=None)

    def _dispatch_lane(self, client: RemoteUsers, lane: Lane) -> float | None:
        depth = self._state.lanes.depth(lane)
        if not depth:
            return None
        most = full = min(self._state.spec.bulk.max_operations, self._jobs.largest)
        if lane is Lane.JOINERS:
            passing = self._gate.admitted(client, depth)
            most = min(most, passing)
            full = most if passing < depth else full
            if not most and not self._state.lanes.first(lane, 1, alone=True):
                return None
        wait = self._budget.delay(lane) or self._gathers(lane, full)
        if wait > 0:
            return wait
        self._send_shared(client, lane, most)
        self._send_alone(client, lane, most)
        return 0.0 if self._state.lanes.depth(lane) < depth and self._has_room(client, lane) else None

    def _gathers(self, lane: Lane, full: int) -> float:
        """Seconds to wait until a job is fuller; users that must go alone never wait for that."""
        lanes, now = self._state.lanes, self._state.time
        if lanes.first(lane, 1, alone=True) or lanes.shared(lane) >= full:
            return 0.0
        patient = patience(self._budget.usage)
        return min(patient - lanes.newest_wait(lane, now), 2 * patient - lanes.oldest_wait(lane, now))

    def _send_shared(self, client: RemoteUsers, lane: Lane, most: int) -> None:
        bulk = self._state.spec.bulk
        items = self._still_wanted(lane, most, alone=False)
        if self._jobs.offered(client) and len(items) >= bulk.min_operations:
            if lane is Lane.LEAVERS or self._jobs.running < JOBS:
                self._take(lane, items)
                self._jobs.start(client, lane, items)
            return
        self._send_singles(client, lane, items)

    def _send_alone(self, client: RemoteUsers, lane: Lane, most: int) -> None:
        """Joiners that were promised a seat already need no other one."""
        items = self._still_wanted(lane, SINGLES, alone=True)
        if lane is Lane.JOINERS:
            holders = [item for item in items if self._state.ledger.holds(item[0].metadata.uid)]
            items = holders + [item for item in items if item not in holders][:most]
        self._send_singles(client, lane, items)

    def _send_singles(self, client: RemoteUsers, lane: Lane, items: list[Item]) -> None:
        for user, action in items[: SINGLES - self._singles[lane]]:
            self._take(lane, [(user, action)])
            self._singles[lane] += 1
            self._tasks.start(self._run_single(client, lane, user, action))

    def _has_room(self, client: RemoteUsers, lane: Lane) -> bool:
        alone = bool(self._state.lanes.first(lane, 1, alone=True))
        singly = (
            alone
            or not self._jobs.offered(client)
            or self._state.lanes.shared(lane) < self._state.spec.bulk.min_operations
        )
        if singly:
            return self._singles[lane] < SINGLES
        return lane is Lane.LEAVERS or self._jobs.running < JOBS

    def _still_wanted(self, lane: Lane, most: int, *, alone: bool) -> list[Item]:
        """The first in a queue with their action as of now; who has no business here any more is looked at again."""
        items: list[Item] = []
        for uid in self._first(lane, most, alone=alone):
            user = self._state.inbox.get(uid)
            action = self._reconciler.plan(user) if user is not None and uid not in self._state.busy else None
            if user is not None and isinstance(action, _REMOTE_ACTIONS) and lane_of(action) is lane:
                items.append((user, action))
            else:
                self._state.lanes.discard(uid)
                self._state.inbox.mark(uid)
        return items

    def _first(self, lane: Lane, most: int, *, alone: bool) -> list[str]:
        """First come, first served; but where seats are short the oldest resource comes first."""
        lanes = self._state.lanes
        if lane is not Lane.JOINERS or alone or most >= lanes.shared(lane):
            return lanes.first(lane, most, alone=alone)
        return nsmallest(most, lanes.first(lane, lanes.shared(lane), alone=False), key=self._age)

    def _age(self, uid: str) -> tuple[str, str]:
        user = self._state.inbox.get(uid)
        return user.age_order if user is not None else ("", "")

    def _take(self, lane: Lane, items: list[Item]) -> None:
        now = self._state.time
        for user, action in items:
            uid = user.metadata.uid
            since = self._state.lanes.discard(uid)
            self._state.begin(uid)
            self._state.record(uid)
            metrics.queue_wait.labels(lane.label).observe(now - since if since is not None else 0.0)
            if takes_seat(action):
                self._state.ledger.promise(uid)

    async def _run_single(self, client: RemoteUsers, lane: Lane, user: CxoneUser, action: RemoteAction) -> None:
        self._auditor.begin(user, action)
        try:
            request_id = await self._carry_out(client, lane, user, action)
        except ScimError as error:
            self._results.failed(user, action, error.failure)
        except Withdrawn:
            self._auditor.withdrawn([user.metadata.uid])
            raise
        else:
            self._results.done(user, action, request_id)
        finally:
            self._singles[lane] -= 1
            self._state.end(user.metadata.uid)

    async def _carry_out(self, client: RemoteUsers, lane: Lane, user: CxoneUser, action: RemoteAction) -> str:
        """Send it, and keep what the answer shows; CXone's own name for the request."""
        directory = self._state.directory
        match action:
            case Create(state):
                created = await client.create(state, lane)
                directory.put(created.shown, self._state.time)
                return created.request_id
            case Update(remote) | Deactivate(remote):
                changed = await client.patch(remote.id, action.change, lane)
                self._results.changed(user, remote, changed.shown)
                return changed.request_id
            case Delete(remote):
                deleted = await client.delete(remote.id, lane)
                directory.remove(remote, self._state.time)
                return deleted.request_id
            case Reclaim(remote):
                return (await client.release_license(remote.id, lane)).request_id

    def _send_lookups(self, client: RemoteUsers) -> None:
        """Read back by look-ups in chunks, or by one walk through the directory where that takes fewer requests."""
        waiting = self._state.lookups
        if not waiting or self._lookups >= LOOKUPS or self._state.reading.remaining(self._state.time) > 0:
            return
        lane = min(lane for _, lane in waiting.values())
        if self._budget.delay(lane) > 0:
            return
        chunks = client.look_up_chunks([name for name, _ in waiting.values()])
        pages = math.ceil((len(self._state.directory) + len(waiting)) / PAGE) + 1
        if client.lists and len(chunks) > pages:
            self._state.refresh_wanted = True
            for key in waiting:
                # What the list says of them is news, even if it is what was known before.
                self._state.directory.forget(key, self._state.time)
            waiting.clear()
            return
        for names in chunks[: LOOKUPS - self._lookups]:
            for name in names:
                waiting.pop(key_of(name), None)
            self._lookups += 1
            self._tasks.start(self._look_up(client, lane, names))

    async def _look_up(self, client: RemoteUsers, lane: Lane, names: tuple[str, ...]) -> None:
        sent = self._state.time
        keys = [key_of(name) for name in names]
        try:
            found = await client.look_up(names, lane)
        except ScimError as error:
            self._state.pause_reading(error.failure)
        else:
            self._state.reading.succeeded()
            self._state.directory.learn(keys, found, sent)
        finally:
            self._lookups -= 1
            for key in keys:
                self._state.inbox.mark_key(key)
            self._state.wake.set()

"""The sender: takes users out of the queues, as fast as the rate limit and the seats allow, and sends their step.

Enough work for one lane goes as a bulk job, little work as single requests. What a turn costs depends on what it sends,
not on how many wait: a queue is not looked at while nothing of it can be sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from cxone_operator.api.reasons import Reason
from cxone_operator.core.actions import Delete, RemoteAction, lane_of
from cxone_operator.core.failure import Failure
from cxone_operator.core.knowledge import Absent, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.patience import patience
from cxone_operator.core.plan import plan
from cxone_operator.core.work import Attempt, Done, Sent, Withdrawn, Work
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.engine.admit.seats import SeatGate
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.decide.view import View
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.send.door import Door
from cxone_operator.engine.send.failures import failed
from cxone_operator.engine.send.jobs import Jobs, Order
from cxone_operator.scim.errors import ScimError
from cxone_operator.scim.remote import Answered, Batch, Item, Pending, Remote, Result
from cxone_operator.scim.transport import NotSent
from cxone_operator.telemetry import metrics

SINGLES = 8
"""Single requests in flight for each lane; more would only wait for the same rate limit."""


class Sender:
    """Sends the work of one tenant."""

    def __init__(
        self, memory: Memory, view: View, limiter: RateLimiter, gate: SeatGate, door: Door, jobs: Jobs, tasks: Tasks
    ) -> None:
        self._memory = memory
        self._view = view
        self._limiter = limiter
        self._gate = gate
        self._door = door
        self._jobs = jobs
        self._tasks = tasks
        self._singles = dict.fromkeys(Lane, 0)

    def send(self, remote: Remote) -> float | None:
        """Start what can be started now; seconds until more can be, None where nothing waits for time."""
        delays = [self._send_lane(remote, lane) for lane in (Lane.LEAVERS, Lane.UPDATES, Lane.JOINERS)]
        leavers = self._memory.queues.depth(Lane.LEAVERS) > 0 and self._has_room(remote, Lane.LEAVERS)
        self._limiter.expect_leavers(leavers)
        return min((delay for delay in delays if delay is not None), default=None)

    def _send_lane(self, remote: Remote, lane: Lane) -> float | None:
        depth = self._memory.queues.depth(lane)
        if not depth:
            self._memory.seats.short = self._memory.seats.short and lane is not Lane.JOINERS
            return None
        most = full = min(self._memory.spec.bulk.max_operations, self._jobs.largest)
        if lane is Lane.JOINERS:
            passing = self._gate.admitted(remote, depth)
            most = min(most, passing)
            full = most if passing < depth else full
            if not most and not self._memory.queues.first(lane, 1, alone=True):
                return None
        if not self._has_room(remote, lane):
            return None
        wait = self._limiter.delay(lane) or self._gathers(lane, full)
        if wait > 0:
            return wait
        self._send_shared(remote, lane, most)
        self._send_alone(remote, lane, most)
        return 0.0 if self._memory.queues.depth(lane) < depth and self._has_room(remote, lane) else None

    def _gathers(self, lane: Lane, full: int) -> float:
        """Seconds to wait until a job is fuller; leavers, whom the guard has gathered, never wait for that.

        Nor does a lane in which somebody must go alone.
        """
        queues, now = self._memory.queues, self._memory.time
        if lane is Lane.LEAVERS or queues.first(lane, 1, alone=True) or queues.shared(lane) >= full:
            return 0.0
        patient = patience(self._limiter.usage)
        return min(patient - queues.newest_wait(lane, now), 2 * patient - queues.oldest_wait(lane, now))

    def _send_shared(self, remote: Remote, lane: Lane, most: int) -> None:
        in_bulk = self._bulk_pays(remote, lane, most)
        if in_bulk and not self._jobs.has_room(lane):
            return
        orders = self._still_wanted(lane, most if in_bulk else min(most, self._free_singles(lane)), alone=False)
        if in_bulk and len(orders) >= self._memory.spec.bulk.min_operations:
            self._take(lane, orders, shared=True)
            self._jobs.start(remote, lane, orders)
        else:
            self._send_singles(remote, lane, orders)

    def _send_alone(self, remote: Remote, lane: Lane, most: int) -> None:
        """Joiners that were promised a seat already need no other one."""
        orders = self._still_wanted(lane, self._free_singles(lane), alone=True)
        if lane is Lane.JOINERS:
            holders = [order for order in orders if self._memory.seats.holds(order[0].metadata.uid)]
            orders = holders + [order for order in orders if order not in holders][: max(0, most)]
        self._send_singles(remote, lane, orders)

    def _send_singles(self, remote: Remote, lane: Lane, orders: Sequence[Order]) -> None:
        for user, action in orders[: self._free_singles(lane)]:
            self._take(lane, [(user, action)], shared=False)
            self._singles[lane] += 1
            self._tasks.start(self._run_single(remote, lane, Item(user.metadata.uid, action)))

    def _bulk_pays(self, remote: Remote, lane: Lane, most: int) -> bool:
        enough = min(most, self._memory.queues.shared(lane)) >= self._memory.spec.bulk.min_operations
        return enough and self._jobs.offered(remote, lane)

    def _free_singles(self, lane: Lane) -> int:
        return SINGLES - self._singles[lane]

    def _has_room(self, remote: Remote, lane: Lane) -> bool:
        alone = bool(self._memory.queues.first(lane, 1, alone=True))
        if alone or not self._bulk_pays(remote, lane, self._memory.queues.shared(lane)):
            return self._free_singles(lane) > 0
        return self._jobs.has_room(lane)

    def _still_wanted(self, lane: Lane, most: int, *, alone: bool) -> list[Order]:
        """The first in a queue with their action as of now; who has no business here any more is looked at again."""
        orders: list[Order] = []
        memory = self._memory
        for uid in memory.queues.first(lane, most, alone=alone):
            user, work = memory.resources.get(uid), memory.works.get(uid)
            idle = user is not None and not (work is not None and work.sent)
            action = plan(self._view.facts(user)) if user is not None and idle else None
            if user is not None and isinstance(action, RemoteAction) and lane_of(action) is lane:
                orders.append((user, action))
            else:
                memory.queues.discard(uid)
                memory.resources.mark(uid)
        return orders

    def _take(self, lane: Lane, orders: Sequence[Order], *, shared: bool) -> None:
        now = self._memory.time
        for user, action in orders:
            since = self._memory.queues.discard(user.metadata.uid)
            metrics.queue_wait.labels(lane.label).observe(now - since if since is not None else 0.0)
            self._door.on(user.metadata.uid, Sent(Attempt(user, action, now, shared=shared)))

    async def _run_single(self, remote: Remote, lane: Lane, item: Item) -> None:
        try:
            receipt = await remote.send(Batch((item,)), lane)
        except ScimError as error:
            self._memory.learn(remote.capabilities)
            self._fail(item.uid, error.failure)
        except NotSent:
            self._door.answered(item.uid, Withdrawn())
            raise
        else:
            result = None if isinstance(receipt, Pending) else receipt.results.get(item.uid)
            self._take_result(item, result or Answered())
        finally:
            self._singles[lane] -= 1
            self._memory.wake()

    def _take_result(self, item: Item, result: Result) -> None:
        if isinstance(result, Answered):
            self._settle(item, result)
        else:
            self._fail(item.uid, result)

    def _settle(self, item: Item, answer: Answered) -> None:
        """Write through what the answer shows, before anybody looks."""
        directory, now = self._memory.directory, self._memory.time
        if isinstance(answer.shown, Present):
            directory.put(answer.shown.user, now)
        elif isinstance(item.action, Delete) and isinstance(answer.shown, Absent):
            directory.remove(item.action.remote, now)
        self._door.answered(item.uid, Done(answer.shown, answer.request_id))

    def _fail(self, uid: str, failure: Failure) -> None:
        work = self._memory.works.get(uid)
        if work is not None and work.attempt is not None:
            self._look_for_everybody(work, failure)
            self._door.answered(uid, failed(self._memory, work.attempt, failure))

    def _look_for_everybody(self, work: Work, failure: Failure) -> None:
        """Whoever exists, as CXone says again, and was not found by name may be in the list of everybody."""
        last = work.failure.reason if work.failure is not None else None
        if last == failure.reason == Reason.ALREADY_EXISTS:
            self._memory.refresh_wanted = True

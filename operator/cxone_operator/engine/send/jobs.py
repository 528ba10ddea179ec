"""Bulk jobs: submitted once, remembered before they are followed, and over when every user in them has been seen.

CXone's job says COMPLETED or FAILED and lists errors without names, so what it did is seen on its users only. They are
looked at when a job of this tenant usually is done: one request then tells more than a poll would. Only where somebody
is not seen as wanted the job is polled to its end, and whoever is not seen then was not served, and is sent alone,
where the answer names the reason. Nothing is ever resubmitted blindly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from cxone_operator.api.conditions import timestamp
from cxone_operator.api.tenant import BulkJob
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import RemoteAction, names_in
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import key_of
from cxone_operator.core.work import REQUEST_SECONDS, Accepted, Done, Ended, Left, Phase, Seen, Withdrawn
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.send.door import Door
from cxone_operator.engine.send.failures import failed
from cxone_operator.engine.tell.audit import AuditTrail
from cxone_operator.scim.errors import CircuitOpen, NotOffered, PayloadTooLarge, ScimError, Throttled
from cxone_operator.scim.remote import Answered, Batch, Item, Pending, Receipt, Remote, Result
from cxone_operator.scim.transport import NotSent
from cxone_operator.telemetry import metrics

Order = tuple[CxoneUser, RemoteAction]
"""Somebody, and what is to be done."""

MOST = 8
"""Bulk jobs in flight; leavers are exempt."""
_FIRST_LOOK_SECONDS = 1.0
_SHORTEST_LOOK_SECONDS = 0.3
_IMPATIENCE = 0.99
"""A look that found all done might have come a little sooner."""
_MARGIN = 1.1
"""A look that comes too early costs two more requests, one that comes late a tenth of the time."""
_LONGEST_POLL_SECONDS = 15.0
_POLL_GROWTH = 1.6
_PERSIST_RETRY_SECONDS = 2.0


class Jobs:
    """The bulk jobs of one tenant."""

    def __init__(
        self,
        memory: Memory,
        door: Door,
        trail: AuditTrail,
        tasks: Tasks,
        persist: Callable[[], Awaitable[bool]],
        warn: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._memory = memory
        self._door = door
        self._trail = trail
        self._tasks = tasks
        self._persist = persist
        self._warn = warn
        self._typical_seconds = _FIRST_LOOK_SECONDS
        """How long a job of this tenant usually takes."""
        self._left: set[tuple[str, str]] = set()
        """(job, uid) of leavers who did not wait for its end."""
        self._running = 0
        self.largest = memory.spec.bulk.max_operations
        """Operations in one job: as configured, halved after each that was too large."""

    def offered(self, remote: Remote, lane: Lane) -> bool:
        """Shared requests are taken by the tenant and wanted by its owner, and a job can be written down."""
        wanted = self._memory.spec.bulk.mode == "Auto" and not self._memory.refused
        offers = remote.capabilities
        return wanted and (offers.bulk or (offers.lockouts and lane is Lane.LEAVERS))

    def has_room(self, lane: Lane) -> bool:
        """One more may be started."""
        return lane is Lane.LEAVERS or self._running < MOST

    def start(self, remote: Remote, lane: Lane, orders: Sequence[Order]) -> None:
        """Send these users as one job, or as several where one would be too large in bytes."""
        users = {user.metadata.uid: user for user, _ in orders}
        for batch in remote.batches([Item(user.metadata.uid, action) for user, action in orders], self.largest):
            self._running += 1
            self._tasks.start(self._run(remote, lane, batch, [users[item.uid] for item in batch.items]))

    def leave(self, uid: str) -> None:
        """A leaver goes on without the job, which may still do what it was asked for, and take the seat."""
        memory, work = self._memory, self._memory.works.get(uid)
        if work is None or work.attempt is None or work.phase is not Phase.IN_JOB:
            return
        job = work.attempt.job
        self._left.add((job, uid))
        if memory.seats.holds(uid):
            memory.seats.promise(job + uid)
        self._door.answered(uid, Left(float(memory.spec.bulk.job_timeout_seconds)))

    def recover(self, remote: Remote, jobs: Iterable[BulkJob]) -> None:
        """Follow the jobs of an earlier process to their end; until then absence of a user proves nothing."""
        for job in jobs:
            self._memory.jobs[job.id] = job
            self._memory.old_jobs.add(job.id)
            self._running += 1
            self._tasks.start(self._recover(remote, job))

    async def _run(self, remote: Remote, lane: Lane, batch: Batch, users: Sequence[CxoneUser]) -> None:
        metrics.bulk_batch_size.observe(len(users))
        timeout = float(self._memory.spec.bulk.job_timeout_seconds)
        submission = self._memory.in_doubt.begin_submission(timeout)
        try:
            if not await self._is_announced(users):
                return
            receipt = await self._send(remote, lane, batch, users)
            if isinstance(receipt, Pending):
                await self._follow_new(remote, lane, receipt, users, submission)
            else:
                self._book(users, receipt.results)
        except ScimError as error:
            self._refused(users, self._lesson(error, len(users)), timeout)
        finally:
            self._memory.in_doubt.end_submission(submission)
            self._running -= 1
            self._read_back(batch)
            self._memory.wake()

    async def _is_announced(self, users: Sequence[CxoneUser]) -> bool:
        """The intent is on the tenant, so that a later process knows of a job whose id nobody has written down."""
        announced = False
        try:
            announced = await self._persist()
            if not announced:
                await self._tasks.sleep(_PERSIST_RETRY_SECONDS)
        finally:
            if not announced:
                self._each(users, Withdrawn())
        return announced

    async def _send(self, remote: Remote, lane: Lane, batch: Batch, users: Sequence[CxoneUser]) -> Receipt:
        try:
            return await remote.send(batch, lane)
        except NotSent:
            self._each(users, Withdrawn())
            raise
        finally:
            self._memory.learn(remote.capabilities)

    def _lesson(self, error: ScimError, size: int) -> Failure:
        """What was too large, or is not offered at all, says nothing of anybody in it: they are sent another way."""
        if isinstance(error, PayloadTooLarge):
            self.largest = max(1, size // 2)
        if isinstance(error, NotOffered) or (isinstance(error, PayloadTooLarge) and size > 1):
            return replace(error.failure, scope=Scope.TENANT)
        return error.failure

    async def _follow_new(
        self, remote: Remote, lane: Lane, receipt: Pending, users: Sequence[CxoneUser], submission: int
    ) -> None:
        memory = self._memory
        job = BulkJob(receipt.job, len(users), timestamp(memory.clocks.now()), lane.label)
        memory.jobs[job.id] = job
        for user in users:
            self._door.on(user.metadata.uid, Accepted(job.id, receipt.request_id))
            memory.resources.mark(user.metadata.uid)
        memory.in_doubt.end_submission(submission)
        await self._persist()
        try:
            if not await self._look(remote, job, users):
                results = await self._poll(remote, lane, job, users)
                self._book(self._in_job(job, users), results)
        finally:
            del memory.jobs[job.id]
            self._let_go(job, users)

    async def _look(self, remote: Remote, job: BulkJob, users: Sequence[CxoneUser]) -> bool:
        """Look at the users when the job is likely to be done; whether all of them are as wanted.

        Whoever is not found may be hidden, so that is left to the look-up by id when the job has ended.
        """
        await self._tasks.sleep(self._typical_seconds)
        memory = self._memory
        try:
            for names in remote.portions([self._name(user) for user in self._in_job(job, users)]):
                sent = memory.time
                found = await remote.find(names, Lane.UPDATES)
                memory.directory.learn((), found.users, sent)
        except ScimError:
            return False
        for user in self._in_job(job, users):
            known = memory.directory.known(key_of(self._name(user)), memory.time)
            self._door.answered(user.metadata.uid, Seen(known))
        if self._in_job(job, users):
            return False
        self._typical_seconds = max(_SHORTEST_LOOK_SECONDS, self._typical_seconds * _IMPATIENCE)
        return True

    async def _poll(
        self, remote: Remote, lane: Lane, job: BulkJob, users: Sequence[CxoneUser]
    ) -> dict[str, Result] | None:
        """Until the job ends; its results by uid, empty where the server gives none. None where it was given up."""
        memory, delay, failures = self._memory, 0.0, 0
        began, deadline = memory.time - self._typical_seconds, _deadline(job, memory)
        while True:
            await self._tasks.sleep(delay)
            delay = min(max(delay, self._typical_seconds) * _POLL_GROWTH, _LONGEST_POLL_SECONDS)
            try:
                found = await remote.poll(job.id, lane)
            except (Throttled, CircuitOpen):
                continue
            except ScimError as error:
                failures += 1
                if failures >= memory.spec.bulk.max_failures:
                    why = f"{failures} failures in a row while polling: {error.failure.message}"
                    await self._abandon(job, users, deadline, why)
                    return None
                continue
            failures = 0
            if found is not None:
                lasted = _MARGIN * (memory.time - began)
                self._typical_seconds = min(max(self._typical_seconds, lasted), _LONGEST_POLL_SECONDS)
                return dict(found.results)
            if memory.time > deadline:
                why = f"not finished after {memory.spec.bulk.job_timeout_seconds} s"
                await self._abandon(job, users, deadline, why)
                return None

    async def _recover(self, remote: Remote, job: BulkJob) -> None:
        memory = self._memory
        try:
            await self._poll(remote, Lane.UPDATES, job, ())
        finally:
            self._running -= 1
            memory.jobs.pop(job.id, None)
            memory.old_jobs.discard(job.id)
            memory.directory.doubt_absences()
            memory.refresh_wanted = True
            memory.wake()

    async def _abandon(self, job: BulkJob, users: Sequence[CxoneUser], deadline: float, why: str) -> None:
        """Nobody looks at it any more, but it may go on: its users may still appear."""
        memory = self._memory
        left = max(0.0, deadline - memory.time) + REQUEST_SECONDS
        for user in users:
            memory.in_doubt.add(user.metadata.uid, left)
        if not users:
            memory.in_doubt.extend(memory.time + left)
        memory.abandoned_jobs += 1
        self._trail.job_abandoned(job.id, job.operations, why)
        await self._warn("BulkJobAbandoned", f"bulk job {job.id} ({job.operations} operations) was given up: {why}")

    def _book(self, users: Iterable[CxoneUser], results: Mapping[str, Result] | None) -> None:
        """What is said of one user is used; everything else is read back."""
        for user in users:
            result = results.get(user.metadata.uid) if results is not None else None
            if isinstance(result, Failure):
                self._fail(user, result)
            elif isinstance(result, Answered):
                self._door.answered(user.metadata.uid, Done(result.shown, result.request_id))
            else:
                self._door.answered(user.metadata.uid, Ended(given_up=results is None))

    def _refused(self, users: Iterable[CxoneUser], failure: Failure, timeout: float) -> None:
        for user in users:
            self._fail(user, failure, timeout)

    def _fail(self, user: CxoneUser, failure: Failure, doubt_seconds: float = REQUEST_SECONDS) -> None:
        work = self._memory.works.get(user.metadata.uid)
        if work is not None and work.attempt is not None:
            event = failed(self._memory, work.attempt, failure, doubt_seconds)
            self._door.answered(user.metadata.uid, event)

    def _read_back(self, batch: Batch) -> None:
        """Whatever ended this task, nobody stays in a job that nobody follows any more."""
        for item in batch.items:
            work = self._memory.works.get(item.uid)
            if work is not None and work.sent and work.attempt is not None and work.attempt.action is item.action:
                self._door.answered(item.uid, Ended(given_up=True))

    def _name(self, user: CxoneUser) -> str:
        """What the account of somebody in a job is called when the job has done its work."""
        work = self._memory.works.get(user.metadata.uid)
        names = names_in(work.attempt.action) if work is not None and work.attempt is not None else ()
        return names[0] if names else user.spec.user_name

    def _each(self, users: Iterable[CxoneUser], event: Withdrawn) -> None:
        for user in users:
            self._door.answered(user.metadata.uid, event)

    def _in_job(self, job: BulkJob, users: Iterable[CxoneUser]) -> list[CxoneUser]:
        """Who has not been seen as wanted, and has not left."""
        works = ((user, self._memory.works.get(user.metadata.uid)) for user in users)
        return [
            user
            for user, work in works
            if work is not None
            and work.phase is Phase.IN_JOB
            and work.attempt is not None
            and work.attempt.job == job.id
        ]

    def _let_go(self, job: BulkJob, users: Iterable[CxoneUser]) -> None:
        """Whoever left the job before its end is read back all the same: it may have acted."""
        memory = self._memory
        for user in users:
            uid = user.metadata.uid
            if (job.id, uid) in self._left:
                self._left.discard((job.id, uid))
                memory.seats.lose_sight(job.id + uid)
                memory.forget(user)
                memory.tell_neighbours(user)
                memory.resources.mark(uid)


def _deadline(job: BulkJob, memory: Memory) -> float:
    """Counted from the submission, also by a later process."""
    submitted = datetime.fromisoformat(job.submitted_time)
    age = max(0.0, (memory.clocks.now() - submitted).total_seconds())
    return memory.time + memory.spec.bulk.job_timeout_seconds - age

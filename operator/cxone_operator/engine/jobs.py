"""Bulk jobs: submitted once, remembered before they are polled, read back when they end.

CXone's job says COMPLETED or FAILED and lists errors without names. So its end only means that the users in it are
unknown; they are read back in few requests and planned again. A user for whom the same step is still due was not
served by the job, and is sent alone, where the answer names the reason. Nothing is ever resubmitted blindly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from cxone_operator.api.conditions import timestamp
from cxone_operator.api.tenant import BulkJob
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Create, Deactivate, Delete, RemoteAction, Update
from cxone_operator.core.lane import Lane
from cxone_operator.engine.auditor import Auditor
from cxone_operator.engine.budget import Withdrawn
from cxone_operator.engine.doubts import REQUEST_SECONDS
from cxone_operator.engine.results import Results
from cxone_operator.engine.state import TenantState
from cxone_operator.engine.tasks import Tasks
from cxone_operator.scim.bulk import Accepted, BulkOperation, OperationResult, Receipt
from cxone_operator.scim.bulk import Create as CreateOperation
from cxone_operator.scim.bulk import Delete as DeleteOperation
from cxone_operator.scim.bulk import Patch as PatchOperation
from cxone_operator.scim.client import RemoteUsers
from cxone_operator.scim.errors import CircuitOpen, NotFound, PayloadTooLarge, ScimError, Throttled
from cxone_operator.telemetry import metrics

Item = tuple[CxoneUser, RemoteAction]

_FIRST_POLL_SECONDS = 1.0
_LONGEST_POLL_SECONDS = 15.0
_POLL_GROWTH = 1.6
_PERSIST_RETRY_SECONDS = 2.0


class Jobs:
    """The bulk jobs of one tenant."""

    def __init__(
        self,
        state: TenantState,
        results: Results,
        auditor: Auditor,
        tasks: Tasks,
        persist: Callable[[], Awaitable[bool]],
        warn: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._state = state
        self._results = results
        self._auditor = auditor
        self._tasks = tasks
        self._persist = persist
        self._warn = warn
        self._typical_seconds = _FIRST_POLL_SECONDS
        self.running = 0
        self.largest = state.spec.bulk.max_operations
        """Operations in one job: as configured, halved after each 413."""

    def offered(self, client: RemoteUsers) -> bool:
        """Bulk requests are taken by the tenant and wanted by its owner."""
        return self._state.spec.bulk.mode == "Auto" and client.takes_bulk

    def start(self, client: RemoteUsers, lane: Lane, items: Sequence[Item]) -> None:
        """Send these users as one job, or as several where one would be too large in bytes."""
        by_id = {user.metadata.uid: (user, action) for user, action in items}
        for batch in client.pack([_operation(user, action) for user, action in items], self.largest):
            self.running += 1
            part = [by_id[operation.bulk_id] for operation in batch]
            self._tasks.start(self._run(client, lane, batch, part))

    def recover(self, client: RemoteUsers, jobs: Sequence[BulkJob]) -> None:
        """Follow the jobs of an earlier process to their end; until then absence of a user proves nothing."""
        for job in jobs:
            self._state.jobs[job.id] = job
            self._state.recovering.add(job.id)
            self.running += 1
            self._tasks.start(self._recover(client, job))

    async def _run(
        self, client: RemoteUsers, lane: Lane, operations: Sequence[BulkOperation], items: Sequence[Item]
    ) -> None:
        metrics.bulk_batch_size.observe(len(items))
        timeout = float(self._state.spec.bulk.job_timeout_seconds)
        submission = self._state.doubts.begin_submission(timeout)
        job_id: str | None = None
        try:
            if not await self._persist():
                await self._tasks.sleep(_PERSIST_RETRY_SECONDS)
                return
            receipt = await self._submit(client, lane, operations, items)
            if isinstance(receipt, Accepted):
                job_id = receipt.job_id
                await self._follow_new(client, lane, job_id, items, submission)
            else:
                self._book(items, dict(receipt.results))
        except PayloadTooLarge as error:
            self.largest = max(1, len(items) // 2)
            for user, _ in items:
                self._auditor.failed(user.metadata.uid, error.failure)
        except ScimError as error:
            for user, action in items:
                self._results.failed(user, action, error.failure, doubtful_seconds=timeout)
        finally:
            self._state.doubts.end_submission(submission)
            self.running -= 1
            for user, _ in items:
                self._let_out(user, job_id)

    async def _submit(
        self, client: RemoteUsers, lane: Lane, operations: Sequence[BulkOperation], items: Sequence[Item]
    ) -> Receipt:
        uids = [user.metadata.uid for user, _ in items]
        for user, action in items:
            self._auditor.begin(user, action)
        try:
            receipt = await client.submit(operations, lane)
        except Withdrawn:
            self._auditor.withdrawn(uids)
            raise
        self._auditor.accepted(uids, receipt.request_id, receipt.job_id if isinstance(receipt, Accepted) else "")
        return receipt

    async def _follow_new(
        self, client: RemoteUsers, lane: Lane, job_id: str, items: Sequence[Item], submission: int
    ) -> None:
        job = BulkJob(job_id, len(items), timestamp(self._state.clocks.now()), lane.label)
        self._state.jobs[job_id] = job
        for user, action in items:
            record = self._state.record(user.metadata.uid)
            record.job, record.attempted = job_id, action
        self._state.doubts.end_submission(submission)
        await self._persist()
        try:
            results = await self._follow(client, lane, job, items)
            self._book([item for item in items if (job_id, item[0].metadata.uid) not in self._state.left_job], results)
        finally:
            del self._state.jobs[job_id]
            self._state.wake.set()

    def _let_out(self, user: CxoneUser, job_id: str | None) -> None:
        """The job has ended, or was given up. Whoever left it before is read back all the same: it may have acted."""
        uid, state = user.metadata.uid, self._state
        if job_id is None or (job_id, uid) not in state.left_job:
            state.record(uid).job = None
            state.end(uid)
            if state.inbox.get(uid) is None:
                self._auditor.forget(uid)
            return
        state.left_job.discard((job_id, uid))
        state.ledger.lose_sight(job_id + uid)
        self._results.forget(user)
        state.inbox.mark(uid)

    async def _recover(self, client: RemoteUsers, job: BulkJob) -> None:
        try:
            await self._follow(client, Lane.UPDATES, job, ())
        finally:
            self.running -= 1
            self._state.jobs.pop(job.id, None)
            self._state.recovering.discard(job.id)
            self._state.directory.doubt_absences()
            self._state.refresh_wanted = True
            self._state.wake.set()

    async def _follow(
        self, client: RemoteUsers, lane: Lane, job: BulkJob, items: Sequence[Item]
    ) -> dict[str, OperationResult]:
        """Poll until the job ends or is given up; its results by bulkId, empty where the server gives none."""
        began, delay, failures = self._state.time, self._typical_seconds, 0
        deadline = _deadline(job, self._state)
        while True:
            await self._tasks.sleep(delay)
            delay = min(delay * _POLL_GROWTH, _LONGEST_POLL_SECONDS)
            try:
                found = await client.job(job.id, lane)
            except NotFound:
                return {}
            except (Throttled, CircuitOpen):
                continue
            except ScimError as error:
                failures += 1
                if failures >= self._state.spec.bulk.max_failures:
                    why = f"{failures} failures in a row while polling: {error.failure.message}"
                    await self._abandon(job, items, deadline, why)
                    return {}
                continue
            failures = 0
            if found.done:
                self._typical_seconds = 0.7 * self._typical_seconds + 0.3 * max(0.2, self._state.time - began)
                return dict(found.results)
            if self._state.time > deadline:
                why = f"not finished after {self._state.spec.bulk.job_timeout_seconds} s"
                await self._abandon(job, items, deadline, why)
                return {}

    async def _abandon(self, job: BulkJob, items: Sequence[Item], deadline: float, why: str) -> None:
        """Nobody looks at it any more, but it may go on: its users may still appear."""
        left = max(0.0, deadline - self._state.time) + REQUEST_SECONDS
        for user, _ in items:
            self._state.doubts.add(user.metadata.uid, left)
        self._auditor.doubt(user.metadata.uid for user, _ in items)
        if not items:
            self._state.doubts.extend(self._state.time + left)
        self._state.abandoned_jobs += 1
        self._auditor.job_abandoned(job.id, job.operations, why)
        await self._warn("BulkJobAbandoned", f"bulk job {job.id} ({job.operations} operations) was given up: {why}")

    def _book(self, items: Sequence[Item], results: dict[str, OperationResult]) -> None:
        """Per-operation results are used where the server gives them; everything else is read back."""
        for user, action in items:
            result = results.get(user.metadata.uid)
            record = self._state.record(user.metadata.uid)
            if result is not None and result.error is not None:
                record.attempted = None
                self._results.failed(user, action, result.error.failure)
            else:
                record.attempted = action
                if result is not None:
                    self._auditor.done(user.metadata.uid)
                self._results.forget(user)
                self._results.carried_out(user, action)


def _operation(user: CxoneUser, action: RemoteAction) -> BulkOperation:
    """The uid is the bulkId: unique in the request, and the same if the user is ever sent again (RFC 7644 3.7)."""
    uid = user.metadata.uid
    match action:
        case Create(state):
            return CreateOperation(uid, state)
        case Update(remote, change):
            return PatchOperation(uid, remote.id, change)
        case Deactivate(remote):
            return PatchOperation(uid, remote.id, action.change)
        case Delete(remote):
            return DeleteOperation(uid, remote.id)
    raise AssertionError(f"{action.name} is never sent in bulk")


def _deadline(job: BulkJob, state: TenantState) -> float:
    """Counted from the submission, also by a later process."""
    submitted = datetime.fromisoformat(job.submitted_time)
    age = max(0.0, (state.clocks.now() - submitted).total_seconds())
    return state.time + state.spec.bulk.job_timeout_seconds - age

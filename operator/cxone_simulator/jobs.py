"""Bulk: operations carried out at once, or by a job that ends some time after it was submitted.

A job is brought up to date whenever somebody looks, and by a timer, so it needs no worker of its own.
"""

from __future__ import annotations

import sys
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cxone_simulator.errors import missing
from cxone_simulator.faults import JobFault, JobFaults
from cxone_simulator.habits import Habits
from cxone_simulator.journal import REQUEST_ID
from cxone_simulator.operations import (
    Batch,
    Operation,
    Resources,
    Result,
    fail_on_errors,
    failed,
    operations_in,
)
from cxone_simulator.settings import Settings

BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"


@dataclass(slots=True)
class Job:
    """One bulk request on its way."""

    id: str
    operations: list[Operation]
    batch: Batch
    begins: float
    due: float
    fault: JobFault | None
    accepted_failures: int
    """How many failed operations end it early (failOnErrors)."""
    request_id: str = field(default_factory=REQUEST_ID.get)
    """The request that submitted it."""
    status: str = "QUEUED"
    errors: list[dict[str, str]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """It will not change any more."""
        return self.status in ("COMPLETED", "FAILED")


class Jobs:
    """All bulk requests of the tenant."""

    def __init__(
        self,
        settings: Settings,
        kinds: Mapping[str, Resources],
        faults: JobFaults,
        clock: Callable[[], float],
        habits: Habits,
    ) -> None:
        self._settings = settings
        self._kinds = kinds
        self._habits = habits
        self._faults = faults
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._open: dict[str, Job] = {}

    def submit(self, body: Mapping[str, Any], origin: str = "") -> Job:
        """Queue the operations of a BulkRequest; locations begin with the origin. Raises ScimProblem."""
        operations, most = self._read(body)
        now, seconds = self._clock(), self._settings.job_seconds
        job_id = f"bulk-job-{uuid.uuid4()}"
        batch = Batch(self._settings, self._kinds, f"job:{job_id}", origin)
        job = Job(job_id, operations, batch, now + seconds / 2, now + seconds, self._faults.next(), most)
        self._jobs[job_id] = self._open[job_id] = job
        return job

    def run_now(self, body: Mapping[str, Any], origin: str = "") -> list[Result]:
        """Carry the operations out at once; their results (RFC 7644 section 3.7.3)."""
        operations, most = self._read(body)
        batch = Batch(self._settings, self._kinds, "request", origin)
        results: list[Result] = []
        for index, operation in enumerate(operations, 1):
            if self._habits.serves(index):
                results.append(batch.carry_out(operation))
            if sum(failed(result) for result in results) >= most:
                break
        return results

    def get(self, job_id: str) -> dict[str, Any]:
        """The job on the wire; raises ScimProblem 404."""
        self.advance()
        job = self._jobs.get(job_id)
        if job is None:
            raise missing(f"bulk job {job_id}")
        body: dict[str, Any] = {"id": job.id, "status": job.status, "errors": job.errors}
        if job.ended and self._settings.bulk_results:
            body |= {"schemas": [BULK_RESPONSE], "Operations": job.results}
        return self._habits.job(body) if job.ended else body

    def counts(self) -> dict[str, int]:
        """Jobs by status."""
        self.advance()
        return dict(Counter(job.status for job in self._jobs.values()))

    def advance(self) -> None:
        """Run what is due, in the order in which it became so."""
        now = self._clock()
        for job in sorted(self._open.values(), key=lambda job: job.due):
            if job.begins <= now:
                job.status = "RUNNING"
            if job.due <= now and not (job.fault and job.fault.kind == "never"):
                self._run(job)
                del self._open[job.id]

    def _read(self, body: Mapping[str, Any]) -> tuple[list[Operation], int]:
        return operations_in(body, self._settings.max_operations), fail_on_errors(body, sys.maxsize)

    def _run(self, job: Job) -> None:
        """Whoever happened to look has not asked for what the job does: the request that submitted it has."""
        asked = REQUEST_ID.set(job.request_id)
        try:
            self._carry_out_all(job)
        finally:
            REQUEST_ID.reset(asked)

    def _carry_out_all(self, job: Job) -> None:
        kind, count = job.fault.kind if job.fault else "", len(job.operations)
        served = {"fail": 0, "half": count // 2}.get(kind, count)
        for index, operation in enumerate(job.operations[:served], 1):
            if job.fault and kind == "partial" and index % job.fault.every == 0:
                job.errors.append({"code": "500", "message": "an operation was not carried out"})
            elif self._habits.serves(index):
                self._note(job, job.batch.carry_out(operation))
            if sum(failed(result) for result in job.results) >= job.accepted_failures:
                break
        job.status = "FAILED" if kind in ("fail", "half") else "COMPLETED"
        if job.status == "FAILED":
            job.errors.append({"code": "500", "message": "the job failed"})

    @staticmethod
    def _note(job: Job, result: Result) -> None:
        job.results.append(result)
        if failed(result):
            job.errors.append({"code": result["status"], "message": result["response"].get("scimType") or "refused"})

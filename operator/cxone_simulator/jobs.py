"""Bulk: operations carried out at once, or by a job that ends some time after it was submitted.

A job is brought up to date whenever somebody looks, and by a timer, so it needs no worker of its own.
"""

from __future__ import annotations

import re
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from cxone_simulator.errors import ScimProblem, missing
from cxone_simulator.faults import JobFault, JobFaults
from cxone_simulator.habits import Habits
from cxone_simulator.journal import REQUEST_ID
from cxone_simulator.tenant import Tenant

BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
Operation = Mapping[str, Any]
_PATH = re.compile(r"(?:/scim/v2)?/Users(?:/(?P<id>[^/]+))?/?")


@dataclass(slots=True)
class Job:
    """One bulk request on its way."""

    id: str
    operations: list[Operation]
    begins: float
    due: float
    fault: JobFault | None
    accepted_failures: int
    """How many failed operations end it early (failOnErrors)."""
    request_id: str = field(default_factory=REQUEST_ID.get)
    """The request that submitted it."""
    status: str = "QUEUED"
    errors: list[dict[str, str]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """It will not change any more."""
        return self.status in ("COMPLETED", "FAILED")


class Jobs:
    """All bulk requests of the tenant."""

    def __init__(self, tenant: Tenant, faults: JobFaults, clock: Callable[[], float], habits: Habits) -> None:
        self._tenant = tenant
        self._habits = habits
        self._faults = faults
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._open: dict[str, Job] = {}

    def submit(self, body: Mapping[str, Any]) -> Job:
        """Queue the operations of a BulkRequest; raises ScimProblem."""
        operations, most = _operations(body, self._tenant.settings.max_operations), _fail_on_errors(body)
        now, seconds = self._clock(), self._tenant.settings.job_seconds
        job_id = f"bulk-job-{uuid.uuid4()}"
        job = Job(job_id, operations, now + seconds / 2, now + seconds, self._faults.next(), most)
        self._jobs[job_id] = self._open[job_id] = job
        return job

    def run_now(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Carry the operations out at once; their results (RFC 7644 section 3.7.3)."""
        operations, most = _operations(body, self._tenant.settings.max_operations), _fail_on_errors(body)
        results: list[dict[str, Any]] = []
        for operation in operations:
            results.append(self._carry_out(operation, "request"))
            if sum(_failed(result) for result in results) >= most:
                break
        return results

    def get(self, job_id: str) -> dict[str, Any]:
        """The job on the wire; raises ScimProblem 404."""
        self.advance()
        job = self._jobs.get(job_id)
        if job is None:
            raise missing(f"bulk job {job_id}")
        body: dict[str, Any] = {"id": job.id, "status": job.status, "errors": job.errors}
        if job.ended and self._tenant.settings.bulk_results:
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
                self._note(job, self._carry_out(operation, f"job:{job.id}"))
            if sum(_failed(result) for result in job.results) >= job.accepted_failures:
                break
        job.status = "FAILED" if kind in ("fail", "half") else "COMPLETED"
        if job.status == "FAILED":
            job.errors.append({"code": "500", "message": "the job failed"})

    @staticmethod
    def _note(job: Job, result: dict[str, Any]) -> None:
        job.results.append(result)
        if _failed(result):
            job.errors.append({"code": result["status"], "message": result["response"].get("scimType") or "refused"})

    def _carry_out(self, operation: Operation, actor: str) -> dict[str, Any]:
        method = str(operation.get("method", "")).upper()
        result: dict[str, Any] = {"method": method}
        if "bulkId" in operation:
            result["bulkId"] = operation["bulkId"]
        try:
            status, id_ = self._execute(method, operation, actor)
        except ScimProblem as problem:
            # RFC 7644 section 3.7.3 wants the location of what could not be changed, too.
            location = {} if method == "POST" else {"location": str(operation.get("path", ""))}
            return {**result, **location, "status": str(problem.status), "response": problem.body()}
        return {**result, "status": str(status), "location": f"/scim/v2/Users/{id_}"}

    def _execute(self, method: str, operation: Operation, actor: str) -> tuple[int, str]:
        match = _PATH.fullmatch(str(operation.get("path", "")))
        if match is None:
            raise missing(f"the path {operation.get('path')}")
        id_ = unquote(match["id"] or "")
        if id_:
            self._check_version(id_, operation)
        data = operation.get("data", {})
        if not isinstance(data, Mapping):
            raise ScimProblem(400, "data must be an object", "invalidSyntax")
        if method == "POST" and not id_:
            return 201, self._tenant.create(data, actor)["id"]
        if method == "PUT":
            return 200, self._tenant.replace(id_, data, actor)["id"]
        if method == "PATCH":
            return 200, self._tenant.patch(id_, data, actor)["id"]
        if method == "DELETE" and self._tenant.settings.allow_delete:
            self._tenant.delete(id_, actor)
            return 204, id_
        raise ScimProblem(405, f"{method} {operation.get('path')} is not offered")

    def _check_version(self, id_: str, operation: Operation) -> None:
        """`version` is the If-Match of one operation (RFC 7644 section 3.7)."""
        if operation.get("version") not in (None, self._tenant.get(id_)["meta"]["version"]):
            raise ScimProblem(412, f"user {id_} has changed")


def _failed(result: Mapping[str, Any]) -> bool:
    return int(result["status"]) >= 400


def _fail_on_errors(body: Mapping[str, Any]) -> int:
    """How many failures are accepted; all where the request does not say."""
    most = next((value for name, value in body.items() if name.lower() == "failonerrors"), None)
    if most is None:
        return sys.maxsize
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise ScimProblem(400, "failOnErrors must be a number from 1 on", "invalidValue")
    return most


def _operations(body: Mapping[str, Any], most: int) -> list[Operation]:
    found = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if not isinstance(found, list) or not found or not all(isinstance(item, Mapping) for item in found):
        raise ScimProblem(400, "Operations must be a list of one or more objects", "invalidSyntax")
    if len(found) > most:
        raise ScimProblem(413, f"the request has {len(found)} operations; maxOperations is {most}", "tooMany")
    seen: set[str] = set()
    for item in found:
        bulk_id = item.get("bulkId")
        if bulk_id is None and str(item.get("method", "")).upper() != "POST":
            continue
        if not isinstance(bulk_id, str) or not bulk_id:
            raise ScimProblem(400, "bulkId is required for POST, as a string", "invalidSyntax")
        if bulk_id in seen:
            raise ScimProblem(400, f"bulkId '{bulk_id}' is there twice", "invalidSyntax")
        seen.add(bulk_id)
    return list(found)

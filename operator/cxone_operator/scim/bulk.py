"""Bulk: many operations in one request (RFC 7644 section 3.7), answered at once or by a job to be polled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from cxone_operator.core.users import Change, UserState
from cxone_operator.scim.dialect import BULK_SCHEMA, Dialect
from cxone_operator.scim.errors import MalformedAnswer, ScimError, error_for
from cxone_operator.scim.messages import Json, encoded, patch_body, user_body
from cxone_operator.scim.transport import Answer

LARGEST_BYTES = 900_000
"""Servers commonly limit a request to one mebibyte; the rest is for the envelope."""
_ENDED = ("COMPLETED", "FAILED")


@dataclass(frozen=True, slots=True)
class Create:
    """POST a user."""

    bulk_id: str
    state: UserState


@dataclass(frozen=True, slots=True)
class Patch:
    """PATCH a user."""

    bulk_id: str
    user_id: str
    change: Change


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE a user."""

    bulk_id: str
    user_id: str


BulkOperation = Create | Patch | Delete


@dataclass(frozen=True, slots=True)
class OperationResult:
    """How one operation ended; `error` None means well."""

    error: ScimError | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """202: a job works on it."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Completed:
    """200: done, with a result for each operation that was processed (RFC 7644 section 3.7.3)."""

    results: Mapping[str, OperationResult]


Receipt = Accepted | Completed


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as polled; `results` is empty where the server names none."""

    done: bool
    results: Mapping[str, OperationResult]


def bulk_body(operations: Sequence[BulkOperation], dialect: Dialect) -> Json:
    """The BulkRequest. Without failOnErrors the server does as much as it can."""
    return {"schemas": [BULK_SCHEMA], "Operations": [_encoded(operation, dialect) for operation in operations]}


def pack(operations: Sequence[BulkOperation], most: int, dialect: Dialect) -> list[list[BulkOperation]]:
    """Batches of at most `most` operations and LARGEST_BYTES bytes, in order."""
    batches: list[list[BulkOperation]] = []
    room = 0
    for operation in operations:
        size = len(msgspec.json.encode(_encoded(operation, dialect))) + 1
        if not batches or len(batches[-1]) >= most or size > room:
            batches.append([])
            room = LARGEST_BYTES
        batches[-1].append(operation)
        room -= size
    return batches


def receipt_from(answer: Answer) -> Receipt:
    """What a bulk request was answered; raises MalformedAnswer."""
    if answer.status != 202:
        return Completed(results_from(answer.body()))
    body = {} if answer.empty else answer.body()
    job_id = body.get("id") or answer.headers.get("Location", "").rstrip("/").rpartition("/")[2]
    if not isinstance(job_id, str) or not job_id:
        raise MalformedAnswer("CXone accepted a bulk job without naming it", code="malformed")
    return Accepted(job_id)


def job_from(body: Mapping[str, object]) -> JobState:
    """COMPLETED and FAILED end a job; every other word means not yet."""
    return JobState(str(body.get("status", "")).upper() in _ENDED, results_from(body))


def results_from(body: Mapping[str, object]) -> dict[str, OperationResult]:
    """Results by bulkId; operations without one are left out, and so read back."""
    operations = body.get("Operations", body.get("operations"))
    items = [item for item in operations if isinstance(item, Mapping)] if isinstance(operations, list) else []
    found = ((item.get("bulkId"), _result(item)) for item in items)
    return {bulk_id: result for bulk_id, result in found if isinstance(bulk_id, str) and result is not None}


def _result(item: Mapping[str, object]) -> OperationResult | None:
    status = _status(item.get("status"))
    if status is None:
        return None
    if 200 <= status < 300:
        return OperationResult(None)
    response = item.get("response")
    detail = response if isinstance(response, Mapping) else {}
    error = error_for(
        status,
        str(detail.get("detail", "")),
        method=str(item.get("method", "POST")).upper(),
        scim_type=str(detail.get("scimType", "")),
    )
    return OperationResult(error)


def _status(value: object) -> int | None:
    """Servers write "201", 201, and {"code": "201"} (RFC 7644 section 3.7.3 contradicts itself)."""
    if isinstance(value, Mapping):
        value = value.get("code")
    text = str(value)
    return int(text) if text.isdecimal() else None


def _encoded(operation: BulkOperation, dialect: Dialect) -> Json:
    path = dialect.users_path
    match operation:
        case Create(bulk_id, state):
            return {"method": "POST", "path": path, "bulkId": bulk_id, "data": user_body(state)}
        case Patch(bulk_id, user_id, change):
            target = f"{path}/{encoded(user_id)}"
            return {"method": "PATCH", "path": target, "bulkId": bulk_id, "data": patch_body(change)}
        case Delete(bulk_id, user_id):
            return {"method": "DELETE", "path": f"{path}/{encoded(user_id)}", "bulkId": bulk_id}

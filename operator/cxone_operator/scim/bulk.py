"""Bulk: many operations in one request (RFC 7644 section 3.7), answered at once or by a job to be polled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from cxone_operator.api.bounds import LONGEST_ID
from cxone_operator.core.actions import Create, Deactivate, Delete, Update
from cxone_operator.scim.answers import count_from, member, retry_after
from cxone_operator.scim.dialects.dialect import Dialect
from cxone_operator.scim.errors import MalformedAnswer, ScimError, error_for, printable
from cxone_operator.scim.messages import (
    BULK_SCHEMA,
    Json,
    encoded,
    id_from_location,
    id_of,
    patch_body,
    user_body,
)
from cxone_operator.scim.refusals import explained, refused_status
from cxone_operator.scim.remote import Item
from cxone_operator.scim.transport import Answer

LARGEST_BYTES = 900_000
"""Servers commonly limit a request to one mebibyte; the rest is for the envelope."""
ENVELOPE_BYTES = 1_000
_FAILED = ("FAILED", "FAILURE", "ERROR", "CANCELED", "CANCELLED", "ABORTED", "EXPIRED")
_ENDED = ("COMPLETED", "COMPLETE", "SUCCEEDED", "SUCCESS", "FINISHED", "DONE", *_FAILED)
_MOST_ERRORS = 20
_METHODS: Mapping[type, str] = {Create: "POST", Update: "PATCH", Deactivate: "PATCH", Delete: "DELETE"}


@dataclass(frozen=True, slots=True)
class OperationResult:
    """How one operation ended; `error` None means well."""

    error: ScimError | None
    user_id: str | None = None
    """Id of the user, None where the server names none (a create that failed has none)."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """202: a job works on it."""

    job_id: str
    retry_after: float | None = None
    """Seconds until the first poll is worth it, None where the server did not say."""
    request_id: str = ""
    """CXone's own name for the request, for its support; empty where it sends none."""


@dataclass(frozen=True, slots=True)
class Completed:
    """200: done, with a result for each operation that was processed (RFC 7644 section 3.7.3)."""

    results: Mapping[str, OperationResult]
    request_id: str = ""
    """As of a job."""


Receipt = Accepted | Completed


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as polled; `results` is empty where the server names none."""

    done: bool
    results: Mapping[str, OperationResult]
    failed: bool = False
    """CXone calls the job FAILED. That says nothing of a single operation in it."""
    errors: tuple[str, ...] = ()
    """What CXone says went wrong, without saying to whom: a digest for people, at most 20 lines."""


def bulk_body(items: Iterable[Item], dialect: Dialect) -> Json:
    """The BulkRequest. Without failOnErrors the server does as much as it can."""
    return {"schemas": [BULK_SCHEMA], "Operations": [_encoded(item, dialect) for item in items]}


def pack(items: Sequence[Item], most: int, dialect: Dialect, room: int = LARGEST_BYTES) -> list[tuple[Item, ...]]:
    """Batches of at most `most` operations and `room` bytes, in order."""
    batches: list[list[Item]] = []
    left = 0
    for item in items:
        size = size_of(item, dialect)
        if not batches or len(batches[-1]) >= most or size > left:
            batches.append([])
            left = room
        batches[-1].append(item)
        left -= size
    return [tuple(batch) for batch in batches]


def size_of(item: Item, dialect: Dialect) -> int:
    """Bytes that it adds to a bulk request."""
    return len(msgspec.json.encode(_encoded(item, dialect))) + 1


def receipt_from(answer: Answer, items: Collection[Item] = ()) -> Receipt:
    """What a bulk request for these was answered; raises MalformedAnswer."""
    if answer.status != 202:
        return Completed(results_from(answer.body(), items), answer.request_id)
    body = {} if answer.empty else answer.body()
    job_id = id_of(member(body, "id")) or id_from_location(answer.headers.get("Location"))
    if job_id is None or len(job_id) > LONGEST_ID:
        text = (
            "CXone accepted a bulk job without naming it" if job_id is None else "CXone gave a bulk job too long a name"
        )
        raise MalformedAnswer(text, code="malformed", request_id=answer.request_id)
    return Accepted(job_id, retry_after(answer.headers, datetime.now(UTC)), answer.request_id)


def job_from(body: Mapping[str, object]) -> JobState:
    """COMPLETED and FAILED end a job, and what other APIs call so; every other word means not yet."""
    word = str(member(body, "status") or "").upper()
    return JobState(word in _ENDED, results_from(body), word in _FAILED, _errors_from(member(body, "errors")))


def _errors_from(errors: object) -> tuple[str, ...]:
    items = errors[:_MOST_ERRORS] if isinstance(errors, list) else []
    texts = (
        ": ".join(str(item[name]) for name in ("code", "message") if item.get(name))
        for item in items
        if isinstance(item, Mapping)
    )
    return tuple(printable(text) for text in texts if text)


def results_from(body: Mapping[str, object], sent: Collection[Item] = ()) -> dict[str, OperationResult]:
    """Results by bulkId, or by the user that they are of: only a POST must have a bulkId (RFC 7644 section 3.7).

    What was sent says better than the answer how an operation was meant. Whoever is not told of is left out, and so
    read back.
    """
    methods = {item.uid: _METHODS[type(item.action)] for item in sent}
    uids = {item.action.remote.id: item.uid for item in sent if not isinstance(item.action, Create)}
    operations = member(body, "Operations")
    told = [item for item in operations if isinstance(item, Mapping)] if isinstance(operations, list) else []
    named = ((_text(member(item, "bulkId")) or uids.get(_user_of(item) or ""), item) for item in told)
    found = ((uid, _result(item, methods.get(uid))) for uid, item in named if uid is not None)
    return {uid: result for uid, result in found if result is not None}


def _result(item: Mapping[str, object], sent: str | None) -> OperationResult | None:
    status = _status(member(item, "status"))
    if status is None:
        return None
    response = member(item, "response")
    detail = response if isinstance(response, Mapping) else {}
    known_id = id_of(member(detail, "id")) or _user_of(item)
    status = refused_status(detail) or status if 200 <= status < 300 else status
    if 200 <= status < 300 and refused_status(detail) is None:
        return OperationResult(None, known_id)
    method = sent or (_text(member(item, "method")) or "POST").upper()
    error = error_for(
        status,
        explained(response),
        method=method,
        creates=method == "POST",
        scim_type=str(member(detail, "scimType") or ""),
    )
    return OperationResult(error, known_id)


def _user_of(item: Mapping[str, object]) -> str | None:
    return id_from_location(member(item, "location"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _status(value: object) -> int | None:
    """Servers write "201", 201, and {"code": "201"} (RFC 7644 section 3.7.3 contradicts itself)."""
    if isinstance(value, Mapping):
        value = member(value, "code")
    return count_from(value)


def _encoded(item: Item, dialect: Dialect) -> Json:
    """The uid is the bulkId: unique in the request, and the same if the user is ever sent again (RFC 7644 3.7)."""
    path, action = dialect.bulk_users_path or dialect.users_path, item.action
    match action:
        case Create(state):
            return {"method": "POST", "path": path, "bulkId": item.uid, "data": user_body(state, dialect)}
        case Update(remote) | Deactivate(remote):
            body = patch_body(action.change, dialect)
            return {"method": "PATCH", "path": f"{path}/{encoded(remote.id)}", "bulkId": item.uid, "data": body}
        case Delete(remote):
            return {"method": "DELETE", "path": f"{path}/{encoded(remote.id)}", "bulkId": item.uid}
    raise AssertionError(f"{action.name} is never sent in bulk")

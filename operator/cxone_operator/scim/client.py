"""The client: what the engine can ask of a CXone tenant, one method for each operation of the API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, RemoteUser, UserState
from cxone_operator.scim import bulk
from cxone_operator.scim.answers import count_from
from cxone_operator.scim.bulk import BulkOperation, JobState, Receipt
from cxone_operator.scim.dialect import BulkMode, Dialect, ListMode
from cxone_operator.scim.errors import MalformedAnswer, NotFound
from cxone_operator.scim.messages import (
    encoded,
    id_from_location,
    patch_body,
    user_body,
    user_from,
    user_name_chunks,
    user_names_filter,
    users_from,
)
from cxone_operator.scim.transport import CREATE, Transport

T = TypeVar("T")

LONGEST_TARGET = 6000
"""Bytes of path and query in a look-up: servers and proxies refuse request lines beyond 8 kB."""
MOST_NAMES = 100
"""Names in one look-up."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the directory."""

    users: tuple[RemoteUser, ...]
    returned: int
    """Resources in the page, also those that are no users (no id or userName); paging advances by it."""
    total: int | None
    """All resources, None where the server does not say (RFC 9865 section 2)."""


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """A write that CXone has carried out: what its answer shows, and its own name for the request."""

    shown: T
    request_id: str = ""
    """For CXone's support, and for the audit trail; empty where the answer names none."""


class RemoteUsers(Protocol):
    """The surface that the engine works with. Every method raises ScimError."""

    @property
    def lists(self) -> bool:
        """The tenant can list its users."""

    @property
    def takes_bulk(self) -> bool:
        """The tenant takes bulk requests."""

    @property
    def identities(self) -> frozenset[str]:
        """Lower-case names and ids of the operator's own account, as far as CXone has told them."""

    async def authenticate(self) -> None:
        """Try the credentials."""

    async def list_users(self, lane: Lane, start: int, count: int) -> Page:
        """A page from the 1-based index `start` on (RFC 7644 section 3.4.2.4)."""

    def look_up_chunks(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        """The names in portions that `look_up` takes."""

    async def look_up(self, user_names: Sequence[str], lane: Lane) -> tuple[RemoteUser, ...]:
        """Those of the named users that exist; one request, unless the server answers in short pages."""

    async def create(self, state: UserState, lane: Lane) -> Written[RemoteUser]:
        """Create a user."""

    async def patch(self, user_id: str, change: Change, lane: Lane) -> Written[RemoteUser | None]:
        """Change a user; None where the answer does not show it."""

    async def delete(self, user_id: str, lane: Lane) -> Written[None]:
        """Delete a user; one that does not exist is no error."""

    def pack(self, operations: Sequence[BulkOperation], most: int) -> list[list[BulkOperation]]:
        """Operations in portions that `submit` takes."""

    async def submit(self, operations: Sequence[BulkOperation], lane: Lane) -> Receipt:
        """Send a bulk request."""

    async def job(self, job_id: str, lane: Lane) -> JobState:
        """Poll a bulk job."""

    async def license_quota(self, lane: Lane) -> Quota:
        """Read the number of seats."""

    async def release_license(self, user_id: str, lane: Lane) -> Written[bool]:
        """Give a user's seat back; False where it holds none."""


class ScimClient:
    """`RemoteUsers` over HTTP."""

    def __init__(self, transport: Transport, dialect: Dialect) -> None:
        self._transport = transport
        self._dialect = dialect

    @property
    def lists(self) -> bool:
        """The tenant can list its users."""
        return self._dialect.list is ListMode.PAGED

    @property
    def takes_bulk(self) -> bool:
        """The tenant takes bulk requests."""
        return self._dialect.bulk is not BulkMode.OFF

    @property
    def identities(self) -> frozenset[str]:
        """From the client id and the token."""
        return self._transport.identities

    async def authenticate(self) -> None:
        """Get a token."""
        await self._transport.authenticate()

    async def list_users(self, lane: Lane, start: int, count: int) -> Page:
        """GET /Users?startIndex&count."""
        return await self._page("list", lane, f"startIndex={start}&count={count}")

    def look_up_chunks(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        """At most MOST_NAMES names, and LONGEST_TARGET bytes of path and query, in each."""
        room = LONGEST_TARGET - len(f"{self._dialect.users_path}?{_look_up_query((), 99999)}")
        return user_name_chunks(user_names, MOST_NAMES, room)

    async def look_up(self, user_names: Sequence[str], lane: Lane) -> tuple[RemoteUser, ...]:
        """GET /Users?filter=userName eq "…" or …

        A server may give fewer than were asked for (RFC 7644 section 3.4.2.4). Whoever is on a later page must not
        be taken for missing, so the rest is read as well, until a page brings nobody new.
        """
        found: dict[str, RemoteUser] = {}
        start = 1
        while True:
            page = await self._page("look_up", lane, _look_up_query(user_names, start))
            known = len(found)
            found.update((user.id, user) for user in page.users)
            start += page.returned
            if page.total is None or start > page.total or len(found) == known:
                return tuple(found.values())

    async def create(self, state: UserState, lane: Lane) -> Written[RemoteUser]:
        """POST /Users → 201, or 200 where the server says it so."""
        answer = await self._transport.request(
            CREATE, "POST", self._dialect.users_path, lane=lane, scope=self._dialect.scim_scope, body=user_body(state)
        )
        location = id_from_location(answer.headers.get("Location"))
        if answer.empty and location is not None:
            return Written(RemoteUser(location, state), answer.request_id)
        user = user_from(answer.body(), fallback_id=location)
        if user is None:
            text = "CXone created a user without naming its id"
            raise MalformedAnswer(text, code="malformed", request_id=answer.request_id)
        return Written(user, answer.request_id)

    async def patch(self, user_id: str, change: Change, lane: Lane) -> Written[RemoteUser | None]:
        """PATCH /Users/{id} → 200 with the user, or 204 (RFC 7644 section 3.5.2)."""
        answer = await self._transport.request(
            "patch", "PATCH", self._user(user_id), lane=lane, scope=self._dialect.scim_scope, body=patch_body(change)
        )
        return Written(None if answer.empty else user_from(answer.body()), answer.request_id)

    async def delete(self, user_id: str, lane: Lane) -> Written[None]:
        """DELETE /Users/{id} → 204; 404 means that it is gone already (RFC 7644 section 3.6)."""
        try:
            answer = await self._transport.request(
                "delete", "DELETE", self._user(user_id), lane=lane, scope=self._dialect.scim_scope
            )
        except NotFound as error:
            return Written(None, error.request_id)
        return Written(None, answer.request_id)

    def pack(self, operations: Sequence[BulkOperation], most: int) -> list[list[BulkOperation]]:
        """By number and by bytes."""
        return bulk.pack(operations, most, self._dialect)

    async def submit(self, operations: Sequence[BulkOperation], lane: Lane) -> Receipt:
        """POST /Bulk → 202 with a job, or 200 with results."""
        answer = await self._transport.request(
            "bulk",
            "POST",
            self._dialect.bulk_path,
            lane=lane,
            scope=self._dialect.scim_scope,
            body=bulk.bulk_body(operations, self._dialect),
        )
        return bulk.receipt_from(answer)

    async def job(self, job_id: str, lane: Lane) -> JobState:
        """GET /Bulk/{id}."""
        path = f"{self._dialect.bulk_path}/{encoded(job_id)}"
        answer = await self._transport.request("poll", "GET", path, lane=lane, scope=self._dialect.scim_scope)
        return bulk.job_from(answer.body())

    async def license_quota(self, lane: Lane) -> Quota:
        """GET /api/v2/license/quotas."""
        answer = await self._transport.request(
            "quota", "GET", self._dialect.license_quota_path, lane=lane, scope=self._dialect.license_read_scope
        )
        body = answer.body()
        total, used = count_from(body.get("total")), count_from(body.get("used"))
        if total is None or used is None:
            raise MalformedAnswer("a licence quota without total and used", code="malformed", write=False)
        return Quota(total, used)

    async def release_license(self, user_id: str, lane: Lane) -> Written[bool]:
        """DELETE /api/v2/license/assignments/{userId} → 204; 404 means already released."""
        path = f"{self._dialect.license_assignments_path}/{encoded(user_id)}"
        try:
            answer = await self._transport.request(
                "release_license", "DELETE", path, lane=lane, scope=self._dialect.license_write_scope
            )
        except NotFound as error:
            return Written(shown=False, request_id=error.request_id)
        return Written(shown=True, request_id=answer.request_id)

    async def _page(self, operation: str, lane: Lane, query: str) -> Page:
        """A ListResponse. Only one that says how many there are may leave Resources out (RFC 7644 section 3.4.2)."""
        path, scope = self._dialect.users_path, self._dialect.scim_scope
        answer = await self._transport.request(operation, "GET", path, lane=lane, scope=scope, query=query)
        body = answer.body()
        total = count_from(body.get("totalResults"))
        resources = body.get("Resources", None if total is None else [])
        if not isinstance(resources, list):
            raise MalformedAnswer("a list of users without Resources", code="malformed", write=False)
        return Page(users_from(resources), len(resources), total)

    def _user(self, user_id: str) -> str:
        return f"{self._dialect.users_path}/{encoded(user_id)}"


def _look_up_query(user_names: Sequence[str], start: int) -> str:
    """`count` leaves room for names that occur twice: the second is what an ambiguous match is known by."""
    page = "" if start == 1 else f"&startIndex={start}"
    return f"filter={encoded(user_names_filter(user_names))}&count={max(MOST_NAMES, 2 * len(user_names))}{page}"

"""The client: `Remote` over SCIM."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, Update
from cxone_operator.core.knowledge import Absent, Present, Unknown
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, RemoteUser, UserState
from cxone_operator.scim import bulk
from cxone_operator.scim.answers import count_from
from cxone_operator.scim.bulk import Accepted, OperationResult
from cxone_operator.scim.dialect import BulkMode, Dialect, ListMode
from cxone_operator.scim.errors import MalformedAnswer, NotFound, NotOffered
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
from cxone_operator.scim.remote import Answered, Batch, Capabilities, Item, Pending, Receipt, Result, Settled
from cxone_operator.scim.transport import CREATE, Transport

LONGEST_TARGET = 6000
"""Bytes of path and query in a look-up: servers and proxies refuse request lines beyond 8 kB."""
MOST_NAMES = 100
"""Names in one look-up."""
PAGE = 500
"""Users asked for in one page of the directory; servers may give fewer."""
_MOST_PAGES = 10_000
"""A server that never ends its list is stopped here."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the directory."""

    users: tuple[RemoteUser, ...]
    returned: int
    """Resources in the page, also those that are no users (no id or userName); paging advances by it."""
    total: int | None
    """All resources, None where the server does not say (RFC 9865 section 2)."""


class ScimClient:
    """One tenant over HTTP."""

    def __init__(self, transport: Transport, dialect: Dialect) -> None:
        self._transport = transport
        self._dialect = dialect
        self.capabilities = Capabilities(
            lists=dialect.list is ListMode.PAGED, bulk=dialect.bulk is not BulkMode.OFF, deletes=True
        )
        """What the dialect offers, without what the server has refused since."""

    @property
    def identities(self) -> frozenset[str]:
        """From the client id and the token."""
        return self._transport.identities

    async def connect(self) -> None:
        """Get a token."""
        await self._transport.authenticate()

    async def probe(self) -> None:
        """A page of one user."""
        await self.list_users(Lane.LEAVERS, 1, 1)

    # Reading.

    async def everybody(self, lane: Lane) -> AsyncIterator[tuple[RemoteUser, ...]]:
        """Advance by what came, not by what was asked for; end at the total or at an empty page (RFC 7644 3.4.2.4)."""
        start = 1
        for _ in range(_MOST_PAGES):
            page = await self.list_users(lane, start, PAGE)
            yield page.users
            start += page.returned
            if not page.returned or (page.total is not None and start > page.total):
                return

    def pages(self, users: int) -> int:
        """One more than full pages: who has come since the last reading may fill it."""
        return users // PAGE + 1

    async def list_users(self, lane: Lane, start: int, count: int) -> Page:
        """GET /Users?startIndex&count, from the 1-based index `start` on (RFC 7644 section 3.4.2.4)."""
        return await self._page("list", lane, f"startIndex={start}&count={count}")

    def portions(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        """At most MOST_NAMES names, and LONGEST_TARGET bytes of path and query, in each."""
        room = LONGEST_TARGET - len(f"{self._dialect.users_path}?{_look_up_query((), 99999)}")
        return user_name_chunks(user_names, MOST_NAMES, room)

    async def find(self, user_names: Sequence[str], lane: Lane) -> tuple[RemoteUser, ...]:
        """GET /Users?filter=userName eq "…" or …; one request, unless the server answers in short pages.

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

    async def seats(self, lane: Lane) -> Quota:
        """GET /api/v2/license/quotas."""
        answer = await self._transport.request(
            "quota", "GET", self._dialect.license_quota_path, lane=lane, scope=self._dialect.license_read_scope
        )
        body = answer.body()
        total, used = count_from(body.get("total")), count_from(body.get("used"))
        if total is None or used is None:
            raise MalformedAnswer("a licence quota without total and used", code="malformed", write=False)
        return Quota(total, used)

    # Changing.

    def batches(self, items: Sequence[Item], most: int) -> list[Batch]:
        """By number and by bytes."""
        by_id = {item.uid: item for item in items}
        packed = bulk.pack([_operation(item.uid, item.action) for item in items], most, self._dialect)
        return [Batch(tuple(by_id[operation.bulk_id] for operation in part), shared=True) for part in packed]

    async def send(self, batch: Batch, lane: Lane) -> Receipt:
        """A request for one user, or one bulk request."""
        try:
            if batch.shared:
                return await self._submit(batch, lane)
            return Settled({item.uid: await self._change(item.action, lane) for item in batch.items})
        except NotOffered:
            deletes = any(isinstance(item.action, Delete) for item in batch.items)
            lost = {"bulk": False} if batch.shared else {"deletes": False} if deletes else {}
            self.capabilities = replace(self.capabilities, **lost)
            raise

    async def poll(self, job: str, lane: Lane) -> Settled | None:
        """GET /Bulk/{id}; a job that is not there any more has ended."""
        path = f"{self._dialect.bulk_path}/{encoded(job)}"
        try:
            answer = await self._transport.request("poll", "GET", path, lane=lane, scope=self._dialect.scim_scope)
        except NotFound:
            return Settled()
        state = bulk.job_from(answer.body())
        return _settled(state.results) if state.done else None

    async def create(self, state: UserState, lane: Lane) -> Answered:
        """POST /Users → 201, or 200 where the server says it so."""
        answer = await self._transport.request(
            CREATE, "POST", self._dialect.users_path, lane=lane, scope=self._dialect.scim_scope, body=user_body(state)
        )
        location = id_from_location(answer.headers.get("Location"))
        if answer.empty and location is not None:
            return Answered(Present(RemoteUser(location, state)), answer.request_id)
        user = user_from(answer.body(), fallback_id=location)
        if user is None:
            text = "CXone created a user without naming its id"
            raise MalformedAnswer(text, code="malformed", request_id=answer.request_id)
        return Answered(Present(user), answer.request_id)

    async def patch(self, user_id: str, change: Change, lane: Lane) -> Answered:
        """PATCH /Users/{id} → 200 with the user, or 204 (RFC 7644 section 3.5.2)."""
        answer = await self._transport.request(
            "patch", "PATCH", self._user(user_id), lane=lane, scope=self._dialect.scim_scope, body=patch_body(change)
        )
        user = None if answer.empty else user_from(answer.body())
        shown = Present(user) if user is not None and user.id == user_id else Unknown()
        return Answered(shown, answer.request_id)

    async def delete(self, user_id: str, lane: Lane) -> Answered:
        """DELETE /Users/{id} → 204 (RFC 7644 section 3.6); a 404 may also come from a path that nobody serves."""
        try:
            answer = await self._transport.request(
                "delete", "DELETE", self._user(user_id), lane=lane, scope=self._dialect.scim_scope
            )
        except NotFound as error:
            return Answered(request_id=error.request_id)
        return Answered(Absent(0.0), answer.request_id)

    async def release_license(self, user_id: str, lane: Lane) -> Answered:
        """DELETE /api/v2/license/assignments/{userId} → 204; 404 means already released."""
        path = f"{self._dialect.license_assignments_path}/{encoded(user_id)}"
        try:
            answer = await self._transport.request(
                "release_license", "DELETE", path, lane=lane, scope=self._dialect.license_write_scope
            )
        except NotFound as error:
            return Answered(request_id=error.request_id)
        return Answered(request_id=answer.request_id)

    async def _change(self, action: RemoteAction, lane: Lane) -> Answered:
        match action:
            case Create(state):
                return await self.create(state, lane)
            case Update(remote) | Deactivate(remote):
                return await self.patch(remote.id, action.change, lane)
            case Delete(remote):
                return await self.delete(remote.id, lane)
            case Reclaim(remote):
                return await self.release_license(remote.id, lane)

    async def _submit(self, batch: Batch, lane: Lane) -> Receipt:
        """POST /Bulk → 202 with a job, or 200 with results."""
        operations = [_operation(item.uid, item.action) for item in batch.items]
        answer = await self._transport.request(
            "bulk",
            "POST",
            self._dialect.bulk_path,
            lane=lane,
            scope=self._dialect.scim_scope,
            body=bulk.bulk_body(operations, self._dialect),
        )
        receipt = bulk.receipt_from(answer)
        if isinstance(receipt, Accepted):
            return Pending(receipt.job_id, receipt.request_id)
        return _settled(receipt.results, receipt.request_id)

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


def _settled(results: Mapping[str, OperationResult], request_id: str = "") -> Settled:
    def result(of: OperationResult) -> Result:
        return Answered(request_id=request_id) if of.error is None else of.error.failure

    return Settled({uid: result(found) for uid, found in results.items()})


def _operation(uid: str, action: RemoteAction) -> bulk.BulkOperation:
    """The uid is the bulkId: unique in the request, and the same if the user is ever sent again (RFC 7644 3.7)."""
    match action:
        case Create(state):
            return bulk.Create(uid, state)
        case Update(remote) | Deactivate(remote):
            return bulk.Patch(uid, remote.id, action.change)
        case Delete(remote):
            return bulk.Delete(uid, remote.id)
    raise AssertionError(f"{action.name} is never sent in bulk")


def _look_up_query(user_names: Sequence[str], start: int) -> str:
    """`count` leaves room for names that occur twice: the second is what an ambiguous match is known by."""
    page = "" if start == 1 else f"&startIndex={start}"
    return f"filter={encoded(user_names_filter(user_names))}&count={max(MOST_NAMES, 2 * len(user_names))}{page}"

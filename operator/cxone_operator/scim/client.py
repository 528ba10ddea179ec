"""The client: `Remote` over SCIM."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, Update
from cxone_operator.core.knowledge import UNKNOWN, Knowledge, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, RemoteUser, UserState
from cxone_operator.scim import bulk
from cxone_operator.scim.answers import count_from, member
from cxone_operator.scim.bulk import Accepted, OperationResult
from cxone_operator.scim.dialect import BulkMode, Dialect, ListMode
from cxone_operator.scim.errors import BadRequest, MalformedAnswer, NotFound, NotOffered, PayloadTooLarge, TooLarge
from cxone_operator.scim.messages import (
    encoded,
    id_from_location,
    patch_body,
    quota_from,
    user_body,
    user_from,
    user_name_chunks,
    user_names_filter,
    users_from,
)
from cxone_operator.scim.remote import (
    Answered,
    Batch,
    Capabilities,
    Found,
    Item,
    Page,
    Pending,
    Receipt,
    Result,
    Settled,
)
from cxone_operator.scim.transport import CREATE, Answer, Transport

LONGEST_TARGET = 6000
"""Bytes of path and query in a look-up: servers and proxies refuse request lines beyond 8 kB."""
MOST_NAMES = 100
"""Names in one look-up."""
PAGE = 500
"""Users asked for in one page of the directory; servers may give fewer."""
_MOST_PAGES = 10_000
"""A server that never ends its list is stopped here."""


class ScimClient:
    """One tenant over HTTP."""

    def __init__(self, transport: Transport, dialect: Dialect) -> None:
        self._transport = transport
        self._dialect = dialect
        self.capabilities = Capabilities(
            lists=dialect.list is ListMode.PAGED, bulk=dialect.bulk is not BulkMode.OFF, deletes=True
        )
        """What the dialect offers, without what the server has refused since."""
        self._page_size = PAGE
        self._names_at_once = MOST_NAMES
        """1 where the server has refused `or` in a filter."""

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

    async def everybody(self, lane: Lane) -> AsyncIterator[Page]:
        """Advance by what came, not by what was asked for; end at the total or at an empty page (RFC 7644 3.4.2.4)."""
        start = 1
        for _ in range(_MOST_PAGES):
            page = await self._fitting(partial(self.list_users, lane, start))
            yield page
            start += page.returned
            if not page.returned or (page.total is not None and start > page.total):
                return

    async def _fitting(self, page_of: Callable[[int], Awaitable[Page]]) -> Page:
        """A page that is too large to read is asked for in halves, and so are all after it."""
        while True:
            try:
                return await page_of(self._page_size)
            except (TooLarge, PayloadTooLarge):
                if self._page_size == 1:
                    raise
                self._page_size //= 2

    def pages(self, users: int) -> int:
        """One more than full pages: who has come since the last reading may fill it."""
        return users // self._page_size + 1

    async def list_users(self, lane: Lane, start: int, count: int) -> Page:
        """GET /Users?startIndex&count, from the 1-based index `start` on (RFC 7644 section 3.4.2.4)."""
        return await self._page("list", lane, f"startIndex={start}&count={count}")

    def portions(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        """At most MOST_NAMES names, and LONGEST_TARGET bytes of path and query, in each."""
        room = LONGEST_TARGET - len(f"{self._dialect.users_path}?{_look_up_query((), 99999, PAGE)}")
        return user_name_chunks(user_names, self._names_at_once, room)

    async def find(self, user_names: Sequence[str], lane: Lane) -> Found:
        """GET /Users?filter=userName eq "…" or …; one request, unless the server answers in short pages.

        A filter that is refused for its `or` is sent for each name alone, from then on.
        """
        if len(user_names) == 1:
            return await self._find(user_names, lane)
        try:
            return await self._find(user_names, lane)
        except BadRequest:
            parts = [await self._find((name,), lane) for name in user_names]
        self._names_at_once = 1
        return Found(tuple(user for part in parts for user in part.users), all(part.whole for part in parts))

    async def _find(self, user_names: Sequence[str], lane: Lane) -> Found:
        """A server may give fewer than were asked for (RFC 7644 section 3.4.2.4).

        Whoever is on a later page must not be taken for missing, so the rest is read, until a page brings nobody new.
        """
        found: dict[str, RemoteUser] = {}
        start, unreadable = 1, 0
        while True:
            page = await self._fitting(partial(self._look_up, user_names, lane, start))
            known = len(found)
            found.update((user.id, user) for user in page.users)
            start += page.returned
            unreadable += page.unreadable
            whole = not unreadable and (page.total is None or start > page.total)
            ends = page.total is not None and start > page.total
            if ends or len(found) == known or (page.total is None and len(found) >= len(user_names)):
                return Found(tuple(found.values()), whole)

    async def _look_up(self, user_names: Sequence[str], lane: Lane, start: int, most: int) -> Page:
        """`most`: users in a page, whoever asks."""
        return await self._page("look_up", lane, _look_up_query(user_names, start, most))

    async def get(self, user_id: str, lane: Lane) -> RemoteUser | None:
        """GET /Users/{id} (RFC 7644 section 3.4.1); another id in the answer is no answer."""

        def read(answer: Answer) -> RemoteUser:
            user = user_from(answer.body(), fallback_id=user_id)
            if user is None or user.id != user_id:
                raise _malformed("an account that is not the one that was asked for", answer)
            return user

        scope = self._dialect.scim_scope
        try:
            return await self._transport.request("get", "GET", self._user(user_id), lane=lane, scope=scope, read=read)
        except NotFound:
            return None

    async def seats(self, lane: Lane) -> Quota:
        """GET /api/v2/license/quotas."""
        path, scope = self._dialect.license_quota_path, self._dialect.license_read_scope
        return await self._transport.request("quota", "GET", path, lane=lane, scope=scope, read=_quota)

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
        path, scope = f"{self._dialect.bulk_path}/{encoded(job)}", self._dialect.scim_scope

        def read(answer: Answer) -> bulk.JobState:
            return bulk.job_from(answer.body())

        try:
            state = await self._transport.request("poll", "GET", path, lane=lane, scope=scope, read=read)
        except NotFound:
            return Settled()
        return _settled(state.results) if state.done else None

    async def create(self, state: UserState, lane: Lane) -> Answered:
        """POST /Users → 201, or 200 where the server says it so; what an empty answer does not show is looked up."""
        return await self._transport.request(
            CREATE,
            "POST",
            self._dialect.users_path,
            lane=lane,
            scope=self._dialect.scim_scope,
            body=user_body(state),
            read=_created,
        )

    async def patch(self, user_id: str, change: Change, lane: Lane) -> Answered:
        """PATCH /Users/{id} → 200 with the user, or 204 (RFC 7644 section 3.5.2)."""

        def read(answer: Answer) -> Answered:
            user = None if answer.empty else user_from(answer.body())
            shown: Knowledge = Present(user) if user is not None and user.id == user_id else UNKNOWN
            return Answered(shown, answer.request_id)

        return await self._transport.request(
            "patch",
            "PATCH",
            self._user(user_id),
            lane=lane,
            scope=self._dialect.scim_scope,
            body=patch_body(change),
            read=read,
        )

    async def delete(self, user_id: str, lane: Lane) -> Answered:
        """DELETE /Users/{id} → 204 (RFC 7644 section 3.6), which shows nobody: whether the user is gone is looked up.

        A 404 may also come from a path that nobody serves.
        """
        return await self._remove("delete", self._user(user_id), lane, self._dialect.scim_scope)

    async def release_license(self, user_id: str, lane: Lane) -> Answered:
        """DELETE /api/v2/license/assignments/{userId} → 204; 404 means already released."""
        path = f"{self._dialect.license_assignments_path}/{encoded(user_id)}"
        return await self._remove("release_license", path, lane, self._dialect.license_write_scope)

    async def _remove(self, operation: str, path: str, lane: Lane, scope: str) -> Answered:
        try:
            return await self._transport.request(operation, "DELETE", path, lane=lane, scope=scope, read=_accepted)
        except NotFound as error:
            return Answered(request_id=error.request_id)

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
        receipt, request_id = await self._transport.request(
            "bulk",
            "POST",
            self._dialect.bulk_path,
            lane=lane,
            scope=self._dialect.scim_scope,
            body=bulk.bulk_body(operations, self._dialect),
            read=lambda answer: (bulk.receipt_from(answer), answer.request_id),
        )
        if isinstance(receipt, Accepted):
            return Pending(receipt.job_id, request_id)
        return _settled(receipt.results, request_id)

    async def _page(self, operation: str, lane: Lane, query: str) -> Page:
        """A ListResponse. Only one that says how many there are may leave Resources out (RFC 7644 section 3.4.2)."""
        path, scope = self._dialect.users_path, self._dialect.scim_scope
        return await self._transport.request(operation, "GET", path, lane=lane, scope=scope, query=query, read=_listed)

    def _user(self, user_id: str) -> str:
        return f"{self._dialect.users_path}/{encoded(user_id)}"


def _malformed(text: str, answer: Answer) -> MalformedAnswer:
    return MalformedAnswer(text, code="malformed", write=answer.write, request_id=answer.request_id)


def _listed(answer: Answer) -> Page:
    """Only a list that says how many there are may leave Resources out, or null (RFC 7644 section 3.4.2)."""
    body = answer.body()
    total, resources = count_from(member(body, "totalResults")), member(body, "Resources")
    if resources is None and total is not None:
        resources = []
    if not isinstance(resources, list):
        raise _malformed("a list of users without Resources", answer)
    return Page(users_from(resources), len(resources), total)


def _quota(answer: Answer) -> Quota:
    quota = quota_from(answer.body())
    if quota is None:
        raise _malformed("a licence quota without total and used", answer)
    return quota


def _created(answer: Answer) -> Answered:
    location = id_from_location(answer.headers.get("Location"))
    if answer.empty:
        return Answered(request_id=answer.request_id)
    user = user_from(answer.body(), fallback_id=location)
    if user is None:
        raise _malformed("CXone created a user without naming its id", answer)
    return Answered(Present(user), answer.request_id)


def _accepted(answer: Answer) -> Answered:
    return Answered(request_id=answer.request_id)


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


def _look_up_query(user_names: Sequence[str], start: int, most: int) -> str:
    """`count` leaves room for names that occur twice: the second is what an ambiguous match is known by."""
    page = "" if start == 1 else f"&startIndex={start}"
    return (
        f"filter={encoded(user_names_filter(user_names))}&count={min(most, max(MOST_NAMES, 2 * len(user_names)))}{page}"
    )

"""Reads: the users of the server, all of them, some by their names, or one by its id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser
from cxone_operator.scim.dialects.dialect import Dialect
from cxone_operator.scim.errors import BadRequest, MalformedAnswer, NotFound
from cxone_operator.scim.groups import Memberships
from cxone_operator.scim.messages import (
    employee_filter,
    encoded,
    user_from,
    user_name_chunks,
    user_names_filter,
    users_from,
)
from cxone_operator.scim.names import Names
from cxone_operator.scim.paging import PAGE, Listing, Part
from cxone_operator.scim.remote import Found, Page
from cxone_operator.scim.transport import Answer, Transport

LONGEST_TARGET = 6000
"""Bytes of path and query in a look-up: servers and proxies refuse request lines beyond 8 kB."""
MOST_NAMES = 100
"""Names in one look-up."""


class Reads:
    """Reads users; groups that are kept on the groups are filled in from there."""

    def __init__(self, transport: Transport, dialect: Dialect, groups: Memberships, names: Names) -> None:
        self._transport = transport
        self._dialect = dialect
        self._groups = groups
        self._names = names
        self._listing = Listing(transport, dialect.users_path, dialect.scim_scope, "usersPath")
        self._names_at_once = MOST_NAMES
        """1 where the server has refused `or` in a filter."""

    async def probe(self) -> None:
        """A page of one user."""
        await self._listing.part("list", Lane.LEAVERS, "count=1")

    async def everybody(self, lane: Lane) -> AsyncIterator[Page]:
        """GET /Users?startIndex&count, page by page (RFC 7644 section 3.4.2.4)."""
        await self._groups.read(lane)
        async for part in self._listing.walk("list", lane):
            yield await self._page(part, lane)

    def pages(self, users: int) -> int:
        """One more than full pages: who has come since the last reading may fill it."""
        return users // self._listing.size + 1

    def portions(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        """At most MOST_NAMES names, and LONGEST_TARGET bytes of path and query, in each."""
        room = LONGEST_TARGET - len(f"{self._dialect.users_path}?{_filter(())}&startIndex=99999&count={PAGE}")
        return user_name_chunks(user_names, self._names_at_once, room)

    async def find(self, user_names: Sequence[str], lane: Lane) -> Found:
        """GET /Users?filter=userName eq "…" or …; one request, unless the server answers in short pages.

        A filter that is refused for its `or` is sent for each name alone, and where a server gives its first page again
        and again, each half of the names is asked for by itself; from then on all others as well.
        """
        alone = len(user_names) == 1
        try:
            found, repeats = await self._find(user_names, lane)
        except BadRequest:
            if alone:
                raise
            parts = [await self.find((name,), lane) for name in user_names]
            self._names_at_once = 1
            return _together(parts)
        if alone or not repeats:
            return found
        half = len(user_names) // 2
        self._names_at_once = min(self._names_at_once, half)
        return _together([await self.find(user_names[:half], lane), await self.find(user_names[half:], lane)])

    async def find_employed(self, employee_id: str, lane: Lane) -> Found:
        """GET /Users?filter=externalId eq "…"; a page that does not hold all of them is not the whole answer."""
        query = f"filter={encoded(employee_filter(employee_id))}"
        page = await self._page(await self._listing.part("look_up", lane, query), lane)
        return Found(page.users, page.total in (None, len(page.users)) and not page.unreadable)

    async def get(self, user_id: str, lane: Lane) -> RemoteUser | None:
        """GET /Users/{id} (RFC 7644 section 3.4.1); another id in the answer is no answer."""

        def read(answer: Answer) -> RemoteUser:
            user = user_from(answer.body(), self._dialect, fallback_id=user_id)
            if user is None or user.id != user_id:
                text = "an account that is not the one that was asked for"
                raise MalformedAnswer(text, code="malformed", write=False, request_id=answer.request_id)
            return user

        path, scope = f"{self._dialect.users_path}/{encoded(user_id)}", self._dialect.scim_scope
        try:
            user = await self._transport.request("get", "GET", path, lane=lane, scope=scope, read=read)
        except NotFound:
            return None
        return (await self._filled((user,), lane))[0]

    async def _find(self, user_names: Sequence[str], lane: Lane) -> tuple[Found, bool]:
        """A server may give fewer than were asked for (RFC 7644 section 3.4.2.4); whether it repeats what it gave.

        Whoever is on a later page must not be taken for missing, so the rest is read, until a page brings nobody new.
        """
        found: dict[str, RemoteUser] = {}
        unreadable, whole, repeats = 0, True, False
        room = max(MOST_NAMES, 2 * len(user_names))  # the second of a name is what an ambiguous match is known by
        async for part in self._listing.walk("look_up", lane, _filter(user_names), room, wanted=len(user_names)):
            page = await self._page(part, lane)
            known = len(found)
            found.update((user.id, user) for user in page.users)
            unreadable += page.unreadable
            whole = not unreadable and (page.total is None or len(found) >= page.total)
            repeats = bool(page.users) and len(found) == known and not whole
            if len(found) == known or (page.total is None and part.cursor is None and len(found) >= len(user_names)):
                break
        return Found(tuple(found.values()), whole), repeats

    async def _page(self, part: Part, lane: Lane) -> Page:
        users = users_from(part.resources, self._dialect)
        return Page(await self._filled(users, lane), len(part.resources), part.total)

    async def _filled(self, users: tuple[RemoteUser, ...], lane: Lane) -> tuple[RemoteUser, ...]:
        return await self._groups.filled(self._names.shown(users), lane)


def _together(parts: Sequence[Found]) -> Found:
    return Found(tuple(user for part in parts for user in part.users), all(part.whole for part in parts))


def _filter(user_names: Sequence[str]) -> str:
    return f"filter={encoded(user_names_filter(user_names))}"

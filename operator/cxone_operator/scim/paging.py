"""Lists of the server, part by part: by index, or by cursor where the server gives one (RFC 7644 3.4.2.4, RFC 9865)."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from cxone_operator.core.lane import Lane
from cxone_operator.scim.answers import count_from, member
from cxone_operator.scim.errors import (
    BadRequest,
    Incomplete,
    MalformedAnswer,
    Misfit,
    NotFound,
    PayloadTooLarge,
    ScimError,
    TooLarge,
)
from cxone_operator.scim.messages import encoded, values_of
from cxone_operator.scim.transport import Answer, Transport

PAGE = 500
"""Resources asked for in one page; servers may give fewer."""
_SMALLEST_PAGE = 25
"""No server that was seen refuses to give so many."""
_LIMITS = frozenset({10, 20, 25, 50, 100, 200, 250, 500, 1000})
"""What servers limit a page to; some of them count only what is in it, and call that the total."""
_MOST_PAGES = 10_000
"""A server that never ends its list is stopped here."""


@dataclass(frozen=True, slots=True)
class Part:
    """One ListResponse."""

    resources: tuple[object, ...]
    total: int | None
    """All resources, None where the server does not say (RFC 9865 section 2)."""
    cursor: str | None = None
    """Where the next part begins; the last one has none."""

    @property
    def looks_cut(self) -> bool:
        """The total is no more than what is here, and as many as servers give at most."""
        return self.total == len(self.resources) and self.total in _LIMITS


class Listing:
    """All resources of one kind."""

    def __init__(self, transport: Transport, path: str, scope: str, setting: str) -> None:
        self._transport = transport
        self._setting = setting
        """Where the path comes from."""
        self._path = path
        self._scope = scope
        self.size = PAGE
        """Of the next page; halved after each that was too large to read."""

    async def walk(
        self, operation: str, lane: Lane, query: str = "", most: int = PAGE, wanted: int = sys.maxsize
    ) -> AsyncIterator[Part]:
        """Advance by what came, not by what was asked for; end at the total, at an empty page, or without a cursor.

        A page that is the same as the one before comes from a server that does not heed where the next one begins: the
        list ends with it, and shows fewer than there are. A page that may have been cut, whatever its total says, is
        read on from, until `wanted` have come.

        `query`: further parameters, encoded. They stay the same from page to page, as RFC 9865 section 2 asks. `most`:
        resources in a page.
        """
        start, cursor, last, cut = 1, None, Part((), None), False
        for _ in range(_MOST_PAGES):
            place = "" if start == 1 else f"startIndex={start}"
            place = place if cursor is None else f"cursor={encoded(cursor)}"
            try:
                part = await self._fitting(partial(self._sized, operation, lane, [query, place], most), place or query)
            except (NotFound, BadRequest) as error:
                if cut or await self._finds_nobody(error, query, lane):
                    return
                raise self._explained(error, query, place) from error
            repeats = part.resources and part.resources == last.resources
            if cut and repeats:
                return
            yield part
            start += len(part.resources)
            cut = part.looks_cut and start <= wanted
            ended = not part.resources or (part.total is not None and start > part.total and not cut)
            if repeats or (part.cursor is None and (ended or cursor is not None)):
                return
            cursor, last = part.cursor, part

    async def _finds_nobody(self, error: ScimError, query: str, lane: Lane) -> bool:
        """404 to a filter may say that nobody fits: a path that gives a list right after is there."""
        if not query or not isinstance(error, NotFound):
            return False
        with suppress(NotFound, BadRequest):
            await self.part("list", lane, "count=1")
            return True
        return False

    def _explained(self, error: ScimError, query: str, place: str) -> ScimError:
        """Who refuses to list all has another API than the settings say; what a filter meets is for its caller.

        Who has given one page and refuses the next, as where a cursor has expired (RFC 9865 section 2.1), can be asked
        again from the beginning.
        """
        if query:
            return error
        if place:
            text = f"the list at {self._path} broke off: {error.message}"
            return Incomplete(text, code=error.code, write=False, request_id=error.request_id)
        remedy = f"correct spec.baseURL, or spec.api.{self._setting}"
        if isinstance(error, BadRequest):
            remedy = "set spec.api.list to Filter if users are found by filter only, or correct spec.api.preset"
        return Misfit(f"no list at {self._path}: {error.message}; {remedy}", code=error.code, write=False)

    async def _sized(self, operation: str, lane: Lane, query: list[str], most: int, size: int) -> Part:
        return await self.part(operation, lane, "&".join(filter(None, [*query, f"count={min(size, most)}"])))

    async def part(self, operation: str, lane: Lane, query: str) -> Part:
        """GET one page."""
        return await self._transport.request(
            operation, "GET", self._path, lane=lane, scope=self._scope, query=query, read=_listed
        )

    async def _fitting(self, part_of: Callable[[int], Awaitable[Part]], narrow: str) -> Part:
        """A page that is too large to read is asked for in halves, and so are all after it.

        So is one whose count may be what the server refuses: that of a list which is not `narrow`, by a filter or by
        where it begins.
        """
        asked = self.size
        while True:
            try:
                return await part_of(self.size)
            except (TooLarge, PayloadTooLarge):
                if self.size == 1:
                    raise
            except BadRequest:
                if narrow or self.size // 2 < _SMALLEST_PAGE:
                    self.size = asked  # so it was not for that
                    raise
            self.size //= 2


def _listed(answer: Answer) -> Part:
    """Only a list that says how many there are may leave Resources out, or null (RFC 7644 section 3.4.2)."""
    body = answer.body()
    total, resources = count_from(member(body, "totalResults")), member(body, "Resources")
    entries = [] if resources is None and total is not None else values_of(resources)
    if entries is None:
        text = "a list without Resources"
        raise MalformedAnswer(text, code="malformed", write=answer.write, request_id=answer.request_id)
    cursor = member(body, "nextCursor")
    return Part(tuple(entries), total, cursor if isinstance(cursor, str) and cursor else None)

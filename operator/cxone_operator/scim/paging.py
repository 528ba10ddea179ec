"""Lists of the server, part by part: by index, or by cursor where the server gives one (RFC 7644 3.4.2.4, RFC 9865)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
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

    async def walk(self, operation: str, lane: Lane, query: str = "", most: int = PAGE) -> AsyncIterator[Part]:
        """Advance by what came, not by what was asked for; end at the total, at an empty page, or without a cursor.

        A page that is the same as the one before comes from a server that does not heed where the next one begins: the
        list ends with it, and shows fewer than there are.

        `query`: further parameters, encoded. They stay the same from page to page, as RFC 9865 section 2 asks. `most`:
        resources in a page.
        """
        start, cursor, last = 1, None, Part((), None)
        for _ in range(_MOST_PAGES):
            place = "" if start == 1 else f"startIndex={start}"
            place = place if cursor is None else f"cursor={encoded(cursor)}"
            try:
                part = await self._fitting(partial(self._sized, operation, lane, [query, place], most))
            except (NotFound, BadRequest) as error:
                raise self._explained(error, query, place) from error
            yield part
            start += len(part.resources)
            ended = not part.resources or (part.total is not None and start > part.total)
            repeats = part.resources and part.resources == last.resources
            if repeats or (part.cursor is None and (ended or cursor is not None)):
                return
            cursor, last = part.cursor, part

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

    async def _fitting(self, part_of: Callable[[int], Awaitable[Part]]) -> Part:
        """A page that is too large to read is asked for in halves, and so are all after it."""
        while True:
            try:
                return await part_of(self.size)
            except (TooLarge, PayloadTooLarge):
                if self.size == 1:
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

"""Pages of lists: by index (RFC 7644 section 3.4.2.4), and by cursor (RFC 9865) where the server has cursors."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from cxone_simulator.attributes import Json
from cxone_simulator.errors import ScimProblem
from cxone_simulator.replies import LIST_SCHEMA, chosen, list_reply, page_size, reply
from cxone_simulator.settings import Settings

CURSOR_SECONDS = 600
"""How long a cursor is good for."""

Show = Callable[[Json], Json]


def as_it_is(item: Json) -> Json:
    """What is listed is what is shown."""
    return item


@dataclass(frozen=True, slots=True)
class _Cursor:
    ids: tuple[str, ...]
    """Whom the pages to come are of, in order."""
    count: str
    query: Mapping[str, str]
    """The other parameters, which must stay as they are (RFC 9865 section 2)."""
    ends: float


class Cursors:
    """The cursors that were given out. One can be used again, as after an answer that was lost."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, _Cursor] = {}

    def page(
        self, found: list[Json], query: Mapping[str, Any], settings: Settings, start: int, show: Show = as_it_is
    ) -> web.Response:
        """A page of what was found, from the 1-based `start` or by cursor; raises ScimProblem.

        By cursor, whoever came after the first page is not on a later one.
        """
        forced, offered = settings.cursor_paging == "forced", settings.cursor_paging == "offered"
        if not forced and not (offered and "cursor" in query):
            return list_reply(found, query, settings.max_page_size, start, show)
        count = page_size(query, settings.max_page_size)
        rest = self._rest(found, query)
        page, later = rest[:count], rest[count:]
        body: Json = {
            "schemas": [LIST_SCHEMA],
            "totalResults": len(found),
            "itemsPerPage": len(page),
            "Resources": [chosen(show(item), query) for item in page],
        }
        return reply({**body, "nextCursor": self._made(later, query)} if page and later else body)

    def _rest(self, found: list[Json], query: Mapping[str, Any]) -> list[Json]:
        value = query.get("cursor")
        if value in (None, ""):
            return found
        cursor = self._known.get(str(value))
        if cursor is None:
            raise ScimProblem(400, "the cursor is not known", "invalidCursor")
        if cursor.ends <= self._clock():
            raise ScimProblem(400, "the cursor has expired; begin again without one", "expiredCursor")
        if cursor.count != str(query.get("count")):
            raise ScimProblem(400, "count must stay as it was on the first page", "invalidCount")
        if cursor.query != _other(query):
            raise ScimProblem(400, "the query must stay as it was on the first page", "invalidCursor")
        items = {item["id"]: item for item in found}
        return [items[id_] for id_ in cursor.ids if id_ in items]

    def _made(self, later: list[Json], query: Mapping[str, Any]) -> str:
        now = self._clock()
        self._known = {name: known for name, known in self._known.items() if known.ends > now - CURSOR_SECONDS}
        value = secrets.token_urlsafe(12)
        ids = tuple(item["id"] for item in later)
        self._known[value] = _Cursor(ids, str(query.get("count")), _other(query), now + CURSOR_SECONDS)
        return value


def _other(query: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if name not in ("cursor", "count")}

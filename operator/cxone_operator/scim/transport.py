"""One request at a time: a place in the budget, a token, the bytes out and in, and an error for whatever goes wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import aiohttp
import msgspec
from yarl import URL

from cxone_operator.core.lane import Lane
from cxone_operator.scim.answers import decode_object, read_answer, retry_after, text_of
from cxone_operator.scim.auth import TokenSource
from cxone_operator.scim.errors import ScimError, Throttled, error_for

TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)
"""Seconds: the slowest creates seen at vendors take 20; a connection that is not there after 10 will not come."""
_JSON = "application/scim+json"
_SCOPE = re.compile(r'\bscope="([^"]+)"')


class Budget(Protocol):
    """Who may send when."""

    def slot(self, lane: Lane) -> AbstractAsyncContextManager[None]:
        """Wait for a place, and hold it while the request is under way."""

    def throttled(self, retry_after: float | None) -> None:
        """The server answered 429; seconds that it asked to wait, None where it did not say."""


Observer = Callable[[str, str, float], None]
"""Called with (operation, HTTP status or error word, seconds) after each request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    write: bool

    @property
    def empty(self) -> bool:
        """There is no body, as after 204."""
        return not self.raw.strip()

    def body(self) -> Mapping[str, object]:
        """The body as a JSON object; raises MalformedAnswer."""
        return decode_object(self.raw, write=self.write)


class Transport:
    """Requests to one tenant."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, tokens: TokenSource, budget: Budget, observe: Observer
    ) -> None:
        self._session = session
        self._base = base_url.rstrip("/")
        self._tokens = tokens
        self._budget = budget
        self._observe = observe

    async def request(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        lane: Lane,
        scope: str,
        query: str = "",
        body: object = None,
    ) -> Answer:
        """Send it, once more after a 401 with a fresh token; raises ScimError.

        `path` and `query` are percent-encoded already; `scope` is what the operation needs, named if CXone answers 403.
        """
        token = await self._tokens.token()
        answer = await self._send(operation, method, path, lane, query, body, token)
        if answer.status == 401:
            self._tokens.invalidate(token)
            answer = await self._send(operation, method, path, lane, query, body, await self._tokens.token())
        if answer.status < 200 or answer.status >= 300:
            raise self._error(answer, method, scope)
        return answer

    async def authenticate(self) -> None:
        """Get a token; raises ScimError."""
        await self._tokens.token()

    async def _send(
        self, operation: str, method: str, path: str, lane: Lane, query: str, body: object, token: str
    ) -> Answer:
        url = URL(f"{self._base}{path}{'?' + query if query else ''}", encoded=True)
        headers = {"Authorization": f"Bearer {token}", "Accept": f"{_JSON}, application/json", "Content-Type": _JSON}
        data = msgspec.json.encode(body) if body is not None else None
        write = method != "GET"
        async with self._budget.slot(lane):
            started = time.monotonic()
            code = "error"
            try:
                request = self._session.request(
                    method, url, data=data, headers=headers, timeout=TIMEOUT, allow_redirects=False
                )
                status, answer_headers, raw = await read_answer(request, write=write)
                code = str(status)
            except ScimError as error:
                code = error.code
                raise
            finally:
                self._observe(operation, code, time.monotonic() - started)
        return Answer(status, answer_headers, raw, write)

    def _error(self, answer: Answer, method: str, scope: str) -> ScimError:
        wait = retry_after(answer.headers, datetime.now(UTC))
        named = _SCOPE.search(answer.headers.get("WWW-Authenticate", ""))
        error = error_for(
            answer.status,
            text_of(answer.raw, "detail", "message", "error_description", "error"),
            method=method,
            scim_type=text_of(answer.raw, "scimType"),
            scope_missing=named.group(1) if named else scope,
            retry_after=wait,
        )
        if isinstance(error, Throttled):
            self._budget.throttled(wait)
        return error

"""One request at a time: a place in the budget, a token, the bytes out and in, and an error for whatever goes wrong."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import aiohttp
import msgspec
from yarl import URL

from cxone_operator.core.failure import Failure
from cxone_operator.core.fence import Fence
from cxone_operator.core.lane import Lane
from cxone_operator.scim.answers import decode_object, mapped_errors, read_answer, retry_after
from cxone_operator.scim.auth import Access
from cxone_operator.scim.errors import CircuitOpen, MalformedAnswer, ScimError, error_for, printable
from cxone_operator.scim.hosts import Hosts
from cxone_operator.scim.network import Session
from cxone_operator.scim.observing import Observer, observed
from cxone_operator.scim.refusals import refused_status, said, word

TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)
"""Seconds: the slowest creates seen at vendors take 20; a connection that is not there after 10 will not come."""
RIPENING_SECONDS = 2.0
"""How long a fresh token may be too young: clocks of servers differ, and not all of them know it at once."""
_JSON = "application/scim+json"
T = TypeVar("T")
_SCOPE = re.compile(r'\bscope="([^"]+)"')


class NotSent(asyncio.CancelledError):
    """The request did not leave: the tenant's loop ends, or another process may act by now."""


class Budget(Protocol):
    """Who may send when."""

    def slot(self, lane: Lane) -> AbstractAsyncContextManager[None]:
        """Wait for a place, and hold it while the request is under way; raises CircuitOpen, NotSent."""

    def answered(self, failure: Failure | None) -> None:
        """A request has ended, `failure` None where it succeeded."""


_REQUEST_IDS = ("X-Request-Id", "X-Correlation-Id", "Request-Id")
CREATE = "create"
"""The operation whose 409 means that the user exists."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    write: bool
    _decoded: list[Mapping[str, object]] = field(default_factory=list, compare=False, repr=False)

    @property
    def request_id(self) -> str:
        """CXone's own name for the request, to give to its support; empty where it sends none."""
        found = (self.headers.get(name) for name in _REQUEST_IDS)
        return next((printable(value) for value in found if value), "")

    @property
    def empty(self) -> bool:
        """There is no body, as after 204."""
        return not self.raw.strip()

    def body(self) -> Mapping[str, object]:
        """The body as a JSON object, read once; raises MalformedAnswer."""
        if not self._decoded:
            self._decoded.append(decode_object(self.raw, write=self.write, request_id=self.request_id))
        return self._decoded[0]

    def check(self) -> int | None:
        """Whether the body bears the success out: None, or the status that it has instead; raises MalformedAnswer.

        What is no JSON object may be a word of a proxy or of a gateway, but a page of HTML is another server's.
        """
        if self.empty:
            return None
        try:
            return refused_status(self.body())
        except MalformedAnswer:
            if self.raw.lstrip().startswith(b"<") or not self.write:
                raise
            return None


@dataclass(frozen=True, slots=True)
class _Request:
    operation: str
    method: str
    target: str
    """Path and query, encoded."""
    lane: Lane
    body: object
    version: str | None
    reads: bool

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.reads

    @property
    def headers(self) -> dict[str, str]:
        accepted = {"Accept": f"{_JSON}, application/json"}
        return accepted if self.version is None else accepted | {"If-Match": self.version}


class Transport:
    """Requests to one tenant."""

    def __init__(
        self,
        session: Session,
        hosts: Hosts,
        access: Access,
        budget: Budget,
        observe: Observer,
        fence: Fence,
    ) -> None:
        self._session = session
        self._hosts = hosts
        self._access = access
        self._budget = budget
        self._observe = observe
        self._fence = fence

    async def request(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        lane: Lane,
        scope: str,
        read: Callable[[Answer], T],
        query: str = "",
        body: object = None,
        version: str | None = None,
        reads: bool = False,
    ) -> T:
        """Send it, after a 401 with a fresh token, and again when that is no longer new; `read` the answer.

        Raises ScimError. An answer that cannot be understood is a failure of the service as much as none at all.

        `path` and `query` are percent-encoded already; `scope` is what the operation needs, named if CXone answers 403.
        `version`: carry it out only while the resource has that ETag (RFC 7644 section 3.14). `reads`: nothing is
        changed by it, whatever the method.
        """
        target = f"{path}?{query}" if query else path
        try:
            found = read(await self._request(_Request(operation, method, target, lane, body, version, reads), scope))
        except CircuitOpen:
            raise
        except ScimError as error:
            self._budget.answered(error.failure)
            raise
        self._budget.answered(None)
        return found

    async def _request(self, request: _Request, scope: str) -> Answer:
        authorization = await self._access.authorization()
        answer = await self._send(request, authorization)
        if answer.status == 401 and self._access.renewable(authorization):
            authorization = await self._access.authorization()
            answer = await self._send(request, authorization)
            if answer.status == 401:
                await asyncio.sleep(RIPENING_SECONDS)
                answer = await self._send(request, authorization)
        status = answer.check() if 200 <= answer.status < 300 else answer.status
        if status is not None:
            raise self._error(replace(answer, status=status), request, scope, authorization)
        return answer

    async def authenticate(self) -> None:
        """Get a token, where that is to be got; raises ScimError."""
        await self._access.authorization()

    @property
    def identities(self) -> frozenset[str]:
        """Who we are, by the last token."""
        return self._access.identities

    @property
    def tenant_id(self) -> str:
        """Which CXone tenant we talk to, by the last token."""
        return self._access.tenant

    @property
    def scopes(self) -> frozenset[str] | None:
        """What the last token may do, None where CXone has not said."""
        return self._access.scopes

    async def _url(self, target: str) -> URL:
        base = await self._hosts.api(self._access.tenant)
        with mapped_errors(write=False):
            return URL(base + target, encoded=True)

    async def _send(self, request: _Request, authorization: str) -> Answer:
        url = await self._url(request.target)
        headers, data = request.headers | {"Authorization": authorization}, None
        if request.body is not None:
            headers["Content-Type"], data = _JSON, msgspec.json.encode(request.body)
        async with self._budget.slot(request.lane):
            self._pass_fence()
            with observed(self._observe, request.operation) as outcome:
                sent = self._session.request(
                    request.method, url, data=data, headers=headers, timeout=TIMEOUT, allow_redirects=False
                )
                status, answer_headers, raw = await read_answer(sent, write=request.writes)
                outcome.code = str(status)
        return Answer(status, answer_headers, raw, request.writes)

    def _pass_fence(self) -> None:
        try:
            self._fence()
        except asyncio.CancelledError as error:
            raise NotSent(*error.args) from error

    def _error(self, answer: Answer, request: _Request, scope: str, authorization: str) -> ScimError:
        secret = authorization.partition(" ")[2]
        named = _SCOPE.search(answer.headers.get("WWW-Authenticate", ""))
        return error_for(
            answer.status,
            said(answer.raw, answer.headers).replace(secret, "…"),
            method=request.method if request.writes else "GET",
            creates=request.operation == CREATE,
            scim_type=word(answer.raw, "scimType"),
            scope_missing=named.group(1) if named else scope,
            credentials=self._access.keys,
            retry_after=retry_after(answer.headers, datetime.now(UTC)),
            request_id=answer.request_id,
        )

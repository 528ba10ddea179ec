"""Tokens by OAuth client credentials (RFC 6749 section 4.4): cached, refreshed early, asked for once at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import aiohttp

from cxone_operator.scim.answers import decode_object, read_answer, text_of
from cxone_operator.scim.errors import AuthenticationFailed, MalformedAnswer, ScimError, error_for

EARLY_SECONDS = 60.0
"""How long before its end a token is replaced; never more than a tenth of its life."""
_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client's id and secret; the secret never shows in a log or traceback."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    renew_at: float


class TokenSource:
    """Hands out the tenant's current token."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        credentials: Credentials,
        scopes: tuple[str, ...],
        clock: Callable[[], float],
    ) -> None:
        self._session = session
        self._url = url
        self._credentials = credentials
        self._scopes = scopes
        self._clock = clock
        self._token: _Token | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good for some time yet; raises ScimError."""
        async with self._lock:
            if self._token is None or self._clock() >= self._token.renew_at:
                self._token = await self._fetch()
            return self._token.value

    def invalidate(self, value: str) -> None:
        """A request was refused with this token: the next one gets another. A newer token is kept."""
        if self._token is not None and self._token.value == value:
            self._token = None

    async def _fetch(self) -> _Token:
        asked = self._clock()
        form = {"grant_type": "client_credentials", "scope": " ".join(self._scopes)}
        basic = aiohttp.encode_basic_auth(self._credentials.client_id, self._credentials.client_secret)
        headers = {"Authorization": basic, "Accept": "application/json"}
        request = self._session.post(self._url, data=form, headers=headers, timeout=_TIMEOUT, allow_redirects=False)
        status, answer_headers, raw = await read_answer(request, write=False)
        if status != 200:
            raise _refusal(status, raw, answer_headers)
        return _token_from(decode_object(raw), asked)


def _refusal(status: int, raw: bytes, headers: Mapping[str, str]) -> ScimError:
    """RFC 6749 section 5.2: 400 or 401 with `error`; both mean that the client must be corrected."""
    detail = text_of(raw, "error_description", "error", "detail")
    if status in (400, 401, 403):
        return AuthenticationFailed(
            f"CXone refuses the credentials; correct clientId and clientSecret in the Secret ({status}: {detail})",
            code=str(status),
        )
    return error_for(status, detail, method="GET")


def _token_from(body: Mapping[str, object], asked: float) -> _Token:
    value, life = body.get("access_token"), body.get("expires_in", 3600)
    if not isinstance(value, str) or not value or isinstance(life, bool) or not isinstance(life, int | float | str):
        raise MalformedAnswer("the token endpoint gave no access_token", code="malformed", write=False)
    try:
        seconds = float(life)
    except ValueError:
        seconds = 3600.0
    return _Token(value, asked + seconds - min(EARLY_SECONDS, seconds / 10))

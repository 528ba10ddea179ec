"""Tokens by OAuth client credentials (RFC 6749 section 4.4): cached, refreshed early, asked for once at a time."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp

from cxone_operator.scim.answers import decode_object, read_answer, retry_after, text_of
from cxone_operator.scim.errors import AuthenticationFailed, MalformedAnswer, ScimError, error_for
from cxone_operator.scim.identity import identities_of
from cxone_operator.scim.observing import Observer, observed

EARLY_SECONDS = 60.0
"""How long before its end a token is replaced; never more than a tenth of its life."""
_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)
"""Seconds: a token is made in memory; what takes longer is not going to come."""
_DEFAULT_LIFE_SECONDS = 3600.0
"""Where the server does not say (RFC 6749 section 5.1 only recommends it)."""
_SENDABLE = re.compile(r"[\x21-\x7e]+")


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
        observe: Observer,
    ) -> None:
        self._session = session
        self._url = url
        self._credentials = credentials
        self._scopes = scopes
        self._clock = clock
        self._observe = observe
        self._token: _Token | None = None
        self._failure: ScimError | None = None
        self._attempts = 0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good for some time yet; raises ScimError.

        Who waits for a request of somebody else shares its end, be it good or bad: a server that is down, or a
        wrong secret, is not asked once for each of a thousand users.
        """
        seen = self._attempts
        async with self._lock:
            if self._token is not None and self._clock() < self._token.renew_at:
                return self._token.value
            if self._attempts != seen and self._failure is not None:
                raise self._failure
            return await self._renew()

    @property
    def identities(self) -> frozenset[str]:
        """Lower-case names and ids under which our own account may appear among the users."""
        return identities_of(self._credentials.client_id, self._token.value if self._token is not None else "")

    def invalidate(self, value: str) -> None:
        """A request was refused with this token: the next one gets another. A newer token is kept."""
        if self._token is not None and self._token.value == value:
            self._token = None

    async def _renew(self) -> str:
        self._failure = None
        try:
            self._token = await self._fetch()
        except ScimError as error:
            self._failure = error
            raise
        finally:
            self._attempts += 1
        return self._token.value

    async def _fetch(self) -> _Token:
        asked = self._clock()
        form = {"grant_type": "client_credentials", "scope": " ".join(self._scopes)}
        headers = {"Authorization": self._basic(), "Accept": "application/json"}
        request = self._session.post(self._url, data=form, headers=headers, timeout=_TIMEOUT, allow_redirects=False)
        with observed(self._observe, "token") as outcome:
            status, answer_headers, raw = await read_answer(request, write=False)
            outcome.code = str(status)
        if status != 200:
            raise self._refusal(status, raw, answer_headers)
        return _token_from(decode_object(raw), asked)

    def _basic(self) -> str:
        """The client's id and secret as RFC 7617 encodes them; it has no way to send a colon in an id."""
        try:
            return aiohttp.encode_basic_auth(self._credentials.client_id, self._credentials.client_secret)
        except ValueError:
            text = "the credentials cannot be sent; correct clientId and clientSecret in the Secret"
            raise AuthenticationFailed(text, code="401", write=False) from None

    def _refusal(self, status: int, raw: bytes, headers: Mapping[str, str]) -> ScimError:
        """RFC 6749 section 5.2: 400 or 401 with `error`; both mean that the client must be corrected."""
        said = text_of(raw, "error_description", "error", "detail").replace(self._credentials.client_secret, "…")
        if status not in (400, 401, 403):
            return error_for(status, said, method="GET", retry_after=retry_after(headers, datetime.now(UTC)))
        remedy = "the credentials; correct clientId and clientSecret in the Secret"
        if text_of(raw, "error") == "invalid_scope":
            remedy = f"the scopes {' '.join(self._scopes)}; add them to the API client in CXone, or ask for fewer"
        return AuthenticationFailed(f"CXone refuses {remedy} ({status}: {said})", code=str(status), write=False)


def _token_from(body: Mapping[str, object], asked: float) -> _Token:
    value = body.get("access_token")
    if not isinstance(value, str) or not _SENDABLE.fullmatch(value):
        raise MalformedAnswer("the token endpoint gave no access_token", code="malformed", write=False)
    life = _life(body.get("expires_in"))
    return _Token(value, asked + life - min(EARLY_SECONDS, life / 10))


def _life(value: object) -> float:
    """Seconds from `expires_in`, a number or a string of one; raises MalformedAnswer."""
    if value is None:
        return _DEFAULT_LIFE_SECONDS
    try:
        seconds = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise MalformedAnswer("the token endpoint gave no usable expires_in", code="malformed", write=False)
    return max(0.0, seconds)

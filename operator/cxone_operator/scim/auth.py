"""How we prove who we are: by a token that an OAuth grant gives, by a token that somebody has made, or by a password.

A token of a grant is cached, refreshed early, and asked for once at a time.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote_plus

import aiohttp

from cxone_operator.scim.answers import decode_object, read_answer, retry_after
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects.dialect import ClientAuthentication, Dialect, Grant
from cxone_operator.scim.errors import AuthenticationFailed, MalformedAnswer, ScimError, error_for
from cxone_operator.scim.hosts import Hosts
from cxone_operator.scim.identity import identities_of, tenant_of
from cxone_operator.scim.network import Session
from cxone_operator.scim.observing import Observer, observed
from cxone_operator.scim.refusals import said, word

EARLY_SECONDS = 60.0
"""How long before its end a token is replaced; never more than a tenth of its life."""
_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)
"""Seconds: a token is made in memory; what takes longer is not going to come."""
_DEFAULT_LIFE_SECONDS = 3600.0
"""Where the server does not say (RFC 6749 section 5.1 only recommends it)."""
_SENDABLE = re.compile(r"[\x21-\x7e]+")


class Access(Protocol):
    """What each request shows of who we are."""

    async def authorization(self) -> str:
        """The value of the header (RFC 9110 section 11.6.2); raises ScimError."""

    def renewable(self, authorization: str) -> bool:
        """CXone has refused this one; whether the next one is another."""

    @property
    def keys(self) -> str:
        """The keys of the Secret that these credentials come from, as a message names them."""

    @property
    def identities(self) -> frozenset[str]:
        """Lower-case names and ids under which our own account may appear among the users."""

    @property
    def tenant(self) -> str:
        """The tenant that the token is for, as it says itself; empty where it does not."""

    @property
    def scopes(self) -> frozenset[str] | None:
        """What the token may do (RFC 6749 section 5.1); None where the server has not said."""


@dataclass(frozen=True, slots=True)
class _Token:
    authorization: str = field(repr=False)
    tenant: str
    scopes: frozenset[str] | None
    renew_at: float


class FixedAccess:
    """A token that somebody has made by hand, or user name and password: what CXone refuses once, it refuses again."""

    scopes: frozenset[str] | None = None

    def __init__(self, credentials: Credentials, grant: Grant) -> None:
        self._credentials = credentials
        self._by_token = grant is Grant.TOKEN
        self.keys = grant.named

    async def authorization(self) -> str:
        """Always the same."""
        if self._by_token:
            if not _SENDABLE.fullmatch(self._credentials.token):
                raise _unsendable(self.keys)
            return f"Bearer {self._credentials.token}"
        return _basic(self._credentials.username, self._credentials.password, self.keys)

    def renewable(self, authorization: str) -> bool:
        """No."""
        return False

    @property
    def identities(self) -> frozenset[str]:
        """The user name, or what the token says of itself."""
        return identities_of(self._credentials.username, self._credentials.token)

    @property
    def tenant(self) -> str:
        """By the token."""
        return tenant_of(self._credentials.token)


class TokenSource:
    """Hands out the tenant's current token."""

    def __init__(
        self,
        session: Session,
        hosts: Hosts,
        credentials: Credentials,
        dialect: Dialect,
        clock: Callable[[], float],
        observe: Observer,
    ) -> None:
        self._session = session
        self._hosts = hosts
        self._credentials = credentials
        self._dialect = dialect
        self.keys = dialect.grant.named
        self._clock = clock
        self._observe = observe
        self._token: _Token | None = None
        self._failure: ScimError | None = None
        self._attempts = 0
        self._lock = asyncio.Lock()

    async def authorization(self) -> str:
        """By a token that is good for some time yet; raises ScimError.

        Who waits for a request of somebody else shares its end, be it good or bad: a server that is down, or a
        wrong secret, is not asked once for each of a thousand users.
        """
        seen = self._attempts
        async with self._lock:
            if self._token is not None and self._clock() < self._token.renew_at:
                return self._token.authorization
            if self._attempts != seen and self._failure is not None:
                raise self._failure
            return await self._renew()

    @property
    def identities(self) -> frozenset[str]:
        """From the client id, the access key's id, and what the token says of itself."""
        token = self._token.authorization.partition(" ")[2] if self._token is not None else ""
        return identities_of(self._credentials.client_id, token) | identities_of(self._credentials.access_key_id, token)

    @property
    def tenant(self) -> str:
        """By the token, or the id_token that came with it (OpenID Connect Core 1.0, section 2)."""
        return self._token.tenant if self._token is not None else ""

    @property
    def scopes(self) -> frozenset[str] | None:
        """By the answer that the token came with."""
        return self._token.scopes if self._token is not None else None

    def renewable(self, authorization: str) -> bool:
        """The next one gets another token; a newer one is kept."""
        if self._token is not None and self._token.authorization == authorization:
            self._token = None
        return True

    async def _renew(self) -> str:
        self._failure = None
        try:
            self._token = await self._fetch()
        except ScimError as error:
            self._failure = error
            raise
        finally:
            self._attempts += 1
        return self._token.authorization

    async def _fetch(self) -> _Token:
        url, asked = await self._hosts.token_url(), self._clock()
        headers = {"Accept": "application/json", **self._client_header()}
        request = self._session.request(
            "POST", url, data=self._form(), headers=headers, timeout=_TIMEOUT, allow_redirects=False
        )
        with observed(self._observe, "token") as outcome:
            status, answer_headers, raw = await read_answer(request, write=False)
            outcome.code = str(status)
        if status != 200:
            raise self._refusal(url, status, raw, answer_headers)
        return _token_from(decode_object(raw), asked)

    def _form(self) -> dict[str, str]:
        """What the grant sends (RFC 6749 sections 4.3.2 and 4.4.2)."""
        known = self._credentials
        form = {"grant_type": "client_credentials"}
        if self._dialect.grant is Grant.ACCESS_KEY:
            form = {"grant_type": "password", "username": known.access_key_id, "password": known.access_key_secret}
        if self._dialect.scopes:
            form["scope"] = " ".join(self._dialect.scopes)
        if self._dialect.client_authentication is ClientAuthentication.BODY:
            form |= {"client_id": known.client_id, "client_secret": known.client_secret}
        return form

    def _client_header(self) -> dict[str, str]:
        if self._dialect.client_authentication is ClientAuthentication.BODY:
            return {}
        pair = (self._credentials.client_id, self._credentials.client_secret)
        if self._dialect.client_encoded:
            pair = (quote_plus(pair[0]), quote_plus(pair[1]))
        return {"Authorization": _basic(*pair, self.keys)}

    def _refusal(self, url: str, status: int, raw: bytes, headers: Mapping[str, str]) -> ScimError:
        """RFC 6749 section 5.2: 400 or 401 with `error`; both mean that the client must be corrected."""
        told = self._credentials.hidden(said(raw, headers))
        if status in (404, 405):
            text = (
                f"there is no token endpoint at {url} ({status}); correct spec.api.tokenPath or spec.api.auth.tokenURL"
            )
            return AuthenticationFailed(text, code=str(status), write=False)
        if status not in (400, 401, 403):
            return error_for(status, told, method="GET", retry_after=retry_after(headers, datetime.now(UTC)))
        remedy = f"the credentials; correct {self.keys} in the Secret"
        if word(raw, "error") == "invalid_scope":
            scopes = " ".join(self._dialect.scopes)
            remedy = f"the scopes {scopes}; add them to the API client in CXone, or ask for fewer"
        if word(raw, "error") == "unsupported_grant_type":
            remedy = f"the grant {self._dialect.grant}; set spec.api.auth.grant, or the preset, to what it offers"
        return AuthenticationFailed(f"CXone refuses {remedy} ({status}: {told})", code=str(status), write=False)


def _basic(name: str, secret: str, keys: str) -> str:
    """As RFC 7617 has it, which has no way to send a colon in a name."""
    try:
        return aiohttp.encode_basic_auth(name, secret)
    except ValueError:
        raise _unsendable(keys) from None


def _unsendable(keys: str) -> AuthenticationFailed:
    text = f"the credentials cannot be sent; correct {keys} in the Secret"
    return AuthenticationFailed(text, code="401", write=False)


def _token_from(body: Mapping[str, object], asked: float) -> _Token:
    value = body.get("access_token")
    if not isinstance(value, str) or not _SENDABLE.fullmatch(value):
        raise MalformedAnswer("the token endpoint gave no access_token", code="malformed", write=False)
    life = _life(body.get("expires_in"))
    identity = body.get("id_token")
    tenant = tenant_of(value) or tenant_of(identity if isinstance(identity, str) else "")
    scope = body.get("scope")
    scopes = frozenset(scope.split()) if isinstance(scope, str) else None
    return _Token(f"Bearer {value}", tenant, scopes, asked + life - min(EARLY_SECONDS, life / 10))


def _life(value: object) -> float:
    """Seconds from `expires_in`, a number or a string of one; raises MalformedAnswer.

    0 or less says of a token that was given just now that it does not end by itself, or nothing.
    """
    if value is None:
        return _DEFAULT_LIFE_SECONDS
    try:
        seconds = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise MalformedAnswer("the token endpoint gave no usable expires_in", code="malformed", write=False)
    return seconds if seconds > 0 else _DEFAULT_LIFE_SECONDS

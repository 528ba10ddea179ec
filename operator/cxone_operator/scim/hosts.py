"""Hosts: where the tenant's tokens and its API are. Fixed by its settings, or told by the vendor's discovery.

The vendor serves each customer from a host of its own. One address is known to all, and tells the others: where tokens
are made (OpenID Connect Discovery 1.0, section 4), and, for the tenant that a token names, where its API is. Both
answers are kept as long as the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote, urlsplit

import aiohttp

from cxone_operator.scim.answers import decode_object, mapped_errors, member, read_answer, retry_after
from cxone_operator.scim.dialects.dialect import Dialect
from cxone_operator.scim.errors import MalformedAnswer, Misfit, ScimError, error_for
from cxone_operator.scim.network import Session
from cxone_operator.scim.observing import Observer, observed

_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)
"""Seconds: the answers are files."""
_OPENID = "/.well-known/openid-configuration"
_TENANT = "/.well-known/cxone-configuration"
_PASSING = (408, 425, 429)
"""Refusals that say nothing of what is there."""
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Hosts(Protocol):
    """Where to send requests; every coroutine raises ScimError."""

    async def token_url(self) -> str:
        """The token endpoint."""

    async def api(self, tenant: str) -> str:
        """What all paths are appended to, for the tenant that the token names; empty where it names none."""


class FixedHosts:
    """As the settings say."""

    def __init__(self, base_url: str, dialect: Dialect) -> None:
        self._base = base_url.rstrip("/")
        self._token_url = dialect.token_url or self._base + dialect.token_path

    async def token_url(self) -> str:
        """Below the base URL, unless it is given."""
        return self._token_url

    async def api(self, tenant: str) -> str:
        """The base URL."""
        return self._base


class DiscoveredHosts:
    """As the address that is known to all tells."""

    def __init__(self, session: Session, base_url: str, dialect: Dialect, observe: Observer) -> None:
        self._session = session
        self._issuer = base_url.rstrip("/")
        self._observe = observe
        self._token_url = dialect.token_url
        self._api: dict[str, str] = {}

    async def token_url(self) -> str:
        """`token_endpoint`."""
        if self._token_url is None:
            self._token_url = _address(await self._get(_OPENID), "token_endpoint")
        return self._token_url

    async def api(self, tenant: str) -> str:
        """`api_endpoint`; a token that names no tenant is for the address that gave it."""
        if not tenant:
            return self._issuer
        if tenant not in self._api:
            found = await self._get(f"{_TENANT}?tenantId={quote(tenant, safe='')}")
            self._api[tenant] = _address(found, "api_endpoint").rstrip("/")
        return self._api[tenant]

    async def _get(self, path: str) -> Mapping[str, object]:
        with mapped_errors(write=False):
            request = self._session.request("GET", self._issuer + path, timeout=_TIMEOUT, allow_redirects=False)
        with observed(self._observe, "discovery") as outcome:
            status, headers, raw = await read_answer(request, write=False)
            outcome.code = str(status)
        if status != 200:
            raise self._error(status, path.partition("?")[0], headers)
        return decode_object(raw)

    def _error(self, status: int, path: str, headers: Mapping[str, str]) -> ScimError:
        """Everybody may read it: whoever refuses it does not have it."""
        if status in _PASSING or not 400 <= status < 500:
            wait = retry_after(headers, datetime.now(UTC))
            return error_for(status, f"{self._issuer}{path}", retry_after=wait)
        remedy = "set spec.api.discovery to false, and spec.baseURL and spec.api.auth.tokenURL to the tenant's own"
        return Misfit(f"{self._issuer} has no {path} ({status}); {remedy}", code=str(status), write=False)


def _address(body: Mapping[str, object], name: str) -> str:
    """Credentials travel there, so it is https, but for simulators on the same machine."""
    value = member(body, name)
    try:
        parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
        if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)):
            return str(value)
    except ValueError:  # no address at all, as an IPv6 one that is not closed
        pass
    raise MalformedAnswer(f"CXone's discovery names no usable {name}", code="malformed", write=False)

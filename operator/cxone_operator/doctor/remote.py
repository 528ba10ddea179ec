"""CXone: a token, its scopes, what the server says of itself, users, seats, and the names that people ask for.

What is asked is asked as the operator does it, through the same client; nothing is changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

import msgspec
from yarl import URL

from cxone_operator.api.tenant import TenantSpec
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser
from cxone_operator.doctor import address, hearing, names
from cxone_operator.doctor.check import Check, Outcome, failed, ok, skipped, told, warning
from cxone_operator.doctor.tenant import CREDENTIALS, TENANT, Tenant
from cxone_operator.doctor.visit import Step
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects import dialect_of
from cxone_operator.scim.errors import ScimError
from cxone_operator.scim.network import CertificateProblem, proxy_of, tls_of
from cxone_operator.scim.remote import Page, Remote

Build = Callable[[TenantSpec, Credentials], Remote | Failure]
"""The operator's client of a tenant, or what is wrong with the spec."""
TOKEN = "token"  # noqa: S105 - the name of a check
USERS = "users"
_MOST_PAGES = 5
"""Of the list of users, for the names that they have: each is a request of the tenant's rate limit."""
_READING_SECONDS = 3.0
"""The longest that this may take."""
_NOBODY = "nobody@example.com"
"""Who is looked for where nobody is declared."""
_ADD = "add it to the API client in CXone"


class RemoteChecks:
    """One tenant's CXone."""

    def __init__(self, tenant: Tenant, build: Build, heard: hearing.Hearing) -> None:
        self._tenant = tenant
        self._build = build
        self._hearing = heard
        self._connected: Remote | None = None
        self._pages: AsyncIterator[Page] | None = None
        """The list of users, from the second page on."""
        self._seen: list[RemoteUser] = []
        self._problem: ScimError | None = None
        """What came after the token, while the client connected."""

    def steps(self) -> list[Step]:
        """In their order."""
        return [
            Step(address.PROXY, self._proxy, (TENANT,)),
            Step(address.ADDRESS, self._address, (TENANT,)),
            Step(TOKEN, self._token, (CREDENTIALS, address.ADDRESS)),
            Step("scopes", self._scopes, (TOKEN,)),
            Step("description", self._description, (TOKEN,)),
            Step(USERS, self._users, (TOKEN,)),
            Step("licences", self._licences, (TOKEN,)),
            Step("roles and groups", self._names, (USERS,)),
            Step("rate limit", self._rate, (address.ADDRESS, TENANT)),
            Step("clock", self._clock, (address.ADDRESS,)),
        ]

    @property
    def _spec(self) -> TenantSpec:
        if self._tenant.spec is None:
            raise LookupError("the tenant is looked at first")
        return self._tenant.spec

    @property
    def _remote(self) -> Remote:
        if self._connected is None:
            raise LookupError("the token is got first")
        return self._connected

    async def _proxy(self) -> Sequence[Check]:
        return [address.judge_proxy(self._spec.base_url, self._spec.network)]

    async def _address(self) -> Sequence[Check]:
        urls = dict.fromkeys([self._spec.base_url, self._spec.api.auth.token_url or self._spec.base_url])
        return [check for url in urls for check in await self._look(url)]

    async def _look(self, url: str) -> Sequence[Check]:
        with suppress(ValueError):
            proxy = proxy_of(self._spec.network.proxy_url, URL(url))
            if proxy is not None:
                return await address.look_through(proxy)
        known = self._tenant.credentials
        try:
            return await address.look(url, tls_of(known) if known is not None else None)
        except CertificateProblem as problem:
            return [failed(address.ADDRESS, str(problem), "store it as it is, in PEM form")]

    async def _token(self) -> Sequence[Check]:
        built = self._open(self._spec)
        if isinstance(built, Failure):
            return [told(TOKEN, Outcome.FAILED, built.message)]
        self._connected = built
        asks = dialect_of(self._spec.api).grant.has_tokens
        try:
            await built.connect()
        except ScimError as error:
            if asks and not self._hearing.token_given:
                raise
            self._problem = error
        return [ok(TOKEN, "CXone has given one" if asks else "that of the Secret, or the password, is sent as it is")]

    async def _scopes(self) -> Sequence[Check]:
        dialect = dialect_of(self._spec.api)
        asked = self._spec.scopes if self._spec.scopes is not None else dialect.scopes
        needs = {dialect.scim_scope}
        if self._spec.license.mode == "Quota":
            needs |= {dialect.license_read_scope, dialect.license_write_scope}
        forgotten = needs & set(dialect.scopes) - set(asked)
        return judge_scopes(asked, forgotten, self._remote.scopes)

    async def _description(self) -> Sequence[Check]:
        if self._problem is not None:
            raise self._problem
        if dialect_of(self._spec.api).config_path is not None:
            return _described(self._remote)
        other = await self._as_described()
        if other is not None:
            return _described(other)
        return [ok("description", f"CXone does not describe itself, which {self._spec.api.preset} does not need")]

    async def _as_described(self) -> Remote | None:
        """The same tenant, asked what it can do although its preset does not ask; None where it does not say."""
        path = dialect_of(self._spec.api).users_path.rpartition("/")[0] + "/ServiceProviderConfig"
        asking = msgspec.structs.replace(self._spec.api, config_path=path)
        other = self._open(msgspec.structs.replace(self._spec, api=asking))
        if isinstance(other, Failure):
            return None
        try:
            await other.connect()
        except ScimError:
            return None
        return other if other.capabilities.described else None

    async def _users(self) -> Sequence[Check]:
        if self._remote.capabilities.lists:
            self._pages = self._remote.everybody(Lane.BACKGROUND)
            first = await anext(self._pages, None)
            self._seen.extend(first.users if first is not None else ())
        declared = await self._tenant.users()
        sought = declared[0].spec.user_name if declared else _NOBODY
        await self._remote.find((sought,), Lane.BACKGROUND)
        listed = "listed and " if self._remote.capabilities.lists else ""
        return [ok(USERS, f"can be {listed}found by name")]

    async def _licences(self) -> Sequence[Check]:
        mode, limit = self._spec.license.mode, self._spec.license.limit
        if mode == "None":
            return [ok("licences", "spec.license.mode is None: seats are not counted")]
        if mode == "CountUsers":
            seats = f"at most {limit}" if limit is not None else "without a limit of your own"
            return [ok("licences", f"spec.license.mode is CountUsers: active users, {seats}")]
        quota = await self._remote.seats(Lane.BACKGROUND)
        total = "any number" if quota.total is None else quota.total
        text = f"{quota.used} of {total} seats are taken"
        if quota.total is not None and quota.used >= quota.total:
            return [warning("licences", text, "nobody can join before somebody leaves, or you buy more")]
        return [ok("licences", text)]

    async def _names(self) -> Sequence[Check]:
        offers = self._remote.capabilities
        if not offers.lists:
            return [skipped("roles and groups", "this API does not list its users")]
        whole = await self._read_on()
        users = await self._tenant.users()
        return names.compared(users, self._spec.defaults, self._seen, offers, whole=whole)

    async def _read_on(self) -> bool:
        """Some accounts more; whether that is all."""
        ends = asyncio.get_running_loop().time() + _READING_SECONDS
        for _ in range(_MOST_PAGES):
            page = await anext(self._pages, None) if self._pages is not None else None
            if page is None:
                return True
            self._seen.extend(page.users)
            if asyncio.get_running_loop().time() > ends:
                break
        return False

    async def _rate(self) -> Sequence[Check]:
        return [hearing.judge_rate(self._hearing.heard, self._spec.rate_limit.requests_per_minute)]

    async def _clock(self) -> Sequence[Check]:
        return [hearing.judge_clock(self._hearing.heard)]

    def _open(self, spec: TenantSpec) -> Remote | Failure:
        if self._tenant.credentials is None:
            raise LookupError("the credentials are read first")
        return self._build(spec, self._tenant.credentials)


def judge_scopes(asked: Sequence[str], forgotten: set[str], granted: frozenset[str] | None) -> list[Check]:
    """A line for each. `forgotten`: needed, and not asked for. `granted`: None where the server has not said.

    Who asks for none gets those that the server gives by default (RFC 6749 section 3.3).
    """
    lacking = forgotten - granted if granted is not None else forgotten if asked else set()
    lines = [
        failed(f"scope {name}", "is needed, and not asked for", "add it to spec.scopes") for name in sorted(lacking)
    ]
    for name in asked:
        if granted is None:
            lines.append(ok(f"scope {name}", "asked for, and CXone has not said no"))
        elif name in granted:
            lines.append(ok(f"scope {name}", "granted"))
        else:
            lines.append(failed(f"scope {name}", "asked for, and not granted", _ADD))
    return lines or [ok("scopes", "none are asked for")]


def _described(remote: Remote) -> list[Check]:
    findings = remote.capabilities.findings
    lines = [told("description", Outcome.WARNING, finding) for finding in findings]
    return lines or [ok("description", "what CXone says of itself fits the settings")]

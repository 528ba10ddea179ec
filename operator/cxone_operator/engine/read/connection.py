"""The connection of a tenant to CXone: credentials in, an authenticated client out, and the reason where there is none.

The Secret is read again every few seconds while something is wrong, and every minute otherwise; the credentials are
tried only when they have changed or the backoff has passed, so a wrong Secret causes no storm of token requests and a
corrected one heals within seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.cluster.client import Cluster
from cxone_operator.cluster.errors import ClusterError, Gone, Unreachable
from cxone_operator.core.backoff import backoff
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects import dialect_of
from cxone_operator.scim.errors import ScimError
from cxone_operator.scim.remote import Remote

LOOK_SECONDS = 3.0
"""How often the Secret is read while the tenant is not ready."""
CALM_SECONDS = 60.0
"""How often it is read otherwise, to notice a rotation."""


class CredentialSource(Protocol):
    """Where the client id and secret come from."""

    async def read(self) -> Credentials | Failure:
        """The credentials as of now, or what is wrong with them."""


class FixedCredentials:
    """Credentials from the environment."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def read(self) -> Credentials | Failure:
        """Always the same."""
        return self._credentials


@dataclass(frozen=True, slots=True)
class Key:
    """A value in a Secret."""

    secret: str
    key: str
    name: str
    """What it is called among the credentials."""


def keys_of(spec: TenantSpec) -> tuple[Key, ...]:
    """All that the tenant's credentials consist of: what its API asks for, and what its network does."""
    main, network = spec.credentials_secret_ref, spec.network
    found = [Key(main.name, key, key) for key in dialect_of(spec.api).grant.keys] if main is not None else []
    if network.ca_secret_ref is not None:
        found.append(Key(network.ca_secret_ref.name, "ca.crt", "caCertificate"))
    if network.client_certificate_secret_ref is not None:
        name = network.client_certificate_secret_ref.name
        found += [Key(name, "tls.crt", "clientCertificate"), Key(name, "tls.key", "clientKey")]
    return tuple(found)


class SecretCredentials:
    """Credentials from the Secrets of a namespace, by the keys that the tenant asks for."""

    def __init__(self, cluster: Cluster, namespace: str, keys: Sequence[Key]) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._keys = keys

    async def read(self) -> Credentials | Failure:
        """Read the Secrets; a Failure names the key that is missing, or why one cannot be read."""
        values: dict[str, str] = {}
        for secret in dict.fromkeys(key.secret for key in self._keys):
            found = await self._read(secret, [key for key in self._keys if key.secret == secret])
            if isinstance(found, Failure):
                return found
            values |= found
        return Credentials.of(values)

    async def _read(self, secret: str, keys: Sequence[Key]) -> dict[str, str] | Failure:
        names = [key.key for key in keys]
        try:
            data = await self._cluster.secret(self._namespace, secret)
        except Gone:
            return self._problem(secret, f"does not exist; create it with the keys {_listed(names)}")
        except ClusterError as error:
            return self._problem(secret, f"cannot be read: {error}", passes=isinstance(error, Unreachable))
        binary = [name for name in names if data.get(name, "") is None]
        if binary:
            return self._problem(
                secret, f"has a value that is not UTF-8 under {_listed(binary)}; store the text as it is"
            )
        values = {key.name: (data.get(key.key) or "").strip() for key in keys}
        missing = [key.key for key in keys if not values[key.name]]
        plural = "s" if len(missing) > 1 else ""
        return self._problem(secret, f"lacks the key{plural} {_listed(missing)}") if missing else values

    def _problem(self, secret: str, what: str, *, passes: bool = False) -> Failure:
        message = f"Secret {secret} in namespace {self._namespace} {what}"
        return Failure(Reason.TENANT_NOT_READY, message, retryable=passes, scope=Scope.TENANT)


def _listed(keys: Sequence[str]) -> str:
    return " and ".join((", ".join(keys[:-1]), keys[-1]) if len(keys) > 1 else keys)


class Connection:
    """The client of one tenant, while there is one."""

    def __init__(
        self, source: CredentialSource, build: Callable[[Credentials], Remote | Failure], clocks: Clocks
    ) -> None:
        self._source = source
        self._build = build
        self._clocks = clocks
        self._credentials: Credentials | None = None
        self._unfinished: Remote | None = None
        """What it has heard before a passing failure need not be asked for again."""
        self._attempts = 0
        self._next_attempt = float("-inf")
        self._next_look = float("-inf")
        self.client: Remote | None = None
        self.problem: Failure | None = None
        """Why there is no client, once that is known."""

    @property
    def authenticated(self) -> bool:
        """CXone has given us a token and has not refused it since."""
        return self.client is not None

    @property
    def client_id(self) -> str:
        """Whom CXone takes us for; empty without credentials."""
        return self._credentials.identity if self._credentials is not None else ""

    def due(self) -> float:
        """Seconds until `look` is worth calling."""
        return max(0.0, self._next_look - self._clocks.monotonic())

    def refused(self, failure: Failure) -> None:
        """A request was refused with 401 even after a fresh token: look at the credentials now."""
        self.problem = failure
        self.client = None
        self._attempts += 1
        self._postpone()
        self._next_look = self._clocks.monotonic()

    async def look(self) -> bool:
        """Read the credentials and use them if that may help; True where the client has changed."""
        now = self._clocks.monotonic()
        found = await self._source.read()
        changed = False
        if isinstance(found, Failure):
            self.problem, self._credentials, self.client = found, None, None
        elif found != self._credentials:
            self._credentials, self._unfinished, self._attempts = found, None, 0
            changed = await self._authenticate(found)
        elif self.problem is not None and now >= self._next_attempt:
            changed = await self._authenticate(found)
        self._next_look = self._clocks.monotonic() + (LOOK_SECONDS if self.problem is not None else CALM_SECONDS)
        return changed

    async def _authenticate(self, credentials: Credentials) -> bool:
        client = self._unfinished or self._build(credentials)
        if isinstance(client, Failure):
            self.client, self.problem = None, client
            return False
        try:
            await client.connect()
        except ScimError as error:
            self.client, self.problem = None, error.failure
            self._unfinished = client if error.failure.retryable else None
            self._attempts += 1
            self._postpone()
            return False
        self.client, self._unfinished, self.problem, self._attempts = client, None, None, 0
        return True

    def _postpone(self) -> None:
        self._next_attempt = self._clocks.monotonic() + backoff(self._attempts, self._clocks.jitter())

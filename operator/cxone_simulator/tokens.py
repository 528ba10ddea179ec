"""Tokens: who may do what, and until when (RFC 6749 section 4.4)."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cxone_simulator.errors import ScimProblem
from cxone_simulator.habits import Habits
from cxone_simulator.settings import Settings

_MARK = "simulated-token-"
"""Every token begins so, so that one that leaks into a log is found by anybody who looks."""


class TokenProblem(Exception):
    """An error of the token endpoint (RFC 6749 section 5.2)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        self.status, self.error, self.description = status, error, description
        super().__init__(error)


@dataclass(frozen=True, slots=True)
class _Token:
    scopes: frozenset[str]
    begins: float
    ends: float


class Tokens:
    """All tokens that were given out and not revoked."""

    def __init__(self, settings: Settings, clock: Callable[[], float], habits: Habits) -> None:
        self._settings = settings
        self._habits = habits
        self._clock = clock
        self._tokens: dict[str, _Token] = {}
        self.given = 0

    def give(self, authorization: str, grant_type: str, scope: str) -> dict[str, object]:
        """The body of a token answer; raises TokenProblem."""
        if not self._is_client(authorization):
            raise TokenProblem(401, "invalid_client", "the client id or secret is wrong")
        if grant_type != "client_credentials":
            raise TokenProblem(400, "unsupported_grant_type", "only client_credentials is offered")
        asked = scope.split()
        granted = [name for name in asked if name in self._settings.scopes]
        if asked and not granted:
            raise TokenProblem(400, "invalid_scope", "none of the scopes is allowed to this client")
        value = _MARK + secrets.token_urlsafe(24)
        now = self._clock()
        begins, ends = now + self._habits.ripens, now + self._settings.token_seconds
        self._tokens[value] = _Token(frozenset(granted), begins, ends)
        self.given += 1
        life = int(self._settings.token_seconds)
        body = {"access_token": value, "token_type": "Bearer", "expires_in": life, "scope": " ".join(granted)}
        return self._habits.token(body)

    def check(self, authorization: str, needed: str) -> None:
        """Raises ScimProblem 401 or 403; the latter names the scope (RFC 6750 section 3)."""
        kind, _, value = authorization.partition(" ")
        token = self._tokens.get(value) if kind.lower() == "bearer" else None
        if token is None or not token.begins <= self._clock() < token.ends:
            raise ScimProblem(
                401,
                "the token is missing, unknown or expired",
                "",
                {"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )
        if needed not in token.scopes and not (needed == "License.Read" and "License.ReadWrite" in token.scopes):
            challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
            raise ScimProblem(403, f"the token lacks scope {needed}", "", {"WWW-Authenticate": challenge})

    def revoke(self) -> None:
        """No token that was given out is good any more."""
        self._tokens.clear()

    def _is_client(self, authorization: str) -> bool:
        kind, _, value = authorization.partition(" ")
        try:
            given = base64.b64decode(value, validate=True) if kind.lower() == "basic" else b""
        except ValueError:
            return False
        expected = f"{self._settings.client_id}:{self._settings.client_secret}".encode(errors="replace")
        return hmac.compare_digest(given, expected)

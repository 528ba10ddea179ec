"""Tokens: who may do what, and until when (RFC 6749 section 4.4)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cxone_simulator.clients import TokenProblem, basic_credentials, is_client
from cxone_simulator.errors import ScimProblem
from cxone_simulator.habits import Habits
from cxone_simulator.settings import Settings

_MARK = "simulated-token-"
"""Every token begins so, so that one that leaks into a log is found by anybody who looks."""


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
        self._refresh: set[str] = set()
        self.given = 0

    def give(self, authorization: str, grant_type: str, scope: str) -> dict[str, object]:
        """The body of a token answer; raises TokenProblem."""
        if not is_client(self._settings, basic_credentials(authorization)):
            raise TokenProblem(401, "invalid_client", "the client id or secret is wrong")
        if grant_type != "client_credentials":
            raise TokenProblem(400, "unsupported_grant_type", "only client_credentials is offered")
        asked = scope.split()
        granted = [name for name in asked if name in self._settings.scopes]
        if asked and not granted:
            raise TokenProblem(400, "invalid_scope", "none of the scopes is allowed to this client")
        return {**self.issue(granted), "scope": " ".join(granted)}

    def issue(self, scopes: Iterable[str]) -> dict[str, object]:
        """A new token with those scopes, as an answer has it."""
        value = _MARK + secrets.token_urlsafe(24)
        now = self._clock()
        begins, ends = now + self._habits.ripens, now + self._settings.token_seconds
        self._tokens[value] = _Token(frozenset(scopes), begins, ends)
        self.given += 1
        body = {"access_token": value, "token_type": "Bearer", "expires_in": int(self._settings.token_seconds)}
        return self._habits.token(body)

    def issue_refresh(self) -> str:
        """A token that others can be asked for with; good until all are revoked."""
        value = f"{_MARK}refresh-{secrets.token_urlsafe(24)}"
        self._refresh.add(value)
        return value

    def can_refresh(self, value: str) -> bool:
        """It was given out, and not revoked."""
        return value in self._refresh

    def check(self, authorization: str, needed: str) -> None:
        """Raises ScimProblem 401 or 403; the latter names the scope (RFC 6750 section 3)."""
        scopes = self.scopes_of(authorization)
        if needed not in scopes and not (needed == "License.Read" and "License.ReadWrite" in scopes):
            challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
            raise ScimProblem(403, f"the token lacks scope {needed}", "", {"WWW-Authenticate": challenge})

    def scopes_of(self, authorization: str) -> frozenset[str]:
        """What the bearer may do; raises ScimProblem 401."""
        kind, _, value = authorization.partition(" ")
        token = self._tokens.get(value) if kind.lower() == "bearer" else None
        if token is None or not token.begins <= self._clock() < token.ends:
            raise ScimProblem(
                401,
                "the token is missing, unknown or expired",
                "",
                {"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )
        return token.scopes

    def revoke(self) -> None:
        """No token that was given out is good any more."""
        self._tokens.clear()
        self._refresh.clear()

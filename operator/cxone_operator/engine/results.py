"""Results: what the end of a request means for what we know and for the next attempt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, takes_seat
from cxone_operator.core.backoff import backoff
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.suggestion import did_you_mean
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.engine.auditor import Auditor
from cxone_operator.engine.doubts import REQUEST_SECONDS
from cxone_operator.engine.state import TenantState
from cxone_operator.telemetry import metrics

_LONGEST_SILENCE_SECONDS = 300.0
_NEWS = ("404", "409", "412")
"""Statuses that say: CXone is not as you think. A 409 also refuses to release the seat of somebody who is active."""
_QUICK_LOOKS = 2
"""How often in a row a surprise is answered by looking again at once; after that it backs off like any failure."""


class Results:
    """Books the ends of requests of one tenant."""

    def __init__(self, state: TenantState, auditor: Auditor) -> None:
        self._state = state
        self._auditor = auditor

    def done(self, user: CxoneUser, action: RemoteAction, request_id: str) -> None:
        """CXone has carried it out."""
        self._auditor.done(user.metadata.uid, request_id)
        self.carried_out(user, action)

    def carried_out(self, user: CxoneUser, action: RemoteAction) -> None:
        """Remember what the next look cannot see by itself."""
        record = self._state.record(user.metadata.uid)
        record.failures, record.failure = 0, None
        match action:
            case Deactivate():
                record.seat_released = False
                self._state.ledger.doubt()
            case Reclaim():
                record.seat_released = True
                self._state.ledger.doubt()
            case Delete():
                self._state.ledger.doubt()

    def changed(self, user: CxoneUser, before: RemoteUser, after: RemoteUser | None) -> None:
        """A change was accepted. Without a body in the answer it is read back: some servers accept and do nothing."""
        if after is not None and after.id == before.id:
            self._state.directory.put(after, self._state.time)
        else:
            self.forget(user)

    def forget(self, user: CxoneUser) -> None:
        """Nobody knows what became of this user: read it before deciding."""
        self._state.directory.forget(key_of(user.spec.user_name), self._state.time)

    def failed(
        self,
        user: CxoneUser,
        action: RemoteAction,
        failure: Failure,
        doubtful_seconds: float = REQUEST_SECONDS,
    ) -> None:
        """The request failed: learn what it says of CXone, then wait, retry or stall.

        `doubtful_seconds`: how long a request without a certain end may still have its effect.
        """
        self._auditor.failed(user.metadata.uid, failure)
        if failure.uncertain and takes_seat(action):
            self._state.doubts.add(user.metadata.uid, doubtful_seconds)
        if failure.uncertain or self._is_news(failure):
            self.forget(user)
        if failure.scope is Scope.TENANT:
            return
        if failure.reason is Reason.LICENSE_UNAVAILABLE:
            self._state.ledger.doubt()
            self._state.ledger.give_back(user.metadata.uid)
        record = self._state.record(user.metadata.uid)
        record.failures += 1
        record.failure = failure
        if self._stalls(user, action, failure):
            latest = self._state.inbox.get(user.metadata.uid) or user
            record.stalled = self._state.signature(latest)
            if isinstance(action, Create):
                metrics.users_provisioned.labels(self._state.name, "failure").inc()
            self._state.ledger.give_back(user.metadata.uid)
            record.failure = replace(failure, message=self._message(user, failure))
        elif record.failures > _QUICK_LOOKS or not self._is_news(failure):
            record.retry_at = self._state.time + self._pause(record.failures, failure)

    def _stalls(self, user: CxoneUser, action: RemoteAction, failure: Failure) -> bool:
        """Permanent failures stall; but a resource that is being deleted never gives up locking its user out."""
        if user.metadata.deleting:
            return False
        if failure.reason is Reason.ALREADY_EXISTS and isinstance(action, Create):
            return user.spec.adoption_policy == "Never"
        return not failure.retryable and not self._is_news(failure)

    @staticmethod
    def _is_news(failure: Failure) -> bool:
        """The failure tells us that CXone is not as we thought: look again at once rather than wait."""
        news = failure.code in _NEWS and failure.reason is not Reason.LICENSE_UNAVAILABLE
        return news or failure.reason is Reason.ALREADY_EXISTS

    def _pause(self, failures: int, failure: Failure) -> float:
        pause = max(backoff(failures, self._state.clocks.jitter()), failure.retry_after or 0.0)
        return min(pause, _LONGEST_SILENCE_SECONDS)

    def _message(self, user: CxoneUser, failure: Failure) -> str:
        """What CXone said, or better: which name it does not know, and which one was probably meant."""
        directory, spec = self._state.directory, user.spec
        if failure.reason is Reason.ROLE_NOT_FOUND:
            names = (spec.role, self._state.spec.defaults.role, *(spec.secondary_roles or ()))
            return self._missing("role", names, directory.roles(), failure)
        if failure.reason is Reason.GROUP_NOT_FOUND:
            names = (*(spec.groups or ()), *(self._state.spec.defaults.groups or ()))
            return self._missing("group", names, directory.groups(), failure)
        return failure.message

    def _missing(self, what: str, names: Iterable[str | None], known: set[str], failure: Failure) -> str:
        for name in names:
            if name is not None and f"'{name}'" in failure.message:
                close = did_you_mean(name, known - {name})
                suggestion = f"; did you mean '{close}'?" if close else ""
                return f"{what} '{name}' does not exist in tenant {self._state.name}{suggestion}"
        return failure.message

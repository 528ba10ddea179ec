"""One request from its bytes to its answer. Every way to fail ends in an answer that says what the sender can do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakValueDictionary

from cxone_operator.api.hr import HrEvent
from cxone_operator.bridge.decision import Applied, Apply, Blocked, Nobody, Outdated, decide
from cxone_operator.bridge.event import Event, InvalidEvent, decode_event, time_of
from cxone_operator.bridge.person import Contested, Person, whom
from cxone_operator.bridge.recorder import Recorder, Result
from cxone_operator.bridge.signature import Unverified, Verify
from cxone_operator.bridge.store import Store
from cxone_operator.cluster.errors import ClusterError, Conflicted, Invalid, Owned, Ownership
from cxone_operator.core.users import key_of
from cxone_operator.telemetry.logging import get_logger

_ATTEMPTS = 8
"""To write between two writes of others; the operator writes a user twice within a second of its creation."""
_SECONDS = 10.0
"""For one event; senders give up after 15 (Standard Webhooks)."""
RETRY_AFTER = {"Retry-After": "5"}
"""Seconds; an API server is back from a restart in about three."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sender gets."""

    status: int
    body: Mapping[str, object]
    result: Result
    headers: Mapping[str, str] = field(default_factory=dict)


class Service:
    """Handles requests, those of one employeeId or address one after the other."""

    def __init__(self, verify: Verify, store: Store, recorder: Recorder, now: Callable[[], datetime]) -> None:
        self._verify = verify
        self._store = store
        self._recorder = recorder
        self._now = now
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def use(self, verify: Verify) -> None:
        """From now on verify like this."""
        self._verify = verify

    async def handle(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer, once the API server has stored what the event changes. Raises nothing."""
        started = time.perf_counter()
        action = ""
        try:
            delivery = self._verify(headers, body)
            event = decode_event(body, self._now())
            action = event.action
            reply = await self._apply(event, HrEvent(delivery.id, time_of(event, delivery)))
        except Unverified as error:
            reply = Reply(401, {"error": str(error)}, "unauthorized")
        except InvalidEvent as error:
            reply = Reply(400, {"error": str(error), "field": error.field}, "invalid")
        self._recorder.answered(action, reply.result, time.perf_counter() - started)
        return reply

    async def _apply(self, event: Event, happened: HrEvent) -> Reply:
        try:
            async with asyncio.timeout(_SECONDS), self._alone(event):
                return await self._settle(event, happened)
        except Owned as error:
            return self._owned(event, happened, error.conflicts)
        except Invalid as error:
            return Reply(400, {"error": str(error), "field": ""}, "invalid")
        except (ClusterError, TimeoutError) as error:
            log.warning("event_not_stored", webhook_id=happened.id, action=event.action, error=str(error))
            return Reply(503, {"error": "the event could not be stored now; send it again"}, "unavailable", RETRY_AFTER)

    @asynccontextmanager
    async def _alone(self, event: Event) -> AsyncIterator[None]:
        """No other event of that employeeId or address is under way here; between replicas the API server decides."""
        traits = {f"address {key_of(event.email)}", f"employee {event.employee_id or ''}"} - {"employee "}
        locks = [self._locks.setdefault(trait, asyncio.Lock()) for trait in sorted(traits)]
        async with AsyncExitStack() as held:
            for lock in locks:
                await held.enter_async_context(lock)
            yield

    async def _settle(self, event: Event, happened: HrEvent) -> Reply:
        """Look, decide and write, again where somebody has written in between."""
        for attempt in range(_ATTEMPTS):
            person = whom(event, await self._store.find(event, certain=attempt > 0))
            decision = decide(event, happened, person, self._store.tenant, self._now())
            match decision:
                case Applied():
                    return _accepted(self._store.namespace, person.name, "duplicate")
                case Outdated():
                    return _ignored(self._store.namespace, person.name)
                case Nobody():
                    return self._unknown(event, happened)
                case Contested():
                    return self._contested(event, happened, decision)
                case Blocked(conflict):
                    raise Owned("a field that must be empty is not ours", (conflict,))
            try:
                return await self._write(event, happened, person, decision, certain=attempt > 0)
            except Conflicted as error:
                if isinstance(error, Owned):
                    raise
        raise ClusterError(f"the CxoneUser was changed by others {_ATTEMPTS} times meanwhile")

    async def _write(self, event: Event, happened: HrEvent, person: Person, wanted: Apply, *, certain: bool) -> Reply:
        found, store = person.found, self._store
        name = found.name if found is not None else await store.new_name(event, person, certain=certain)
        resource = await store.apply(name, wanted, happened, person)
        self._recorder.applied(event, happened, resource, wanted.changes)
        log.info("event_applied", webhook_id=happened.id, action=event.action, resource=name)
        return _accepted(store.namespace, name, "applied")

    def _unknown(self, event: Event, happened: HrEvent) -> Reply:
        error = "an update makes no user, and nobody is there of this employeeId or address; send a hire or a rehire"
        self._refuse(event, happened, error)
        return Reply(404, {"error": error}, "unknown")

    def _contested(self, event: Event, happened: HrEvent, contested: Contested) -> Reply:
        self._refuse(event, happened, contested.why)
        return Reply(409, {"error": contested.why, "resources": contested.resources}, "conflict")

    def _refuse(self, event: Event, happened: HrEvent, why: str) -> None:
        log.warning("event_refused", webhook_id=happened.id, action=event.action, error=why)
        self._recorder.refused(event, happened, why)

    def _owned(self, event: Event, happened: HrEvent, conflicts: Sequence[Ownership]) -> Reply:
        told = "; ".join(
            f"{conflict.field} is owned by the field manager {conflict.manager!r}" for conflict in conflicts
        )
        self._refuse(event, happened, told)
        fields = [{"field": conflict.field, "manager": conflict.manager} for conflict in conflicts]
        error = f"{told}; change it there, or take it out of there to let the HR system decide"
        return Reply(409, {"error": error, "conflicts": fields}, "conflict")


def _accepted(namespace: str, name: str, result: Result) -> Reply:
    """The same for the first and every further delivery of an event."""
    return Reply(202, {"status": "accepted", "namespace": namespace, "name": name}, result)


def _ignored(namespace: str, name: str) -> Reply:
    message = "a newer event of this user has been applied already"
    return Reply(200, {"status": "ignored", "namespace": namespace, "name": name, "message": message}, "ignored")

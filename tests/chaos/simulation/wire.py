"""The wire between one operator process and the servers: latency, faults, and what a death leaves in flight.

A request is sent, takes effect at the server some time later, and is answered some time after that. The effect
belongs to the server: it happens whether or not somebody still waits for the answer. So a process can die before it
sends, while the request is under way, or between effect and answer, and what it had sent may still arrive.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from chaos.simulation.journal import Origin
from chaos.simulation.schedule import Crash, Fault, FaultKind, InFlight, Moment

T = TypeVar("T")
Effect = Callable[[Origin], T]

REMOTE_WRITES = ("create", "patch", "delete", "submit", "release_license")


@dataclass(slots=True)
class Errors:
    """How a server's failures look to the client."""

    refused: Callable[[], Exception]
    failed: Callable[[], Exception]
    lost: Callable[[], Exception]
    throttled: Callable[[float], Exception]
    garbled: Callable[[], Exception]
    contradicted: Callable[[], Exception]
    lacking: Callable[[object], object] = lambda answer: answer
    """The answer without one of its entries."""


@dataclass(slots=True, eq=False)
class _Request:
    operation: str
    effect: Callable[[Origin], object]
    origin: Origin
    errors: Errors
    answer: asyncio.Future[object]
    fault: Fault | None = None
    fatal: bool = False
    """The process dies between effect and answer."""
    arrival: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class Faults:
    """What goes wrong next; armed by the schedule, used up by requests."""

    armed: list[tuple[Fault, int]] = field(default_factory=list)

    def arm(self, fault: Fault) -> None:
        """The next requests that match go wrong."""
        self.armed.append((fault, fault.count))

    def take(self, operation: str, tenant: str) -> Fault | None:
        """The fault of this request, None where it goes well."""
        for index, (fault, left) in enumerate(self.armed):
            if fault.tenant in (None, tenant) and _matches(fault.operation, operation):
                self.armed[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                return fault
        return None


class Wire:
    """All requests of one process."""

    def __init__(self, actor: str, faults: Faults, chance: random.Random, die: Callable[[], None]) -> None:
        self.alive = True
        self.actor = actor
        self.writes: Counter[str] = Counter()
        """How many writes were sent to CXone, by kind; each operation of a bulk request is one."""
        self.requests: Counter[str] = Counter()
        """How many requests were sent to each CXone."""
        self._faults = faults
        self._chance = chance
        self._die = die
        self._loop = asyncio.get_running_loop()
        self._in_flight: dict[_Request, None] = {}
        self._crash: Crash | None = None
        self._calls_left = 0

    def arm(self, crash: Crash) -> None:
        """Die at that one of the next calls."""
        self._crash, self._calls_left = crash, crash.calls

    def disarm(self) -> None:
        """Live on."""
        self._crash = None

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return self._loop.time()

    async def call(self, operation: str, effect: Effect[T], errors: Errors, asked: float, tenant: str = "") -> T:
        """Send a request and wait for its answer; `tenant` is empty where Kubernetes is asked."""
        moment = self._deadly_moment(operation)
        if moment is Moment.BEFORE:
            self._die()
        if not self.alive:
            await self._loop.create_future()  # nothing ever comes back to the dead
        answer: asyncio.Future[T] = self._loop.create_future()
        request = _Request(operation, effect, Origin(self.actor, asked), errors, answer)  # type: ignore[arg-type]
        self.requests[tenant] += 1
        request.fault = self._faults.take(operation, tenant)
        request.fatal = moment is Moment.AFTER
        self._in_flight[request] = None
        request.arrival = self._loop.call_later(self._latency(operation), self._arrive, request)
        if moment is Moment.DURING:
            self._loop.call_soon(self._die)
        try:
            return await answer
        finally:
            self._in_flight.pop(request, None)

    def cut(self, in_flight: InFlight) -> None:
        """The process is dead: decide what becomes of the requests that have not arrived."""
        self.alive = False
        for request in list(self._in_flight):
            if request.arrival is None:
                continue
            if in_flight is not InFlight.ARRIVES:
                request.arrival.cancel()
            if in_flight is InFlight.LATE and request.operation in REMOTE_WRITES:
                self._loop.call_later(self._chance.uniform(0.5, 20.0), self._arrive, request)

    def _deadly_moment(self, operation: str) -> Moment | None:
        if self._crash is None or not self.alive or not _matches(self._crash.operation, operation):
            return None
        self._calls_left -= 1
        return self._crash.moment if self._calls_left < 0 else None

    def _arrive(self, request: _Request) -> None:
        request.arrival = None
        kind = request.fault.kind if request.fault is not None else None
        if kind is FaultKind.LATE:
            self._loop.call_later(self._chance.uniform(0.5, 20.0), self._carry_out, request)
        refusal = self._refusal(kind, request.errors)
        if refusal is not None:
            self._answer(request, refusal)
            return
        if kind is FaultKind.IGNORE:
            request.origin = replace(request.origin, heeded=False)
        result = self._carry_out(request)
        if request.fatal and self.alive:
            self._die()
        self._answer(request, _garbled(kind, request.errors, result))

    def _refusal(self, kind: FaultKind | None, errors: Errors) -> Exception | None:
        """What is answered before there is any effect."""
        match kind:
            case FaultKind.LATE:
                return errors.lost()
            case FaultKind.REFUSE:
                return errors.refused()
            case FaultKind.FAIL:
                return errors.failed()
            case FaultKind.CONTRADICT:
                return errors.contradicted()
            case FaultKind.THROTTLE:
                return errors.throttled(self._chance.choice((1.0, 3.0, 10.0)))
        return None

    def _carry_out(self, request: _Request) -> object:
        try:
            return request.effect(request.origin)
        except Exception as error:  # an answer like any other: the client raises it
            return error

    def _answer(self, request: _Request, result: object) -> None:
        self._loop.call_later(self._latency(request.operation), self._deliver, request, result)

    def _deliver(self, request: _Request, result: object) -> None:
        if not self.alive or request.answer.done():
            return
        if isinstance(result, Exception):
            request.answer.set_exception(result)
        else:
            request.answer.set_result(result)

    def _latency(self, operation: str) -> float:
        longest = 0.02 if operation.startswith("kube_") else 0.3
        if self._chance.random() < 0.05:
            longest *= 10
        return self._chance.uniform(0.001, longest)


def _garbled(kind: FaultKind | None, errors: Errors, result: object) -> object:
    """What is answered after the effect."""
    match kind:
        case FaultKind.LOSE:
            return errors.lost()
        case FaultKind.FAIL_AFTER:
            return errors.failed()
        case FaultKind.GARBLE:
            return errors.garbled()
        case FaultKind.LACK:
            return errors.lacking(result)
    return result


def _matches(wanted: str, operation: str) -> bool:
    groups = {"any": True, "write": operation in REMOTE_WRITES, "remote": not operation.startswith("kube_")}
    return groups.get(wanted, operation == wanted)

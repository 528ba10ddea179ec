"""Waits: telling an author what the user waits for, once it has lasted long enough to be worth a write.

Until then the default status of a new resource, or the generation that is ahead of observedGeneration, already says
that work is going on. Only a wait of this very user is told, and each once. What keeps everybody waiting (the rate
limit, the first snapshot, an open circuit, a suspended tenant) is said by the tenant, and not by N users; so a user
that was Ready is told nothing because a process restarted.
"""

from __future__ import annotations

from dataclasses import dataclass

from cxone_operator.api.conditions import READY
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser, UserStatus
from cxone_operator.core import outcome
from cxone_operator.core.actions import Wait
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.core.work import Phase, Work
from cxone_operator.engine.decide.view import View
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.memory.queues import FRONT, Order
from cxone_operator.engine.memory.work import Alarms
from cxone_operator.engine.tell.users import UserStatuses

PATIENCE_SECONDS = 10.0
"""How long a wait stays unsaid."""
JOB_PATIENCE_SECONDS = 30.0
"""The same of a bulk job, whose users are looked at when the rate limit has a place."""
LASTING_FAILURES = 3
"""So many attempts in vain are worth a word, however short the pauses between them."""
SLICE = 500
"""Users told in one round, so that a tenant that fails does not stop its own loop."""
_NOTED = (Phase.HELD, Phase.QUEUED, Phase.WAITING, Phase.BACKING_OFF, Phase.IN_JOB)
"""Phases in which somebody waits for something of one's own."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Who stays without a seat."""

    start: Order
    """Everybody from that order on, in the joiners' queue; from its front on where nobody gets one."""
    reason: Reason
    message: str


class Waits:
    """Interim statuses of one tenant's users."""

    def __init__(self, memory: Memory, view: View, statuses: UserStatuses) -> None:
        self._memory = memory
        self._view = view
        self._statuses = statuses
        self._alarms = Alarms()
        self._plans: dict[str, Wait] = {}
        """What the plan waits for, of users in the phase WAITING."""
        self._shortage: Shortage | None = None
        self._problem: Failure | None = None

    def note(self, uid: str, wait: Wait | None = None) -> None:
        """A user has entered a phase of waiting; what is worth telling is told when it has lasted."""
        if wait is not None:
            self._plans[uid] = wait
        else:
            self._plans.pop(uid, None)
        work = self._memory.works.get(uid)
        if work is not None and (work.phase in _NOTED or self._problem is not None):
            self._alarms.set(work.entered + _patience(work), uid)

    def forget(self, uid: str) -> None:
        """The user waits for nothing."""
        self._plans.pop(uid, None)

    def shortage(self, now: Shortage | None) -> None:
        """The gate has turned people away, or does so no more; whoever is concerned only now is looked at."""
        before, self._shortage = self._shortage, now
        if before is not None and now is not None and before.reason is not now.reason:
            before = None
        if now is None or (before is not None and before.start <= now.start):
            return
        for uid in self._memory.queues.between(Lane.JOINERS, now.start, before.start if before else None):
            self._alarms.set(self._patient_until(uid), uid)

    def tell(self, problem: Failure | None) -> None:
        """Tell whoever has waited long enough; `problem`: why there is no connection to CXone at all."""
        now = self._memory.time
        if problem is not None and problem != self._problem:
            for uid in self._memory.works:
                self._alarms.set(now + PATIENCE_SECONDS, uid)
        self._problem = problem
        for uid in self._alarms.due(now, SLICE):
            user, work = self._memory.resources.get(uid), self._memory.works.get(uid)
            if user is None or work is None or self._statuses.is_writing(uid):
                continue
            if work.entered + _patience(work) > now:
                self._alarms.set(work.entered + _patience(work), uid)
            else:
                self._tell(user, work)

    def _patient_until(self, uid: str) -> float:
        work = self._memory.works.get(uid)
        return work.entered + PATIENCE_SECONDS if work is not None else self._memory.time

    def _tell(self, user: CxoneUser, work: Work) -> None:
        found = self._explain(user, work)
        if found is None:
            return
        reason, message = found
        subject = self._view.subject(user)
        if user.metadata.deleting:
            message = f"Being deprovisioned: {message}"
        if work.phase is Phase.BACKING_OFF and work.failure is not None and self._problem is None:
            status = outcome.retrying(subject, work.failure)
        else:
            status = outcome.waiting(subject, reason, message)
        if not (_says(user, reason) and _shows(status) == _shows(user.status)):
            self._statuses.tell(user, status, interim=True)

    def _explain(self, user: CxoneUser, work: Work) -> tuple[Reason, str] | None:
        """What this user waits for; None where it is nothing of its own."""
        if self._problem is not None:
            return None if _was_ready(user) else (self._problem.reason, self._problem.message)
        match work.phase:
            case Phase.HELD if self._memory.leavers.hold is not None:
                return Reason.DEPROVISIONING_HELD, self._held_message()
            case Phase.IN_JOB:
                return Reason.JOB_RUNNING, "Part of a bulk job that CXone is working on"
            case Phase.BACKING_OFF if work.failure is not None:
                return work.failure.reason, work.failure.message
            case Phase.WAITING if user.metadata.uid in self._plans:
                wait = self._plans[user.metadata.uid]
                return wait.reason, wait.message
            case Phase.QUEUED:
                return self._entry(user.metadata.uid)
        return None

    def _entry(self, uid: str) -> tuple[Reason, str] | None:
        """Whoever stands behind the last free seat waits for one; everybody before only for their turn."""
        short, queues = self._shortage, self._memory.queues
        if short is None or queues.lane_of(uid) is not Lane.JOINERS or self._memory.seats.holds(uid):
            return None
        behind = short.start == FRONT or queues.is_behind(uid, short.start)
        return (short.reason, short.message) if behind else None

    def _held_message(self) -> str:
        """Without numbers and hash, which change with every further leaver: the tenant has them."""
        return f"too many users would lose access at once; tenant {self._memory.name} says how to approve it"


def _patience(work: Work) -> float:
    if work.phase is Phase.HELD or work.failures >= LASTING_FAILURES:
        return 0.0
    return JOB_PATIENCE_SECONDS if work.phase is Phase.IN_JOB else PATIENCE_SECONDS


def _says(user: CxoneUser, reason: Reason) -> bool:
    ready = user.status.condition(READY)
    return ready is not None and ready.reason == reason and ready.observed_generation == user.metadata.generation


def _shows(status: UserStatus) -> tuple[object, ...]:
    """What a status says of the account."""
    return status.user_id, status.active, status.differences


def _was_ready(user: CxoneUser) -> bool:
    ready = user.status.condition(READY)
    return ready is not None and ready.status == "True" and ready.observed_generation == user.metadata.generation

"""The router: looks at one user at a time, and has the next step of its plan go where it happens."""

from __future__ import annotations

from dataclasses import replace

from cxone_operator.api.conditions import LICENSED, READY
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core import outcome
from cxone_operator.core.actions import (
    Action,
    Announce,
    Claim,
    Create,
    Deactivate,
    Delete,
    Ignore,
    LeaveJob,
    LookUp,
    Pause,
    Reclaim,
    Refuse,
    Release,
    RemoteAction,
    Report,
    Settle,
    Stay,
    Wait,
    lane_of,
)
from cxone_operator.core.drift import drifted_fields
from cxone_operator.core.facts import Facts
from cxone_operator.core.knowledge import Present, Unknown, account_in
from cxone_operator.core.lane import Lane
from cxone_operator.core.outcome import Subject
from cxone_operator.core.plan import plan
from cxone_operator.core.users import key_of
from cxone_operator.core.work import Freed, Phase, Planned, Seen
from cxone_operator.engine.admit.guard import Guard
from cxone_operator.engine.decide.view import View
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.read.lookups import LookUps
from cxone_operator.engine.send.door import Door
from cxone_operator.engine.send.jobs import Jobs
from cxone_operator.engine.tell.audit import AuditTrail
from cxone_operator.engine.tell.users import UserStatuses
from cxone_operator.engine.tell.waits import Waits
from cxone_operator.telemetry import metrics

_NOT_RECORDED = (Reason.ALREADY_EXISTS, Reason.OWNERSHIP_CONFLICT)
"""The account is somebody else's: an id in the status would make it ours."""
_WRITE_SECONDS = 1.0
"""When to look again at somebody whose write is under way, should nobody tell of its end."""


class Router:
    """Decides for the users of one tenant."""

    def __init__(
        self,
        memory: Memory,
        view: View,
        door: Door,
        guard: Guard,
        lookups: LookUps,
        jobs: Jobs,
        statuses: UserStatuses,
        waits: Waits,
        trail: AuditTrail,
    ) -> None:
        self._memory = memory
        self._view = view
        self._door = door
        self._guard = guard
        self._lookups = lookups
        self._jobs = jobs
        self._statuses = statuses
        self._waits = waits
        self._trail = trail

    def consider(self, user: CxoneUser) -> None:
        """Plan the next step of a user, and set it going."""
        uid = user.metadata.uid
        if self._statuses.is_writing(uid):
            self._memory.alarms.set(self._memory.time + _WRITE_SECONDS, uid)
            return
        self._statuses.withdraw(uid)
        facts = self._seen(user)
        if self._statuses.is_refused(uid) and not facts.leaving:
            return  # whoever leaves is locked out, whatever can be written of it
        self._expect_date(facts)
        self._route(facts, plan(facts))

    def _expect_date(self, facts: Facts) -> None:
        """Look again when the clock changes what is wanted, whatever the user waits for until then.

        The clock may be wrong now and right soon, so at the latest after a sync period.
        """
        change, memory = facts.schedule.next_change, self._memory
        if change is not None:
            seconds = max(0.0, (change - memory.clocks.now()).total_seconds())
            latest = float(facts.tenant.sync_period_seconds)
            memory.alarms.set(memory.time + min(seconds, latest), facts.user.metadata.uid)

    def _seen(self, user: CxoneUser) -> Facts:
        """The facts, after what they say of a request whose end is not known, and of what had failed for good."""
        uid = user.metadata.uid
        facts = self._view.facts(user)
        if facts.work is not None and facts.work.attempt is not None:
            self._door.on(uid, Seen(facts.known))
        elif facts.work is not None and facts.work.phase is Phase.STALLED and facts.lasting_failure is None:
            self._door.on(uid, Planned(Phase.IDLE) if facts.work.trigger == facts.trigger else Freed())
        work = self._memory.works.get(uid)
        facts = facts if work is facts.work else replace(facts, work=work)
        self._settle_seat(facts)
        return facts

    def _settle_seat(self, facts: Facts) -> None:
        """A user that a job did not serve keeps its promise for the attempt of its own: it was there first.

        Not for a second one, after a pause: CXone may ignore all of them.
        """
        uid, known, work = facts.user.metadata.uid, account_in(facts.known), facts.work
        tries = work is not None and (work.attempt is not None or (work.alone and not work.failures))
        tries_again = tries and work is not None and work.phase is not Phase.STALLED
        if isinstance(known, Present) and known.user.state.active:
            self._memory.seats.confirm(uid, self._memory.time)
        elif not isinstance(known, Unknown) and not tries_again:
            self._memory.seats.give_back(uid)

    def _route(self, facts: Facts, action: Action) -> None:
        uid = facts.user.metadata.uid
        if isinstance(action, Stay):
            self._waits.note(uid)
            return
        if isinstance(action, RemoteAction):
            self._route_remote(facts, action)
            return
        self._memory.queues.discard(uid)
        if not isinstance(action, LookUp) and not (isinstance(action, Wait) and action.departing):
            self._memory.leavers.withdraw(uid)
        match action:
            case LookUp(itself):
                self._look_up(facts, itself=itself)
            case LeaveJob():
                self._jobs.leave(uid)
            case Wait():
                self._wait(uid, action)
            case Settle() | Report() | Refuse() | Pause():
                self._conclude(facts, action)
            case Claim() | Announce() | Release():
                self._write(facts.user, action)
            case Ignore():
                self._rest(uid)

    def _route_remote(self, facts: Facts, action: RemoteAction) -> None:
        """Into its queue; whoever is to lose access only past the guard."""
        user, uid = facts.user, facts.user.metadata.uid
        if not isinstance(action, Deactivate | Delete):
            self._memory.leavers.withdraw(uid)
        elif not self._guard.passes(user, action):
            self._memory.queues.discard(uid)
            self._plan(uid, Phase.HELD)
            return
        queues, work = self._memory.queues, facts.work
        if queues.lane_of(uid) is None and (work is None or not work.failures):
            self._count_drift(user, action)
        alone = (work is not None and work.alone) or isinstance(action, Reclaim)
        queues.put(uid, lane_of(action), self._memory.time, alone=alone, age=user.age_order)
        self._plan(uid, Phase.QUEUED)

    def _look_up(self, facts: Facts, *, itself: bool) -> None:
        user, uid = facts.user, facts.user.metadata.uid
        lane = Lane.LEAVERS if facts.leaving else Lane.UPDATES
        name = self._view.asked_name(user)
        pause = self._lookups.ask(name, lane, self._account_of(facts), itself=itself)
        if pause > 0:
            self._memory.leavers.pass_over(uid)
            self._wait(uid, Wait(Reason.REMOTE_UNAVAILABLE, self._lookups.problem(name), pause, departing=True))
            return
        if facts.leaving:
            self._memory.leavers.suspect(uid)
        work = facts.work
        if work is None or work.phase is not Phase.VERIFYING:
            self._plan(uid, Phase.LOOKING)

    def _account_of(self, facts: Facts) -> str | None:
        """The id by which the user was known last: the status may be about to name it, or a request has."""
        attempt = facts.work.attempt if facts.work is not None else None
        if attempt is not None and not isinstance(attempt.action, Create):
            return attempt.action.remote.id
        user = facts.user
        return self._view.account_id(user) or self._memory.directory.account_of(key_of(user.spec.user_name))

    def _wait(self, uid: str, wait: Wait) -> None:
        """A pause after a failure keeps its phase, or has it again after a look: the failure is what is told."""
        if wait.seconds is not None:
            self._memory.alarms.set(self._memory.time + wait.seconds, uid)
        work = self._memory.works.get(uid)
        backs_off = wait.retries or (work is not None and work.phase is Phase.BACKING_OFF)
        self._door.on(uid, Planned(Phase.BACKING_OFF if backs_off else Phase.WAITING))
        self._waits.note(uid, wait)

    def _plan(self, uid: str, phase: Phase) -> None:
        self._door.on(uid, Planned(phase))
        self._waits.note(uid)

    def _write(self, user: CxoneUser, action: Claim | Announce | Release) -> None:
        """A step that is made on the resource."""
        uid = user.metadata.uid
        self._door.on(uid, Planned(Phase.IDLE))
        match action:
            case Claim():
                self._memory.in_doubt.claimed(uid)
                self._statuses.claim(user)
            case Announce():
                self._statuses.tell(user, outcome.creating(self._view.subject(user)))
            case Release():
                self._trail.released(user, action)
                self._statuses.release(user)

    def _conclude(self, facts: Facts, action: Settle | Report | Refuse | Pause) -> None:
        """Nothing remote is left to do: say so, and forget that there was work."""
        user = facts.user
        subject, uid = self._view.subject(user), user.metadata.uid
        if not isinstance(action, Refuse):
            self._trail.at_rest(uid)
        match action:
            case Settle():
                told = self._settle(facts, subject)
            case Report(differences):
                told = self._statuses.tell(user, outcome.reported(subject, differences))
                if told:
                    self._count_drift(user, action)
            case Refuse(reason, message):
                if not action.by_cxone:
                    self._trail.refused(user, reason, message)
                subject = replace(subject, ours=subject.ours and (facts.holds or reason not in _NOT_RECORDED))
                told = self._statuses.tell(user, outcome.stalled(subject, reason, message))
            case Pause():
                told = self._statuses.tell(user, outcome.paused(subject, "The user"))
        if not told and not (isinstance(action, Refuse) and action.by_cxone):
            self._rest(uid)

    def _settle(self, facts: Facts, subject: Subject) -> bool:
        user, work = facts.user, facts.work
        licensed = user.status.condition(LICENSED)
        status = outcome.settled(
            subject,
            facts.schedule,
            counts_seats=facts.tenant.license.mode != "None",
            released=facts.seat_seen_free
            or (work is not None and work.seat_released is True)
            or (licensed is not None and licensed.reason == Reason.RELEASED),
        )
        told = self._statuses.tell(user, status)
        if told:
            self._door.on(user.metadata.uid, Planned(Phase.IDLE))
            self._observe_readiness(facts)
        return told

    def _rest(self, uid: str) -> None:
        self._memory.works.rest(uid)
        self._waits.forget(uid)

    def _observe_readiness(self, facts: Facts) -> None:
        user, work = facts.user, facts.work
        ready = user.status.condition(READY)
        fresh = ready is None or ready.status != "True" or ready.observed_generation != user.metadata.generation
        if work is not None and fresh:
            metrics.time_to_ready.observe(self._memory.time - work.since)

    def _count_drift(self, user: CxoneUser, action: Action) -> None:
        for field in drifted_fields(user, action):
            metrics.drift.labels(self._memory.name, field).inc()

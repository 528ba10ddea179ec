"""The reconciler: looks at one user at a time and sends it to the room where its next step happens."""

from __future__ import annotations

from dataclasses import replace

from cxone_operator.api.conditions import LICENSED, READY
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core import outcome
from cxone_operator.core.actions import (
    Action,
    AwaitHeir,
    Claim,
    Create,
    Deactivate,
    Delete,
    Ignore,
    LookUp,
    Pause,
    Reclaim,
    Refuse,
    Release,
    RemoteAction,
    Report,
    Settle,
    lane_of,
    takes_seat,
)
from cxone_operator.core.desired import schedule
from cxone_operator.core.drift import drifted_fields
from cxone_operator.core.knowledge import Absent, Knowledge, Present, Unknown
from cxone_operator.core.lane import Lane
from cxone_operator.core.outcome import Subject
from cxone_operator.core.plan import Facts, Heir, plan, started_creating
from cxone_operator.core.users import key_of
from cxone_operator.engine.auditor import Auditor
from cxone_operator.engine.guard import Guard
from cxone_operator.engine.reporter import Reporter
from cxone_operator.engine.state import TenantState
from cxone_operator.telemetry import metrics


class Reconciler:
    """Decides for the users of one tenant."""

    def __init__(self, state: TenantState, reporter: Reporter, auditor: Auditor, guard: Guard) -> None:
        self._state = state
        self._guard = guard
        self._reporter = reporter
        self._auditor = auditor

    def consider(self, user: CxoneUser) -> None:
        """Plan the next step of a user, and set it going."""
        uid = user.metadata.uid
        if uid in self._state.busy:
            self._leave_job(user)
            return
        if self._waits_for_an_old_job(user) or self._may_still_appear(user):
            self._state.record(uid)
            return
        if self._is_stalled(user):
            return
        action = self.plan(user)
        self._close_attempt(user, action)
        self._settle_seat(user)
        self._route(user, action)

    def _leave_job(self, user: CxoneUser) -> None:
        """A leaver does not wait for a bulk job that lets people in: it may hang for a quarter of an hour."""
        record = self._state.records.get(user.metadata.uid)
        if record is None or not self._is_leaving(user) or isinstance(record.attempted, Deactivate | Delete):
            return
        if record.job is not None:
            self._auditor.left_job(user.metadata.uid)
            self._state.directory.forget(key_of(user.spec.user_name), self._state.time)
            self._state.leave_job(user.metadata.uid, record)

    def plan(self, user: CxoneUser) -> Action:
        """The next step by the newest knowledge."""
        return plan(self.facts(user))

    def facts(self, user: CxoneUser) -> Facts:
        """All that the plan may depend on."""
        state = self._state
        record = state.records.get(user.metadata.uid)
        return Facts(
            user=user,
            tenant=state.spec,
            schedule=schedule(user.spec, state.clocks.now()),
            known=self.known(user),
            owner=self._owner(user),
            heir=self._heir(user),
            deleting_for=self._deleting_for(user),
            own_identities=state.own_identities,
            seat_released=record.seat_released if record is not None else None,
        )

    def _deleting_for(self, user: CxoneUser) -> float:
        if not user.metadata.deleting:
            return 0.0
        record = self._state.record(user.metadata.uid)
        if record.deleting_since is None:
            record.deleting_since = self._state.time
        return self._state.time - record.deleting_since

    def _owner(self, user: CxoneUser) -> str | None:
        """The older resource of that userName, which owns it."""
        other = self._state.inbox.owner(user)
        older = other is not None and other.age_order < user.age_order and user.spec.management_policy == "Full"
        return other.metadata.name if other is not None and older else None

    def _heir(self, user: CxoneUser) -> Heir:
        """Who takes over from a resource that is being deleted."""
        other = self._state.inbox.owner(user)
        if other is None or not user.metadata.deleting:
            return Heir.NONE
        return Heir.CLAIMED if other.claimed else Heir.UNCLAIMED

    def known(self, user: CxoneUser) -> Knowledge:
        """What is known of the user in CXone; a request to reconcile makes it unknown once."""
        return self._state.directory.known(key_of(user.spec.user_name), self._state.time)

    def subject(self, user: CxoneUser) -> Subject:
        """The user for a status, with what is known of it."""
        known = self.known(user)
        remote = known.user if isinstance(known, Present) else None
        only_watched = user.spec.management_policy == "ObserveOnly" and user.spec.adoption_policy == "Never"
        looked = isinstance(known, Present | Absent)
        return Subject(user, self._state.clocks.now(), remote, remote_known=looked, ours=not only_watched)

    def _waits_for_an_old_job(self, user: CxoneUser) -> bool:
        """A job that an earlier process left behind may still create this user: absence proves nothing yet."""
        return bool(self._state.recovering) and isinstance(self.known(user), Absent)

    def _may_still_appear(self, user: CxoneUser) -> bool:
        """Somebody who is to have no access is absent, but a request that creates them may be under way."""
        state, uid, known = self._state, user.metadata.uid, self.known(user)
        if not isinstance(known, Absent) or not self._is_leaving(user) or _is_settled(user):
            return False
        until = state.doubts.until(uid)
        if until > state.time:
            state.alarms.set(until, uid)
            state.departures.withdraw(uid)
            return True
        if state.time - known.age < until:
            state.directory.forget(key_of(user.spec.user_name), state.time)
        return False

    def _is_leaving(self, user: CxoneUser) -> bool:
        return user.metadata.deleting or not schedule(user.spec, self._state.clocks.now()).active

    def _is_stalled(self, user: CxoneUser) -> bool:
        """Nothing that could cure the last failure has changed; otherwise this is a new start."""
        uid = user.metadata.uid
        record = self._state.records.get(uid)
        if record is None or record.stalled is None or record.failure is None:
            return False
        if record.stalled != self._state.signature(user):
            del self._state.records[uid]
            return False
        reason, message = record.failure.reason, record.failure.message
        subject = replace(self.subject(user), ours=reason is not Reason.ALREADY_EXISTS)
        self._state.lanes.discard(uid)
        self._reporter.tell(user, outcome.stalled(subject, reason, message))
        return True

    def _close_attempt(self, user: CxoneUser, action: Action) -> None:
        """Read back: what a bulk job was to do is done, unless the plan asks for the same again."""
        if isinstance(action, LookUp):
            return
        self._auditor.read_back(user.metadata.uid, self.known(user))
        record = self._state.records.get(user.metadata.uid)
        if record is None or record.attempted is None:
            return
        attempted, record.attempted = record.attempted, None
        if type(action) is type(attempted):
            record.alone = True

    def _settle_seat(self, user: CxoneUser) -> None:
        """A user that a job did not serve keeps its promise for the attempt of its own: it was there first."""
        uid, known = user.metadata.uid, self.known(user)
        record = self._state.records.get(uid)
        tries_again = record is not None and record.alone and record.stalled is None
        if isinstance(known, Present) and known.user.state.active:
            self._state.ledger.confirm(uid, self._state.time)
        elif not isinstance(known, Unknown) and not tries_again:
            self._state.ledger.give_back(uid)

    def _route(self, user: CxoneUser, action: Action) -> None:
        uid = user.metadata.uid
        if isinstance(action, RemoteAction):
            self._route_remote(user, action)
            return
        self._state.lanes.discard(uid)
        if not isinstance(action, LookUp):
            self._state.departures.withdraw(uid)
        match action:
            case LookUp():
                self._look_up(user)
            case Claim():
                self._state.doubts.claimed(uid)
                self._reporter.claim(user)
            case Release():
                self._auditor.released(user, action)
                self._reporter.release(user)
            case Settle() | Report() | Refuse() | Pause():
                self._conclude(user, action)
            case AwaitHeir():
                self._state.record(uid)
            case Ignore():
                self._state.records.pop(uid, None)

    def _route_remote(self, user: CxoneUser, action: RemoteAction) -> None:
        """Into its lane; whoever is to lose access only past the guard."""
        uid = user.metadata.uid
        if not isinstance(action, Deactivate | Delete):
            self._state.departures.withdraw(uid)
        elif not self._guard.passes(user, action):
            self._state.record(uid)
            self._state.lanes.discard(uid)
            return
        self._enqueue(user, action)

    def _look_up(self, user: CxoneUser) -> None:
        self._state.record(user.metadata.uid)
        leaving = self._is_leaving(user)
        lane = Lane.LEAVERS if leaving else Lane.UPDATES
        if leaving:
            self._state.departures.suspect(user.metadata.uid)
        self._state.lookups[key_of(user.spec.user_name)] = (user.spec.user_name, lane)

    def _enqueue(self, user: CxoneUser, action: RemoteAction) -> None:
        state, uid = self._state, user.metadata.uid
        record = state.record(uid)
        if record.retry_at > state.time:
            state.alarms.set(record.retry_at, uid)
            return
        if isinstance(action, Create) and user.spec.adoption_policy == "Never" and not started_creating(user):
            self._reporter.tell(user, outcome.creating(self.subject(user)))
            return
        if state.closing and takes_seat(action):
            return
        if not record.failures and state.lanes.lane_of(uid) is None:
            self._count_drift(user, action)
        state.lanes.put(uid, lane_of(action), state.time, alone=record.alone or isinstance(action, Reclaim))

    def _conclude(self, user: CxoneUser, action: Settle | Report | Refuse | Pause) -> None:
        """Nothing remote is left to do: say so, and forget that there was work."""
        state, uid = self._state, user.metadata.uid
        subject = self.subject(user)
        if not isinstance(action, Refuse):
            self._auditor.at_rest(uid)
        match action:
            case Settle():
                self._settle(user, subject)
            case Report(differences):
                if self._reporter.tell(user, outcome.reported(subject, differences)):
                    self._count_drift(user, action)
            case Refuse(reason, message):
                self._auditor.refused(user, reason, message)
                subject = replace(subject, ours=subject.ours and reason is not Reason.ALREADY_EXISTS)
                self._reporter.tell(user, outcome.stalled(subject, reason, message))
            case Pause():
                self._reporter.tell(user, outcome.paused(subject, "The user"))
        change = schedule(user.spec, state.clocks.now()).next_change
        if change is not None:
            state.alarms.set(state.time + max(0.0, (change - state.clocks.now()).total_seconds()), uid)
        if uid not in state.busy:
            state.records.pop(uid, None)

    def _settle(self, user: CxoneUser, subject: Subject) -> None:
        record = self._state.records.get(user.metadata.uid)
        licensed = user.status.condition(LICENSED)
        status = outcome.settled(
            subject,
            schedule(user.spec, self._state.clocks.now()),
            counts_seats=self._state.spec.license.mode != "None",
            released=(record is not None and record.seat_released is True)
            or (licensed is not None and licensed.reason == Reason.RELEASED),
        )
        if self._reporter.tell(user, status):
            self._observe_readiness(user)

    def _observe_readiness(self, user: CxoneUser) -> None:
        record = self._state.records.get(user.metadata.uid)
        ready = user.status.condition(READY)
        fresh = ready is None or ready.status != "True" or ready.observed_generation != user.metadata.generation
        if record is not None and fresh:
            metrics.time_to_ready.observe(self._state.time - record.pending_since)

    def _count_drift(self, user: CxoneUser, action: Action) -> None:
        for field in drifted_fields(user, action):
            metrics.drift.labels(self._state.name, field).inc()


def _is_settled(user: CxoneUser) -> bool:
    """The status says of this very spec that CXone agrees."""
    ready = user.status.condition(READY)
    agrees = ready is not None and ready.status == "True" and ready.observed_generation == user.metadata.generation
    return agrees and not user.metadata.deleting

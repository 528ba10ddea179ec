"""The plan: what to do next for one user. Desired x actual x policy gives exactly one action.

A user that needs several steps gets them one at a time: after each, its resource and what is known of CXone are
looked at again. So planning after carrying out yields nothing, and a crash between two steps loses nothing.

| resource           | in CXone         | action                                                                    |
|--------------------|------------------|---------------------------------------------------------------------------|
| any, being sent    | any              | Stay; a leaver, in a job that does not lock out: LeaveJob                 |
| inactive, in a job | inactive         | Stay, where the job does not let the user in                              |
| any                | absent           | Wait, while a job of an earlier process may still create it               |
| leaver             | absent           | Wait, while a request of ours may; then LookUp, if not seen since         |
| any, stalled       | any              | Refuse as before, until what would cure it has changed                    |
| any                | unknown          | LookUp                                                                    |
| any                | several          | Refuse AmbiguousMatch                                                     |
| deleted, unclaimed | any              | Ignore                                                                    |
| deleted            | any              | Release, if Retain, ObserveOnly, abandoned, not the owner, or handed over |
| deleted, heir comes| any              | Wait until it is claimed                                                  |
| deleted            | absent           | Release, if seen since the deletion; else LookUp                          |
| deleted, Never     | present, not ours| Release: what was refused is not deprovisioned either                     |
| deleted            | active           | Deactivate: whatever becomes of the rest, nobody keeps access             |
| deleted, Delete    | inactive         | Delete, if the tenant allows it and CXone offers it                       |
| deleted            | inactive         | Reclaim the seat, then Release, if seen since the deletion; else LookUp   |
| protected, or us   | any              | Refuse ProtectedUser, also where it is deleted                            |
| unclaimed          | any              | Claim; never with ObserveOnly                                             |
| suspended          | any              | Pause                                                                     |
| ObserveOnly        | any              | Report                                                                    |
| younger namesake   | any              | Refuse OwnershipConflict                                                  |
| Never adopt        | present, not ours| Refuse AlreadyExists                                                      |
| active             | absent           | Create                                                                    |
| inactive           | absent           | Settle: nobody is created to be inactive                                  |
| any                | drifted          | Report under driftPolicy Report                                           |
| inactive           | active           | Deactivate, before anything else                                          |
| inactive           | inactive         | Reclaim the seat once (or Wait for CXone to do it), before anything else  |
| any                | differs          | Update (takes a seat where it activates)                                  |
| any                | agrees           | Settle                                                                    |

A request to CXone then goes through three more gates: while the last one has failed a moment ago it is a Wait (but a
lock-out does not wait because something else has failed); so it is for whoever would gain access through a tenant that
is being deleted; and a Create under adoptionPolicy Never comes after an Announce.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from cxone_operator.api.conditions import LICENSED, READY, SYNCED
from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.api.user import CxoneUser, DeletionPolicy, Difference
from cxone_operator.core import actions
from cxone_operator.core.actions import Action, Deactivate, Delete, RemoteAction, Update, takes_seat
from cxone_operator.core.desired import Schedule, desired_state
from cxone_operator.core.diff import change_between, differences
from cxone_operator.core.drift import only_drifted
from cxone_operator.core.failure import Failure
from cxone_operator.core.knowledge import Absent, Ambiguous, Knowledge, Present, Unknown
from cxone_operator.core.protection import is_protected
from cxone_operator.core.users import Change, Field, RemoteUser, UserState, key_of
from cxone_operator.core.work import Phase, Trigger, Work

_NAME_FIELDS = {"givenName": Field.GIVEN_NAME, "familyName": Field.FAMILY_NAME}
"""By the words of `cxone.dev/guessed-name`."""


class Heir(Enum):
    """A younger resource of the same userName."""

    NONE = auto()
    UNCLAIMED = auto()
    """It will take over once it carries our finalizer; until then it could vanish unseen."""
    CLAIMED = auto()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision may depend on."""

    user: CxoneUser
    tenant: TenantSpec
    schedule: Schedule
    known: Knowledge
    owner: str | None = None
    """The older resource that owns this userName: its name, or `namespace/name` from elsewhere; None for this one."""
    heir: Heir = Heir.NONE
    """Who takes over when this one is deleted."""
    deleting_for: float = 0.0
    """Seconds since the deletion was first seen."""
    own_identities: frozenset[str] = frozenset()
    """Lower-case names and ids of the operator's own account in CXone."""
    work: Work | None = None
    """What is under way for the user, None where it is at rest."""
    now: float = 0.0
    """In the clock of `work`."""
    epoch: int = 0
    """Counts what may cure permanent failures of any user."""
    doubt_ended: float = float("inf")
    """Seconds since no request can create the user any more; negative while one may."""
    old_job: bool = False
    """A bulk job of an earlier process may still create users."""
    closing: bool = False
    """The tenant is being deleted: nobody gains access through it any more."""
    deletes: bool = True
    """CXone offers to delete users."""
    reclaim_due: bool = True
    """An inactive user's seat is to be released by us; False while CXone may still do it by itself."""
    seat_seen_free: bool = False
    """The quota has shown that CXone gave the seat back by itself."""

    @property
    def desired(self) -> UserState:
        """The state to reach."""
        return desired_state(self.user.spec, self.tenant.defaults, self.schedule.active)

    @property
    def deletion_policy(self) -> DeletionPolicy:
        """The user's own policy, else the tenant's, else Deactivate."""
        return self.user.spec.deletion_policy or self.tenant.defaults.deletion_policy or "Deactivate"

    @property
    def seat_given_back(self) -> bool:
        """This user holds no seat, as far as we know for certain."""
        if self.seat_seen_free:
            return True
        if self.work is not None and self.work.seat_released is not None:
            return self.work.seat_released
        licensed = self.user.status.condition(LICENSED)
        return licensed is not None and licensed.reason in (Reason.RELEASED, Reason.NOT_REQUIRED)

    @property
    def leaving(self) -> bool:
        """The user is to have no access."""
        return self.user.metadata.deleting or not self.schedule.active

    @property
    def trigger(self) -> Trigger:
        """The present state of everything that frees a stalled user."""
        return Trigger(self.user.metadata.generation, self.epoch, self.user.reconcile_requested_at, self.leaving)

    @property
    def lasting_failure(self) -> Failure | None:
        """Why the user is stalled, None where it is not or something has changed since."""
        if self.work is None or self.work.phase is not Phase.STALLED or self.work.trigger != self.trigger:
            return None
        return self.work.failure

    @property
    def reclaims(self) -> bool:
        """A seat of an inactive user is released explicitly on this tenant."""
        return self.tenant.license.mode == "Quota" and self.tenant.license.reclaim


def plan(facts: Facts) -> Action:
    """The next step; see the table above."""
    if facts.work is not None and facts.work.sent:
        return _under_way(facts, facts.work)
    wait = _may_still_appear(facts) if isinstance(facts.known, Absent) else None
    if wait is not None:
        return wait
    failure = facts.lasting_failure
    if failure is not None:
        return actions.Refuse(failure.reason, failure.message, by_cxone=True)
    action = _wanted(facts)
    return _gated(facts, action) if isinstance(action, RemoteAction) else action


def _under_way(facts: Facts, work: Work) -> Action:
    waits = work.phase is Phase.IN_JOB and facts.leaving and work.attempt is not None
    return actions.LeaveJob() if waits and not _harmless(facts, work) else actions.Stay()


def _harmless(facts: Facts, work: Work) -> bool:
    """What the job is to do lets nobody in, and nobody who has access waits for its end."""
    action = work.attempt.action if work.attempt is not None else None
    if isinstance(action, Deactivate | Delete):
        return True
    locked_out = isinstance(facts.known, Present) and not facts.known.user.state.active
    return locked_out and not facts.user.metadata.deleting and isinstance(action, Update) and not action.takes_seat


def _may_still_appear(facts: Facts) -> Action | None:
    """An absence proves nothing while a request that creates the user may be under way: after a claim, as ours are."""
    if not facts.user.claimed:
        return None
    if facts.old_job:
        return actions.Wait(Reason.JOB_RUNNING, "A bulk job of an earlier process has not ended")
    if not facts.leaving or _is_settled(facts.user):
        return None
    if facts.doubt_ended < 0:
        text = "A request that may still create the user has not ended for certain"
        return actions.Wait(Reason.PROGRESSING, text, -facts.doubt_ended)
    seen_before = isinstance(facts.known, Absent) and facts.known.age > facts.doubt_ended
    return actions.LookUp() if seen_before else None


def _gated(facts: Facts, action: RemoteAction) -> Action:
    work, departs = facts.work, isinstance(action, Deactivate | Delete)
    pauses = work is not None and work.until > facts.now and (work.locks_out or not departs)
    if work is not None and work.failure is not None and pauses:
        return actions.Wait(work.failure.reason, work.failure.message, work.until - facts.now, departs)
    if facts.closing and takes_seat(action):
        text = f"tenant {facts.user.spec.tenant_ref.name} is being deleted; nobody joins it any more"
        return actions.Wait(Reason.TENANT_NOT_READY, text)
    if isinstance(action, actions.Create) and not _may_create(facts.user):
        return actions.Announce()
    return action


def _may_create(user: CxoneUser) -> bool:
    return user.spec.adoption_policy == "Adopt" or started_creating(user)


def _is_settled(user: CxoneUser) -> bool:
    """The status says of this very spec that CXone agrees."""
    ready = user.status.condition(READY)
    agrees = ready is not None and ready.status == "True" and ready.observed_generation == user.metadata.generation
    return agrees and not user.metadata.deleting


def _wanted(facts: Facts) -> Action:
    if facts.user.metadata.deleting:
        return _plan_deletion(facts)
    refusal = _refusal(facts)
    if refusal is not None:
        return refusal
    match facts.known:
        case Unknown():
            return actions.LookUp()
        case Ambiguous(ids):
            return _ambiguous(ids)
        case Absent() | Present() if facts.user.spec.management_policy == "ObserveOnly":
            return _observe(facts)
        case Absent():
            return _plan_absent(facts)
        case Present(user):
            return _plan_present(facts, user)


def _plan_deletion(facts: Facts) -> Action:
    if not facts.user.claimed:
        return actions.Ignore()
    if _nothing_to_undo(facts):
        return actions.Release(deprovisioned=False)
    if facts.heir is Heir.UNCLAIMED:
        return actions.Wait(Reason.DELETING, "Another resource of this userName is about to take over")
    return _protected(facts) or _plan_departure(facts)


def _plan_departure(facts: Facts) -> Action:
    match facts.known:
        case Unknown():
            return actions.LookUp()
        case Absent(age):
            return _let_go(facts, age)
        case Ambiguous(ids):
            return _ambiguous(ids)
        case Present(user) if not is_ours(facts.user, user):
            return actions.Release(deprovisioned=False)
        case Present() as known:
            return _deprovision(facts, known)


def _nothing_to_undo(facts: Facts) -> bool:
    return (
        facts.user.abandoned
        or facts.owner is not None
        or facts.heir is Heir.CLAIMED
        or facts.deletion_policy == "Retain"
        or facts.user.spec.management_policy == "ObserveOnly"
    )


def _deprovision(facts: Facts, known: Present) -> Action:
    remote = known.user
    if remote.state.active:
        return actions.Deactivate(remote)
    if facts.deletion_policy == "Delete" and facts.tenant.safety.allow_delete and facts.deletes:
        return actions.Delete(remote)
    if facts.reclaims and not facts.seat_given_back:
        return _reclaim(facts, remote)
    return _let_go(facts, known.age)


def _reclaim(facts: Facts, remote: RemoteUser) -> Action:
    """One request for each seat; where many leave together, CXone is first given the time to do it by itself."""
    if facts.reclaim_due:
        return actions.Reclaim(remote)
    return actions.Wait(Reason.PROGRESSING, "Locked out; CXone is asked whether it gives the seat back by itself")


def _let_go(facts: Facts, age: float) -> Action:
    """Nobody looks after the user from here on, so only what was seen since the deletion counts."""
    return actions.Release(deprovisioned=True) if age <= facts.deleting_for else actions.LookUp()


def _refusal(facts: Facts) -> Action | None:
    """What stops a resource that is not being deleted before anything remote is looked at."""
    full = facts.user.spec.management_policy == "Full"
    protected = _protected(facts) if full else None
    if protected is not None:
        return protected
    if full and not facts.user.claimed:
        return actions.Claim()
    if facts.user.spec.suspend:
        return actions.Pause()
    if facts.owner is not None:
        return actions.Refuse(
            Reason.OWNERSHIP_CONFLICT,
            f"CxoneUser '{facts.owner}' is older and owns this userName; delete one of the two",
        )
    return None


def _protected(facts: Facts) -> Action | None:
    """What never happens to anybody, on any path: a protected user is changed, or we lock ourselves out."""
    remote_id = facts.known.user.id.lower() if isinstance(facts.known, Present) else None
    if not facts.own_identities.isdisjoint({key_of(facts.user.spec.user_name), remote_id}):
        return actions.Refuse(
            Reason.PROTECTED_USER,
            "this is the account that the operator itself works with, so it is never changed; "
            "annotate the resource cxone.dev/abandon=true to delete only that",
        )
    if not is_protected(facts.user.spec.user_name, facts.tenant.safety.protected_users):
        return None
    return actions.Refuse(
        Reason.PROTECTED_USER,
        f"tenant {facts.user.spec.tenant_ref.name} protects this user, so it is never changed; "
        "take it out of safety.protectedUsers, or annotate the resource cxone.dev/abandon=true to delete only that",
    )


def _ambiguous(ids: tuple[str, ...]) -> Action:
    return actions.Refuse(
        Reason.AMBIGUOUS_MATCH, f"CXone has {len(ids)} users of this userName ({', '.join(ids)}); leave one of them"
    )


def _observe(facts: Facts) -> Action:
    if isinstance(facts.known, Present):
        change = _change(facts, facts.known.user)
        found = differences(change, facts.known.user.state)
        return actions.Report(found) if found else actions.Settle(facts.known.user)
    if not facts.schedule.active:
        return actions.Settle(None)
    return actions.Report((Difference("userName", facts.user.spec.user_name, "(none)"),))


def _plan_absent(facts: Facts) -> Action:
    if not facts.schedule.active:
        return actions.Settle(None)
    if _only_reports(facts):
        return actions.Report((Difference("userName", facts.user.spec.user_name, "(none)"),))
    return actions.Create(facts.desired)


def _plan_present(facts: Facts, remote: RemoteUser) -> Action:
    if not is_ours(facts.user, remote):
        return actions.Refuse(
            Reason.ALREADY_EXISTS,
            "the user exists in CXone and adoptionPolicy is Never; set adoptionPolicy: Adopt to take it over",
        )
    change = _change(facts, remote)
    if change is not None and _only_reports(facts):
        return actions.Report(differences(change, remote.state))
    if not facts.schedule.active and remote.state.active:
        return actions.Deactivate(remote)
    if not facts.schedule.active and facts.reclaims and not facts.seat_given_back:
        return _reclaim(facts, remote)
    if change is not None:
        return Update(remote, change, takes_seat=Field.ACTIVE in change.fields)
    return actions.Settle(remote)


def _change(facts: Facts, remote: RemoteUser) -> Change | None:
    additive = facts.tenant.groups_policy == "Additive"
    undeclared = frozenset(_NAME_FIELDS[part] for part in facts.user.guessed_name)
    return change_between(facts.desired, remote.state, additive_groups=additive, undeclared=undeclared)


def is_ours(user: CxoneUser, remote: RemoteUser) -> bool:
    """The resource may manage this account: it has adopted or created it, or is free to adopt it."""
    return user.spec.adoption_policy == "Adopt" or user.status.user_id == remote.id or started_creating(user)


def started_creating(user: CxoneUser) -> bool:
    """The status records that we set out to create this user, so one that exists now is ours."""
    synced = user.status.condition(SYNCED)
    return synced is not None and synced.reason == Reason.PROGRESSING


def _only_reports(facts: Facts) -> bool:
    """driftPolicy Report concerns drift: a new spec, and what the clock brings, is always carried out."""
    return facts.tenant.drift_policy == "Report" and only_drifted(facts.user, active=facts.schedule.active)

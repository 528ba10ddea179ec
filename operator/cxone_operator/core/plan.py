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
| any                | absent, unproven | LookUp by itself: a list may have a hole (`core.belief`)                  |
| any                | in dispute       | Refuse, Wait, or give way (`core.dispute`); a leaver's own: Deactivate    |
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
| inactive           | inactive         | Reclaim a seat of ours once (or Wait for CXone to do it), before all else |
| claimed otherwise  | absent           | Wait as a leaver does; then Claim by the declared userName, and go on     |
| any                | differs          | Update (takes a seat where it activates); its userName alone, and last,   |
|                    |                  | but before what CXone has not heeded                                      |
| any                | agrees           | Settle                                                                    |

A request to CXone then goes through five more gates: while the last one has failed a moment ago it is a Wait (but a
lock-out does not wait because something else has failed); so it is for whoever would gain access through a tenant that
is being deleted; a rename waits while a request of ours may still make another account of the name that it would free;
a Create waits while one for another resource, which was renamed meanwhile, may still make an account of its name; an
Announce comes before a Create under adoptionPolicy Never, and before the rename of an account whose id is not recorded:
that is what it is known by when its name is another one. An id that is too long to be recorded stops the rename.
"""

from __future__ import annotations

from cxone_operator.api.bounds import LONGEST_ID
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import Difference
from cxone_operator.core import actions, dispute
from cxone_operator.core.actions import Action, Deactivate, Delete, RemoteAction, Update, renames, takes_seat
from cxone_operator.core.adoption import is_ours, may_adopt, not_ours
from cxone_operator.core.diff import change_between, differences
from cxone_operator.core.drift import NOBODY, is_settled, only_drifted
from cxone_operator.core.evidence import harmless
from cxone_operator.core.facts import Facts, Heir
from cxone_operator.core.knowledge import Absent, Ambiguous, Present, Unknown, account_in
from cxone_operator.core.protection import refusal
from cxone_operator.core.users import Change, Field, RemoteUser
from cxone_operator.core.work import Phase, Work

_NAME_FIELDS = {"givenName": Field.GIVEN_NAME, "familyName": Field.FAMILY_NAME}
"""By the words of `cxone.dev/guessed-name`."""


_UNRECORDABLE = (
    f"the id of the account has more than {LONGEST_ID} characters, so it cannot be recorded, and nobody would know the "
    "account again under another name; rename it in CXone, or set spec.userName back"
)


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
    locked_out = isinstance(facts.known, Present) and not facts.known.user.state.active
    stays = not waits or harmless(work, locked_out=locked_out, deleting=facts.user.metadata.deleting)
    return actions.Stay() if stays else actions.LeaveJob()


def _may_still_appear(facts: Facts) -> Action | None:
    """An absence proves nothing while a request that creates the user may be under way: after a claim, as ours are."""
    if not facts.user.claimed:
        return None
    if facts.old_job:
        return actions.Wait(Reason.JOB_RUNNING, "A bulk job of an earlier process has not ended")
    if not (facts.leaving or facts.renamed) or is_settled(facts.user):
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
        return actions.Wait(work.failure.reason, work.failure.message, work.until - facts.now, departs, retries=True)
    if facts.closing and takes_seat(action):
        text = f"tenant {facts.user.spec.tenant_ref.name} is being deleted; nobody joins it any more"
        return actions.Wait(Reason.TENANT_NOT_READY, text)
    if renames(action) and facts.doubt_ended < 0:
        text = "A request that may still make another account of its present userName has not ended for certain"
        return actions.Wait(Reason.PROGRESSING, text, -facts.doubt_ended)
    if isinstance(action, actions.Create) and facts.claims_anew:
        return actions.Claim()
    if isinstance(action, actions.Create) and facts.maker is not None:
        text = f"An account of this userName may still be made for CxoneUser '{facts.maker}', which has another one now"
        return actions.Wait(Reason.PROGRESSING, text, dispute.LOOK_AGAIN_SECONDS)
    stranger = isinstance(action, actions.Create) and not may_adopt(facts.user)
    unrecorded = renames(action) and facts.user.status.user_id is None
    if unrecorded and isinstance(action, Update) and len(action.remote.id) > LONGEST_ID:
        return actions.Refuse(Reason.UNSUPPORTED, _UNRECORDABLE)
    return actions.Announce() if stranger or unrecorded else action


def _wanted(facts: Facts) -> Action:
    if facts.user.metadata.deleting:
        return _plan_deletion(facts)
    refused = _refusal(facts)
    if refused is not None:
        return _leaving_first(facts, refused)
    match facts.believed:
        case Unknown():
            return _look_up(facts)
        case Ambiguous() as several:
            return _leaving_first(facts, dispute.settle(several))
        case Absent() if facts.renamed:
            return actions.Claim()
        case Absent() | Present() if facts.user.spec.management_policy == "ObserveOnly":
            return _observe(facts)
        case Absent():
            return _plan_absent(facts)
        case Present(user):
            return _plan_present(facts, user)


def _leaving_first(facts: Facts, action: Action) -> Action:
    """Whatever becomes of its name: whoever is to have no access has none, by the id of the account."""
    leaves = facts.holds and not facts.schedule.active and not _only_reports(facts)
    if not dispute.is_dispute(action) or not (leaves or facts.renamed):
        return action
    if isinstance(facts.known, Unknown):
        return _look_up(facts)
    own = account_in(facts.known)
    return Deactivate(own.user) if leaves and isinstance(own, Present) and own.user.state.active else action


def _plan_deletion(facts: Facts) -> Action:
    if not facts.user.claimed:
        return actions.Ignore()
    if _nothing_to_undo(facts):
        return actions.Release(deprovisioned=False)
    if facts.heir is Heir.UNCLAIMED:
        return actions.Wait(Reason.DELETING, "Another resource of this userName is about to take over")
    return _protected(facts) or _plan_departure(facts)


def _plan_departure(facts: Facts) -> Action:
    match facts.believed:
        case Unknown():
            return _look_up(facts)
        case Absent() if facts.renamed:
            return actions.Claim()
        case Absent(age):
            return _let_go(facts, age)
        case Ambiguous(own=Present() as own):
            return _deprovision(facts, own)
        case Ambiguous(holder=holder) as several:
            return actions.Release(deprovisioned=False) if holder else dispute.settle(several)
        case Present(user) if not _is_ours(facts, user):
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
    if facts.deletion_policy == "Delete" and facts.tenant.safety.allow_delete and facts.offers.deletes:
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
    return refusal(facts.user, facts.known, facts.own_identities, facts.tenant)


def _look_up(facts: Facts) -> Action:
    itself = facts.known.itself if isinstance(facts.known, Unknown) else isinstance(facts.known, Absent)
    return actions.LookUp(itself=itself)


def _observe(facts: Facts) -> Action:
    if isinstance(facts.known, Present):
        change = _change(facts, facts.known.user)
        found = differences(change, facts.known.user.state)
        return actions.Report(found) if found else actions.Settle(facts.known.user)
    if not facts.schedule.active:
        return actions.Settle(None)
    return actions.Report((Difference("userName", facts.user.spec.user_name, NOBODY),))


def _plan_absent(facts: Facts) -> Action:
    if not facts.schedule.active:
        return actions.Settle(None)
    if _only_reports(facts):
        return actions.Report((Difference("userName", facts.user.spec.user_name, NOBODY),))
    return actions.Create(facts.desired)


def _plan_present(facts: Facts, remote: RemoteUser) -> Action:
    if not _is_ours(facts, remote):
        return actions.Refuse(Reason.ALREADY_EXISTS, not_ours(facts.user))
    change = _change(facts, remote)
    if change is not None and _only_reports(facts):
        return actions.Report(differences(change, remote.state))
    if not facts.schedule.active and remote.state.active:
        return actions.Deactivate(remote)
    if not facts.schedule.active and facts.reclaims and not facts.seat_given_back:
        return _reclaim(facts, remote)
    if change is not None:
        return _update(facts, remote, change)
    return actions.Settle(remote)


def _update(facts: Facts, remote: RemoteUser, change: Change) -> Update:
    """A name that CXone refuses stops nothing else, and the refusal is about nothing else.

    Nor is a name stopped by what CXone has accepted without effect: the two take turns.
    """
    rest = tuple(field for field in change.fields if field is not Field.USER_NAME)
    failure = facts.work.failure if facts.work is not None else None
    unheeded = {item.field for item in failure.differences} if failure is not None else set()
    if Field.USER_NAME in change.fields and unheeded.issuperset(rest):
        rest = ()
    return Update(remote, Change(change.target, rest or (Field.USER_NAME,)), takes_seat=Field.ACTIVE in rest)


def _is_ours(facts: Facts, remote: RemoteUser) -> bool:
    return is_ours(facts.user, remote, facts.tenant.match_by, doubted=facts.doubted)


def _change(facts: Facts, remote: RemoteUser) -> Change | None:
    additive = facts.tenant.groups_policy == "Additive"
    undeclared = frozenset(_NAME_FIELDS[part] for part in facts.user.guessed_name)
    return change_between(facts.desired, remote.state, additive_groups=additive, undeclared=undeclared)


def _only_reports(facts: Facts) -> bool:
    """driftPolicy Report concerns drift: a new spec, and what the clock brings, is always carried out."""
    return facts.tenant.drift_policy == "Report" and only_drifted(facts.user, active=facts.schedule.active)

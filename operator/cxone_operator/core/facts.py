"""The facts: all that a decision about one user may depend on, at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from cxone_operator.api.conditions import LICENSED, READY
from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.api.user import CxoneUser, DeletionPolicy
from cxone_operator.core.belief import believed
from cxone_operator.core.capabilities import EVERYTHING, Capabilities
from cxone_operator.core.desired import Schedule, deletion_policy, desired_state
from cxone_operator.core.failure import Failure
from cxone_operator.core.knowledge import Absent, Knowledge, Present
from cxone_operator.core.users import UserState, key_of, without
from cxone_operator.core.work import Phase, Trigger, Work

_TRIED_AGAIN = 2
"""How often somebody is created anew after a refusal because the account exists, as a look has shown none."""


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
    holds: bool = False
    """The resource has an account by its id that no other one looks after."""
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
    doubted: bool = False
    """Whoever is there may have been created by a request of ours whose end was not seen."""
    maker: str | None = None
    """The resource for which an account of this userName may still be made, though it has another userName now."""
    old_job: bool = False
    """A bulk job of an earlier process may still create users."""
    closing: bool = False
    """The tenant is being deleted: nobody gains access through it any more."""
    offers: Capabilities = EVERYTHING
    """What CXone offers."""
    reclaim_due: bool = True
    """An inactive user's seat is to be released by us; False while CXone may still do it by itself."""
    seat_seen_free: bool = False
    """The quota has shown that CXone gave the seat back by itself."""

    @property
    def desired(self) -> UserState:
        """The state to reach."""
        state = desired_state(self.user.spec, self.tenant.defaults, self.schedule.active)
        return without(state, self.offers.unmanaged) if self.offers.unmanaged else state

    @property
    def deletion_policy(self) -> DeletionPolicy:
        """What becomes of the account of a resource that goes."""
        return deletion_policy(self.user.spec, self.tenant.defaults)

    @property
    def seat_given_back(self) -> bool:
        """This user holds no seat, as far as we know for certain, or none that we have ever had to do with."""
        if self.seat_seen_free:
            return True
        if self.work is not None and self.work.seat_released is not None:
            return self.work.seat_released
        licensed = self.user.status.condition(LICENSED)
        if licensed is None or licensed.reason == Reason.PENDING:
            return self.user.imported_inactive
        return licensed.reason in (Reason.RELEASED, Reason.NOT_REQUIRED)

    @property
    def leaving(self) -> bool:
        """The user is to have no access."""
        return self.user.metadata.deleting or not self.schedule.active

    @property
    def believed(self) -> Knowledge:
        """What is known, as far as it proves enough."""
        asked_before = self.doubt_ended < float("inf")
        joins = self.schedule.active and self.user.spec.management_policy == "Full" and not asked_before
        return believed(self.user, self.known, self.work, joins=joins)

    @property
    def trigger(self) -> Trigger:
        """The present state of everything that frees a stalled user."""
        return Trigger(self.user.metadata.generation, self.epoch, self.user.reconcile_requested_at, self.leaving)

    @property
    def lasting_failure(self) -> Failure | None:
        """Why the user is stalled, None where it is not or something has changed since."""
        if self.work is None or self.work.phase is not Phase.STALLED or self.work.trigger != self.trigger:
            return None
        return None if self.overtaken else self.work.failure

    @property
    def overtaken(self) -> bool:
        """Whoever was in the way of a creation was seen since that was told, or, a few times, seen to be gone.

        A few times only: CXone may refuse a userName for an account that it never shows.
        """
        work, ready = self.work, self.user.status.condition(READY)
        if work is None or work.failure is None or work.failure.reason is not Reason.ALREADY_EXISTS:
            return False
        if ready is None or ready.reason != Reason.ALREADY_EXISTS or self.user.status.user_id is not None:
            return False
        seen_gone = isinstance(self.known, Absent) and self.known.age < self.now - work.entered
        return isinstance(self.known, Present) or (seen_gone and work.failures <= _TRIED_AGAIN)

    @property
    def renamed(self) -> bool:
        """The account was looked for, or made, under another userName than the declared one, and no id is recorded."""
        return self.user.status.user_id is None and self.claims_anew

    @property
    def claims_anew(self) -> bool:
        """Before an account is made its userName is on the resource."""
        return key_of(self.user.claimed_as) != key_of(self.user.spec.user_name)

    @property
    def reclaims(self) -> bool:
        """A seat of an inactive user is released explicitly on this tenant."""
        return self.tenant.license.mode == "Quota" and self.tenant.license.reclaim

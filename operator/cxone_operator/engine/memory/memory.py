"""What the loop of one tenant remembers: every store of it, and the few facts that belong to none.

Nothing here waits, sends or decides. A store has one writer; whoever else learns something says it as an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

import msgspec

from cxone_operator.api.meta import USER_FINALIZER
from cxone_operator.api.tenant import BulkJob, TenantSpec
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Create
from cxone_operator.core.capabilities import EVERYTHING, Capabilities
from cxone_operator.core.users import key_of
from cxone_operator.core.work import Moment
from cxone_operator.engine.base.backoff import BackOff
from cxone_operator.engine.base.clocks import Clocks
from cxone_operator.engine.memory.directory import Directory
from cxone_operator.engine.memory.doubts import InDoubt
from cxone_operator.engine.memory.leavers import PendingDeprovisionings
from cxone_operator.engine.memory.queues import Queues
from cxone_operator.engine.memory.resources import Resources
from cxone_operator.engine.memory.seats import SeatReservations
from cxone_operator.engine.memory.site import Site, Sites
from cxone_operator.engine.memory.work import Alarms, Works


@dataclass(slots=True, eq=False)
class Memory:
    """One tenant, in memory."""

    name: str
    """For people and metrics: namespace/name, or `environment`."""
    spec: TenantSpec
    clocks: Clocks
    wake: Callable[[], None]
    """Has the loop take a turn soon."""
    sites: Sites = field(default_factory=Sites)
    """All CXones of the process."""
    site: Site = field(init=False)
    """Ours, with everybody else who works on it."""
    resources: Resources = field(init=False)
    directory: Directory = field(default_factory=Directory)
    seats: SeatReservations = field(default_factory=SeatReservations)
    queues: Queues = field(default_factory=Queues)
    works: Works = field(default_factory=Works)
    alarms: Alarms = field(default_factory=Alarms)
    leavers: PendingDeprovisionings = field(init=False)
    in_doubt: InDoubt = field(init=False)
    jobs: dict[str, BulkJob] = field(default_factory=dict)
    old_jobs: set[str] = field(default_factory=set)
    """Jobs of an earlier process that may still create users."""
    abandoned_jobs: int = 0
    """How many were given up since this loop began."""
    vanished: set[str] = field(default_factory=set)
    """Resources that are gone and whose users must still be deprovisioned; nothing can be written to them."""
    closing: bool = False
    """The tenant is being deleted: nobody gains access through it any more."""
    own_identities: frozenset[str] = frozenset()
    """Lower-case names and ids of the operator's own account in CXone."""
    refused: bool = False
    """The API server refuses the tenant's status for good, so a later process will not know what is under way."""
    capabilities: Capabilities = EVERYTHING
    """What CXone offers, as far as is known."""
    epoch: int = 0
    """Counts changes of the tenant, its Secret and its directory names: each frees stalled users."""
    reading: BackOff = field(default_factory=BackOff)
    """Closed after the directory could not be read, by look-ups or as a whole."""
    refresh_wanted: bool = True
    walking_since: float | None = None
    """When the walk through CXone's users began that is under way, None where there is none."""

    def learn(self, offered: Capabilities) -> None:
        """What CXone offers by now; that it has refused to delete is not forgotten as long as the connection lasts."""
        self.capabilities = replace(offered, deletes=offered.deletes and self.capabilities.deletes)

    def __post_init__(self) -> None:
        self.leavers = PendingDeprovisionings(self.clocks)
        self.in_doubt = InDoubt(self.clocks)
        self.resources = Resources(lambda key: self.site.mark(key, self))
        self.site = self.sites.expect(self)

    @property
    def time(self) -> float:
        """Seconds of the loop's clock."""
        return self.clocks.monotonic()

    @property
    def moment(self) -> Moment:
        """For what happens now."""
        return Moment(self.time, self.clocks.jitter(), float(self.spec.sync_period_seconds))

    def free_stalled(self) -> None:
        """Something changed that may cure permanent failures of any user."""
        self.epoch += 1
        self.resources.mark_everything()
        self.wake()

    def forget(self, user: CxoneUser, *names: str) -> None:
        """Something may have happened to this user's account, whatever it is called; `names` are more of its names."""
        for key in self._keys(user, *names):
            self.directory.forget(key, self.time)

    def tell_neighbours(self, user: CxoneUser, *names: str) -> None:
        """A request for this user has ended: what they have read of its account may be the past."""
        for key in self._keys(user, *names):
            self.site.doubt(key, self)

    def _keys(self, user: CxoneUser, *names: str) -> set[str]:
        account = self.directory.name(user.status.user_id or "")
        return {*map(key_of, (user.spec.user_name, user.claimed_as, *names)), *([account] if account else [])}

    def second_keys(self, names: Iterable[str], found: AbstractSet[str]) -> list[str]:
        """The employeeIds of whom no name has found, who have no account yet, where the tenant knows people by them."""
        if "employeeId" not in self.spec.match_by:
            return []
        missing = [user for name in names if key_of(name) not in found for user in self.resources.named(key_of(name))]
        ids = [user.spec.employee_id for user in missing if user.status.user_id is None]
        return [id_ for id_ in dict.fromkeys(ids) if id_ is not None]

    def may_make(self, user: CxoneUser) -> bool:
        """A request may still create an account for this resource."""
        work = self.works.get(user.metadata.uid)
        under_way = work is not None and work.attempt is not None and isinstance(work.attempt.action, Create)
        return under_way or bool(self.old_jobs) or self.in_doubt.until(user.metadata.uid) > self.time

    def look_after_doubts(self) -> None:
        """Whoever was in doubt until now is read again, as who is there now is there to stay."""
        for uid in self.in_doubt.ended():
            user = self.resources.get(uid)
            if user is not None:
                self.forget(user)
                self.resources.mark(uid)

    def mark_moved(self) -> None:
        """Accounts have other names, or are gone: whoever has them, or waits for such a name, is looked at."""
        for what in self.directory.moved():
            self.resources.mark_key(what)

    def looked_after(self, uid: str) -> CxoneUser | None:
        """The resource, if nobody saw it being deleted and we must not lose its user from sight.

        It carries our finalizer; or somebody took that off, but a request of ours is under way, whatever it brings.
        """
        user, work = self.resources.get(uid), self.works.get(uid)
        if user is None or user.metadata.deleting:
            return None
        return user if user.claimed or (work is not None and work.attempt is not None) else None

    def outlive(self, user: CxoneUser) -> None:
        """The resource has vanished although we look after its user, and nobody saw it being deleted.

        The API server lets a deletion win that was under way while the finalizer was stored (measured). What was done
        for the resource must be undone, so it goes on here as one that is being deleted and waits for us.
        """
        finalizers = tuple({*user.metadata.finalizers, USER_FINALIZER})
        now = self.clocks.now()
        metadata = msgspec.structs.replace(user.metadata, deletion_timestamp=now, finalizers=finalizers)
        self.vanished.add(user.metadata.uid)
        self.resources.replace(CxoneUser(metadata, user.spec, user.status))
        self.wake()

    def lose(self, uid: str) -> None:
        """The resource is gone, and with it all that was to be done for it; its heirs inherit what may still happen."""
        user = self.resources.remove(uid)
        if user is not None:
            self.site.inherit_doubt(user, self.in_doubt.until(uid), self)
        account = self.directory.name((user.status.user_id if user is not None else None) or "")
        if account is not None:
            self.resources.mark_key(account)
        self.queues.discard(uid)
        self.seats.lose_sight(uid)
        self.leavers.withdraw(uid)
        self.in_doubt.forget(uid)
        self.vanished.discard(uid)

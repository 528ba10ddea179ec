"""The guard in front of the leavers' lane: gathers them for a moment, judges them together, and holds a flood.

An admission is on the tenant's status before the first of its users is touched, so that neither a restart nor another
process lets more people through than one window allows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet

from cxone_operator.api.conditions import timestamp
from cxone_operator.api.meta import APPROVE_DEPROVISIONING
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Deactivate, Delete
from cxone_operator.core.deprovisioning import Admissions, Leaver, admits, allowance, plan_hash
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.memory.leavers import Hold
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.memory.site import Member
from cxone_operator.engine.tell.audit import AuditTrail

GATHER_SECONDS = 0.5
"""Leavers that come closer together than this are judged together; `kubectl delete` takes 0.1 s for each."""
LONGEST_GATHER_SECONDS = 10.0
"""However long they keep coming: what is not complete by then is judged as it is."""
LONGEST_LOOKUP_SECONDS = 60.0
"""How long leavers wait for others that have not been looked up yet, as after a restart."""
_LOOK_AGAIN_SECONDS = 10.0
"""How often a hold is judged again without news: the window moves, and the number of active users changes."""
_RETRY_SECONDS = 2.0
_CALM_SHARE = 12
"""A hold that has shrunk until it fits lasts for this part of the window (5 minutes of an hour) after the last person
was taken off it: somebody who undoes a flood one by one must not lose the last few."""


class Guard:
    """Decides over the leavers of one tenant."""

    def __init__(
        self,
        memory: Memory,
        trail: AuditTrail,
        tasks: Tasks,
        persist: Callable[[], Awaitable[bool]],
        warn: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._memory = memory
        self._trail = trail
        self._tasks = tasks
        self._persist = persist
        self._warn = warn
        self._unwritten: dict[str, Leaver] = {}
        self._audited: set[str] = set()
        self._judged: object = None
        self._met = False
        """Everybody who has a resource was compared with those whom an earlier process has let go."""
        self.approval: str | None = None
        """The plan hash that somebody has approved last."""
        self.approver = ""
        """Who that was, by the field manager."""

    def passes(self, user: CxoneUser, action: Deactivate | Delete) -> bool:
        """Whether the user may lose access now; otherwise the guard marks it when it may."""
        uid, pending = user.metadata.uid, self._memory.leavers
        if uid in self._unwritten:
            return False
        if pending.is_released(uid):
            return True
        pending.wait(Leaver(uid, user.metadata.generation, user.spec.user_name))
        if pending.hold is not None:
            self._audit(user, action)
        return False

    def judge(self) -> float | None:
        """Let everybody go who waits, or hold them; seconds until it is worth asking again, None without anybody."""
        pending = self._memory.leavers
        if self._memory.directory.complete and not self._met:
            self._met = True
            pending.forget_strangers(user.metadata.uid for user in self._memory.resources)
        if not pending.waiting:
            pending.keep_hold(None)
            self._audited.clear()
            return None
        wait = self._gathers()
        if wait > 0 or self._unwritten:
            return wait or _RETRY_SECONDS
        news = (pending.version, self.approval, self._policy, self._memory.time // _LOOK_AGAIN_SECONDS)
        if news != self._judged:
            self._decide()
            self._judged = (pending.version, *news[1:])
        return _LOOK_AGAIN_SECONDS

    @property
    def _policy(self) -> object:
        return self._memory.spec.safety.deprovisioning

    def _gathers(self) -> float:
        pending, now = self._memory.leavers, self._memory.time
        if pending.suspects:
            return max(0.0, min(GATHER_SECONDS, pending.began + LONGEST_LOOKUP_SECONDS - now))
        return min(pending.arrived + GATHER_SECONDS, pending.began + LONGEST_GATHER_SECONDS) - now

    def _decide(self) -> None:
        pending, policy = self._memory.leavers, self._memory.spec.safety.deprovisioning
        leavers = list(pending.waiting.values())
        seconds = policy.window_seconds
        used = pending.count_within(seconds) + self._memory.site.admitted(seconds, self._memory)
        allowed = allowance(policy, self._active_users(used))
        since = pending.since or timestamp(self._memory.clocks.now())
        name = plan_hash(leavers, since)
        fits = admits(leavers, used, allowed)
        if self.approval == name:
            self._admit(leavers, approved=name)
        elif fits and not self._is_being_undone():
            self._admit(leavers, approved=None)
        else:
            problem = self._undoing(len(leavers)) if fits else self._excess(len(leavers), used, allowed)
            names = tuple(sorted(leaver.user_name for leaver in leavers))
            self._hold(Hold(since, name, f"{problem}; {self._remedy(name)}", names))

    def _is_being_undone(self) -> bool:
        pending = self._memory.leavers
        return pending.since is not None and self._memory.time - pending.withdrawn < self._calm_seconds

    @property
    def _calm_seconds(self) -> float:
        return self._memory.spec.safety.deprovisioning.window_seconds / _CALM_SHARE

    def _active_users(self, used: int) -> int:
        """Managed users that are active, or were when the window began; never more than there are."""
        members = self._memory.site.everybody(self._memory)
        managed = set().union(*(member.resources.keys() for member in members))
        active = set().union(*(managed & member.directory.active_keys for member in members))
        renamed = set().union(*(_active_elsewhere(member, managed) for member in members))
        under_way = sum(member.leavers.under_way for member in members)
        return min(len(managed), len(active) + len(renamed) + max(0, used - under_way))

    def _admit(self, leavers: list[Leaver], *, approved: str | None) -> None:
        pending = self._memory.leavers
        before = pending.admissions, pending.hold
        self._unwritten = {leaver.uid: leaver for leaver in leavers}
        pending.release(self._unwritten, None if approved else pending.admission(len(leavers)))
        pending.keep_hold(None)
        self._tasks.start(self._let_go_when_written(approved, *before))

    async def _let_go_when_written(self, approved: str | None, admissions: Admissions, hold: Hold | None) -> None:
        written = False
        try:
            written = await self._persist()
        finally:  # a closed fence cancels the write, and this process may be let through again
            batch, self._unwritten = self._unwritten, {}
            if not written:
                self._memory.leavers.take_back(batch.values(), admissions, hold)
        if written:
            self._let_go(batch, approved)
            return
        await self._tasks.sleep(_RETRY_SECONDS)
        self._memory.wake()

    def _let_go(self, batch: dict[str, Leaver], approved: str | None) -> None:
        if approved is not None:
            self._trail.plan_approved(approved, len(batch), self.approver)
        for uid in batch:
            self._memory.resources.mark(uid)
        self._memory.wake()

    def _hold(self, hold: Hold) -> None:
        pending = self._memory.leavers
        begins = pending.hold is None
        pending.keep_hold(hold)
        for uid in pending.waiting:
            self._memory.resources.mark(uid)
        self._tasks.start(self._announce(hold.message, begins=begins))

    async def _announce(self, message: str, *, begins: bool) -> None:
        if begins:
            await self._warn(Reason.DEPROVISIONING_HELD, message)
        await self._persist()

    def _audit(self, user: CxoneUser, action: Deactivate | Delete) -> None:
        """One line for each user that is held, when it is first seen held."""
        if user.metadata.uid not in self._audited:
            self._audited.add(user.metadata.uid)
            self._trail.held(user, action)

    def _excess(self, leavers: int, used: int, allowed: int) -> str:
        window = self._memory.spec.safety.deprovisioning.window_seconds
        rest = f" ({used} have)" if used else ""
        return f"{leavers} users would lose access, and only {allowed} may in {window} s{rest}"

    def _undoing(self, leavers: int) -> str:
        return (
            f"{leavers} users would still lose access, after others were undone; they do so "
            f"{self._calm_seconds:.0f} s after the last one was"
        )

    def _remedy(self, name: str) -> str:
        namespace, _, tenant = self._memory.name.partition("/")
        approve = (
            f"approve exactly this set: kubectl -n {namespace} annotate cxonetenant {tenant} "
            f"{APPROVE_DEPROVISIONING}={name} --overwrite"
            if tenant
            else "describe the tenant by a CxoneTenant, which can carry an approval"
        )
        return f"undo it, or {approve}"


def _active_elsewhere(member: Member, managed: AbstractSet[str]) -> set[str]:
    """Ids of active accounts that resources have by their id, and that nobody manages under the name they have."""
    directory = member.directory
    ids = {user.status.user_id for user in member.resources}
    return {id_ for id_ in ids if id_ is not None and directory.is_active(id_) and directory.name(id_) not in managed}

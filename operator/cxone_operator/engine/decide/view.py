"""The view: what the plan may depend on, taken from the memory at one moment."""

from __future__ import annotations

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.desired import schedule
from cxone_operator.core.knowledge import Absent, Knowledge, Present
from cxone_operator.core.outcome import Subject
from cxone_operator.core.plan import Facts, Heir, is_ours
from cxone_operator.core.users import key_of
from cxone_operator.engine.memory.memory import Memory


class View:
    """Facts about the users of one tenant."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def facts(self, user: CxoneUser) -> Facts:
        """All that the next step of a user depends on."""
        memory, uid, now = self._memory, user.metadata.uid, self._memory.time
        return Facts(
            user=user,
            tenant=memory.spec,
            schedule=schedule(user.spec, memory.clocks.now()),
            known=self.known(user),
            owner=self._owner(user),
            heir=self._heir(user),
            deleting_for=memory.works.see_deletion(uid, now) if user.metadata.deleting else 0.0,
            own_identities=memory.own_identities,
            work=memory.works.get(uid),
            now=now,
            epoch=memory.epoch,
            doubt_ended=now - memory.in_doubt.until(uid),
            old_job=bool(memory.old_jobs),
            closing=memory.closing,
            deletes=memory.deletes,
            reclaim_due=memory.seats.release_due(uid),
            seat_seen_free=memory.seats.is_free(uid),
        )

    def known(self, user: CxoneUser) -> Knowledge:
        """What is known of the user in CXone."""
        return self._memory.directory.known(key_of(user.spec.user_name), self._memory.time)

    def subject(self, user: CxoneUser) -> Subject:
        """The user for a status, with what is known of it."""
        known = self.known(user)
        remote = known.user if isinstance(known, Present) else None
        looked, ours = isinstance(known, Present | Absent), remote is None or is_ours(user, remote)
        return Subject(user, self._memory.clocks.now(), remote, remote_known=looked, ours=ours)

    def _owner(self, user: CxoneUser) -> str | None:
        """The older resource of that userName, which owns it."""
        other = self._memory.site.owner(user, self._memory)
        if other is None or other.age_order >= user.age_order or user.spec.management_policy != "Full":
            return None
        namespace, name = other.metadata.namespace, other.metadata.name
        return name if namespace == user.metadata.namespace else f"{namespace}/{name}"

    def _heir(self, user: CxoneUser) -> Heir:
        """Who takes over from a resource that is being deleted."""
        if not user.metadata.deleting:
            return Heir.NONE
        other, known = self._memory.site.owner(user, self._memory), self.known(user)
        if other is None or (other.spec.adoption_policy == "Never" and not _inherits(other, known)):
            return Heir.NONE
        return Heir.CLAIMED if other.claimed else Heir.UNCLAIMED


def _inherits(heir: CxoneUser, known: Knowledge) -> bool:
    """What it must not adopt it cannot take over, so nobody would look after the account."""
    return isinstance(known, Present) and is_ours(heir, known.user)

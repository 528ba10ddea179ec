"""The view: what the plan may depend on, taken from the memory at one moment."""

from __future__ import annotations

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.desired import schedule
from cxone_operator.core.facts import Facts, Heir
from cxone_operator.core.knowledge import Absent, Knowledge, Present, Proof, account_in
from cxone_operator.core.outcome import Subject
from cxone_operator.engine.decide.accounts import Accounts, named_from
from cxone_operator.engine.memory.memory import Memory


class View:
    """Facts about the users of one tenant."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._accounts = Accounts(memory)

    def facts(self, user: CxoneUser) -> Facts:
        """All that the next step of a user depends on."""
        memory, uid, now = self._memory, user.metadata.uid, self._memory.time
        owner = self._accounts.owner(user)
        succeeded = owner is not None and self._accounts.succeeds(owner, user)
        known, maker = self.known(user), self._accounts.maker(user)
        return Facts(
            user=user,
            tenant=memory.spec,
            schedule=schedule(user.spec, memory.clocks.now()),
            known=known,
            owner=named_from(user, owner) if owner is not None and (succeeded or not user.metadata.deleting) else None,
            heir=self._heir(user),
            holds=not succeeded and self._accounts.holds(user),
            deleting_for=memory.works.see_deletion(uid, now) if user.metadata.deleting else 0.0,
            own_identities=memory.own_identities,
            work=memory.works.get(uid),
            now=now,
            epoch=memory.epoch,
            doubt_ended=now - memory.in_doubt.until(uid),
            doubted=isinstance(known, Present) and self._accounts.is_doubted(user, known),
            maker=named_from(user, maker) if maker is not None else None,
            old_job=bool(memory.old_jobs),
            closing=memory.closing,
            offers=memory.capabilities,
            reclaim_due=memory.seats.release_due(uid),
            seat_seen_free=memory.seats.is_free(uid),
        )

    def known(self, user: CxoneUser) -> Knowledge:
        """What is known of the user's account in CXone."""
        return self._accounts.known(user)

    def asked_name(self, user: CxoneUser) -> str:
        """The userName that a look-up asks for."""
        return self._accounts.asked_name(user)

    def account_id(self, user: CxoneUser) -> str | None:
        """The id that a look-up asks for where the name leads nowhere."""
        return self._accounts.id_of(user)

    def subject(self, user: CxoneUser) -> Subject:
        """The user for a status, with what is known of it."""
        account = account_in(self.known(user))
        remote = account.user if isinstance(account, Present) else None
        ours = not isinstance(account, Present) or self._accounts.is_ours(user, account)
        looked = remote is not None or (isinstance(account, Absent) and account.proof is Proof.ASKED)
        return Subject(user, self._memory.clocks.now(), remote, remote_known=looked, ours=ours)

    def _heir(self, user: CxoneUser) -> Heir:
        """Who takes over from a resource that is being deleted."""
        if not user.metadata.deleting:
            return Heir.NONE
        other, known = self._accounts.heir(user), self.known(user)
        if other is None or (other.spec.adoption_policy == "Never" and not self._inherits(other, known)):
            return Heir.NONE
        return Heir.CLAIMED if other.claimed else Heir.UNCLAIMED

    def _inherits(self, heir: CxoneUser, known: Knowledge) -> bool:
        """What it must not adopt it cannot take over, so nobody would look after the account."""
        return isinstance(known, Present) and self._accounts.is_ours(heir, known)

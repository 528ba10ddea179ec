"""The accounts: which of CXone's a resource has, and which other resource has, or wants, the same one."""

from __future__ import annotations

from cxone_operator.api.conditions import READY, STALLED
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.adoption import is_ours
from cxone_operator.core.drift import is_settled
from cxone_operator.core.identity import Traces, identify
from cxone_operator.core.knowledge import UNKNOWN, Absent, Knowledge, Present, Proof
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.memory.site import Site

_LONGEST_CIRCLE = 50
"""Resources that wait for each other's names."""
_LOOK_SECONDS = 60.0
"""Within that time after a doubt has ended its user is read again, whatever the rate limit."""


class Accounts:
    """Accounts of one tenant's resources."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @property
    def _site(self) -> Site:
        return self._memory.site

    def id_of(self, user: CxoneUser) -> str | None:
        """The account that is recorded on a resource, unless another resource has it with more right.

        Where none is recorded, what was made under another userName than the declared one is as good as that.
        """
        recorded = user.status.user_id
        if recorded is None:
            first = self._by_first_name(user)
            return first.user.id if isinstance(first, Present) else None
        if user.spec.management_policy == "ObserveOnly":
            return recorded
        holder = self._site.holder(recorded, self._memory)
        return recorded if holder is None or holder.metadata.uid == user.metadata.uid else None

    def known(self, user: CxoneUser) -> Knowledge:
        """What is known of the resource's account in CXone."""
        directory, now, key = self._memory.directory, self._memory.time, key_of(user.spec.user_name)
        account_id, by_name = self.id_of(user), directory.known(key, now)
        if account_id is None and key_of(user.claimed_as) == key and not self._contested(user, by_name):
            return by_name  # the common case, as also below, at the cost of a few look-ups in memory
        account = directory.account(account_id, now) if account_id is not None else UNKNOWN
        if isinstance(account, Present) and isinstance(by_name, Present) and by_name.user.id == account_id:
            return by_name
        return identify(self._traces(user, account_id, account, by_name))

    def is_ours(self, user: CxoneUser, known: Present) -> bool:
        """The resource may manage the account that is known."""
        return is_ours(user, known.user, self._memory.spec.match_by, doubted=self.is_doubted(user, known))

    def is_doubted(self, user: CxoneUser, known: Present) -> bool:
        """It was read while a request of ours could still make it, or by the look that follows."""
        read = self._memory.time - known.age
        return read < self._memory.in_doubt.own(user.metadata.uid) + _LOOK_SECONDS

    def maker(self, user: CxoneUser) -> CxoneUser | None:
        """The other resource for which an account of this userName may still be made, though it has another one now."""
        return self._site.maker(key_of(user.spec.user_name), self._memory)

    def asked_name(self, user: CxoneUser) -> str:
        """What a look-up asks for: the name that the account was made under, until there is one of that name."""
        first = None if self.id_of(user) is not None else self._by_first_name(user)
        return user.spec.user_name if first is None or isinstance(first, Present) else user.claimed_as

    def owner(self, user: CxoneUser) -> CxoneUser | None:
        """The other resource that this userName belongs to rather, None where it is this one.

        The older one; but nobody takes a name away by a rename.
        """
        if user.spec.management_policy != "Full":
            return None
        others = [one for one in self._site.contenders(user, self._memory) if one.metadata.uid != user.metadata.uid]
        other = min(others, key=self._rank, default=None)
        return other if other is not None and self._rank(other) < self._rank(user) else None

    def heir(self, user: CxoneUser) -> CxoneUser | None:
        """The living resource that goes on with the account of one that is being deleted."""
        recorded = user.status.user_id
        holder = self._site.holder(recorded, self._memory) if recorded is not None else None
        if holder is not None and holder.metadata.uid != user.metadata.uid and not holder.metadata.deleting:
            return holder
        heir = min(self._site.contenders(user, self._memory), key=self._rank, default=None)
        return heir if heir is not None and self.succeeds(heir, user) else None

    def succeeds(self, other: CxoneUser, user: CxoneUser) -> bool:
        """The other one looks after this one's account, or would: by its id, or by the name that it has.

        Not so one that was renamed to that name: it has an account of its own.
        """
        account_id = self._present_id(user)
        if account_id is not None and other.status.user_id == account_id:
            return True
        if self._is_newcomer(other):
            return False
        if account_id is None:
            first = self._by_first_name(user)
            return first is None or (isinstance(first, Absent) and first.proof is Proof.ASKED)
        named = self._memory.directory.name(account_id) == key_of(other.spec.user_name)
        return other.status.user_id is None and named

    def holds(self, user: CxoneUser) -> bool:
        """The resource has an account by its id, as far as is known."""
        return user.spec.management_policy == "Full" and self._present_id(user) is not None

    def _present_id(self, user: CxoneUser) -> str | None:
        """The account of a resource, None also where CXone has said that it is gone."""
        account_id = self.id_of(user)
        if account_id is None:
            return None
        gone = isinstance(self._memory.directory.account(account_id, self._memory.time), Absent)
        return None if gone else account_id

    def _rank(self, user: CxoneUser) -> tuple[bool, tuple[str, str]]:
        return self._is_newcomer(user), user.age_order

    def _is_newcomer(self, user: CxoneUser) -> bool:
        """Its account still has another name; where that is not known, as far as the resource tells."""
        key, account_id = key_of(user.spec.user_name), self.id_of(user)
        name = self._memory.directory.name(account_id) if account_id is not None else None
        if name is not None:
            return name != key
        return key_of(user.claimed_as) != key and (account_id is None or not is_settled(user))

    def _contested(self, user: CxoneUser, by_name: Knowledge) -> bool:
        """More than the name decides on who it is."""
        if isinstance(by_name, Present) and self._holder(user, by_name.user.id) is not None:
            return True
        return bool(self._matches(user))

    def _traces(self, user: CxoneUser, account_id: str | None, account: Knowledge, by_name: Knowledge) -> Traces:
        holder = self._holder(user, by_name.user.id) if isinstance(by_name, Present) else None
        return Traces(
            by_name=by_name,
            account_id=account_id,
            account=account,
            first=self._by_first_name(user),
            matches=self._matches(user),
            holder=named_from(user, holder) if holder is not None else "",
            passing=holder is not None and self._moves(holder) and holder.status.condition(STALLED) is None,
            gives_way=holder is not None and account_id is not None and self._gives_way(account_id, holder),
        )

    def _by_first_name(self, user: CxoneUser) -> Knowledge | None:
        """Of the name that it was claimed under, where it is not the declared one: somebody else's counts as none.

        Also a namesake's: of two who were claimed under one name only one can have the account.

        None also where an id was recorded, because then that name has done its service.
        """
        key, now = key_of(user.claimed_as), self._memory.time
        if user.status.user_id is not None or key == key_of(user.spec.user_name):
            return None
        known = self._memory.directory.known(key, now)
        if not isinstance(known, Present):
            return known
        free = self._other_holder(user, known.user.id) is None and self._is_nobodys(user, known.user)
        return known if free and self.is_ours(user, known) else Absent(known.age)

    def _matches(self, user: CxoneUser) -> tuple[RemoteUser, ...]:
        """Accounts with the declared employeeId that are nobody's, where the tenant says that it identifies people."""
        employee = user.spec.employee_id
        if employee is None or "employeeId" not in self._memory.spec.match_by:
            return ()
        found = self._memory.directory.employed(employee)
        return tuple(account for account in found if self._is_nobodys(user, account))

    def _is_nobodys(self, user: CxoneUser, account: RemoteUser) -> bool:
        """No resource of another userName has it, or takes it over by the name that it has."""
        key = key_of(account.state.user_name)
        others = self._site.named(key, self._memory) if key != key_of(user.spec.user_name) else []
        return self._holder(user, account.id) is None and not any(self._takes(one, account) for one in others)

    def _takes(self, other: CxoneUser, account: RemoteUser) -> bool:
        """It declares the account's name, may adopt it, and has none of its own."""
        recorded = other.status.user_id
        if other.spec.management_policy != "Full" or not is_ours(other, account, self._memory.spec.match_by):
            return False
        if recorded is None:
            return key_of(other.claimed_as) == key_of(account.state.user_name)
        gone = isinstance(self._memory.directory.account(recorded, self._memory.time), Absent)
        return recorded == account.id or gone

    def _holder(self, user: CxoneUser, account_id: str) -> CxoneUser | None:
        """Another resource, of another userName, that has this account."""
        holder = self._other_holder(user, account_id)
        namesake = holder is not None and key_of(holder.spec.user_name) == key_of(user.spec.user_name)
        return None if namesake else holder

    def _other_holder(self, user: CxoneUser, account_id: str) -> CxoneUser | None:
        holder = self._site.holder(account_id, self._memory)
        return None if holder is None or holder.metadata.uid == user.metadata.uid else holder

    def _moves(self, holder: CxoneUser) -> bool:
        """Its account gets another name than it has, if that is free."""
        ready, stalled = holder.status.condition(READY), holder.status.condition(STALLED)
        reports = ready is not None and ready.reason == Reason.DIFFERENCES_FOUND
        stuck = stalled is not None and stalled.reason != Reason.OWNERSHIP_CONFLICT
        return not (holder.metadata.deleting or holder.spec.suspend or stuck or reports)

    def _gives_way(self, account_id: str, holder: CxoneUser) -> bool:
        """Those who have each other's names wait in a circle, and this account's id is the smallest in it."""
        ids = {account_id}
        for _ in range(_LONGEST_CIRCLE):
            other = self.id_of(holder)
            if other is None or not self._moves(holder):
                return False
            ids.add(other)
            wanted = self._memory.directory.known(key_of(holder.spec.user_name), self._memory.time)
            if not isinstance(wanted, Present):
                return False
            if wanted.user.id == account_id:
                return min(ids) == account_id
            following = self._holder(holder, wanted.user.id)
            if following is None:
                return False
            holder = following
        return False


def named_from(user: CxoneUser, other: CxoneUser) -> str:
    """What the other resource is called where this one is."""
    namespace, name = other.metadata.namespace, other.metadata.name
    return name if namespace == user.metadata.namespace else f"{namespace}/{name}"

"""The resources: the newest version of each, counted, and which of them may need work.

An event is a hint. It replaces the cached resource and marks it; a second event for a marked resource coalesces with
the first, so the number of marks is bounded by the number of resources and no last state is ever lost. The answer to
our own write is put in like an event, which makes the watch's echo of it old news.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, KeysView

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.users import key_of
from cxone_operator.engine.memory.census import Census
from cxone_operator.engine.memory.index import Index, put_in, take_out


class Resources:
    """The resources of one tenant."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        """`tell`: is told the natural key wherever it may have got another owner."""
        self._tell = tell
        self._users: dict[str, CxoneUser] = {}
        self._by_key: Index = {}
        self._by_link: Index = {}
        """By id of the account, and by natural key that a resource was claimed under and does not declare."""
        self._unrecorded: Index = {}
        """By natural key, those without the id of an account."""
        self._marked: dict[str, None] = {}
        self.census = Census()
        self.version = 0
        """Moves with every change of any resource."""

    def __len__(self) -> int:
        return len(self._users)

    def __iter__(self) -> Iterator[CxoneUser]:
        return iter(self._users.values())

    def get(self, uid: str) -> CxoneUser | None:
        """The newest version that was seen."""
        return self._users.get(uid)

    def keys(self) -> KeysView[str]:
        """The natural keys of all users that have a resource."""
        return self._by_key.keys()

    def links(self) -> KeysView[str]:
        """The ids of all accounts that resources have, among the names that they were claimed under."""
        return self._by_link.keys()

    def unrecorded(self) -> KeysView[str]:
        """The natural keys of those resources that have no account yet."""
        return self._unrecorded.keys()

    def put(self, user: CxoneUser) -> bool:
        """Keep a version if it is news, and mark it and its namesakes; False where it is an echo or older."""
        uid = user.metadata.uid
        old = self._users.get(uid)
        if old is not None and not is_newer(user.metadata.resource_version, old.metadata.resource_version):
            return False
        self._keep(user)
        self._news(_key(user))
        if old is not None and user.status.user_id != old.status.user_id:
            self._news(*_links(old))
        return True

    def absorb(self, user: CxoneUser) -> None:
        """Keep the version that our own write produced; nobody but us changed anything, so nothing is marked."""
        old = self._users.get(user.metadata.uid)
        if old is None or not is_newer(user.metadata.resource_version, old.metadata.resource_version):
            return
        self._keep(user)
        if user.metadata.generation != old.metadata.generation or user.metadata.deleting != old.metadata.deleting:
            self.mark(user.metadata.uid)
        if user.claimed != old.claimed:
            self._news(_key(user))
        if user.status.user_id != old.status.user_id:
            self._news(*_links(user), *_links(old))

    def replace(self, user: CxoneUser) -> None:
        """Keep a version that no server has."""
        self._keep(user)
        self._news(_key(user))

    def remove(self, uid: str) -> CxoneUser | None:
        """The resource is gone; its namesakes are marked, as one of them may own the userName now."""
        user = self._users.pop(uid, None)
        self._marked.pop(uid, None)
        if user is None:
            return None
        self.version += 1
        self.census.remove(user)
        self._unlink(user)
        self._news(_key(user), *_links(user))
        return user

    def mark(self, uid: str) -> None:
        """This user may need work."""
        if uid in self._users:
            self._marked[uid] = None

    def mark_key(self, key: str) -> bool:
        """Every resource that declares that userName, was claimed under it, or has the account of that id.

        False where there is none.
        """
        concerned = self.concerned(key)
        self._mark_all(concerned)
        return bool(concerned)

    def concerned(self, key: str) -> tuple[str, ...]:
        """Whoever declares that userName, was claimed under it, or has the account of that id, by uid."""
        return (*self._by_key.get(key, ()), *self._by_link.get(key, ()))

    def mark_everything(self) -> None:
        """Something has changed that concerns all users."""
        self._marked.update(dict.fromkeys(self._users))

    def take(self, most: int) -> list[CxoneUser]:
        """Up to `most` marked resources, first marked first; the marks are gone."""
        taken = [uid for uid, _ in zip(self._marked, range(most), strict=False)]
        for uid in taken:
            del self._marked[uid]
        return [self._users[uid] for uid in taken]

    @property
    def marked(self) -> int:
        """How many resources may need work."""
        return len(self._marked)

    def contenders(self, user: CxoneUser) -> list[CxoneUser]:
        """All resources that manage this userName and are not being deleted."""
        return [one for one in self.named(_key(user)) if _contends(one)]

    def named(self, key: str) -> list[CxoneUser]:
        """All resources of that natural key."""
        return [self._users[uid] for uid in self._by_key.get(key, ())]

    def claimed(self, key: str) -> list[CxoneUser]:
        """All resources without an account that were claimed under that natural key and declare another one."""
        found = [self._users[uid] for uid in self._by_link.get(key, ())]
        return [one for one in found if one.status.user_id is None and key_of(one.claimed_as) == key]

    def holder(self, account_id: str) -> CxoneUser | None:
        """The resource that has the account of that id: of several, the oldest that is not being deleted."""
        holders = [self._users[uid] for uid in self._by_link.get(account_id, ())]
        holders = [one for one in holders if one.status.user_id == account_id and one.spec.management_policy == "Full"]
        return min(holders, key=by_right, default=None)

    def _keep(self, user: CxoneUser) -> None:
        old = self._users.get(user.metadata.uid)
        if old is not None:
            self.census.remove(old)
        if old is None or _key(old) != _key(user) or _links(old) != _links(user):
            self._link(user, old)
        self._users[user.metadata.uid] = user
        self.census.add(user)
        self.version += 1

    def _link(self, user: CxoneUser, old: CxoneUser | None) -> None:
        """Whoever had the name of this one until now may own it from here on."""
        uid = user.metadata.uid
        if old is not None:
            self._unlink(old)
            self._news(_key(old), *_links(old))
        put_in(self._by_key, _key(user), uid)
        if user.status.user_id is None:
            put_in(self._unrecorded, _key(user), uid)
        for link in _links(user):
            put_in(self._by_link, link, uid)

    def _unlink(self, user: CxoneUser) -> None:
        take_out(self._by_key, _key(user), user.metadata.uid)
        take_out(self._unrecorded, _key(user), user.metadata.uid)
        for link in _links(user):
            take_out(self._by_link, link, user.metadata.uid)

    def _news(self, *keys: str) -> None:
        """Whose account it is may have changed, also for neighbours."""
        for key in keys:
            self.mark_key(key)
            if self._tell is not None:
                self._tell(key)

    def _mark_all(self, uids: Iterable[str]) -> None:
        for uid in uids:
            self.mark(uid)


def by_right(holder: CxoneUser) -> tuple[bool, tuple[str, str]]:
    """Sorts those who have one account: whoever is not being deleted first, then the oldest."""
    return holder.metadata.deleting, holder.age_order


def _key(user: CxoneUser) -> str:
    return key_of(user.spec.user_name)


def _links(user: CxoneUser) -> tuple[str, ...]:
    """What leads to a resource besides its userName."""
    account, first = user.status.user_id, key_of(user.claimed_as)
    return (*((account,) if account is not None else ()), *((first,) if first != _key(user) else ()))


def _contends(user: CxoneUser) -> bool:
    return not user.metadata.deleting and user.spec.management_policy == "Full"


def is_newer(version: str, than: str) -> bool:
    """resourceVersions are comparable integers (KEP-5504); any other form is only compared for being the same."""
    if version.isdecimal() and than.isdecimal():
        return int(version) > int(than)
    return version != than

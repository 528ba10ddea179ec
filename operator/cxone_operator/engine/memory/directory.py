"""The directory: what CXone has, as last read, and how sure we are of it.

One snapshot per tenant, refreshed page by page and kept current by writing through what our own requests brought back.
A change with an uncertain end makes a userName unknown until it has been read again. While no snapshot is complete, a
user that was not asked for by name is unknown, not absent.

A page is taken over when it comes, so that no amount of users stops the loop; who is missing is known at the end only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, KeysView, Mapping
from dataclasses import dataclass, field

from cxone_operator.core.knowledge import Absent, Ambiguous, Knowledge, Present, Proof, Unknown
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.engine.memory.index import Index, put_in, take_out

_NEVER = float("-inf")


@dataclass(slots=True)
class Refresh:
    """A snapshot that is being read, page by page."""

    started: float
    asked: frozenset[str] | None = None
    """The natural keys that are looked up; None where the whole directory is listed."""
    seen: set[str] = field(default_factory=set)
    """The natural keys that came so far."""
    ids: set[str] = field(default_factory=set)
    """The ids that came so far."""
    returned: int = 0
    """Entries that came so far."""
    unreadable: int = 0
    """Of those, the ones that cannot be understood."""
    totals: set[int] = field(default_factory=set)
    """What the pages said of how many there are."""
    repeated: bool = False
    """Pages overlapped, so somebody may have slipped from one to another unseen."""

    def note(self, returned: int, unreadable: int, total: int | None) -> None:
        """What a page said besides its users."""
        self.returned += returned
        self.unreadable += unreadable
        self.totals |= {total} if total is not None else set()

    @property
    def whole(self) -> bool:
        """The pages fit together: who is on none of them did not exist, as far as a list can show."""
        fits = self.totals <= {self.returned}
        return fits and not self.unreadable and not self.repeated


class Directory:
    """Users of one tenant by id and by natural key."""

    def __init__(self) -> None:
        self._users: dict[str, RemoteUser] = {}
        self._ids: Index = {}
        self._active: Counter[str] = Counter()
        """Natural key → how many of its users are active."""
        self._names: Counter[tuple[str, str]] = Counter()
        """("role" or "group", name) → how many users have it."""
        self._touched: dict[str, float] = {}
        self._read: dict[str, float] = {}
        """When a key was last read by itself, rather than with the whole list."""
        self._unknown: dict[str, float] = {}
        self._listed = _NEVER
        """When the last whole list was begun: whoever was not in it did not exist then."""
        self._ever_complete = False
        self._accounts: dict[str, str] = {}
        """Natural key → id of an account of that name that was found by its id only: no list shows it."""
        self._by_employee: Index = {}
        """employeeId → ids."""
        self._asked: dict[str, float] = {}
        """When an account was last asked for by its id."""
        self._gone: set[str] = set()
        """Ids of which CXone has said that there is no such account."""
        self._moved: set[str] = set()
        """Ids of accounts that are gone or read differently by their id; of other names also the keys they had."""
        self.whole = True
        """The last list had no hole."""
        self.unreadable = 0
        """Entries of it that cannot be understood."""
        self.refreshed: float | None = None

    def __len__(self) -> int:
        return len(self._users)

    @property
    def complete(self) -> bool:
        """At least one whole snapshot has been read."""
        return self.refreshed is not None

    @property
    def active_users(self) -> int:
        """Users that are active, or may be: whoever is unknown at the moment counts as active."""
        return self._active.total() + len(self._unknown.keys() - self._active.keys())

    @property
    def active_keys(self) -> KeysView[str]:
        """The natural keys of all users that are active, as last read."""
        return self._active.keys()

    def named(self, key: str) -> tuple[str, ...]:
        """The ids of all users of that natural key."""
        return self._ids.get(key, ())

    def strangers(self, ids: Container[str], keys: Container[str]) -> int:
        """How many users have none of these ids and none of these natural keys: one look at each."""
        return sum(id_ not in ids for key, found in self._ids.items() if key not in keys for id_ in found)

    def roles(self) -> set[str]:
        """Role names that some user has; CXone has no request that lists them."""
        return {name for kind, name in self._names if kind == "role"}

    def groups(self) -> set[str]:
        """Group names that some user has."""
        return {name for kind, name in self._names if kind == "group"}

    def known(self, key: str, now: float) -> Knowledge:
        """What is known of a natural key."""
        if key in self._unknown or not (self._ever_complete or key in self._read):
            return Unknown()
        ids = self._ids.get(key, ()) or self._account(key)
        if len(ids) > 1:
            return Ambiguous(ids)
        seen = self._read.get(key, _NEVER)
        seen = seen if key in self._accounts else max(seen, self._listed)
        if ids:
            return Present(self._users[ids[0]], now - seen)
        return Absent(now - seen, self._proof(key)) if seen > _NEVER else Unknown()

    def account_of(self, key: str) -> str | None:
        """The id of the only account that was last known of a natural key, also while nothing is known of it."""
        ids = self._ids.get(key, ()) or self._account(key)
        return ids[0] if len(ids) == 1 else None

    def account(self, id_: str, now: float) -> Knowledge:
        """What is known of an account by its id: Absent only where CXone has said so when it was asked for it."""
        user = self._users.get(id_)
        if user is None:
            return Absent(0.0) if id_ in self._gone else Unknown()
        key = key_of(user.state.user_name)
        asked = self._asked.get(id_, _NEVER)
        if self._unknown.get(key, _NEVER) > asked:
            return Unknown()
        return Present(user, now - max(asked, self._read.get(key, _NEVER), self._listed))

    def name(self, id_: str) -> str | None:
        """The natural key of an account, as last read; None where it is not known."""
        user = self._users.get(id_)
        return key_of(user.state.user_name) if user is not None else None

    def is_active(self, id_: str) -> bool:
        """The account of that id is active, as last read."""
        return id_ in self._users and self._users[id_].state.active

    def employed(self, employee_id: str) -> tuple[RemoteUser, ...]:
        """All accounts with that employeeId (SCIM externalId), as last read."""
        return tuple(self._users[id_] for id_ in self._by_employee.get(employee_id, ()))

    def moved(self) -> set[str]:
        """What concerns resources by other ways than their userName, since it was last asked for."""
        moved, self._moved = self._moved, set()
        return moved

    def put(self, user: RemoteUser, now: float) -> None:
        """CXone has told us this version just now."""
        key = key_of(user.state.user_name)
        self._unknown.pop(key, None)
        self._accounts.pop(key, None)
        self._read[key] = self._touched[key] = now
        self._store(user)

    def remove(self, user: RemoteUser, now: float) -> None:
        """CXone has told us just now that this user is gone."""
        key = key_of(user.state.user_name)
        self._drop(user.id)
        self._gone.add(user.id)
        self._unknown.pop(key, None)
        self._read[key] = self._touched[key] = now

    def forget(self, key: str, now: float) -> None:
        """Something may have happened to this user: nothing is known until it is read again."""
        self._unknown[key] = self._touched[key] = now

    def forgotten(self, key: str) -> float:
        """Since when nothing is known of a user that has been known, or was touched."""
        return self._touched.get(key, _NEVER)

    def doubt_absences(self) -> None:
        """Users may have been created without us: who is not here is unknown until the next snapshot."""
        self.refreshed = None
        self._listed = _NEVER
        self._read.clear()

    def learn(self, asked: Iterable[str], found: Iterable[RemoteUser], sent: float) -> None:
        """The answer to a look-up of natural keys that was sent at `sent`; later knowledge stays."""
        by_key: dict[str, list[RemoteUser]] = {key: [] for key in asked}
        for user in found:
            by_key.setdefault(key_of(user.state.user_name), []).append(user)
        for key, users in by_key.items():
            if self._touched.get(key, _NEVER) <= sent:
                self._replace(key, users)
                self._accounts.pop(key, None)
                self._read[key] = sent

    def learn_accounts(self, accounts: Mapping[str, RemoteUser | None], sent: float) -> None:
        """Accounts that were asked for by id at `sent`, as their names do not find them; None where one is gone."""
        for id_, user in accounts.items():
            names = {self.name(id_), key_of(user.state.user_name) if user is not None else None}
            if any(self._touched.get(name, _NEVER) > sent for name in names if name is not None):
                continue
            if user is None:
                self._drop(id_)
                self._gone.add(id_)
            else:
                self._learn_account(user, sent)

    def _learn_account(self, user: RemoteUser, sent: float) -> None:
        key = key_of(user.state.user_name)
        hidden = key in self._read and not self._ids.get(key)
        if self._users.get(user.id) != user:
            self._moved.add(user.id)
        self._store(user)
        self._asked[user.id] = sent
        if hidden:
            self._accounts[key] = user.id
            self._read[key] = sent
            self._unknown.pop(key, None)

    def begin_refresh(self, now: float, asked: Iterable[str] | None = None) -> Refresh:
        """Start reading a snapshot: of everybody, or of the `asked` keys, which proves nothing of any other."""
        return Refresh(now, frozenset(asked) if asked is not None else None)

    def take_page(self, refresh: Refresh, users: Iterable[RemoteUser]) -> set[str]:
        """Take over a page, but for what was touched since the walk began; the keys that read differently now.

        A user that moved between pages is kept once (RFC 7644 section 3.4.2.4).
        """
        changed = set()
        for user in users:
            key = key_of(user.state.user_name)
            if self._touched.get(key, _NEVER) > refresh.started:
                refresh.seen.add(key)
            elif self._differs(key, user, again=key in refresh.seen):
                changed.add(key)
            refresh.seen.add(key)
            refresh.repeated = refresh.repeated or user.id in refresh.ids
            refresh.ids.add(user.id)
        return changed

    def finish_refresh(self, refresh: Refresh) -> set[str]:
        """The walk is complete: whoever did not come is absent; the keys that read differently now.

        Where the list had a hole, nobody is: whoever was known and did not come is to be asked for.
        """
        whole = refresh.asked is None
        if whole:
            self.whole, self.unreadable = refresh.whole, refresh.unreadable
        changed = self._settle_missing(refresh) if not whole or self.whole else self._doubt_missing(refresh)
        self.refreshed = refresh.started
        if whole:
            self._listed, self._ever_complete = refresh.started, True
            self._touched = {key: time for key, time in self._touched.items() if time > refresh.started}
            self._accounts = {key: id_ for key, id_ in self._accounts.items() if key not in refresh.seen}
            self._asked = {id_: t for id_, t in self._asked.items() if t > refresh.started or id_ not in refresh.ids}
            self._read = {key: t for key, t in self._read.items() if t > refresh.started or key in self._accounts}
        else:
            for key in refresh.asked or ():
                if self._touched.get(key, _NEVER) <= refresh.started:
                    self._read[key] = max(refresh.started, self._read.get(key, _NEVER))
        return changed

    def _settle_missing(self, refresh: Refresh) -> set[str]:
        concerned = self._ids.keys() | self._unknown.keys() if refresh.asked is None else refresh.asked
        changed = set()
        several = {key for key in concerned & refresh.seen if len(self._ids.get(key, ())) > 1}
        for key in concerned - refresh.seen | several:
            came = [self._users[id_] for id_ in self._ids.get(key, ()) if id_ in refresh.ids or self._hides(key, id_)]
            if self._touched.get(key, _NEVER) <= refresh.started and self._replace(key, came):
                changed.add(key)
        return changed

    def _doubt_missing(self, refresh: Refresh) -> set[str]:
        missing = {key for key in self._ids.keys() - refresh.seen if self._touched.get(key, _NEVER) <= refresh.started}
        self._unknown.update(dict.fromkeys(missing, refresh.started))
        self._moved.update(id_ for key in missing for id_ in self._ids[key])
        return missing

    def _proof(self, key: str) -> Proof:
        return Proof.ASKED if key in self._read else Proof.LISTED if self.whole else Proof.NONE

    def _hides(self, key: str, id_: str) -> bool:
        """An inactive account that only its id finds is in no list; once it is active it would be."""
        return self._accounts.get(key) == id_ and not self._users[id_].state.active

    def _account(self, key: str) -> tuple[str, ...]:
        id_ = self._accounts.get(key)
        return (id_,) if id_ in self._users else ()

    def _differs(self, key: str, user: RemoteUser, *, again: bool) -> bool:
        """Take over one user of a list; `again`: the list has shown another one of that userName before.

        Where there were several, the rest of the list may show all of them: none goes before its end.
        """
        if not again and len(self._ids.get(key, ())) < 2:
            return self._replace(key, [user])
        was_unknown = self._unknown.pop(key, None) is not None
        if self._users.get(user.id) == user:
            return was_unknown
        self._store(user)
        return True

    def _replace(self, key: str, users: list[RemoteUser]) -> bool:
        was_unknown = self._unknown.pop(key, None) is not None
        before = [self._users[id_] for id_ in self._ids.get(key, ())]
        if before == users:
            return was_unknown
        kept = {user.id for user in users}
        for user in before:
            if user.id not in kept:
                self._drop(user.id)
        for user in users:
            self._store(user)
        return True

    def _store(self, user: RemoteUser) -> None:
        key = key_of(user.state.user_name)
        others, old = self._ids.get(key, ()), self.name(user.id)
        self._take_away(user.id)
        if old != key:
            self._leave_name(user.id, old)
        self._gone.discard(user.id)
        self._users[user.id] = user
        employee = user.state.employee_id
        if employee is not None:
            put_in(self._by_employee, employee, user.id)
        ids = self._ids.get(key, ())
        self._ids[key] = others if user.id in others else (*ids, user.id)
        if user.state.active:
            self._active[key] += 1
        self._names.update(_names(user))

    def _drop(self, id_: str) -> None:
        self._leave_name(id_, self.name(id_))
        self._take_away(id_)

    def _leave_name(self, id_: str, key: str | None) -> None:
        """An account has another name now, or is gone: that also concerns whoever has it by its id."""
        self._moved.add(id_)
        if key is not None:
            self._moved.add(key)
            if not set(self._ids.get(key, ())) - {id_}:
                self._unknown.pop(key, None)

    def _take_away(self, id_: str) -> None:
        user = self._users.pop(id_, None)
        if user is None:
            return
        key = key_of(user.state.user_name)
        take_out(self._ids, key, id_)
        take_out(self._by_employee, user.state.employee_id or "", id_)
        if user.state.active:
            _take(self._active, key)
        for name in _names(user):
            _take(self._names, name)


def _names(user: RemoteUser) -> list[tuple[str, str]]:
    roles, groups = user.state.roles or (), user.state.groups or ()
    return [*(("role", name) for name in roles), *(("group", name) for name in groups)]


def _take(counter: Counter, what: object) -> None:  # type: ignore[type-arg]
    """One less; what is not there is not kept, so that the keys are those that are."""
    counter[what] -= 1
    if counter[what] <= 0:
        del counter[what]

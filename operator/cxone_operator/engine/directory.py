"""The directory: what CXone has, as last read, and how sure we are of it.

One snapshot per tenant, refreshed by paging and kept current by writing through what our own requests brought back.
A change with an uncertain end makes a userName unknown until it has been read again. While no snapshot is complete,
a user that is not in it is unknown, not absent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cxone_operator.core.knowledge import Absent, Ambiguous, Knowledge, Present, Unknown
from cxone_operator.core.users import RemoteUser, key_of


@dataclass(slots=True)
class Refresh:
    """A snapshot that is being read, page by page."""

    started: float
    asked: frozenset[str] | None = None
    """The natural keys that are looked up; None where the whole directory is listed."""
    users: dict[str, RemoteUser] = field(default_factory=dict)

    def add(self, users: Iterable[RemoteUser]) -> None:
        """Take a page; a user that moved between pages is kept once (RFC 7644 section 3.4.2.4)."""
        self.users.update((user.id, user) for user in users)


class Directory:
    """Users of one tenant by id and by natural key."""

    def __init__(self) -> None:
        self._users: dict[str, RemoteUser] = {}
        self._ids: dict[str, tuple[str, ...]] = {}
        self._touched: dict[str, float] = {}
        self._read: dict[str, float] = {}
        """When a key was last read by itself, rather than with the whole list."""
        self._unknown: dict[str, float] = {}
        self._listed = float("-inf")
        """When the last whole list was begun: whoever was not in it did not exist then."""
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
        known = sum(user.state.active for user in self._users.values())
        return known + sum(not self._has_active(key) for key in self._unknown)

    def _has_active(self, key: str) -> bool:
        return any(self._users[id_].state.active for id_ in self._ids.get(key, ()))

    def keys(self) -> Iterable[str]:
        """The natural keys of all users in CXone."""
        return self._ids.keys()

    def roles(self) -> set[str]:
        """Role names that some user has; CXone has no request that lists them."""
        return {role for user in self._users.values() for role in user.state.roles or ()}

    def groups(self) -> set[str]:
        """Group names that some user has."""
        return {group for user in self._users.values() for group in user.state.groups or ()}

    def known(self, key: str, now: float) -> Knowledge:
        """What is known of a natural key."""
        if key in self._unknown:
            return Unknown()
        ids = self._ids.get(key, ())
        if len(ids) > 1:
            return Ambiguous(ids)
        seen = max(self._read.get(key, float("-inf")), self._listed)
        if ids:
            return Present(self._users[ids[0]], now - seen)
        return Absent(now - seen) if seen > float("-inf") else Unknown()

    def put(self, user: RemoteUser, now: float) -> None:
        """CXone has told us this version just now."""
        key = key_of(user.state.user_name)
        self._unknown.pop(key, None)
        self._read[key] = self._touched[key] = now
        self._store(user)

    def remove(self, user: RemoteUser, now: float) -> None:
        """CXone has told us just now that this user is gone."""
        key = key_of(user.state.user_name)
        self._drop(user.id)
        self._unknown.pop(key, None)
        self._read[key] = self._touched[key] = now

    def forget(self, key: str, now: float) -> None:
        """Something may have happened to this user: nothing is known until it is read again."""
        self._unknown[key] = self._touched[key] = now

    def doubt_absences(self) -> None:
        """Users may have been created without us: who is not here is unknown until the next snapshot."""
        self.refreshed = None
        self._listed = float("-inf")
        self._read.clear()

    def learn(self, asked: Iterable[str], found: Iterable[RemoteUser], sent: float) -> None:
        """The answer to a look-up of natural keys that was sent at `sent`; later knowledge stays."""
        by_key: dict[str, list[RemoteUser]] = {key: [] for key in asked}
        for user in found:
            by_key.setdefault(key_of(user.state.user_name), []).append(user)
        for key, users in by_key.items():
            if self._touched.get(key, float("-inf")) <= sent:
                self._replace(key, users, sent)

    def begin_refresh(self, now: float, asked: Iterable[str] | None = None) -> Refresh:
        """Start reading a snapshot: of everybody, or of the `asked` keys, which proves nothing of any other."""
        return Refresh(now, frozenset(asked) if asked is not None else None)

    def finish_refresh(self, refresh: Refresh) -> set[str]:
        """Take the snapshot over, but for what was touched since it began; the keys that read differently now."""
        fresh: dict[str, list[RemoteUser]] = {}
        for user in refresh.users.values():
            fresh.setdefault(key_of(user.state.user_name), []).append(user)
        changed = set()
        concerned = fresh.keys() | self._ids.keys() | self._unknown.keys() if refresh.asked is None else refresh.asked
        for key in concerned:
            if self._touched.get(key, float("-inf")) > refresh.started:
                continue
            if self._replace(key, fresh.get(key, []), refresh.started):
                changed.add(key)
        self.refreshed = refresh.started
        if refresh.asked is None:
            self._listed = refresh.started
            self._touched = {key: time for key, time in self._touched.items() if time > refresh.started}
            self._read = {key: time for key, time in self._read.items() if time > refresh.started}
        return changed

    def _replace(self, key: str, users: list[RemoteUser], now: float) -> bool:
        was_unknown = self._unknown.pop(key, None) is not None
        before = {id_: self._users[id_] for id_ in self._ids.get(key, ())}
        after = {user.id: user for user in users}
        for id_ in before.keys() - after.keys():
            self._drop(id_)
        for user in users:
            self._store(user)
        self._read[key] = now
        return was_unknown or before != after

    def _store(self, user: RemoteUser) -> None:
        old = self._users.get(user.id)
        if old is not None and key_of(old.state.user_name) != key_of(user.state.user_name):
            self._drop(user.id)
        self._users[user.id] = user
        key = key_of(user.state.user_name)
        ids = self._ids.get(key, ())
        if user.id not in ids:
            self._ids[key] = (*ids, user.id)

    def _drop(self, id_: str) -> None:
        user = self._users.pop(id_, None)
        if user is None:
            return
        key = key_of(user.state.user_name)
        rest = tuple(other for other in self._ids.get(key, ()) if other != id_)
        if rest:
            self._ids[key] = rest
        else:
            self._ids.pop(key, None)

"""Groups, where they say themselves who is in them (RFC 7643 section 4.2), and User.groups is read-only or not there.

Everybody's groups are read with the list of everybody; a group that we have changed since, and whose answer did not
show its members, is read again before anybody is shown with it. So what is known of a user's groups is what the server
has said, never what we have asked it for.

Changes of one group wait for the one that is under way, and then go together: many users in one request.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from cxone_operator.core.equal import folded
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, UserState
from cxone_operator.scim.answers import member
from cxone_operator.scim.dialects.dialect import Dialect, PatchMode
from cxone_operator.scim.errors import BadRequest, Incomplete, NotFound, NotOffered, ScimError
from cxone_operator.scim.members import Move, members_body, members_from, shown_members, whole_group, with_members
from cxone_operator.scim.messages import Json, encoded, id_of
from cxone_operator.scim.paging import Listing
from cxone_operator.scim.transport import Answer, Transport

MOST_MEMBERS = 100
"""Members added or removed in one request: the smallest limit that servers publish."""


@dataclass(slots=True)
class _Group:
    id: str
    name: str
    members: frozenset[str]
    stale: bool = False
    """Changed by us since it was read."""
    changed: int = 0
    """Changes of ours that began or ended: what was asked for before the last of them is out of date."""
    waiting: list[Move] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def changes(self) -> None:
        self.changed += 1
        self.stale = True

    def learn(self, members: frozenset[str], seen: int | None = None) -> None:
        """Who is in it; `seen` changes were known when that was asked for, None where the last change told it."""
        if seen in (None, self.changed):
            self.members, self.stale = members, False


class Memberships(Protocol):
    """Who is in which group, wherever that is written."""

    @property
    def names(self) -> frozenset[str]:
        """What groups are called, as far as that is known."""

    async def read(self, lane: Lane) -> None:
        """Read what a list of users does not show; raises ScimError."""

    async def filled(self, users: tuple[RemoteUser, ...], lane: Lane) -> tuple[RemoteUser, ...]:
        """The users with their groups; raises ScimError."""

    def shown(self, user: RemoteUser) -> RemoteUser | None:
        """The same of one whom an answer shows; None where that would have to be asked for."""

    async def check(self, wanted: Sequence[Iterable[str]], lane: Lane) -> list[ScimError | None]:
        """For each of these lists of groups what is wrong with it; raises ScimError where that cannot be found out."""

    async def move(self, user_id: str, wanted: UserState, shown: UserState | None, lane: Lane) -> None:
        """Into the groups that are wanted, and out of those that are shown besides; raises ScimError."""


class OnUsers:
    """Groups are an attribute of the user like any other, or there are none."""

    names: frozenset[str] = frozenset()

    async def read(self, lane: Lane) -> None:
        """Users show all."""

    async def filled(self, users: tuple[RemoteUser, ...], lane: Lane) -> tuple[RemoteUser, ...]:
        """As they are."""
        return users

    def shown(self, user: RemoteUser) -> RemoteUser | None:
        """As it is."""
        return user

    async def check(self, wanted: Sequence[Iterable[str]], lane: Lane) -> list[ScimError | None]:
        """The server tells when it gets them."""
        return [None] * len(wanted)

    async def move(self, user_id: str, wanted: UserState, shown: UserState | None, lane: Lane) -> None:
        """That was part of the user's own change."""


class Groups:
    """All groups of a server where they say themselves who is in them."""

    def __init__(self, transport: Transport, dialect: Dialect, *, versions: bool) -> None:
        self._transport = transport
        self._replaces = dialect.patch is PatchMode.REPLACE
        self._versions = versions
        """The server has ETags, and heeds If-Match."""
        self._path = dialect.groups_path
        self._scope = dialect.scim_scope
        self._listing = Listing(transport, dialect.groups_path, dialect.scim_scope, "groupsPath")
        self._groups: dict[str, _Group] = {}
        self._named: Counter[str] = Counter()
        """How many groups are called so."""
        self._reading = asyncio.Lock()
        self._times_read = 0
        self._selects = True
        """The server takes `members[value eq "…"]`; False once it has refused that for somebody who was in."""

    @property
    def names(self) -> frozenset[str]:
        """What groups are called."""
        return frozenset(group.name for group in self._groups.values())

    async def read(self, lane: Lane) -> None:
        """All of them, with their members; raises ScimError."""
        found: dict[str, _Group] = {}
        seen, total = {group.id: group.changed for group in self._groups.values()}, 0
        async for part in self._listing.walk("list_groups", lane):
            found.update((group.id, self._kept(group, seen)) for group in _groups_from(part.resources))
            total = part.total or 0
        if len(found) < total:
            text = f"the list of groups shows {len(found)} of {total}, so nobody's groups are known"
            raise Incomplete(text, code="incomplete", write=False)
        self._groups = found
        self._times_read += 1
        self._named = Counter(folded(group.name) for group in found.values())

    async def filled(self, users: tuple[RemoteUser, ...], lane: Lane) -> tuple[RemoteUser, ...]:
        """What a leaver is a member of changes nothing for them, so they wait for no group."""
        for group in [group for group in self._groups.values() if group.stale and lane is not Lane.LEAVERS]:
            await self._read_again(group, lane)
        return self._filled(users)

    def shown(self, user: RemoteUser) -> RemoteUser | None:
        """None while some group is not known as it is now."""
        return None if any(group.stale for group in self._groups.values()) else self._filled((user,))[0]

    def _filled(self, users: tuple[RemoteUser, ...]) -> tuple[RemoteUser, ...]:
        ids = frozenset(user.id for user in users)
        theirs: dict[str, list[_Group]] = {user_id: [] for user_id in ids}
        for group in self._groups.values():
            for user_id in ids & group.members:
                theirs[user_id].append(group)
        return tuple(self._with_groups(user, theirs[user.id]) for user in users)

    async def check(self, wanted: Sequence[Iterable[str]], lane: Lane) -> list[ScimError | None]:
        """A group may be called by its name or by its id; one that is not known may be new."""
        lists = [tuple(names) for names in wanted]
        if any(self._lacking(names) for names in lists):
            await self._read_once(lane)
        return [self._missing(lacking[0]) if (lacking := self._lacking(names)) else None for names in lists]

    async def move(self, user_id: str, wanted: UserState, shown: UserState | None, lane: Lane) -> None:
        """Into the groups that are wanted, and out of those that are shown besides; raises ScimError."""
        names = wanted.groups or ()
        (problem,) = await self.check([names], lane)
        if problem is not None:
            raise problem
        into = {group_id: name for name, group_id in self._by_name(names).items()}
        now = set(self._by_name(shown.groups or ()).values()) if shown is not None else set()
        for group_id in sorted(into.keys() ^ now):
            joins, group = group_id in into, self._groups.get(group_id)
            if group is not None:
                await self._move(group, Move(user_id, joins), lane)
            elif joins:
                raise self._missing(into[group_id])

    async def _read_once(self, lane: Lane) -> None:
        """Whoever waits for the reading of somebody else is content with it."""
        seen = self._times_read
        async with self._reading:
            if self._times_read == seen:
                await self.read(lane)

    def _lacking(self, names: Iterable[str]) -> list[str]:
        wanted = list(names)
        found = self._by_name(wanted)
        return [name for name in wanted if name not in found]

    async def _move(self, group: _Group, move: Move, lane: Lane) -> None:
        """Whoever gets the lock sends for all who have come meanwhile."""
        group.waiting.append(move)
        try:
            async with group.lock:
                await asyncio.sleep(0)  # whoever of the same batch has not come yet does so now
                if not move.ended:
                    others = [other for other in group.waiting if other is not move]
                    await self._change(group, [move, *others][:MOST_MEMBERS], lane)
        finally:
            group.waiting.remove(move)
        if move.error is not None:
            raise move.error

    async def _change(self, group: _Group, moves: Sequence[Move], lane: Lane) -> None:
        """One request; where it is refused, each half by itself, so that one who is not there harms nobody else."""
        try:
            shown = await self._sent(group, moves, lane)
            _end(moves, None)
            if shown is not None:
                group.learn(shown)
        except (BadRequest, NotFound) as error:
            await self._change_apart(group, moves, error, lane)
        except ScimError as error:
            _end(moves, error)

    async def _change_apart(self, group: _Group, moves: Sequence[Move], error: ScimError, lane: Lane) -> None:
        if isinstance(error, NotFound):
            try:
                await self._read_again(group, lane)
            except ScimError as unread:
                _end(moves, unread)
                return
        half = len(moves) // 2
        if group.id not in self._groups:
            _end([move for move in moves if move.joins], self._missing(group.name))
            _end([move for move in moves if not move.joins], None)
        elif half == 0:
            _end(moves, error)
        else:
            await self._change(group, moves[:half], lane)
            await self._change(group, moves[half:], lane)

    async def _sent(self, group: _Group, moves: Sequence[Move], lane: Lane) -> frozenset[str] | None:
        """Who is in it now, None where the answer does not show that."""
        group.changes()
        try:
            leaves = any(not move.joins for move in moves)
            if self._replaces or (leaves and not self._selects):
                return await self._put(group, moves, lane)
            return await self._patch(group, moves, lane)
        finally:
            group.changes()

    async def _patch(self, group: _Group, moves: Sequence[Move], lane: Lane) -> frozenset[str] | None:
        """A user whose removal is refused may be out already, or the server takes no filter for members: PUT does both.

        Every server must have that (RFC 7644 section 3.5).
        """
        body = members_body(moves)
        try:
            return await self._write(group, "PATCH", body, None, lane)
        except BadRequest:
            if len(moves) > 1 or moves[0].joins:
                raise
            with suppress(NotOffered):
                return await self._put(group, moves, lane)
            raise

    async def _put(self, group: _Group, moves: Sequence[Move], lane: Lane) -> frozenset[str] | None:
        """The whole group, as it is read right before, with its members changed (RFC 7644 section 3.5.1)."""
        read = await self._get(group, lane)
        body, there = with_members(read, moves), members_from(read)
        if members_from(body) == there:
            return there
        meta = member(read, "meta")
        version = member(meta, "version") if isinstance(meta, Mapping) else None
        known = version if self._versions and isinstance(version, str) else None
        shown = await self._write(group, "PUT", body, known, lane)
        self._selects = False
        return shown

    async def _write(
        self, group: _Group, method: str, body: Json, version: str | None, lane: Lane
    ) -> frozenset[str] | None:
        return await self._transport.request(
            f"{method.lower()}_group",
            method,
            self._of(group),
            lane=lane,
            scope=self._scope,
            body=body,
            version=version,
            read=shown_members,
        )

    async def _get(self, group: _Group, lane: Lane) -> Mapping[str, object]:
        def read(answer: Answer) -> Mapping[str, object]:
            return whole_group(answer, group.id)

        return await self._transport.request(
            "get_group", "GET", self._of(group), lane=lane, scope=self._scope, read=read
        )

    def _of(self, group: _Group) -> str:
        return f"{self._path}/{encoded(group.id)}"

    async def _read_again(self, group: _Group, lane: Lane) -> None:
        seen = group.changed
        try:
            members = members_from(await self._get(group, lane))
        except NotFound:
            self._groups.pop(group.id, None)
        else:
            group.learn(members, seen)

    def _kept(self, group: _Group, seen: Mapping[str, int]) -> _Group:
        """What waits for a group goes on when all are read anew."""
        old = self._groups.get(group.id)
        if old is None:
            return group
        old.name = group.name
        old.learn(group.members, seen.get(old.id, -1))
        return old

    def _with_groups(self, user: RemoteUser, own: Iterable[_Group]) -> RemoteUser:
        labels = {self._label(group): group.id for group in own}
        displays = (*user.state.displays, *labels.items())
        return replace(user, state=replace(user.state, groups=tuple(sorted(labels)), displays=displays))

    def _label(self, group: _Group) -> str:
        """Its name, or its id where several groups have one name."""
        return group.name if self._named[folded(group.name)] == 1 else group.id

    def _by_name(self, names: Iterable[str]) -> dict[str, str]:
        known: Mapping[str, str] = {folded(self._label(group)): group.id for group in self._groups.values()}
        found = {name: known.get(folded(name)) or (name if name in self._groups else None) for name in names}
        return {name: group_id for name, group_id in found.items() if group_id is not None}

    def _missing(self, name: str) -> BadRequest:
        namesakes = sorted(group.id for group in self._groups.values() if folded(group.name) == folded(name))
        text = f"there is no group '{name}'"
        if namesakes:
            text = f"several groups are called '{name}'; write the id of the one that is meant: {', '.join(namesakes)}"
        return BadRequest(text, code="404", scim_type="invalidValue")


def _end(moves: Iterable[Move], error: ScimError | None) -> None:
    for move in moves:
        move.end(error)


def _groups_from(resources: Iterable[object]) -> list[_Group]:
    found = []
    for item in resources:
        body = item if isinstance(item, Mapping) else {}
        group_id, name = id_of(member(body, "id")), member(body, "displayName")
        if group_id is not None:
            shown = name if isinstance(name, str) and name else group_id
            found.append(_Group(group_id, shown, members_from(body)))
    return found

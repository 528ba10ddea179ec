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
from dataclasses import dataclass, field, replace
from typing import Protocol

import msgspec

from cxone_operator.core.equal import folded
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, UserState
from cxone_operator.scim.answers import member
from cxone_operator.scim.dialects.dialect import Dialect, PatchMode
from cxone_operator.scim.errors import BadRequest, Incomplete, MalformedAnswer, NotFound, ScimError
from cxone_operator.scim.messages import PATCH_SCHEMA, Json, encoded, id_of
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
    changes: int = 0
    """Beginnings and ends of our requests: what was read while one of them came may be from before it."""
    waiting: list[_Move] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True, eq=False)
class _Move:
    """One user into a group, or out of it."""

    user_id: str
    joins: bool
    ended: bool = False
    error: ScimError | None = None


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
        """The server takes `members[value eq "…"]`; False once it has refused it."""

    @property
    def names(self) -> frozenset[str]:
        """What groups are called."""
        return frozenset(group.name for group in self._groups.values())

    async def read(self, lane: Lane) -> None:
        """All of them, with their members; raises ScimError."""
        found: dict[str, _Group] = {}
        before, total = {group.id: group.changes for group in self._groups.values()}, 0
        async for part in self._listing.walk("list_groups", lane):
            found.update((group.id, group) for group in _groups_from(part.resources))
            total = part.total or 0
        if len(found) < total:
            text = f"the list of groups shows {len(found)} of {total}, so nobody's groups are known"
            raise Incomplete(text, code="incomplete", write=False)
        self._groups = {group.id: self._kept(group, before.get(group.id, 0)) for group in found.values()}
        self._times_read += 1
        self._named = Counter(folded(group.name) for group in found.values())

    async def filled(self, users: tuple[RemoteUser, ...], lane: Lane) -> tuple[RemoteUser, ...]:
        """What a leaver is a member of changes nothing for them, so they wait for no group."""
        for group in [group for group in self._groups.values() if group.stale and lane is not Lane.LEAVERS]:
            async with group.lock:
                if group.stale:
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
        return [_missing(lacking[0]) if (lacking := self._lacking(names)) else None for names in lists]

    async def move(self, user_id: str, wanted: UserState, shown: UserState | None, lane: Lane) -> None:
        """Into the groups that are wanted, and out of those that are shown besides; raises ScimError."""
        names = wanted.groups or ()
        (problem,) = await self.check([names], lane)
        if problem is not None:
            raise problem
        into = set(self._by_name(names).values())
        now = set(self._by_name(shown.groups or ()).values()) if shown is not None else set()
        moves = [(group, True) for group in sorted(into - now)] + [(group, False) for group in sorted(now - into)]
        for group_id, joins in moves:
            if group_id in self._groups:
                await self._move(self._groups[group_id], _Move(user_id, joins), lane)

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

    async def _move(self, group: _Group, move: _Move, lane: Lane) -> None:
        """Whoever gets the lock sends for all who have come meanwhile."""
        group.waiting.append(move)
        try:
            async with group.lock:
                await asyncio.sleep(0)  # whoever of the same batch has not come yet does so now
                if not move.ended:
                    others = [other for other in group.waiting if other is not move]
                    await self._change(group, [move, *others][:MOST_MEMBERS], lane)
        finally:
            if move in group.waiting:
                group.waiting.remove(move)
        if move.error is not None:
            raise move.error

    async def _change(self, group: _Group, moves: Sequence[_Move], lane: Lane) -> None:
        """One request; where it is refused, each half by itself, so that one who is not there harms nobody else."""
        group.stale = True
        group.changes += 1
        try:
            answer = await self._patch(group, moves, lane)
        except (BadRequest, NotFound) as error:
            if isinstance(error, NotFound):
                await self._read_again(group, lane)
            if len(moves) == 1 or group.id not in self._groups:
                _end(moves, error if group.id in self._groups else _missing(group.name))
                return
            half = len(moves) // 2
            await self._change(group, moves[:half], lane)
            await self._change(group, moves[half:], lane)
        except ScimError as error:
            _end(moves, error)
        else:
            _end(moves, None)
            self._learn(group, answer)
        finally:
            group.changes += 1

    async def _patch(self, group: _Group, moves: Sequence[_Move], lane: Lane) -> Answer:
        if self._replaces:
            return await self._put(group, moves, lane)
        if self._selects and any(not move.joins for move in moves):
            try:
                return await self._send(group, moves, lane, selects=True)
            except BadRequest:
                answer = await self._send(group, moves, lane, selects=False)
            self._selects = False
            return answer
        return await self._send(group, moves, lane, selects=self._selects)

    async def _send(self, group: _Group, moves: Sequence[_Move], lane: Lane, *, selects: bool) -> Answer:
        return await self._transport.request(
            "patch_group",
            "PATCH",
            self._of(group),
            lane=lane,
            scope=self._scope,
            body=_members_body(moves, selects=selects),
            read=lambda answer: answer,
        )

    async def _put(self, group: _Group, moves: Sequence[_Move], lane: Lane) -> Answer:
        """The whole group, as it is read right before, with its members changed (RFC 7644 section 3.5.1)."""
        read = (await self._get(group, lane)).body()
        version = member(_mapping(member(read, "meta")), "version")
        return await self._transport.request(
            "put_group",
            "PUT",
            self._of(group),
            lane=lane,
            scope=self._scope,
            body=_with_members(read, moves),
            version=version if self._versions and isinstance(version, str) else None,
            read=lambda answer: answer,
        )

    async def _get(self, group: _Group, lane: Lane) -> Answer:
        return await self._transport.request(
            "get_group", "GET", self._of(group), lane=lane, scope=self._scope, read=lambda answer: answer
        )

    def _of(self, group: _Group) -> str:
        return f"{self._path}/{encoded(group.id)}"

    async def _read_again(self, group: _Group, lane: Lane) -> None:
        try:
            answer = await self._get(group, lane)
        except NotFound:
            self._groups.pop(group.id, None)
        else:
            self._learn(group, answer)

    def _learn(self, group: _Group, answer: Answer) -> None:
        """Only an answer that shows members says who is in it; none at all means nobody only where we asked."""
        try:
            members = member(answer.body(), "members") if not answer.empty else None
        except MalformedAnswer:
            return
        if isinstance(members, list) or not answer.write:
            group.members, group.stale = _members_from(members), False

    def _kept(self, group: _Group, changes: int) -> _Group:
        """What waits for a group goes on when all are read anew; `changes`: when the reading began."""
        old = self._groups.get(group.id)
        if old is None:
            return group
        old.name = group.name
        if old.changes == changes:
            old.members, old.stale = group.members, False
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


def _end(moves: Iterable[_Move], error: ScimError | None) -> None:
    for move in moves:
        move.ended, move.error = True, error


def _missing(name: str) -> BadRequest:
    return BadRequest(f"there is no group '{name}'", code="404", scim_type="invalidValue")


def _members_body(moves: Sequence[_Move], *, selects: bool) -> Json:
    """RFC 7644 section 3.5.2.1 and 3.5.2.2; without filters the members are named by value, as some servers want it."""
    joining = [{"value": move.user_id} for move in moves if move.joins]
    leaving = [move.user_id for move in moves if not move.joins]
    operations: list[Json] = [{"op": "add", "path": "members", "value": joining}] if joining else []
    if selects:
        operations += [{"op": "remove", "path": f"members[value eq {_quoted(user_id)}]"} for user_id in leaving]
    elif leaving:
        members = [{"value": user_id} for user_id in leaving]
        operations.append({"op": "remove", "path": "members", "value": members})
    return {"schemas": [PATCH_SCHEMA], "Operations": operations}


def _with_members(read: Mapping[str, object], moves: Iterable[_Move]) -> Json:
    """The group with whoever joins, and without whoever leaves; members that stay are as they were."""
    moved = {move.user_id for move in moves}
    members = member(read, "members")
    items = members if isinstance(members, list) else []
    staying = [item for item in items if id_of(member(_mapping(item), "value")) not in moved]
    joining = [{"value": move.user_id} for move in moves if move.joins]
    return {name: value for name, value in read.items() if name.lower() != "members"} | {"members": staying + joining}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _groups_from(resources: Iterable[object]) -> list[_Group]:
    found = []
    for item in resources:
        body = item if isinstance(item, Mapping) else {}
        group_id, name = id_of(member(body, "id")), member(body, "displayName")
        if group_id is not None:
            shown = name if isinstance(name, str) and name else group_id
            found.append(_Group(group_id, shown, _members_from(member(body, "members"))))
    return found


def _members_from(members: object) -> frozenset[str]:
    items = members if isinstance(members, list) else []
    ids = (id_of(member(item, "value")) for item in items if isinstance(item, Mapping))
    return frozenset(user_id for user_id in ids if user_id is not None)

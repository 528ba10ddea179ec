"""Names of roles and teams, where the server knows them by ids: what people write becomes an id, and back.

A server with a search tells all of them; elsewhere only those are known that some user has, each shown as an id with
the name as `display`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from cxone_operator.core.equal import folded
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, UserState
from cxone_operator.scim.answers import member
from cxone_operator.scim.dialects.dialect import Dialect
from cxone_operator.scim.errors import BadRequest
from cxone_operator.scim.messages import id_of
from cxone_operator.scim.transport import Answer, Transport

FRESH_SECONDS = 600.0
"""How long a list of names is believed; one that is missing in it is looked for once more."""
_TOP = 200
"""Names in one page of a search."""
_MOST_PAGES = 50
_IDS = ("id", "uuid", "roleId", "teamId", "teamUuid")
_NAMES = ("name", "displayName", "roleName", "teamName")


class Names(Protocol):
    """How roles and teams are called on the wire."""

    async def encoded(self, state: UserState, lane: Lane) -> UserState:
        """As the server takes it; raises BadRequest for a name that it does not have, or another ScimError."""

    def shown(self, users: tuple[RemoteUser, ...]) -> tuple[RemoteUser, ...]:
        """With the names of what is shown by ids."""

    @property
    def roles(self) -> frozenset[str]:
        """What roles are called, where users do not show that."""


class Plain:
    """By their names."""

    roles: frozenset[str] = frozenset()

    async def encoded(self, state: UserState, lane: Lane) -> UserState:
        """As it is."""
        return state

    def shown(self, users: tuple[RemoteUser, ...]) -> tuple[RemoteUser, ...]:
        """As they are."""
        return users


class _Table:
    """Names of one kind."""

    def __init__(self, kind: str, path: str | None) -> None:
        self.kind = kind
        self.path = path
        self.names: dict[str, str] = {}
        """Id → name."""
        self.searches = 0
        self.read_at = float("-inf")
        self.lock = asyncio.Lock()

    def called(self, name: str) -> list[str]:
        """The ids of those that are meant, by id or else by name."""
        wanted = folded(name)
        by_id = [value for value in self.names if folded(value) == wanted]
        return by_id or [value for value, known in self.names.items() if folded(known) == wanted]


class ById:
    """By their ids."""

    def __init__(self, transport: Transport, dialect: Dialect, clock: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._scope = dialect.scim_scope
        self._clock = clock
        self._roles = _Table("role", dialect.roles_path)
        self._teams = _Table("team", dialect.teams_path)

    @property
    def roles(self) -> frozenset[str]:
        """As far as they have been read."""
        return frozenset(self._roles.names.values())

    async def encoded(self, state: UserState, lane: Lane) -> UserState:
        """Roles and the team by id."""
        roles = None if state.roles is None else [await self._id(self._roles, name, lane) for name in state.roles]
        team = None if state.team is None else await self._id(self._teams, state.team, lane)
        return replace(state, roles=None if roles is None else tuple(roles), team=team)

    def shown(self, users: tuple[RemoteUser, ...]) -> tuple[RemoteUser, ...]:
        """A role that is shown without its name has the one that is known."""
        for user in users:
            self._roles.names.update(pair for pair in user.state.displays if pair[0] in (user.state.roles or ()))
        return tuple(self._with_names(user) for user in users)

    def _with_names(self, user: RemoteUser) -> RemoteUser:
        told = dict(user.state.displays)
        more = tuple(
            (role, self._roles.names[role])
            for role in user.state.roles or ()
            if role not in told and role in self._roles.names
        )
        team = self._teams.names.get(user.state.team or "", user.state.team)
        if not more and team == user.state.team:
            return user
        return replace(user, state=replace(user.state, displays=(*user.state.displays, *more), team=team))

    async def _id(self, table: _Table, name: str, lane: Lane) -> str:
        if not table.called(name) or self._is_old(table):
            await self._search_once(table, lane)
        found = table.called(name)
        if len(found) == 1:
            return found[0]
        text = f"there is no {table.kind} '{name}'"
        if found:
            text = (
                f"several {table.kind}s are called '{name}'; write the id of the one that is meant: {', '.join(found)}"
            )
        raise BadRequest(text, code="404", scim_type="invalidValue")

    def _is_old(self, table: _Table) -> bool:
        return self._clock() - table.read_at > FRESH_SECONDS

    async def _search_once(self, table: _Table, lane: Lane) -> None:
        """Whoever waits for the search of somebody else is content with it; it forgets what is not there any more."""
        seen = table.searches
        async with table.lock:
            if table.path is not None and table.searches == seen:
                table.names = await self._search(table, table.path, lane)
                table.searches += 1
                table.read_at = self._clock()

    async def _search(self, table: _Table, path: str, lane: Lane) -> dict[str, str]:
        """POST a search, page by page, each begun behind what came, until one brings nothing new."""
        names: dict[str, str] = {}
        skip = 0
        for _ in range(_MOST_PAGES):
            items = await self._transport.request(
                f"search_{table.kind}s",
                "POST",
                path,
                lane=lane,
                scope=self._scope,
                body={"skip": skip, "top": _TOP},
                reads=True,
                read=_items,
            )
            known = len(names)
            names.update(_named(items))
            if len(names) == known:
                break
            skip += len(items)
        return names


def _items(answer: Answer) -> list[object]:
    """The list in the answer that names something, whatever that list is called."""
    lists = [value for value in answer.body().values() if isinstance(value, list)]
    return next((items for items in lists if _named(items)), [])


def _named(items: list[object]) -> list[tuple[str, str]]:
    """(id, name) of each that has both."""
    pairs = ((_first(item, _IDS), _first(item, _NAMES)) for item in items if isinstance(item, Mapping))
    return [(value, name) for value, name in pairs if value is not None and name is not None]


def _first(item: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := id_of(member(item, name))) is not None), None)

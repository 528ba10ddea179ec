"""A server that keeps its groups as strictly as RFC 7644 allows and fails as it is told, and what is asked of it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from aiohttp import web

from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, UserState
from cxone_operator.scim.dialects.dialect import Dialect, PatchMode
from cxone_operator.scim.dialects.rfc7644 import RFC7644
from cxone_operator.scim.errors import ScimError
from cxone_operator.scim.groups import Groups
from cxone_operator.scim.transport import Transport
from unit.builders import a_state
from unit.scim.conftest import Server

_SELECTED = re.compile(r'members\[value eq "([^"]+)"\]')


@dataclass
class GroupServer:
    """Answers for /scim/v2/Groups; an instance is an answer of the scripted server."""

    groups: dict[str, set[str]]
    """Id → members. A group is called as its id, but with a capital letter."""
    people: frozenset[str] = frozenset()
    """Who exists."""
    shows: str = "members"
    """What the answer to a change shows: `members`, `nothing` (204), or `name` (200 without members)."""
    unknown: int = 400
    """The status for a member who does not exist."""
    filters: bool = True
    absent: int = 0
    """The status for the removal of somebody who is not in the group; 0 is no refusal."""
    statuses: dict[str, int] = field(default_factory=dict)
    """Operation → the status that it has instead of an answer."""
    puts: bool = True
    asked: Counter[str] = field(default_factory=Counter)
    """METHOD id → how often."""
    largest: int = 0
    """Members named in the largest PATCH."""
    hold: asyncio.Event | None = None
    """The next change is made when this is set, and answered."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """A change waits for that."""

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        group_id = request.path.removeprefix("/scim/v2/Groups").strip("/")
        self.asked[f"{request.method} {group_id}".strip()] += 1
        if request.method in self.statuses:
            return web.json_response({}, status=self.statuses[request.method])
        if not group_id:
            shown = [self._resource(name) for name in self.groups]
            return web.json_response({"totalResults": len(shown), "Resources": shown})
        if self.hold is not None and request.method != "GET":
            hold, self.hold = self.hold, None
            self.arrived.set()
            await hold.wait()
        if group_id not in self.groups:
            return web.json_response({}, status=404)
        if request.method == "GET":
            return web.json_response(self._resource(group_id))
        return self._changed(group_id, request.method, await request.json())

    def _changed(self, group_id: str, method: str, body: dict[str, object]) -> web.Response:
        if method == "PUT" and not self.puts:
            return web.json_response({}, status=405)
        wanted = _values(body.get("members")) if method == "PUT" else self._patched(self.groups[group_id], body)
        if isinstance(wanted, int):
            return web.json_response({}, status=wanted)
        if wanted - self.groups[group_id] - self.people:
            return web.json_response({}, status=self.unknown)
        self.groups[group_id] = wanted
        if self.shows == "nothing":
            return web.Response(status=204)
        resource = self._resource(group_id)
        return web.json_response(resource if self.shows == "members" else {**resource, "members": None})

    def _patched(self, members: set[str], body: dict[str, object]) -> set[str] | int:
        operations: list[dict[str, object]] = body["Operations"]  # type: ignore[assignment]
        wanted, named = set(members), 0
        for operation in operations:
            selected = _SELECTED.fullmatch(str(operation["path"]))
            named += 1 if selected else len(_values(operation.get("value")))
            if operation["op"] == "add":
                wanted |= _values(operation["value"])
            elif selected is None:
                wanted = set()  # a removal without a filter, whatever its value (RFC 7644 section 3.5.2.2)
            elif not self.filters:
                return 400
            elif selected[1] not in wanted and self.absent:
                return self.absent
            else:
                wanted -= {selected[1]}
        self.largest = max(self.largest, named)
        return wanted

    def _resource(self, group_id: str) -> dict[str, object]:
        members = [{"value": user_id} for user_id in sorted(self.groups[group_id])]
        return {"id": group_id, "displayName": group_id.capitalize(), "members": members, "notes": "kept"}

    def asked_of(self, group_id: str) -> int:
        """Requests for this group."""
        return sum(times for key, times in self.asked.items() if key.endswith(f" {group_id}"))


def _values(items: object) -> set[str]:
    found: Iterable[dict[str, str]] = items if isinstance(items, list) else ()
    return {item["value"] for item in found}


PEOPLE = frozenset(f"u{number}" for number in range(300))
REPLACE = replace(RFC7644, patch=PatchMode.REPLACE)


def state(*groups: str) -> UserState:
    """Somebody in these groups."""
    return a_state(groups=groups)


async def serve(server: Server, transport: Transport, model: GroupServer, dialect: Dialect = RFC7644) -> Groups:
    """The groups of this server, read once."""
    server.answers = [model]
    groups = Groups(transport, dialect, versions=False)
    await groups.read(Lane.UPDATES)
    return groups


async def join(groups: Groups, user_id: str, *names: str, out_of: tuple[str, ...] = ()) -> ScimError | None:
    """What became of it."""
    try:
        await groups.move(user_id, state(*names), state(*out_of), Lane.UPDATES)
    except ScimError as error:
        return error
    return None


async def shown(groups: Groups, *user_ids: str) -> list[tuple[str, ...] | None]:
    """The groups that each of them is shown with."""
    users = tuple(RemoteUser(user_id, state()) for user_id in user_ids)
    return [user.state.groups for user in await groups.filled(users, Lane.UPDATES)]

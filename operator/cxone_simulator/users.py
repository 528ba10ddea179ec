"""The routes of users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from cxone_simulator.attributes import Json
from cxone_simulator.bodies import read_message, read_object
from cxone_simulator.errors import ScimProblem, missing
from cxone_simulator.filters import asked_filter
from cxone_simulator.habits.habit import Reading
from cxone_simulator.paging import Show
from cxone_simulator.patch import PATCH_OP
from cxone_simulator.replies import matched, start_index, user_reply, version_headers
from cxone_simulator.world import World


class Users:
    """Handlers of what is under /scim/v2/Users, and of the search of everything."""

    def __init__(self, world: World, created: int = 201) -> None:
        self._world = world
        self._created = created

    def add_to(self, app: web.Application) -> None:
        """Register all of them."""
        add = app.router.add_route
        for path in ("/scim/v2/Users/.search", "/scim/v2/.search"):
            add("POST", path, self.search)
        add("GET", "/scim/v2/Users", self.list_all)
        add("DELETE", "/scim/v2/Users/{id}", self.delete)
        add("PUT", "/scim/v2/Users/{id}", self.put)
        self.add_common_to(app)

    def add_common_to(self, app: web.Application) -> None:
        """Register those that every surface has."""
        add = app.router.add_route
        add("POST", "/scim/v2/Users", self.create)
        add("GET", "/scim/v2/Users/{id}", self.get)
        add("PATCH", "/scim/v2/Users/{id}", self.patch)

    async def list_all(self, request: web.Request) -> web.Response:
        """Users, filtered and paged."""
        return self._page(request.query.get("filter"), request.query)

    async def search(self, request: web.Request) -> web.Response:
        """The same, asked for by POST (RFC 7644 section 3.4.3)."""
        body = await read_object(request)
        text = body.get("filter")
        everything = request.path == "/scim/v2/.search"
        return self._page(str(text) if text is not None else None, body, everything=everything)

    async def create(self, request: web.Request) -> web.Response:
        """A new user."""
        user = self._world.tenant.create(await read_object(request), "request")
        return user_reply(self._shown(user), request, self._created)

    async def get(self, request: web.Request) -> web.Response:
        """One user."""
        user = self._as_read(self._world.tenant.get(request.match_info["id"]), Reading.USER)
        return user_reply(self._shown(user), request)

    async def put(self, request: web.Request) -> web.Response:
        """Replace a user."""
        body = await read_object(request)
        id_ = matched(request, self._asked(request))
        return user_reply(self._shown(self._world.tenant.replace(id_, body, "request")), request)

    async def patch(self, request: web.Request) -> web.Response:
        """Change a user."""
        body = await read_message(request, PATCH_OP, strict=self._world.settings.strict)
        id_ = matched(request, self._asked(request))
        user = self._shown(self._as_read(self._world.tenant.patch(id_, body, "request"), Reading.PATCHED))
        if self._world.settings.patch_answers_empty:
            return web.Response(status=204, headers=version_headers(user))
        return user_reply(user, request)

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a user, where the tenant offers it."""
        if not self._world.settings.allow_delete:
            raise ScimProblem(405, "users cannot be deleted; deactivate them")
        self._world.tenant.delete(matched(request, self._asked(request)), "request")
        return web.Response(status=204)

    def found(self, text: str, groups: Sequence[Json] = ()) -> list[Json]:
        """Whom a filter finds among all users and those groups, as they are kept; raises ScimProblem."""
        tenant, habits, wanted = self._world.tenant, self._world.habits, asked_filter(self._world.settings, text)
        all_may_match = wanted.names is None or habits.find_otherwise
        pool = self._everybody() if all_may_match else tenant.named(sorted(wanted.names or ()))
        shown = self._showing()
        users = [user for user in pool if habits.finds(text, user, wanted.matches(shown(user)))]
        return [*users, *(group for group in groups if wanted.matches(group))]

    def _page(self, text: str | None, query: Mapping[str, Any], *, everything: bool = False) -> web.Response:
        world = self._world
        groups = world.groups.all() if everything else []
        found = [*self._everybody(), *groups] if text is None else self.found(text, groups)
        start = world.habits.begins(start_index(query))
        found = world.habits.listed(found, start)
        return world.cursors.page(found, query, world.settings, start, self._showing())

    def _everybody(self) -> Iterable[Json]:
        users = list(self._world.tenant.users())
        return self._world.habits.read(Reading.LIST, users, lambda: self._world.tenant.past.users(users))

    def _as_read(self, user: Json, reading: Reading) -> Json:
        present: Json | None = user
        shown = self._world.habits.read(reading, present, lambda: self._world.tenant.past.user(user["id"], user))
        if shown is None:
            raise missing(f"user {user['id']}")
        return shown

    def _asked(self, request: web.Request) -> Json:
        return self._shown(self._world.tenant.get(request.match_info["id"]))

    def _shown(self, user: Json) -> Json:
        return self._world.tenant.shape().show(user)

    def _showing(self) -> Show:
        """One shape for all of a list; groups are shown as they are."""
        shape = self._world.tenant.shape()
        return lambda item: shape.show(item) if item["meta"]["resourceType"] == "User" else item

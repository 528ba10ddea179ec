"""The routes of groups."""

from __future__ import annotations

from aiohttp import web

from cxone_simulator.bodies import read_message, read_object
from cxone_simulator.errors import ScimProblem
from cxone_simulator.filters import asked_filter
from cxone_simulator.patch import PATCH_OP
from cxone_simulator.replies import first_index, matched, user_reply
from cxone_simulator.world import World


def add_groups(app: web.Application, world: World) -> None:
    """Register the routes under /scim/v2/Groups."""
    api, add = _Groups(world), app.router.add_route
    add("GET", "/scim/v2/Groups", api.list_all)
    add("POST", "/scim/v2/Groups", api.create)
    add("GET", "/scim/v2/Groups/{id}", api.get)
    add("PUT", "/scim/v2/Groups/{id}", api.put)
    add("PATCH", "/scim/v2/Groups/{id}", api.patch)
    add("DELETE", "/scim/v2/Groups/{id}", api.delete)


class _Groups:
    def __init__(self, world: World) -> None:
        self._world = world

    async def list_all(self, request: web.Request) -> web.Response:
        found, text = self._world.groups.all(), request.query.get("filter")
        if text is not None:
            wanted = asked_filter(self._world.settings, text)
            found = [group for group in found if wanted.matches(group)]
        start = first_index(request.query)
        return self._world.cursors.page(found, request.query, self._world.settings, start)

    async def create(self, request: web.Request) -> web.Response:
        return user_reply(self._world.groups.create(await read_object(request), "request"), request, 201)

    async def get(self, request: web.Request) -> web.Response:
        return user_reply(self._world.groups.get(request.match_info["id"]), request)

    async def put(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        return user_reply(self._world.groups.replace(self._matched(request), body, "request"), request)

    async def patch(self, request: web.Request) -> web.Response:
        body = await read_message(request, PATCH_OP, strict=self._world.settings.strict)
        return user_reply(self._world.groups.patch(self._matched(request), body, "request"), request)

    async def delete(self, request: web.Request) -> web.Response:
        if not self._world.settings.allow_delete:
            raise ScimProblem(405, "groups cannot be deleted")
        self._world.groups.delete(self._matched(request), "request")
        return web.Response(status=204)

    def _matched(self, request: web.Request) -> str:
        return matched(request, self._world.groups.get(request.match_info["id"]))

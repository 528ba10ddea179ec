"""The SCIM users of User Hub (cxone-and-peers, section 1.3): whom a filter finds, one by one, and no list of all."""

from __future__ import annotations

from aiohttp import web

from cxone_simulator.bodies import read_object
from cxone_simulator.errors import invalid
from cxone_simulator.replies import reply
from cxone_simulator.users import Users
from cxone_simulator.world import World

_REQUIRED = ("id", "userName", "name", "emails", "active")
"""What the body of a PUT must contain."""


def add_users(app: web.Application, world: World) -> None:
    """Register the routes under /scim/v2/Users; a create is answered with 200."""
    users = Users(world, created=200)

    async def find(request: web.Request) -> web.Response:
        """No startIndex and no count, neither asked nor answered."""
        text = request.query.get("filter")
        if text is None:
            raise invalid("filter is required")
        found = world.habits.listed(users.found(text), 1)
        shape = world.tenant.shape()
        return reply({"totalResults": len(found), "Resources": [shape.show(user) for user in found]})

    async def put(request: web.Request) -> web.Response:
        body, id_ = await read_object(request), request.match_info["id"]
        for name in _REQUIRED:
            if body.get(name) is None:
                raise invalid(f"{name} is required")
        if body["id"] != id_:
            raise invalid(f"id is not '{id_}'")
        return await users.put(request)

    users.add_common_to(app)
    app.router.add_route("GET", "/scim/v2/Users", find)
    app.router.add_route("PUT", "/scim/v2/Users/{id}", put)

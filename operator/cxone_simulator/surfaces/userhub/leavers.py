"""Deactivation of many, and the way back for one (cxone-and-peers, section 1.4)."""

from __future__ import annotations

from aiohttp import web

from cxone_simulator.attributes import Json
from cxone_simulator.bodies import read_object
from cxone_simulator.errors import invalid
from cxone_simulator.world import World

_MOST = 20
"""How many users one request may name."""


def add_leavers(app: web.Application, world: World) -> None:
    """Register deactivate and revive."""

    async def deactivate(request: web.Request) -> web.Response:
        """Partial failure is a 200 that names who is still active, or not there."""
        left = [id_ for id_ in _named(await read_object(request)) if not _deactivated(world, id_)]
        return web.json_response({"notDeletedUserIds": left})

    async def revive(request: web.Request) -> web.Response:
        user = world.tenant.switch(request.match_info["id"], "request", active=True)
        return web.json_response({"success": True, "uuid": user["id"]})

    app.router.add_route("POST", "/user-management/v1/users/deactivate", deactivate)
    app.router.add_route("POST", "/user-management/v1/users/{id}/revive", revive)


def _named(body: Json) -> list[str]:
    ids = body.get("userIds")
    if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
        raise invalid("userIds must be a list of strings")
    if not 1 <= len(ids) <= _MOST:
        raise invalid(f"userIds has {len(ids)} ids; from 1 to {_MOST} are accepted")
    return ids


def _deactivated(world: World, id_: str) -> bool:
    protected = {name.lower() for name in world.settings.undeactivatable}
    if not world.tenant.has(id_) or world.tenant.get(id_)["userName"].lower() in protected:
        return False
    world.tenant.switch(id_, "request", active=False)
    return True

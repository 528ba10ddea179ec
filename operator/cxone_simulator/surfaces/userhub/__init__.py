"""`UserHub`: the API that the vendor publishes (cxone-and-peers, sections 1.2 to 1.8). A token may do everything."""

from __future__ import annotations

from aiohttp import web

from cxone_simulator.provider import Provider
from cxone_simulator.surfaces.surface import Surface
from cxone_simulator.surfaces.userhub.grants import add_grants
from cxone_simulator.surfaces.userhub.leavers import add_leavers
from cxone_simulator.surfaces.userhub.refusals import refusal
from cxone_simulator.surfaces.userhub.searches import add_searches
from cxone_simulator.surfaces.userhub.users import add_users
from cxone_simulator.surfaces.userhub.wellknown import add_well_known
from cxone_simulator.world import World

_PATHS = ("/scim/", "/user-management/", "/authorization/")


def _add_to(app: web.Application, world: World) -> None:
    add_grants(app, world)
    add_well_known(app, world)
    add_users(app, world)
    app.router.add_route("GET", "/scim/v2/{kind:Schemas}", Provider(world).describe)
    add_searches(app, world)
    add_leavers(app, world)


def _admit(world: World, request: web.Request) -> None:
    world.tokens.scopes_of(request.headers.get("Authorization", ""))


SURFACE = Surface(_add_to, _PATHS, _PATHS, _admit, refusal)

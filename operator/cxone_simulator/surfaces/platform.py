"""`Platform`: the API of the provisioning tutorial. Scopes are enforced."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from cxone_simulator.bulk import add_bulk
from cxone_simulator.clients import Form, token_handler
from cxone_simulator.directory import add_groups
from cxone_simulator.errors import ScimProblem
from cxone_simulator.licences import add_licences
from cxone_simulator.provider import add_provider
from cxone_simulator.replies import refusal
from cxone_simulator.surfaces.surface import Surface
from cxone_simulator.users import Users
from cxone_simulator.world import World


def _add_to(app: web.Application, world: World) -> None:
    def give(request: web.Request, form: Form) -> Mapping[str, object]:
        grant, scope = str(form.get("grant_type", "")), str(form.get("scope", ""))
        return world.tokens.give(request.headers.get("Authorization", ""), grant, scope)

    app.router.add_route("POST", "/oauth/token", token_handler(give))
    add_licences(app, world)
    Users(world).add_to(app)
    add_bulk(app, world)
    add_provider(app, world)
    add_groups(app, world)


def _admit(world: World, request: web.Request) -> None:
    world.tokens.check(request.headers.get("Authorization", ""), _scope(request.path))


def _scope(path: str) -> str:
    """What a route needs."""
    if path.startswith("/api/v2/license/quotas"):
        return "License.Read"
    return "License.ReadWrite" if path.startswith("/api/") else "SCIM.ReadWrite"


def _refusal(problem: ScimProblem, _request: web.Request) -> web.Response:
    return refusal(problem)


SURFACE = Surface(_add_to, ("/scim/", "/api/"), ("/scim/", "/api/v2/license/"), _admit, _refusal)

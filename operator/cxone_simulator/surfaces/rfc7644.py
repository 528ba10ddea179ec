"""`RFC7644`: a strict server of the SCIM standard (RFC 7643, 7644, 9865); scim, sections 1 and 3, say what varies.

Groups are on the side of the group: whoever changes a user cannot change them. Its tokens carry whatever was asked.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from aiohttp import web

from cxone_simulator.bulk import add_bulk
from cxone_simulator.clients import Form, TokenProblem, basic_credentials, is_client, require_client, token_handler
from cxone_simulator.directory import add_groups
from cxone_simulator.errors import ScimProblem
from cxone_simulator.licences import add_licences
from cxone_simulator.provider import add_provider
from cxone_simulator.replies import refusal
from cxone_simulator.surfaces.surface import Surface
from cxone_simulator.users import Users
from cxone_simulator.world import World

_CONFIG = "/scim/v2/ServiceProviderConfig"


def _add_to(app: web.Application, world: World) -> None:
    def give(request: web.Request, form: Form) -> Mapping[str, object]:
        require_client(world.settings, request.headers.get("Authorization", ""), form)
        if form.get("grant_type") != "client_credentials":
            raise TokenProblem(400, "unsupported_grant_type", "only client_credentials is offered")
        scopes = str(form.get("scope", "")).split()
        return {**world.tokens.issue(scopes), "scope": " ".join(scopes)}

    app.router.add_route("POST", "/oauth/token", token_handler(give))
    add_licences(app, world)
    Users(world).add_to(app)
    add_bulk(app, world)
    add_provider(app, world)
    add_groups(app, world)


def _admit(world: World, request: web.Request) -> None:
    """What the server says of itself can be read by anybody (RFC 7644 section 4)."""
    if request.path.startswith("/api/") and not world.settings.licenses:
        raise ScimProblem(404, f"{request.method} {request.path}: Not Found")
    if request.path == _CONFIG:
        return
    authorization = request.headers.get("Authorization", "")
    if not (_is_static(world, authorization) or is_client(world.settings, basic_credentials(authorization))):
        world.tokens.scopes_of(authorization)


def _is_static(world: World, authorization: str) -> bool:
    kind, _, value = authorization.partition(" ")
    wanted = world.settings.static_token
    known = hmac.compare_digest(value.encode(errors="replace"), wanted.encode(errors="replace"))
    return bool(wanted) and kind.lower() == "bearer" and known


def _refusal(problem: ScimProblem, _request: web.Request) -> web.Response:
    return refusal(problem)


SURFACE = Surface(_add_to, ("/scim/", "/api/"), ("/scim/", "/api/"), _admit, _refusal)

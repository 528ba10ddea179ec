"""Where the hosts of a tenant are (cxone-and-peers, section 1.2): here, unless a setting says that the API is not."""

from __future__ import annotations

from aiohttp import web

from cxone_simulator.errors import ScimProblem, missing
from cxone_simulator.surfaces.userhub.grants import tenant_id
from cxone_simulator.world import World


def add_well_known(app: web.Application, world: World) -> None:
    """Register the routes under /.well-known."""

    async def openid(request: web.Request) -> web.Response:
        origin = str(request.url.origin())
        return web.json_response(
            {
                "issuer": origin,
                "token_endpoint": f"{origin}/auth/token",
                "grant_types_supported": ["password", "refresh_token"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "scopes_supported": ["openid"],
            }
        )

    async def cxone(request: web.Request) -> web.Response:
        asked = request.query.get("tenantId")
        if not asked:
            raise ScimProblem(400, "tenantId is required")
        if asked != tenant_id(world.settings):
            raise missing(f"tenant {asked}")
        return web.json_response(_hosts(request, world.settings.api_endpoint))

    app.router.add_route("GET", "/.well-known/openid-configuration", openid)
    app.router.add_route("GET", "/.well-known/cxone-configuration", cxone)


def _hosts(request: web.Request, api_endpoint: str) -> dict[str, object]:
    origin, host = str(request.url.origin()), request.host
    return {
        "api_endpoint": api_endpoint or origin,
        "auth_endpoint": origin,
        "ui_endpoint": origin,
        "area": "na1",
        "cluster": "simulated",
        "domain": host,
        "acdDomain": host,
        "uhDomain": host,
        "globaldomain": host,
        "private": False,
    }

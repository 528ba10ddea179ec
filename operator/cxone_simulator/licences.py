"""The routes of licences: how many seats there are, and one given back."""

from __future__ import annotations

from aiohttp import web

from cxone_simulator.world import World


def add_licences(app: web.Application, world: World) -> None:
    """Register the routes under /api/v2/license."""
    licences = _Licences(world)
    app.router.add_route("GET", "/api/v2/license/quotas", licences.quotas)
    app.router.add_route("DELETE", "/api/v2/license/assignments/{id}", licences.release)


class _Licences:
    def __init__(self, world: World) -> None:
        self._world = world

    async def quotas(self, _request: web.Request) -> web.Response:
        """Seats."""
        return web.json_response({"total": self._world.settings.seats, "used": self._world.tenant.used_seats})

    async def release(self, request: web.Request) -> web.Response:
        """Give a seat back."""
        self._world.tenant.release(request.match_info["id"], "request")
        return web.Response(status=204)

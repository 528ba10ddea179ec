"""The routes of discovery (RFC 7644 section 4)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cxone_simulator import discovery
from cxone_simulator.errors import ScimProblem, missing
from cxone_simulator.replies import LIST_SCHEMA, reply
from cxone_simulator.world import World


def add_provider(app: web.Application, world: World) -> None:
    """Register ServiceProviderConfig, Schemas and ResourceTypes."""
    provider, add = Provider(world), app.router.add_route
    add("GET", "/scim/v2/ServiceProviderConfig", provider.config)
    add("GET", "/scim/v2/{kind:Schemas|ResourceTypes}", provider.describe)
    add("GET", "/scim/v2/{kind:Schemas|ResourceTypes}/{id}", provider.describe_one)


class Provider:
    """What the server says of itself."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def config(self, request: web.Request) -> web.Response:
        """ServiceProviderConfig."""
        _refuse_filter(request)
        return reply(discovery.service_provider_config(self._world.settings))

    async def describe(self, request: web.Request) -> web.Response:
        """Schemas or ResourceTypes."""
        _refuse_filter(request)
        found = self._described(request)
        return reply(
            {
                "schemas": [LIST_SCHEMA],
                "totalResults": len(found),
                "itemsPerPage": len(found),
                "startIndex": 1,
                "Resources": found,
            }
        )

    async def describe_one(self, request: web.Request) -> web.Response:
        """One of them."""
        id_ = request.match_info["id"]
        for item in self._described(request):
            if item["id"] == id_:
                return reply(item)
        raise missing(f"{request.match_info['kind']} {id_}")

    def _described(self, request: web.Request) -> list[dict[str, Any]]:
        if request.match_info["kind"] == "Schemas":
            return discovery.schemas(self._world.settings)
        return discovery.resource_types(self._world.settings)


def _refuse_filter(request: web.Request) -> None:
    if "filter" in request.query:
        raise ScimProblem(403, "filters are not allowed here")

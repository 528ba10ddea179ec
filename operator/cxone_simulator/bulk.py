"""The routes of bulk requests."""

from __future__ import annotations

from aiohttp import web

from cxone_simulator.bodies import read_message
from cxone_simulator.errors import ScimProblem
from cxone_simulator.jobs import BULK_RESPONSE
from cxone_simulator.replies import reply
from cxone_simulator.world import World

_BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def add_bulk(app: web.Application, world: World) -> None:
    """Register the routes under /scim/v2/Bulk."""
    bulk = _Bulk(world)
    app.router.add_route("POST", "/scim/v2/Bulk", bulk.submit)
    app.router.add_route("GET", "/scim/v2/Bulk/{id}", bulk.job)


class _Bulk:
    def __init__(self, world: World) -> None:
        self._world = world

    async def submit(self, request: web.Request) -> web.Response:
        """Many operations, as a job or at once."""
        settings = self._world.settings
        if settings.bulk_mode == "off":
            raise ScimProblem(501, "bulk is not offered")
        if len(await request.read()) > settings.max_payload_bytes:
            raise ScimProblem(413, f"maxPayloadSize is {settings.max_payload_bytes} bytes", "tooMany")
        body = await read_message(request, _BULK_REQUEST, strict=settings.strict)
        origin = str(request.url.origin())
        root = origin if settings.strict else ""
        if settings.bulk_mode == "sync":
            return reply({"schemas": [BULK_RESPONSE], "Operations": self._world.jobs.run_now(body, root)})
        job = self._world.jobs.submit(body, root)
        location = f"{origin}/scim/v2/Bulk/{job.id}"
        return web.json_response({"id": job.id}, status=202, headers={"Location": location})

    async def job(self, request: web.Request) -> web.Response:
        """How far a job is."""
        return web.json_response(self._world.jobs.get(request.match_info["id"]))

"""The web application: the surface that the tenant was started with, behind the rate limit, faults and habits."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from cxone_simulator.control import add_control
from cxone_simulator.errors import ScimProblem
from cxone_simulator.faults import Fault
from cxone_simulator.journal import REQUEST_ID
from cxone_simulator.replies import reply, retry_after
from cxone_simulator.surfaces import SURFACES
from cxone_simulator.surfaces.surface import Surface
from cxone_simulator.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_TICK_SECONDS = 0.2
_LARGEST_BODY = 64 << 20
_ID = re.compile(
    r"^(/scim/v2/(?:Users|Groups|Bulk|Schemas|ResourceTypes)|/api/v2/license/assignments|/user-management/v1/users)"
    r"/(?!\.search|deactivate$)[^/]+(?=$|/revive$)"
)
_WORD = re.compile(r"[\w.~-]+")


def create_app(world: World) -> web.Application:
    """The application of one tenant."""
    surface = SURFACES[world.settings.preset]
    app = web.Application(middlewares=[_middleware(world, surface)], client_max_size=_LARGEST_BODY)
    surface.add_to(app, world)
    add_control(app, world)
    app.cleanup_ctx.append(_timer(world))
    app.on_response_prepare.append(_name_request)
    return app


def _middleware(world: World, surface: Surface) -> Any:  # noqa: ANN401 (aiohttp's own type for it is private)
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        _catch_up(world)
        REQUEST_ID.set(str(uuid.uuid4()))
        if request.path.startswith("/_simulator/"):
            return await handler(request)
        return await _serve(world, surface, request, handler)

    return middleware


async def _name_request(_request: web.Request, response: web.StreamResponse) -> None:
    """Every answer, a refusal too, carries the id that the journal has for what it did."""
    response.headers["X-Request-Id"] = REQUEST_ID.get()


async def _serve(world: World, surface: Surface, request: web.Request, handler: Handler) -> web.StreamResponse:
    route = f"{request.method} " + _ID.sub(r"\1/{id}", request.rel_url.raw_path)
    limited = request.path.startswith(surface.limited)
    wait = world.throttle.admit(world.settings.requests_per_minute, world.clock()) if limited else 0.0
    if wait > 0:
        value = retry_after(wait, world.settings.retry_after_form)
        problem = ScimProblem(429, "too many requests", "", {"Retry-After": value})
        response: web.StreamResponse = surface.refusal(problem, request)
    else:
        response = await _with_faults(world, surface, request, handler)
    if limited:
        world.throttle.count(route, response.status)
    return response


async def _with_faults(world: World, surface: Surface, request: web.Request, handler: Handler) -> web.StreamResponse:
    text = await _said(world, request) if world.faults.need_text else ""
    fault = world.faults.strike(request.method, request.path, text)
    seconds = world.settings.latency_seconds + (fault.seconds if fault is not None else 0.0)
    if seconds:
        await asyncio.sleep(seconds)
    if fault is not None and fault.kind in ("status", "refuse", "garbage"):
        return _instead(fault, surface, request)
    response = await _answer(world, surface, request, handler)
    if fault is not None and fault.kind == "drop":
        return _cut(request)
    if fault is not None and fault.kind == "truncate":
        return await _truncated(request, response)
    return response


async def _said(world: World, request: web.Request) -> str:
    """Everything that could name a user: query, body, and who has an id in the path, or in the body of no bulk."""
    body = (await request.read()).decode(errors="replace")
    ids = request.path if "/Bulk" in request.path else f"{request.path} {body}"
    return f"{unquote_plus(request.query_string)} {body} {_named(world, ids)}".lower()


def _named(world: World, text: str) -> str:
    """The userNames of those whose ids a text has."""
    ids = [word for word in _WORD.findall(text) if world.tenant.has(word)]
    return " ".join(str(world.tenant.get(id_)["userName"]) for id_ in ids)


async def _answer(world: World, surface: Surface, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        if not request.path.startswith(surface.guarded):
            return await handler(request)
        surface.admit(world, request)
        return await _by_habit(world, request, handler)
    except ScimProblem as problem:
        return world.habits.refused(request, problem, surface.refusal)
    except web.HTTPException as error:
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        refused = ScimProblem(error.status, f"{request.method} {request.path}: {error.reason}", headers=allow)
        return world.habits.refused(request, refused, surface.refusal)


async def _by_habit(world: World, request: web.Request, handler: Handler) -> web.StreamResponse:
    instead = world.habits.instead(request)
    return instead if instead is not None else world.habits.answered(request, await handler(request))


def _instead(fault: Fault, surface: Surface, request: web.Request) -> web.Response:
    if fault.kind == "refuse":
        return _cut(request)
    if fault.kind == "garbage":
        return web.Response(text="<html><body>Something else answered</body></html>", content_type="text/html")
    headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
    if fault.body is not None:
        return reply(fault.body, fault.status, headers)
    return surface.refusal(ScimProblem(fault.status, "ordered by the test", "", headers), request)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


async def _truncated(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    body = response.body if isinstance(response, web.Response) else None
    data = body if isinstance(body, bytes) else b"{}"
    partial = web.StreamResponse(status=response.status, headers={"Content-Length": str(len(data) + 1)})
    partial.content_type = response.content_type
    await partial.prepare(request)
    await partial.write(data[: len(data) // 2])
    if request.transport is not None:
        request.transport.abort()
    return partial


def _timer(world: World) -> Callable[[web.Application], AsyncIterator[None]]:
    """Jobs end and seats come free also while nobody asks."""

    async def run(_app: web.Application) -> AsyncIterator[None]:
        async def tick() -> None:
            while True:
                await asyncio.sleep(_TICK_SECONDS)
                _catch_up(world)

        task = asyncio.create_task(tick())
        yield
        task.cancel()

    return run


def _catch_up(world: World) -> None:
    """What is due happens before whatever is asked now, so the journal has it in the right order."""
    world.jobs.advance()
    world.tenant.settle_seats()

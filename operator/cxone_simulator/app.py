"""The web application: the tenant's API as CXone offers it."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from cxone_simulator import discovery
from cxone_simulator.bodies import read_object
from cxone_simulator.control import add_control
from cxone_simulator.directory import add_groups
from cxone_simulator.errors import ScimProblem, missing
from cxone_simulator.faults import Fault
from cxone_simulator.filters import parse_filter
from cxone_simulator.habits.habit import Reading
from cxone_simulator.jobs import BULK_RESPONSE
from cxone_simulator.journal import REQUEST_ID
from cxone_simulator.replies import list_reply, matched, refusal, reply, retry_after, start_index, user_reply
from cxone_simulator.tokens import TokenProblem
from cxone_simulator.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_TICK_SECONDS = 0.2
_LARGEST_BODY = 64 << 20
_ID = re.compile(
    r"^(/scim/v2/(?:Users|Groups|Bulk|Schemas|ResourceTypes)|/api/v2/license/assignments)/(?!\.search)[^/]+$"
)


def create_app(world: World) -> web.Application:
    """The application of one tenant."""
    app = web.Application(middlewares=[_middleware(world)], client_max_size=_LARGEST_BODY)
    Api(world).add_to(app)
    add_groups(app, world)
    add_control(app, world)
    app.cleanup_ctx.append(_timer(world))
    app.on_response_prepare.append(_name_request)
    return app


class Api:
    """Handlers of the tenant's API."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, app: web.Application) -> None:
        """Register every route."""
        add = app.router.add_route
        add("POST", "/oauth/token", self.token)
        add("GET", "/api/v2/license/quotas", self.quotas)
        add("DELETE", "/api/v2/license/assignments/{id}", self.release)
        for path in ("/scim/v2/Users/.search", "/scim/v2/.search"):
            add("POST", path, self.search)
        add("GET", "/scim/v2/Users", self.list_users)
        add("POST", "/scim/v2/Users", self.create)
        add("GET", "/scim/v2/Users/{id}", self.get)
        add("PUT", "/scim/v2/Users/{id}", self.put)
        add("PATCH", "/scim/v2/Users/{id}", self.patch)
        add("DELETE", "/scim/v2/Users/{id}", self.delete)
        add("POST", "/scim/v2/Bulk", self.bulk)
        add("GET", "/scim/v2/Bulk/{id}", self.job)
        add("GET", "/scim/v2/ServiceProviderConfig", self.config)
        add("GET", "/scim/v2/{kind:Schemas|ResourceTypes}", self.describe)
        add("GET", "/scim/v2/{kind:Schemas|ResourceTypes}/{id}", self.describe_one)

    async def token(self, request: web.Request) -> web.Response:
        """Client credentials."""
        try:
            form = await _form(request)
            grant, scope = str(form.get("grant_type", "")), str(form.get("scope", ""))
            body = self._world.tokens.give(request.headers.get("Authorization", ""), grant, scope)
        except TokenProblem as problem:
            error = {"error": problem.error, "error_description": problem.description}
            return web.json_response(error, status=problem.status)
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    async def quotas(self, _request: web.Request) -> web.Response:
        """Seats."""
        return web.json_response({"total": self._world.settings.seats, "used": self._world.tenant.used_seats})

    async def release(self, request: web.Request) -> web.Response:
        """Give a seat back."""
        self._world.tenant.release(request.match_info["id"], "request")
        return web.Response(status=204)

    async def list_users(self, request: web.Request) -> web.Response:
        """Users, filtered and paged."""
        return self._page(request.query.get("filter"), request.query)

    async def search(self, request: web.Request) -> web.Response:
        """The same, asked for by POST (RFC 7644 section 3.4.3)."""
        body = await read_object(request)
        text = body.get("filter")
        everything = request.path == "/scim/v2/.search"
        return self._page(str(text) if text is not None else None, body, everything=everything)

    async def create(self, request: web.Request) -> web.Response:
        """A new user."""
        return user_reply(self._world.tenant.create(await read_object(request), "request"), request, 201)

    async def get(self, request: web.Request) -> web.Response:
        """One user."""
        return user_reply(self._shown(self._world.tenant.get(request.match_info["id"]), Reading.USER), request)

    async def put(self, request: web.Request) -> web.Response:
        """Replace a user."""
        body = await read_object(request)
        return user_reply(self._world.tenant.replace(self._matched(request), body, "request"), request)

    async def patch(self, request: web.Request) -> web.Response:
        """Change a user."""
        body = await read_object(request)
        user = self._world.tenant.patch(self._matched(request), body, "request")
        user = self._shown(user, Reading.PATCHED)
        if self._world.settings.patch_answers_empty:
            return web.Response(status=204, headers={"ETag": user["meta"]["version"]})
        return user_reply(user, request)

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a user, where the tenant offers it."""
        if not self._world.settings.allow_delete:
            raise ScimProblem(405, "users cannot be deleted; deactivate them")
        self._world.tenant.delete(self._matched(request), "request")
        return web.Response(status=204)

    async def bulk(self, request: web.Request) -> web.Response:
        """Many operations, as a job or at once."""
        settings = self._world.settings
        if settings.bulk_mode == "off":
            raise ScimProblem(501, "bulk is not offered")
        if len(await request.read()) > settings.max_payload_bytes:
            raise ScimProblem(413, f"maxPayloadSize is {settings.max_payload_bytes} bytes", "tooMany")
        body = await read_object(request)
        if settings.bulk_mode == "sync":
            return reply({"schemas": [BULK_RESPONSE], "Operations": self._world.jobs.run_now(body)})
        job = self._world.jobs.submit(body)
        location = f"{request.url.origin()}/scim/v2/Bulk/{job.id}"
        return web.json_response({"id": job.id}, status=202, headers={"Location": location})

    async def job(self, request: web.Request) -> web.Response:
        """How far a job is."""
        return web.json_response(self._world.jobs.get(request.match_info["id"]))

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
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
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
        return discovery.resource_types()

    def _page(self, text: str | None, query: Any, *, everything: bool = False) -> web.Response:  # noqa: ANN401
        tenant, habits = self._world.tenant, self._world.habits
        groups = self._world.groups.all() if everything else []
        if text is not None:
            wanted = parse_filter(text)
            all_may_match = wanted.names is None or habits.find_otherwise
            pool = self._everybody() if all_may_match else tenant.named(sorted(wanted.names or ()))
            found = [item for item in (*pool, *groups) if habits.finds(text, item, wanted.matches(item))]
        else:
            found = [*self._everybody(), *groups]
        start = habits.begins(start_index(query))
        return list_reply(habits.listed(found, start), query, self._world.settings.max_page_size, start)

    def _everybody(self) -> Iterable[dict[str, Any]]:
        users = self._world.tenant.users()
        return self._world.tenant.past.users(users) if self._world.habits.behind(Reading.LIST) else users

    def _shown(self, user: dict[str, Any], reading: Reading) -> dict[str, Any]:
        if not self._world.habits.behind(reading):
            return user
        shown = self._world.tenant.past.user(user["id"], user)
        if shown is None:
            raise missing(f"user {user['id']}")
        return shown

    def _matched(self, request: web.Request) -> str:
        return matched(request, self._world.tenant.get(request.match_info["id"]))


def _scope(request: web.Request) -> str | None:
    """What a route needs; None where it needs nothing."""
    if request.path.startswith("/api/v2/license/quotas"):
        return "License.Read"
    if request.path.startswith("/api/v2/license/"):
        return "License.ReadWrite"
    return "SCIM.ReadWrite" if request.path.startswith("/scim/") else None


def _middleware(world: World) -> Any:  # noqa: ANN401 (aiohttp's own type for it is private)
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        _catch_up(world)
        REQUEST_ID.set(str(uuid.uuid4()))
        if request.path.startswith("/_simulator/"):
            return await handler(request)
        return await _serve(world, request, handler)

    return middleware


async def _name_request(_request: web.Request, response: web.StreamResponse) -> None:
    """Every answer, a refusal too, carries the id that the journal has for what it did."""
    response.headers["X-Request-Id"] = REQUEST_ID.get()


async def _serve(world: World, request: web.Request, handler: Handler) -> web.StreamResponse:
    route = f"{request.method} " + _ID.sub(r"\1/{id}", request.rel_url.raw_path)
    limited = request.path.startswith(("/scim/", "/api/"))
    wait = world.throttle.admit(world.settings.requests_per_minute, world.clock()) if limited else 0.0
    if wait > 0:
        value = retry_after(wait, world.settings.retry_after_form)
        response: web.StreamResponse = refusal(ScimProblem(429, "too many requests", "", {"Retry-After": value}))
    else:
        response = await _with_faults(world, request, handler)
    if limited:
        world.throttle.count(route, response.status)
    return response


async def _with_faults(world: World, request: web.Request, handler: Handler) -> web.StreamResponse:
    text = await _said(world, request) if world.faults.need_text else ""
    fault = world.faults.strike(request.method, request.path, text)
    seconds = world.settings.latency_seconds + (fault.seconds if fault is not None else 0.0)
    if seconds:
        await asyncio.sleep(seconds)
    if fault is not None and fault.kind in ("status", "refuse", "garbage"):
        return _instead(fault, request)
    response = await _answer(world, request, handler)
    if fault is not None and fault.kind == "drop":
        return _cut(request)
    if fault is not None and fault.kind == "truncate":
        return await _truncated(request, response)
    return response


async def _said(world: World, request: web.Request) -> str:
    """Everything that could name a user: query, body, and who has the id in the path."""
    body = (await request.read()).decode(errors="replace")
    return f"{unquote_plus(request.query_string)} {body} {_named(world, request)}".lower()


def _named(world: World, request: web.Request) -> str:
    try:
        return str(world.tenant.get(request.path.rpartition("/")[2])["userName"])
    except ScimProblem:
        return ""


async def _answer(world: World, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        scope = _scope(request)
        if scope is not None:
            world.tokens.check(request.headers.get("Authorization", ""), scope)
        return await _by_habit(world, request, handler) if scope is not None else await handler(request)
    except ScimProblem as problem:
        return world.habits.refused(request, problem)
    except web.HTTPException as error:
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        refused = ScimProblem(error.status, f"{request.method} {request.path}: {error.reason}", headers=allow)
        return world.habits.refused(request, refused)


async def _by_habit(world: World, request: web.Request, handler: Handler) -> web.StreamResponse:
    instead = world.habits.instead(request)
    return instead if instead is not None else world.habits.answered(request, await handler(request))


def _instead(fault: Fault, request: web.Request) -> web.Response:
    if fault.kind == "refuse":
        return _cut(request)
    if fault.kind == "garbage":
        return web.Response(text="<html><body>Something else answered</body></html>", content_type="text/html")
    headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
    if fault.body is not None:
        return reply(fault.body, fault.status, headers)
    return refusal(ScimProblem(fault.status, "ordered by the test", "", headers))


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


def _refuse_filter(request: web.Request) -> None:
    if "filter" in request.query:
        raise ScimProblem(403, "filters are not allowed here")


async def _form(request: web.Request) -> Mapping[str, Any]:
    try:
        return await request.post()
    except (ValueError, LookupError, AssertionError) as error:
        raise TokenProblem(400, "invalid_request", "the form cannot be read") from error

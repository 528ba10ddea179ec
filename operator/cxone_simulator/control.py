"""The control endpoint: what a test orders, and what it may know. Neither limited nor counted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from cxone_simulator.bodies import read_json
from cxone_simulator.errors import ScimProblem
from cxone_simulator.faults import FaultError
from cxone_simulator.settings import SettingError, change
from cxone_simulator.world import World

Body = Mapping[str, Any]


def add_control(app: web.Application, world: World) -> None:
    """Register the routes under /_simulator/."""
    control = _Control(world)
    routes: list[tuple[str, str, Callable[[web.Request], Awaitable[object]]]] = [
        ("GET", "stats", control.stats),
        ("POST", "stats/reset", control.reset),
        ("GET", "journal", control.journal),
        ("GET", "users", control.users),
        ("PATCH", "settings", control.change_settings),
        ("GET", "faults", control.faults),
        ("POST", "faults", control.order_faults),
        ("DELETE", "faults", control.clear_faults),
        ("GET", "habits", control.habits),
        ("PATCH", "habits", control.switch_habits),
        ("DELETE", "habits", control.clear_habits),
        ("POST", "outside", control.outside),
        ("POST", "tokens/revoke", control.revoke),
    ]
    for method, path, answer in routes:
        app.router.add_route(method, f"/_simulator/{path}", _handler(answer))


def _handler(answer: Callable[[web.Request], Awaitable[object]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response(await answer(request))
        except (FaultError, SettingError) as error:
            return web.json_response({"error": str(error)}, status=400)
        except ScimProblem as problem:
            return web.json_response({"error": problem.detail}, status=problem.status)

    return handle


class _Control:
    def __init__(self, world: World) -> None:
        self._world = world

    async def stats(self, _request: web.Request) -> object:
        world = self._world
        return {
            "requests": {route: dict(counts) for route, counts in sorted(world.throttle.requests.items())},
            "total": world.throttle.total,
            "tokens": world.tokens.given,
            "throttled": world.throttle.throttled,
            "max_in_window": world.throttle.most_in_window,
            "users": {
                "total": sum(1 for _ in world.tenant.users()),
                "active": sum(user["active"] for user in world.tenant.users()),
            },
            "licenses": {"total": world.settings.seats, "used": world.tenant.used_seats},
            "jobs": world.jobs.counts(),
        }

    async def reset(self, _request: web.Request) -> object:
        self._world.throttle.reset()
        return {}

    async def journal(self, request: web.Request) -> object:
        text = request.query.get("since", "0")
        if not text.isdecimal() or len(text) > 18:
            raise FaultError(f"since must be a whole number, not '{text}'")
        entries = self._world.journal.since(int(text))
        return {"entries": [entry.to_json() for entry in entries], "next": len(self._world.journal)}

    async def users(self, _request: web.Request) -> object:
        tenant = self._world.tenant
        tenant.settle_seats()
        return {"users": [{**user, "licensed": tenant.holds_seat(user["id"])} for user in tenant.users()]}

    async def change_settings(self, request: web.Request) -> object:
        change(self._world.settings, _object(await _body(request)))
        return {}

    async def faults(self, _request: web.Request) -> object:
        return {"faults": self._world.faults.to_json(), "jobs": self._world.job_faults.to_json()}

    async def order_faults(self, request: web.Request) -> object:
        body = await _body(request)
        for order in body if isinstance(body, list) and body else [body]:
            self._order_fault(_object(order))
        return {"faults": len(self._world.faults)}

    def _order_fault(self, body: Body) -> None:
        if "job" in body:
            self._world.job_faults.order(body)
        else:
            self._world.faults.order(body)

    async def clear_faults(self, _request: web.Request) -> object:
        self._world.faults.clear()
        self._world.job_faults.clear()
        return {}

    async def habits(self, _request: web.Request) -> object:
        return {"habits": self._world.habits.to_json()}

    async def switch_habits(self, request: web.Request) -> object:
        self._world.habits.switch(_object(await _body(request)))
        return {"habits": sorted(self._world.habits.names)}

    async def clear_habits(self, _request: web.Request) -> object:
        self._world.habits.clear()
        return {}

    async def outside(self, request: web.Request) -> object:
        body = await _body(request)
        for order in body if isinstance(body, list) else [body]:
            self._do_outside(_object(order))
        return {}

    async def revoke(self, _request: web.Request) -> object:
        self._world.tokens.revoke()
        return {}

    def _do_outside(self, order: Body) -> None:
        name = order.get("userName")
        if not isinstance(name, str) or not name:
            raise FaultError("userName is required")
        delete = order.get("delete", False)
        if not isinstance(delete, bool):
            raise FaultError(f"delete must be true or false, not {delete!r}")
        if delete:
            self._world.tenant.delete_outside(name)
            return
        self._world.tenant.put_outside(name, _object(order.get("set", {}), "set"))


async def _body(request: web.Request) -> object:
    try:
        return await read_json(request)
    except ValueError as error:
        raise FaultError("the body is not JSON") from error


def _object(value: object, what: str = "the body") -> Body:
    if not isinstance(value, Mapping):
        raise FaultError(f"{what} must be a JSON object")
    return value

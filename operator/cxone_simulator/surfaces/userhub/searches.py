"""Searches for the ids of roles and teams (cxone-and-peers, section 1.4, read with what published clients send).

A body has `filter`, a list of values for each field; `operations`, what a field does with them; and the page: `skip`
and `top`, or for roles `page` with `pageSize` and `pageNo` from 0 on. Whatever is not said finds everything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from cxone_simulator.bodies import read_object
from cxone_simulator.errors import invalid
from cxone_simulator.settings import Settings
from cxone_simulator.shapes import made_id
from cxone_simulator.world import World

_TOP = 50
"""How many a page has that says nothing."""

Entry = Mapping[str, object]


def add_searches(app: web.Application, world: World) -> None:
    """Register roles/search and teams/search."""
    for path, kind in (("/authorization/v1/roles/search", _ROLES), ("/user-management/v4/teams/search", _TEAMS)):
        app.router.add_route("POST", path, _handler(world, kind))


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    fields: tuple[str, ...]
    """What a filter can be about."""
    entries: Callable[[Settings], list[Entry]]


def _roles(settings: Settings) -> list[Entry]:
    return [
        {"roleId": made_id("role", name), "roleName": name, "displayName": name, "status": "ACTIVE"}
        for name in settings.roles
    ]


def _teams(settings: Settings) -> list[Entry]:
    return [
        {"id": made_id("team", name), "name": name, "status": "ACTIVE", "isDefault": index == 0}
        for index, name in enumerate(settings.teams)
    ]


_ROLES = _Kind("roles", ("roleId", "roleName", "status"), _roles)
_TEAMS = _Kind("teams", ("id", "name"), _teams)


def _handler(world: World, kind: _Kind) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        body = await read_object(request) if await request.read() else {}
        skip, top = _page(body)
        found = [entry for entry in kind.entries(world.settings) if _matches(entry, body, kind)]
        page = found[skip : skip + top]
        return web.json_response({"totalRecords": len(found), "skip": skip, "top": top, kind.name: page})

    return handle


def _page(body: Mapping[str, Any]) -> tuple[int, int]:
    page = _object(body, "page")
    if not page:
        return _number(body, "skip", 0), _number(body, "top", _TOP)
    top = _number(page, "pageSize", _TOP)
    return _number(page, "pageNo", 0) * top, top


def _matches(entry: Entry, body: Mapping[str, Any], kind: _Kind) -> bool:
    operations = _object(body, "operations")
    for field, values in _object(body, "filter").items():
        if field not in kind.fields:
            raise invalid(f"there is no filter for '{field}'; there are {', '.join(kind.fields)}")
        operation = _OPERATIONS.get(str(operations.get(field, "IN")))
        if operation is None:
            raise invalid(f"there is no operation '{operations[field]}'; there are {', '.join(_OPERATIONS)}")
        if not operation(str(entry[field]), _texts(field, values)):
            return False
    return True


_OPERATIONS: Mapping[str, Callable[[str, list[str]], bool]] = {
    "IN": lambda value, wanted: value in wanted,
    "EQ": lambda value, wanted: value in wanted,
    "NOT": lambda value, wanted: value not in wanted,
    "LIKE": lambda value, wanted: any(part.lower() in value.lower() for part in wanted),
}


def _texts(field: str, values: object) -> list[str]:
    if isinstance(values, list) and all(isinstance(value, str) for value in values):
        return values
    raise invalid(f"filter.{field} must be a list of strings")


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise invalid(f"{name} must be an object")
    return value or {}


def _number(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31:
        return value
    raise invalid(f"{name} must be a whole number from 0 on")

"""Argo CD's Lua machine with what it loads in production, and what it does with a script's answer.

Written after util/lua of Argo CD 3.5: base functions and `table`, and `require("os")` for `date`; no string,
math, io, debug or coroutine library, no methods on strings, and no global `os`. Argo CD's own tests open all libraries,
so a script that passes there can still fail in production.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lupa.lua51 import LuaError, LuaRuntime, lua_type

CUSTOMIZATIONS = Path(__file__).parents[2] / "manifests/argocd/resource_customizations"
STATUSES = ("Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown")
Json = dict[str, Any]

_LOADED = (
    "_G _VERSION assert collectgarbage error getfenv getmetatable ipairs load loadstring next pairs pcall rawequal "
    "rawget rawset require select setfenv setmetatable table tonumber tostring type unpack xpcall"
)
"""The globals of production, less those that print or read files."""
_CLOSE = """
local names, os = ...
local loaded = {}
for name in names:gmatch("%S+") do loaded[name] = true end
getmetatable("").__index = nil
for name in pairs(_G) do
  if not loaded[name] then _G[name] = nil end
end
function require(name)
  if name ~= "os" then error("module " .. name .. " not found", 2) end
  return os
end
"""


class ScriptError(Exception):
    """The script raised an error; the message is the one that Argo CD shows."""


@dataclass(frozen=True)
class Health:
    """What Argo CD shows of a resource."""

    status: str
    message: str = ""


@dataclass(frozen=True)
class Action:
    """One entry of a resource's menu."""

    name: str
    disabled: bool = False
    displayName: str = ""  # noqa: N815 (as Argo CD's test files spell it)
    iconClass: str = ""  # noqa: N815
    params: list[Json] = field(default_factory=list)


def health(resource: Json) -> Health:
    """The verdict of the health script of that kind."""
    answer = _run(_folder(resource) / "health.lua", resource)
    assert isinstance(answer, dict), f"a health script returns a table, not {answer!r}"
    found = Health(**answer)
    assert found.status in STATUSES, f"{found.status!r} is no health status"
    return found


def discover(resource: Json) -> dict[str, Action]:
    """The actions of a resource, by name."""
    answer = _run(_folder(resource) / "actions/discovery.lua", resource)
    return {name: Action(name, **fields) for name, fields in answer.items()}


def act(resource: Json, action: str, parameters: Mapping[str, str] | None = None, now: datetime | None = None) -> Json:
    """The resource as an action wants it; like Argo CD, this does not look whether the action is disabled."""
    answer = _run(_folder(resource) / f"actions/{action}/action.lua", resource, parameters, now)
    assert isinstance(answer, dict), f"an action of this form returns the resource, not {answer!r}"
    return _cleaned(answer, resource)


def merge_patch(old: Json, new: Json) -> Json:
    """What Argo CD sends to the API server after an action (RFC 7396)."""
    patch: Json = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            below = merge_patch(before, value)
            patch |= {key: below} if below else {}
        elif key not in old or value != before:
            patch[key] = value
    return patch


def _folder(resource: Json) -> Path:
    group = resource["apiVersion"].partition("/")[0]
    return CUSTOMIZATIONS / group / resource["kind"]


def _run(script: Path, resource: Json, parameters: Mapping[str, str] | None = None, now: datetime | None = None) -> Any:
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    close: Callable[..., None] = lua.eval(f"function(...) {_CLOSE} end")
    close(_LOADED, lua.table(date=_date(now)))
    lua.globals().obj = _to_lua(lua, resource)
    lua.globals().actionParams = _to_lua(lua, dict(parameters or {}))
    try:
        return _from_lua(lua.execute(script.read_text(encoding="utf-8")))
    except LuaError as error:
        raise ScriptError(str(error).partition("\nstack traceback:")[0]) from error


def _date(now: datetime | None) -> Callable[[str], str]:
    def date(form: str) -> str:
        assert form.startswith("!"), "times on resources are UTC, so the format begins with !"
        return (now or datetime.now(UTC)).strftime(form[1:])

    return date


def _to_lua(lua: LuaRuntime, value: Any) -> Any:
    if isinstance(value, list):
        return lua.table(*(_to_lua(lua, item) for item in value))
    if isinstance(value, dict):
        table = lua.table()
        for key, item in value.items():
            table[key] = _to_lua(lua, item)
        return table
    return value


def _from_lua(value: Any) -> Any:
    """JSON, as the encoder of Argo CD makes it: an empty table is a list."""
    if lua_type(value) == "table":
        items = list(value.items())
        if items and isinstance(items[0][0], str):
            return {key: _from_lua(item) for key, item in items}
        return [_from_lua(item) for _, item in items]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _cleaned(new: Any, old: Any) -> Any:
    """Empty maps that the encoder made into lists are maps again, as in Argo CD."""
    if isinstance(old, dict) and new == []:
        return {}
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: _cleaned(value, old.get(key)) for key, value in new.items()}
    if isinstance(old, list) and isinstance(new, list):
        return [_cleaned(item, old[index] if index < len(old) else None) for index, item in enumerate(new)]
    return new

"""Bodies of requests: JSON that the rest of the simulator can rely on."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from cxone_simulator.attributes import USER_SCHEMA
from cxone_simulator.errors import ScimProblem

_DEEPEST = 40


async def read_object(request: web.Request) -> dict[str, Any]:
    """The body of a SCIM request; raises ScimProblem."""
    try:
        body = await read_json(request)
    except ValueError as error:
        raise ScimProblem(400, "the body is not JSON", "invalidSyntax") from error
    if not isinstance(body, dict):
        example = f"the body must be a JSON object, for example with schemas {USER_SCHEMA}"
        raise ScimProblem(400, example, "invalidSyntax")
    return body


async def read_message(request: web.Request, schema: str, *, strict: bool) -> dict[str, Any]:
    """The body of a PatchOp or BulkRequest; on a strict server it must say that it is one. Raises ScimProblem."""
    body = await read_object(request)
    schemas = body.get("schemas")
    if strict and not (isinstance(schemas, list) and schema in schemas):
        raise ScimProblem(400, f"schemas must contain {schema}", "invalidSyntax")
    return body


async def read_json(request: web.Request) -> Any:  # noqa: ANN401
    """The body; raises ValueError, also for what only Python takes for JSON and for a tower of brackets."""
    try:
        body = json.loads(await request.text(), parse_constant=_no_constant)
    except (RecursionError, LookupError) as error:
        raise ValueError("the body cannot be read") from error
    _check_depth(body)
    return body


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _check_depth(body: object) -> None:
    level = [body]
    for _ in range(_DEEPEST):
        level = [part for value in level for part in _parts(value)]
        if not level:
            return
    raise ValueError("the body is nested too deeply")


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []

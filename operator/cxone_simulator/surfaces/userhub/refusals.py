"""How User Hub says no: in three shapes (cxone-and-peers, section 1.8)."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from cxone_simulator.errors import ERROR_SCHEMA, ScimProblem
from cxone_simulator.replies import reply


def refusal(problem: ScimProblem, request: web.Request) -> web.Response:
    """401 as Spring has it, 409 as SCIM but with a number for its status, all else as User Hub has it."""
    if problem.status == 409:
        body = {"schemas": [ERROR_SCHEMA], "detail": problem.detail, "status": problem.status}
        return reply(body, problem.status, problem.headers)
    body = _unauthorized(problem, request) if problem.status == 401 else _refused(problem, request)
    return web.json_response(body, status=problem.status, headers=problem.headers)


def _unauthorized(problem: ScimProblem, request: web.Request) -> dict[str, object]:
    return {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "status": problem.status,
        "error": "Unauthorized",
        "message": problem.detail,
        "path": request.path,
    }


def _refused(problem: ScimProblem, request: web.Request) -> dict[str, object]:
    return {
        "code": problem.scim_type or str(problem.status),
        "details": problem.detail,
        "hostName": request.host,
        "entityType": "User",
        "errors": {},
    }

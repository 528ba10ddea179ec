"""How requests are refused, and what is done with a userName that is taken."""

from __future__ import annotations

import json

from aiohttp import web

from cxone_simulator.attributes import Json
from cxone_simulator.errors import ScimProblem, taken
from cxone_simulator.replies import refusal, reply

_ERRORS = "urn:ietf:params:scim:schemas:extension:fusionauth:2.0:Error"


def as_page(_request: web.Request, problem: ScimProblem) -> web.Response:
    """The page of a framework."""
    text = f"<html><body><h1>{problem.status}</h1></body></html>"
    return web.Response(text=text, content_type="text/html", status=problem.status, headers=problem.headers)


def wrapped(_request: web.Request, problem: ScimProblem) -> web.Response:
    """The SCIM Error is a text within an error of another kind."""
    body = {"code": problem.status, "label": "scim-error", "message": json.dumps(problem.body())}
    return reply(body, problem.status, problem.headers)


def in_a_list(_request: web.Request, problem: ScimProblem) -> web.Response:
    """The SCIM Error says only that there are others."""
    errors = {"fieldErrors": {}, "generalErrors": [{"code": "[invalid]", "message": problem.detail}]}
    detail = "Request failed, see errors for additional details."
    return reply({**problem.body(), "detail": detail, _ERRORS: errors}, problem.status, problem.headers)


def missing_as_failure(request: web.Request, problem: ScimProblem) -> web.Response | None:
    """The server stumbles over users that it does not find."""
    missing = problem.status == 404 and request.method == "GET" and "/Users/" in request.path
    found = "Error in getting user information from the user store"
    return refusal(ScimProblem(500, found)) if missing else None


def taken_as_wrong(_holder: Json) -> ScimProblem:
    """A userName that is taken is a value like any wrong one."""
    return ScimProblem(400, "value of 'userName' is not unique", "invalidValue")


def taken_as_failure(_holder: Json) -> ScimProblem:
    """The database objects, and nobody has expected that."""
    return ScimProblem(500, "cannot create user: err_username_exists")


def back(holder: Json) -> ScimProblem | None:
    """Whoever comes again gets the old account, active."""
    return taken(holder["userName"]) if holder["active"] else None

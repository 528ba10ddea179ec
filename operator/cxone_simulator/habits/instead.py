"""What is answered without doing anything."""

from __future__ import annotations

import re
from collections.abc import Callable

from aiohttp import web

from cxone_simulator.attributes import Json
from cxone_simulator.errors import ERROR_SCHEMA, ScimProblem
from cxone_simulator.replies import refusal, reply

Instead = Callable[[web.Request], web.Response | None]

HTML = "<html><body>Please sign in</body></html>"
COOKIE = "JSESSIONID"
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_LARGEST_COUNT = 100

TRY_LATER: Json = {"schemas": [ERROR_SCHEMA], "status": "503", "detail": "try later"}


def is_write(request: web.Request) -> bool:
    """It is to change something; searches, also those of RFC 7644 section 3.4.3, only come by POST."""
    return request.method in _WRITES and not request.path.endswith(("/search", "/.search"))


def html(_request: web.Request | None = None) -> web.Response:
    """The page of somebody else."""
    return web.Response(text=HTML, content_type="text/html")


def no_write(body: Json) -> Instead:
    """Nothing is written, and this is said."""
    return lambda request: reply(body) if is_write(request) else None


def refusing(problem: ScimProblem) -> Instead:
    """Whatever is asked."""
    return lambda _: refusal(problem)


def throttled(**headers: str) -> Instead:
    """429 with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusing(ScimProblem(429, "too many requests", "", named))


def elsewhere(request: web.Request) -> web.Response:
    """To a host that does not exist."""
    return web.Response(status=302, headers={"Location": f"http://elsewhere.invalid{request.path}"})


def refuse_or(request: web.Request) -> web.Response | None:
    """As a server whose filters are simple."""
    if not re.search(r"\sor\s", request.query.get("filter", "")):
        return None
    return refusal(ScimProblem(400, "or is not supported in filters", "invalidFilter"))


def fail_at_apostrophes(request: web.Request) -> web.Response | None:
    """As a server that builds SQL from the filter."""
    if "'" not in request.query.get("filter", ""):
        return None
    return refusal(ScimProblem(500, "Error occurred while retrieving SCIM user information"))


def refuse_large_counts(request: web.Request) -> web.Response | None:
    """As a validator of parameters does, which knows no SCIM."""
    count = request.query.get("count", "0")
    if not count.isdecimal() or int(count) <= _LARGEST_COUNT:
        return None
    return reply({"message": f"[{count}: must be less than or equal to {_LARGEST_COUNT}]", "http_status": 400}, 400)


def refuse_cookies(request: web.Request) -> web.Response | None:
    """A session of its own makes of a client with a token a browser, which lacks a CSRF token."""
    return refusal(ScimProblem(403, "Invalid CSRF token")) if COOKIE in request.cookies else None

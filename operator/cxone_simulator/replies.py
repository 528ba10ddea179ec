"""Replies: users and lists as they go over the wire."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from cxone_simulator.attributes import Json, canonical, canonical_sub
from cxone_simulator.errors import ScimProblem, invalid

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SCIM_JSON = "application/scim+json"
_ALWAYS = ("id", "schemas")


def reply(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A SCIM answer."""
    return web.Response(body=json.dumps(body).encode(), status=status, content_type=SCIM_JSON, headers=headers)


def refusal(problem: ScimProblem) -> web.Response:
    """A SCIM error."""
    return reply(problem.body(), problem.status, problem.headers)


def user_reply(user: Json, request: web.Request, status: int = 200) -> web.Response:
    """A user with its location, and its version where the server has versions."""
    version = version_headers(user)
    known = request.headers.get("If-None-Match", "")
    if status == 200 and request.method == "GET" and version and names_version(known, version["ETag"]):
        return web.Response(status=304, headers=version)
    headers = {**version, "Location": str(request.url.origin()) + user["meta"]["location"]}
    return reply(chosen(user, request.query), status, headers)


def version_headers(resource: Json) -> dict[str, str]:
    """The ETag of a resource; nothing where it has no version."""
    version = resource["meta"].get("version")
    return {} if version is None else {"ETag": version}


def names_version(header: str, version: str) -> bool:
    """Whether If-Match or If-None-Match names it: one, several or `*` (RFC 9110 section 13.1)."""
    return any(tag.strip() in ("*", version) for tag in header.split(","))


def matched(request: web.Request, resource: Json) -> str:
    """The id, if the version is the one that the client knows (RFC 7644 section 3.14).

    Ask only when the body has been read: nothing may come between this and the change.
    """
    wanted, version = request.headers.get("If-Match"), resource["meta"].get("version")
    if wanted is not None and version is not None and not names_version(wanted, version):
        raise ScimProblem(412, f"{request.path} has changed")
    return str(resource["id"])


def list_reply(
    users: list[Json], query: Mapping[str, Any], largest: int, start: int, show: Callable[[Json], Json]
) -> web.Response:
    """A page of a list: from the 1-based `start`, count bounded by the server (RFC 7644 section 3.4.2.4)."""
    count = page_size(query, largest)
    page = users[start - 1 : start - 1 + count]
    return reply(
        {
            "schemas": [LIST_SCHEMA],
            "totalResults": len(users),
            "startIndex": start,
            "itemsPerPage": len(page),
            "Resources": [chosen(show(user), query) for user in page],
        }
    )


def first_index(query: Mapping[str, Any]) -> int:
    """Where a page begins, from 1 on; raises ScimProblem."""
    return max(1, start_index(query) or 1)


def start_index(query: Mapping[str, Any]) -> int | None:
    """Where a page is to begin, None where that is not said; raises ScimProblem."""
    return _number(query, "startIndex", 1) if "startIndex" in query else None


def page_size(query: Mapping[str, Any], largest: int) -> int:
    """How many are on a page, at most as many as the server allows; raises ScimProblem."""
    return min(max(0, _number(query, "count", largest)), largest)


def chosen(user: Json, query: Mapping[str, Any]) -> Json:
    """The attributes that were asked for (RFC 7644 section 3.9)."""
    wanted, unwanted = _names(query.get("attributes")), _names(query.get("excludedAttributes"))
    if wanted:
        return {key: _part(key, value, wanted) for key, value in user.items() if key in _ALWAYS or _asked(key, wanted)}
    return {key: value for key, value in user.items() if key in _ALWAYS or key not in unwanted}


def retry_after(seconds: float, form: str) -> str:
    """Retry-After in either form (RFC 9110 section 10.2.3), rounded up."""
    whole = max(1, math.ceil(seconds))
    if form == "date":
        return format_datetime(datetime.now(UTC) + timedelta(seconds=whole), usegmt=True)
    return str(whole)


def _asked(key: str, wanted: set[str]) -> bool:
    return key in wanted or any(name.startswith((f"{key}.", f"{key}:")) for name in wanted)


def _part(key: str, value: Any, wanted: set[str]) -> Any:  # noqa: ANN401
    parts = {name[len(key) + 1 :] for name in wanted if name.startswith((f"{key}.", f"{key}:"))}
    if key in wanted or not parts:
        return value
    if isinstance(value, list):
        return [{part: item[part] for part in parts if part in item} for item in value]
    return {part: value[part] for part in parts if part in value} if isinstance(value, dict) else value


def _names(value: object) -> set[str]:
    items = value if isinstance(value, list) else str(value).split(",") if value else []
    return {_own_name(str(item).strip()) for item in items}


def _own_name(name: str) -> str:
    core = name.removeprefix("urn:ietf:params:scim:schemas:core:2.0:User:")
    head, dot, rest = core.partition(".") if not core.startswith("urn:") else (core, "", "")
    return f"{canonical(head)}{dot}{canonical_sub(rest)}"


def _number(query: Mapping[str, Any], name: str, default: int) -> int:
    try:
        return int(query.get(name, default))
    except (TypeError, ValueError, OverflowError) as error:
        raise invalid(f"{name} must be a whole number") from error

"""How a success is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from cxone_simulator.attributes import MULTI_VALUED, NICE_SCHEMA, USER_SCHEMA, Json
from cxone_simulator.errors import missing
from cxone_simulator.habits.habit import Answers, Change
from cxone_simulator.habits.instead import COOKIE, is_write
from cxone_simulator.replies import LIST_SCHEMA, SCIM_JSON, refusal, reply

_TOO_LARGE_BYTES = 11 << 20
_BOM = b"\xef\xbb\xbf"
_LATIN = "iso-8859-1"


def of_body(change: Change) -> Answers:
    """The body of an answer is another one."""

    def answers(_request: web.Request, response: web.Response) -> web.Response:
        if not isinstance(response.body, bytes) or not response.body:
            return response
        headers = {name: value for name, value in response.headers.items() if name in ("ETag", "Location")}
        return reply(change(json.loads(response.body)), response.status, headers)

    return answers


def of_lists(change: Change) -> Answers:
    """A list looks otherwise."""
    return of_body(lambda body: change(body) if _is_list(body) else body)


def of_users(change: Change) -> Answers:
    """Every user in an answer, alone or in a list, looks otherwise."""
    alone, listed = _if_user(change), _in_list(change)
    return of_body(lambda body: listed(body) if _is_list(body) else alone(body))


def of_listed(change: Change) -> Answers:
    """Every user in a list looks otherwise."""
    return of_lists(_in_list(change))


def of_written(change: Change) -> Answers:
    """The user that a write is answered with looks otherwise."""
    changed = of_body(_if_user(change))
    return lambda request, response: changed(request, response) if is_write(request) else response


def of_quota(value: object) -> Answers:
    """There are so many seats."""
    changed = of_body(lambda body: {**body, "total": value})
    return lambda request, response: changed(request, response) if request.path.endswith("/quotas") else response


def of_writes(make: Callable[[], web.Response]) -> Answers:
    """Changes of users are carried out, and answered so; jobs are not."""
    return lambda request, response: make() if is_write(request) and "/Bulk" not in request.path else response


def only(*names: str) -> Change:
    """Nothing but these attributes."""
    return lambda user: {name: value for name, value in user.items() if name in names}


def by_id(item: Json) -> Json:
    """A role or group as some number, with its name beside it."""
    value = str(item.get("value", ""))
    return {"value": f"id-of-{value.lower()}", "display": value}


def roles_by_id(user: Json) -> Json:
    """Roles and groups."""
    return {**user, **{name: [by_id(item) for item in user[name]] for name in ("roles", "groups") if name in user}}


def roles_as_text(user: Json) -> Json:
    """All in one."""
    return {**user, "roles": ", ".join(item["value"] for item in user["roles"])} if "roles" in user else user


def lower_case(value: Any) -> Any:  # noqa: ANN401
    """Names of attributes at every depth, but for those of schemas."""
    if isinstance(value, dict):
        return {name if ":" in name else name.lower(): lower_case(item) for name, item in value.items()}
    return [lower_case(item) for item in value] if isinstance(value, list) else value


def qualified(user: Json) -> Json:
    """As RFC 7644 section 3.10 writes them in requests."""
    bare = ("schemas", "id", "meta", NICE_SCHEMA)
    core = {name if name in bare else f"{USER_SCHEMA}:{name}": value for name, value in user.items()}
    extension = core.pop(NICE_SCHEMA, {})
    return {**core, **{f"{NICE_SCHEMA}:{name}": value for name, value in extension.items()}}


def activity(word: Callable[[bool], object]) -> Change:
    """active is that of it."""
    return lambda user: {**user, "active": word(bool(user.get("active", True)))}


def true_or_nothing(user: Json) -> Json:
    """What is false is left out."""
    return {name: value for name, value in user.items() if name != "active" or value}


def null_lists(user: Json) -> Json:
    """What has no values is null."""
    return {**user, **{name: user.get(name) or None for name in MULTI_VALUED}}


def null_resources(body: Json) -> Json:
    """Where nobody is found."""
    return body if body.get("Resources") else {**body, "Resources": None}


def one_resource(body: Json) -> Json:
    """A list of one is that one."""
    return {**body, "Resources": body["Resources"][0]} if len(body["Resources"]) == 1 else body


def number_id(user: Json) -> Json:
    """An id of digits is a number."""
    return {**user, "id": int(user["id"])} if str(user.get("id", "")).isdecimal() else user


def with_more(body: Json) -> Json:
    """An entry that is no user."""
    strange = {"displayName": "an entry without id and userName"}
    return {**body, "totalResults": body["totalResults"] + 1, "Resources": [*body["Resources"], strange]}


def unfiltered(answers: Answers) -> Answers:
    """Not where somebody is asked for by name."""
    return lambda request, response: response if "filter" in request.query else answers(request, response)


def short(body: Json) -> Json:
    """Two at most."""
    page = (body.get("Resources") or [])[:2]
    return {**body, "itemsPerPage": len(page), "Resources": page}


def huge(request: web.Request, response: web.Response) -> web.Response:
    """Whoever asks for many at once gets more than anybody reads."""
    many = request.path.endswith("/Users") and int(request.query.get("count", "1000")) > 10
    if request.method != "GET" or not many:
        return response
    return reply({"schemas": [LIST_SCHEMA], "padding": " " * _TOO_LARGE_BYTES})


def nobody_is_missing(request: web.Request, response: web.Response) -> web.Response:
    """A filter that finds nobody has found nothing."""
    body = json.loads(response.body) if isinstance(response.body, bytes) and response.body else {}
    nobody = "filter" in request.query and _is_list(body) and not body["Resources"]
    return refusal(missing("a user like that")) if nobody else response


def with_bom(_request: web.Request, response: web.Response) -> web.Response:
    """A byte order mark before the JSON."""
    if isinstance(response.body, bytes) and response.body:
        response.body = _BOM + response.body
    return response


def in_latin(_request: web.Request, response: web.Response) -> web.Response:
    """One byte for each letter, as the header says."""
    if not isinstance(response.body, bytes) or not response.body:
        return response
    body = json.dumps(json.loads(response.body), ensure_ascii=False).encode(_LATIN, "replace")
    headers = {name: value for name, value in response.headers.items() if name in ("ETag", "Location")}
    return web.Response(body=body, status=response.status, content_type=SCIM_JSON, charset=_LATIN, headers=headers)


def with_cookie(_request: web.Request, response: web.Response) -> web.Response:
    """A session, which nobody has asked for."""
    response.set_cookie(COOKIE, "a-session-of-its-own", path="/")
    return response


def _is_list(body: Json) -> bool:
    return "Resources" in body


def _if_user(change: Change) -> Change:
    """Groups and schemas stay as they are."""
    return lambda item: change(item) if "userName" in item else item


def _in_list(change: Change) -> Change:
    one = _if_user(change)
    return lambda body: {**body, "Resources": [one(item) for item in body["Resources"]]}

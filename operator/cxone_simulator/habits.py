"""Habits: what real servers do that no RFC asks for, each with a name, switched on and off while the tenant runs.

A fault strikes a request and is over; a habit lasts, and the server means well by it. A new one is an entry of HABITS:
one line of what it does, and the places where it does it.

| place    | what it changes                                                       |
|----------|-----------------------------------------------------------------------|
| instead  | the request is not carried out; this is answered                      |
| keeps    | what is stored of what a request asks for, also within a bulk job     |
| names    | the ids of new users                                                  |
| lists    | who is in a list, and in which order, before it is cut into pages     |
| answers  | what is answered when the request was carried out                     |
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from cxone_simulator.attributes import MULTI_VALUED, Json
from cxone_simulator.errors import ScimProblem
from cxone_simulator.faults import FaultError
from cxone_simulator.replies import LIST_SCHEMA, refusal, reply

HTML = "<html><body>Please sign in</body></html>"
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_TOO_LARGE_BYTES = 11 << 20
_LONG_ID = 3000
_ZONES = {"Asia/Calcutta": "Asia/Kolkata", "Europe/Kiev": "Europe/Kyiv", "US/Eastern": "America/New_York"}
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

Keep = Callable[[Json, Json], Json]
"""From the user before ({} where there is none) and the one that was asked for to the one that is kept."""
Change = Callable[[Json], Json]


@dataclass(frozen=True, slots=True)
class Habit:
    """One habit; see the table above."""

    says: str
    instead: Callable[[web.Request], web.Response | None] | None = None
    keeps: Keep | None = None
    names: Callable[[int], str] | None = None
    lists: Callable[[list[Json], int], list[Json]] | None = None
    """Called with everybody who was found, and the 1-based index that the page begins at."""
    answers: Callable[[web.Request, web.Response], web.Response] | None = None


@dataclass(slots=True)
class Habits:
    """Which habits the tenant has; the order is that of HABITS."""

    names: set[str] = field(default_factory=set)
    _named: int = 0

    def to_json(self) -> list[dict[str, object]]:
        """All that there are."""
        return [{"name": name, "says": habit.says, "on": name in self.names} for name, habit in HABITS.items()]

    def switch(self, wanted: Mapping[str, Any]) -> None:
        """Some on and some off, all of them or none; raises FaultError."""
        if unknown := sorted(wanted.keys() - HABITS.keys()):
            raise FaultError(f"there is no habit {', '.join(unknown)}; there are {', '.join(HABITS)}")
        if wrong := [name for name, on in wanted.items() if not isinstance(on, bool)]:
            raise FaultError(f"{wrong[0]} must be true or false")
        self.names = {name for name in self.names | wanted.keys() if wanted.get(name, True)}

    def clear(self) -> None:
        """None of them any more."""
        self.names = set()

    def instead(self, request: web.Request) -> web.Response | None:
        """What is answered although nothing is done."""
        found = (habit.instead(request) for habit in self._on() if habit.instead is not None)
        return next((response for response in found if response is not None), None)

    def kept(self, old: Json, new: Json) -> Json:
        """What is stored."""
        for habit in self._on():
            new = habit.keeps(old, new) if habit.keeps is not None else new
        return new

    def id(self) -> str | None:
        """The id of a new user; None where it is the server's usual one."""
        self._named += 1
        return next((habit.names(self._named) for habit in self._on() if habit.names is not None), None)

    def listed(self, users: list[Json], start: int) -> list[Json]:
        """Who is in a list."""
        for habit in self._on():
            users = habit.lists(users, start) if habit.lists is not None else users
        return users

    def answered(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """How a success is answered."""
        for habit in self._on():
            if habit.answers is not None and isinstance(response, web.Response) and response.status < 300:
                response = habit.answers(request, response)
        return response

    def _on(self) -> Iterable[Habit]:
        return (habit for name, habit in HABITS.items() if name in self.names) if self.names else ()


# Places.


def _writes(request: web.Request) -> bool:
    """The searches of User Hub are no writes, although they are sent by POST."""
    return request.method in _WRITES and not request.path.endswith("/search")


def _html() -> web.Response:
    return web.Response(text=HTML, content_type="text/html")


def _no_write(body: Json) -> Callable[[web.Request], web.Response | None]:
    return lambda request: reply(body) if _writes(request) else None


def _throttled(value: str) -> Callable[[web.Request], web.Response | None]:
    return lambda _: refusal(ScimProblem(429, "too many requests", "", {"Retry-After": value}))


def _elsewhere(request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": f"http://elsewhere.invalid{request.path}"})


def _refuse_or(request: web.Request) -> web.Response | None:
    if not re.search(r"\sor\s", request.query.get("filter", "")):
        return None
    return refusal(ScimProblem(400, "or is not supported in filters", "invalidFilter"))


def _of_body(change: Change) -> Callable[[web.Request, web.Response], web.Response]:
    """The body of an answer is another one."""

    def answers(_request: web.Request, response: web.Response) -> web.Response:
        if not isinstance(response.body, bytes) or not response.body:
            return response
        headers = {name: value for name, value in response.headers.items() if name in ("ETag", "Location")}
        return reply(change(json.loads(response.body)), response.status, headers)

    return answers


def _of_lists(change: Change) -> Callable[[web.Request, web.Response], web.Response]:
    """The lists of User Hub have no schemas."""
    return _of_body(lambda body: change(body) if "Resources" in body else body)


def _of_users(change: Change) -> Callable[[web.Request, web.Response], web.Response]:
    """Every user in an answer, alone or in a list, looks otherwise."""

    def changed(body: Json) -> Json:
        if "Resources" in body:
            return {**body, "Resources": [change(user) for user in body["Resources"]]}
        return change(body) if "userName" in body else body

    return _of_body(changed)


def _of_quota(value: object) -> Callable[[web.Request, web.Response], web.Response]:
    changed = _of_body(lambda body: {**body, "total": value})
    return lambda request, response: changed(request, response) if request.path.endswith("/quotas") else response


def _of_writes(make: Callable[[], web.Response]) -> Callable[[web.Request, web.Response], web.Response]:
    """Changes of users are carried out, and answered so; jobs are not."""
    return lambda request, response: make() if _writes(request) and "/Bulk" not in request.path else response


def _each(attribute: str, change: Change) -> Keep:
    """Every item of a multi-valued attribute is kept otherwise."""

    def keeps(_old: Json, new: Json) -> Json:
        items = new.get(attribute)
        return {**new, attribute: [change(item) for item in items]} if isinstance(items, list) else new

    return keeps


def _known_zone(_old: Json, new: Json) -> Json:
    zone = new.get("timezone")
    return {**new, "timezone": _ZONES[zone]} if zone in _ZONES else new


def _e164(item: Json) -> Json:
    return {**item, "value": re.sub(r"[^+0-9]", "", str(item.get("value", "")))}


def _upper(item: Json) -> Json:
    return {**item, "value": str(item.get("value", "")).upper()}


def _without_type(item: Json) -> Json:
    return {name: value for name, value in item.items() if name != "type"}


def _with_address(_old: Json, new: Json) -> Json:
    own = {"value": f"u-{new.get('userName', '')}", "type": "other"}
    emails = new.get("emails")
    if not isinstance(emails, list) or own in emails:
        return new
    return {**new, "emails": [*emails, own]}


def _unheeded(old: Json, new: Json) -> Json:
    return {**old, "active": new.get("active", True)} if old else new


def _still_active(old: Json, new: Json) -> Json:
    return {**new, "active": True} if old.get("active") else new


def _by_id(item: Json) -> Json:
    value = str(item.get("value", ""))
    return {"value": f"id-of-{value.lower()}", "display": value}


def _roles_by_id(user: Json) -> Json:
    return {**user, **{name: [_by_id(item) for item in user[name]] for name in ("roles", "groups") if name in user}}


def _lower_case(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name if ":" in name else name.lower(): _lower_case(item) for name, item in value.items()}
    return [_lower_case(item) for item in value] if isinstance(value, list) else value


def _activity(word: Callable[[bool], object]) -> Change:
    return lambda user: {**user, "active": word(bool(user.get("active", True)))}


def _null_lists(user: Json) -> Json:
    return {**user, **{name: user.get(name) or None for name in MULTI_VALUED}}


def _null_resources(body: Json) -> Json:
    return body if body.get("Resources") else {**body, "Resources": None}


def _number_id(user: Json) -> Json:
    return {**user, "id": int(user["id"])} if str(user.get("id", "")).isdecimal() else user


def _with_more(body: Json) -> Json:
    """Not where somebody is asked for by name: no filter finds it."""
    strange = {"displayName": "an entry without id and userName"}
    return {**body, "totalResults": body["totalResults"] + 1, "Resources": [*body["Resources"], strange]}


def _unfiltered(
    answers: Callable[[web.Request, web.Response], web.Response],
) -> Callable[[web.Request, web.Response], web.Response]:
    return lambda request, response: response if "filter" in request.query else answers(request, response)


def _short(body: Json) -> Json:
    page = (body.get("Resources") or [])[:2]
    return {**body, "itemsPerPage": len(page), "Resources": page}


def _huge(request: web.Request, response: web.Response) -> web.Response:
    """Whoever asks for many at once gets more than anybody reads."""
    many = request.path.endswith("/Users") and int(request.query.get("count", "1000")) > 10
    if request.method != "GET" or not many:
        return response
    return reply({"schemas": [LIST_SCHEMA], "padding": " " * _TOO_LARGE_BYTES})


HABITS: dict[str, Habit] = {
    # What is answered without doing anything.
    "html": Habit("Everything is answered with a page of HTML and 200", instead=lambda _: _html()),
    "redirects": Habit("Everything is sent to another host", instead=_elsewhere),
    "errorIn200": Habit(
        "Writes are refused with a SCIM Error in a 200",
        instead=_no_write({"schemas": [_ERROR], "status": "503", "detail": "try later"}),
    ),
    "successFalse": Habit(
        "Writes are refused with success: false in a 200",
        instead=_no_write({"success": False, "message": "not saved"}),
    ),
    "refusesOr": Habit("Filters with or are refused", instead=_refuse_or),
    "retryAfterHuge": Habit("429, to be tried again in 3,000 years", instead=_throttled("99999999999")),
    "retryAfterPast": Habit("429, to be tried again long ago", instead=_throttled("Sun, 06 Nov 1994 08:49:37 GMT")),
    "retryAfterGarbage": Habit("429, to be tried again soon", instead=_throttled("soon")),
    # What is kept.
    "zoneAlias": Habit("Time zones are kept by their present names", keeps=_known_zone),
    "phoneDigits": Habit("Phone numbers are kept as E.164", keeps=_each("phoneNumbers", _e164)),
    "roleCase": Habit("Roles are kept in upper case", keeps=_each("roles", _upper)),
    "groupCase": Habit("Groups are kept in upper case", keeps=_each("groups", _upper)),
    "addsAddress": Habit("Every user gets an address more", keeps=_with_address),
    "dropsTypes": Habit("Types of addresses are not kept", keeps=_each("emails", _without_type)),
    "ignoresChanges": Habit("Changes are accepted without effect, but for active", keeps=_unheeded),
    "ignoresDeactivations": Habit("Deactivations are accepted without effect", keeps=_still_active),
    "numericIds": Habit(
        "Ids are JSON numbers", names=lambda number: str(10**12 + number), answers=_of_users(_number_id)
    ),
    "longIds": Habit("Ids have 3,000 characters", names=lambda number: f"{number:0{_LONG_ID}}"),
    # Who is listed.
    "hidesInactive": Habit(
        "Inactive users are not listed, nor found by a filter",
        lists=lambda users, _: [user for user in users if user.get("active", True)],
    ),
    "deletesBetweenPages": Habit(
        "Somebody of the first page is gone before the second is read",
        lists=lambda users, start: users[1:] if start > 1 else users,
    ),
    "movesBetweenPages": Habit(
        "The order changes between the first page and the second",
        lists=lambda users, start: [*users[1:], *users[:1]] if start > 1 else users,
    ),
    # How it is shown.
    "rolesById": Habit("Roles and groups are shown as id with display", answers=_of_users(_roles_by_id)),
    "activeAsNumber": Habit("active is 0 or 1", answers=_of_users(_activity(int))),
    "activeAsText": Habit("active is the text True or False", answers=_of_users(_activity(str))),
    "lowerCase": Habit("Names of attributes are in lower case", answers=_of_body(_lower_case)),
    "nullLists": Habit("Attributes without values are null", answers=_of_users(_null_lists)),
    "nullResources": Habit("Resources is null where nobody is found", answers=_of_lists(_null_resources)),
    "unreadableEntry": Habit(
        "The list has an entry without id and userName", answers=_unfiltered(_of_lists(_with_more))
    ),
    "shortPages": Habit("Pages have two entries at most", answers=_of_lists(_short)),
    "totalTooHigh": Habit(
        "totalResults is three too many",
        answers=_of_lists(lambda body: {**body, "totalResults": body["totalResults"] + 3}),
    ),
    "hugePages": Habit("A page of more than ten users is too large to read", answers=_huge),
    "emptyAnswers": Habit(
        "Writes are carried out and answered with an empty 200", answers=_of_writes(lambda: web.Response(status=200))
    ),
    "htmlAnswers": Habit("Writes are carried out and answered with HTML and 200", answers=_of_writes(_html)),
    "quotaUnlimited": Habit("The total of seats is -1", answers=_of_quota(-1)),
    "quotaNull": Habit("The total of seats is null", answers=_of_quota(None)),
    "quotaAbsurd": Habit("The total of seats is beyond any integer", answers=_of_quota(10**30)),
    "quotaUnreadable": Habit("The total of seats is a sentence", answers=_of_quota("as many as you like")),
}

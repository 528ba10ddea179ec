"""SCIM messages: strict in what is sent, tolerant in what is understood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote, unquote

import msgspec

from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, Email, Field, PhoneNumber, RemoteUser, UserState
from cxone_operator.scim.answers import count_from
from cxone_operator.scim.dialects.dialect import Dialect, Memberships, PatchMode, RoleForm

Json = dict[str, object]
USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
NICE_SCHEMA = "urn:ietf:params:scim:schemas:extension:nice:2.0:User"
MOST_SEATS = 1_000_000_000
"""Seats; a larger number means that there is no limit."""

_EXTENSION = NICE_SCHEMA.lower()
_URNS = (f"{USER_SCHEMA.lower()}:", f"{_EXTENSION}:")
_PATHS = {Field.TEAM: f"{NICE_SCHEMA}:team"}
_SHARED = ("name", NICE_SCHEMA)
"""Attributes that hold more than what is declared: the rest of them stays as it was read."""
_OPTIONAL = (
    Field.EMAILS,
    Field.ROLES,
    Field.GROUPS,
    Field.DISPLAY_NAME,
    Field.PHONE_NUMBERS,
    Field.TIMEZONE,
    Field.EMPLOYEE_ID,
)


def user_body(state: UserState, dialect: Dialect) -> Json:
    """The body of a create (RFC 7644 section 3.3); attributes that are not declared are left out.

    All but the e-mail address: CXone refuses a user without one, so the userName stands in.
    """
    if state.emails is None:
        state = replace(state, emails=(Email(state.user_name, "work", primary=True),))
    schemas = [USER_SCHEMA] if state.team is None else [USER_SCHEMA, NICE_SCHEMA]
    body: Json = {
        "schemas": schemas,
        "userName": state.user_name,
        "name": {"givenName": state.given_name, "familyName": state.family_name},
        "active": state.active,
    }
    for field in _OPTIONAL:
        value = _encoded(state, field)
        if value is not None and is_written(field, dialect):
            body[_attribute(field, dialect)] = value
    if state.team is not None:
        body[NICE_SCHEMA] = {"team": {"value": state.team}}
    return body


def patch_body(change: Change, dialect: Dialect) -> Json:
    """The body of a PATCH (RFC 7644 section 3.5.2): one `replace` for each field, typed values, lower-case op."""
    op = {} if dialect.patch is PatchMode.WITHOUT_OP else {"op": "replace"}
    operations = [
        {**op, "path": _attribute(field, dialect), "value": _encoded(change.target, field)}
        for field in change.fields
        if is_written(field, dialect)
    ]
    return {"schemas": [PATCH_SCHEMA], "Operations": operations}


def replaced_body(read: Mapping[str, object], change: Change, dialect: Dialect) -> Json:
    """The body of a PUT (RFC 7644 section 3.5.1): the user as it was read, but for the fields that change."""
    names = {_top(field, dialect).lower() for field in change.fields if is_written(field, dialect)}
    shown = _object(read)
    body = {name: value for name, value in user_body(change.target, dialect).items() if name.lower() in names}
    for name in [name for name in body if name in _SHARED]:
        body[name] = _changed(_mapping(shown.get(name.lower())), _mapping(body[name]))
    if NICE_SCHEMA in body:
        body["schemas"] = list(dict.fromkeys([*_texts(shown.get("schemas")), NICE_SCHEMA]))
    return _changed(read, body)


def is_written(field: Field, dialect: Dialect) -> bool:
    """Groups that are kept on the group are not written here."""
    return field is not Field.GROUPS or dialect.memberships is Memberships.USER


def _attribute(field: Field, dialect: Dialect) -> str:
    return dialect.role_attribute if field is Field.ROLES else _PATHS.get(field, field.value)


def _top(field: Field, dialect: Dialect) -> str:
    """The attribute of the user that it is, or is part of."""
    return NICE_SCHEMA if field is Field.TEAM else _attribute(field, dialect).partition(".")[0]


def _changed(read: Mapping[str, object], body: Mapping[str, object]) -> Json:
    """What was read, in whichever case its names are, but for what is in the body."""
    ours = {name.lower() for name in body}
    return {name: value for name, value in read.items() if name.lower() not in ours} | dict(body)


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _encoded(state: UserState, field: Field) -> object:
    value = getattr(state, field.attribute)
    if field in (Field.ROLES, Field.GROUPS):
        return None if value is None else [{"value": name} for name in value]
    if field is Field.TEAM:
        return None if value is None else {"value": value}
    if isinstance(value, tuple):
        return [_encoded_item(item) for item in value]
    return value


def _encoded_item(item: Email | PhoneNumber) -> Json:
    if isinstance(item, Email):
        return {"value": item.value, "type": item.type, "primary": item.primary}
    return {"value": item.value, "type": item.type}


def users_from(resources: Iterable[object], dialect: Dialect) -> tuple[RemoteUser, ...]:
    """The users of a list; what is no user (no id, no userName) is left out, and counted by whoever asks."""
    found = (user_from(item, dialect) for item in resources if isinstance(item, Mapping))
    return tuple(user for user in found if user is not None)


def values_of(value: object) -> list[object] | None:
    """A multi-valued attribute; a single value may stand for a list of one. None where there is nothing."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, Mapping) or _text(value) is not None else None


def user_from(body: Mapping[str, object], dialect: Dialect, fallback_id: str | None = None) -> RemoteUser | None:
    """A user from its JSON, whatever else is in it; None where it has no id or userName.

    Attribute names are case-insensitive (RFC 7643 section 2.1).
    """
    attributes = _attributes(body)
    id_, user_name = id_of(attributes.get("id")) or fallback_id, attributes.get("username")
    if id_ is None or not isinstance(user_name, str) or not user_name:
        return None
    name = _object(attributes.get("name"))
    groups = attributes.get("groups") if dialect.memberships is Memberships.USER else None
    state = UserState(
        user_name=user_name,
        given_name=_text(name.get("givenname")) or "",
        family_name=_text(name.get("familyname")) or "",
        active=_boolean(attributes.get("active")),
        emails=_emails(attributes.get("emails")),
        roles=_names(attributes.get(dialect.role_attribute)),
        groups=_names(groups),
        display_name=_text(attributes.get("displayname")),
        phone_numbers=_phone_numbers(attributes.get("phonenumbers")),
        timezone=_text(attributes.get("timezone")),
        team=_team(attributes, dialect),
        employee_id=_text(attributes.get("externalid")),
        displays=_displays(attributes.get(dialect.role_attribute), groups),
    )
    version = _object(attributes.get("meta")).get("version")
    shows_active = attributes.get("active") is not None
    return RemoteUser(id_, state, version if isinstance(version, str) else None, shows_active)


def shows(body: Mapping[str, object], state: UserState, dialect: Dialect) -> bool:
    """All of a state has its attribute in the answer; else what is missing is not none: some servers show little."""
    shown, sent = _attributes(body).keys(), user_body(state, dialect)
    unasked = {"schemas"} if state.emails is not None else {"schemas", "emails"}
    return all(name.lower() in shown for name, value in sent.items() if value != [] and name not in unasked)


def _team(attributes: Mapping[str, object], dialect: Dialect) -> str | None:
    team = _object(_object(attributes.get(NICE_SCHEMA.lower())).get("team"))
    return _text(team.get("display" if dialect.roles is RoleForm.IDS else "value")) or _text(team.get("value"))


def quota_from(body: Mapping[str, object]) -> Quota | None:
    """Seats; None where the answer does not tell them. A total of null, below 0 or beyond any tenant: no limit."""
    attributes = _object(body)
    if "total" not in attributes:
        return None
    total, used = attributes["total"], count_from(attributes.get("used"))
    unlimited = total is None or _beyond(total)
    if unlimited:
        return Quota(None, min(used or 0, MOST_SEATS))
    limit = count_from(total)
    return None if limit is None or used is None else Quota(limit, min(used, MOST_SEATS))


def _beyond(total: object) -> bool:
    """-1 and its like, as a number or a string, and what no tenant has."""
    if isinstance(total, str) and re.fullmatch(r"-?\d{1,400}", total.strip()):
        total = int(total)
    if isinstance(total, bool) or not isinstance(total, int | float):
        return False
    return not 0 <= total <= MOST_SEATS


def user_names_filter(names: Iterable[str]) -> str:
    """`userName eq "a" or userName eq "b"`, each name a JSON string (RFC 7644 section 3.4.2.2)."""
    return " or ".join(f"userName eq {msgspec.json.encode(name).decode()}" for name in names)


def employee_filter(employee_id: str) -> str:
    """`externalId eq "a"`, as a JSON string (RFC 7644 section 3.4.2.2)."""
    return f"externalId eq {msgspec.json.encode(employee_id).decode()}"


def user_name_chunks(names: Iterable[str], most: int, room: int) -> list[tuple[str, ...]]:
    """The names in portions of at most `most`, whose encoded filter has at most `room` bytes.

    A name that is longer than that is a portion of its own.
    """
    chunks: list[list[str]] = []
    left = 0
    for name in names:
        size = len(encoded(f" or {user_names_filter([name])}"))
        if not chunks or len(chunks[-1]) >= most or size > left:
            chunks.append([])
            left = room
        chunks[-1].append(name)
        left -= size
    return [tuple(chunk) for chunk in chunks]


def id_from_location(location: object) -> str | None:
    """The last segment of a Location, decoded once as a URL is; None where there is none."""
    path = location.partition("?")[0] if isinstance(location, str) else ""
    return unquote(path.rstrip("/").rpartition("/")[2]) or None


def encoded(text: str) -> str:
    """Percent-encoded once, for a path segment or a query value."""
    return quote(text, safe="")


def _object(value: object) -> Mapping[str, object]:
    """Its attributes by their names in lower case (RFC 7643 section 2.1)."""
    return {str(name).lower(): item for name, item in value.items()} if isinstance(value, Mapping) else {}


def _attributes(body: Mapping[str, object]) -> Mapping[str, object]:
    """A user's attributes, also where the URN of their schema is written before them (RFC 7644 section 3.10).

    Those of the extension may stand beside the others, instead of in an object of their own.
    """
    found = _object(body)
    if not any(name.startswith(_URNS) for name in found):
        return found
    bare = {name.removeprefix(_URNS[0]).removeprefix(_URNS[1]): value for name, value in found.items()}
    return {_EXTENSION: {"team": bare.get("team")}, **bare}


def id_of(value: object) -> str | None:
    """An id; some servers send numbers (RFC 7643 section 3.1 asks for a string)."""
    number = isinstance(value, int) and not isinstance(value, bool)
    return _text(str(value) if number else value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _boolean(value: object) -> bool:
    """Also from a string or a number. A user whose activity is not shown counts as active: the careful reading."""
    if isinstance(value, str):
        return value.strip().lower() not in ("false", "0")
    return value is None or value != 0


def _says_yes(value: object) -> bool:
    return value is not None and _boolean(value)


def _items(value: object) -> list[Mapping[str, object]]:
    return [_object(item) if isinstance(item, Mapping) else {"value": item} for item in values_of(value) or ()]


def _names(value: object) -> tuple[str, ...] | None:
    if values_of(value) is None:
        return None
    found = (_text(item.get("value")) or _text(item.get("display")) for item in _items(value))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _displays(*lists: object) -> tuple[tuple[str, str], ...]:
    """What is shown with a name besides its value."""
    items = (item for value in lists for item in _items(value))
    pairs = ((_text(item.get("value")), _text(item.get("display"))) for item in items)
    return tuple((value, display) for value, display in pairs if value and display and value != display)


def _emails(value: object) -> tuple[Email, ...] | None:
    if values_of(value) is None:
        return None
    return tuple(
        Email(address, _text(item.get("type")) or "", primary=_says_yes(item.get("primary")))
        for item in _items(value)
        if (address := _text(item.get("value"))) is not None
    )


def _phone_numbers(value: object) -> tuple[PhoneNumber, ...] | None:
    if values_of(value) is None:
        return None
    return tuple(
        PhoneNumber(number, _text(item.get("type")) or "")
        for item in _items(value)
        if (number := _text(item.get("value"))) is not None
    )

"""What an HR system says: one event about one person, from JSON, with an error that names field and remedy."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from cxone_operator.bridge.signature import TOLERANCE_SECONDS, Delivery
from cxone_operator.core.naming import is_user_name

PATH = "/webhook/hr-sync"
"""Where events are posted to."""

Action = Literal["hire", "update", "terminate", "rehire"]

"""As the CRD has it for spec.userName."""
_TEXT = "text of 1 to {} characters without line breaks; leave it out if it is not known"
_TIME = "a date-time with its zone, for example 2026-12-01T09:00:00+01:00"
_MUST = {
    "action": "one of hire, update, terminate and rehire",
    "email": "an e-mail address of at most 254 characters, for example jane.smith@example.com",
    "role": _TEXT.format(128),
    "group": _TEXT.format(256),
    "groups": "a list of at most 200 names, each of 1 to 256 characters",
    "firstName": _TEXT.format(128),
    "lastName": _TEXT.format(128),
    "employeeId": _TEXT.format(256),
    "effectiveDate": _TIME,
    "occurredAt": f"{_TIME}, and not in the future",
}
_GZIP = b"\x1f\x8b"
"""How every gzip file begins (RFC 1952 section 2.3.1)."""
_PATH = re.compile(r"at `\$\.(\w+)")
_NAMED = re.compile(r"field `([^`]*)`")

_Moment = Annotated[datetime, Meta(tz=True)]


class InvalidEvent(ValueError):
    """The body is no event; `field` is what is wrong with it, empty where it is the whole."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Event(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One event. What is None was not said and stays as it is.

    A field that we do not know is refused: ignoring a misspelt `effectiveDate` would end somebody's access early.
    """

    action: Action
    email: str
    role: str | None = None
    group: str | None = None
    groups: tuple[str, ...] | None = None
    first_name: str | None = None
    last_name: str | None = None
    employee_id: str | None = None
    effective_date: _Moment | None = None
    occurred_at: _Moment | None = None

    @property
    def memberships(self) -> tuple[str, ...] | None:
        """The groups that the user is to be in."""
        return (self.group,) if self.group is not None else self.groups


def decode_event(body: bytes, now: datetime) -> Event:
    """The event in a request body (UTF-8 JSON). Raises InvalidEvent."""
    _check_encoding(body)
    try:
        event = msgspec.json.decode(body, type=Event)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidEvent("", "the body must be one JSON object in UTF-8") from None
    event = _stripped(event)
    _check(event, now)
    return event


def time_of(event: Event, delivery: Delivery) -> datetime:
    """When it happened, by which events of one user are put in order.

    Without `occurredAt` it is the attempt that counts, whose time names a whole second: its end is taken, so that it is
    not taken for older than an event within that second.
    """
    return event.occurred_at or delivery.attempted + timedelta(seconds=1, microseconds=-1)


def _check_encoding(body: bytes) -> None:
    if body.startswith(_GZIP):
        raise InvalidEvent("", "the body is compressed with gzip; send one JSON object in UTF-8 as it is")
    try:
        body.decode()
    except UnicodeDecodeError:
        raise InvalidEvent("", "the body is not UTF-8; send one JSON object in UTF-8, and do not compress it") from None


def _stripped(event: Event) -> Event:
    texts = {name: value.strip() for name in event.__struct_fields__ if isinstance(value := getattr(event, name), str)}
    groups = tuple(dict.fromkeys(name.strip() for name in event.groups)) if event.groups is not None else None
    email = unicodedata.normalize("NFC", texts.pop("email"))
    return msgspec.structs.replace(event, **texts, email=email, groups=groups)


def _check(event: Event, now: datetime) -> None:
    if event.group is not None and event.groups is not None:
        raise InvalidEvent("groups", "give either group or groups, not both")
    _must("email", is_user_name(event.email))
    _must("role", _is_text(event.role, 128))
    _must("group", _is_text(event.group, 256))
    _must("groups", len(event.groups or ()) <= 200 and all(_is_text(name, 256) for name in event.groups or ()))
    _must("firstName", _is_text(event.first_name, 128))
    _must("lastName", _is_text(event.last_name, 128))
    _must("employeeId", _is_text(event.employee_id, 256))
    _must("occurredAt", event.occurred_at is None or event.occurred_at <= now + timedelta(seconds=TOLERANCE_SECONDS))
    if event.action == "update" and event.effective_date is not None and event.effective_date > now:
        raise InvalidEvent(
            "effectiveDate", "effectiveDate of an update must not be in the future; send the update on its day"
        )


def _is_text(value: str | None, most: int) -> bool:
    return value is None or (0 < len(value) <= most and value.isprintable())


def _must(field: str, holds: bool) -> None:
    if not holds:
        raise InvalidEvent(field, f"{field} must be {_MUST[field]}")


def _invalid(said: str) -> InvalidEvent:
    """From msgspec's message, for example: Expected `str`, got `int` - at `$.email`."""
    at = _PATH.search(said)
    if at is not None and at[1] in _MUST:
        return InvalidEvent(at[1], f"{at[1]} must be {_MUST[at[1]]}")
    named = _NAMED.search(said)
    if named is not None and named[1] in _MUST:
        return InvalidEvent(named[1], f"{named[1]} is missing; it must be {_MUST[named[1]]}")
    if named is not None:
        return InvalidEvent(named[1][:64], f"there is no such field; the fields are {', '.join(_MUST)}")
    return InvalidEvent("", "the body must be one JSON object in UTF-8")

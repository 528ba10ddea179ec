"""A user in normal form: the one shape that the spec and CXone are both turned into before they are compared.

`UserState` holds the attributes, `RemoteUser` a state together with what only CXone knows (id, version). In a state,
None means "not declared" (spec) or "not shown" (CXone); an empty tuple means "declared as none".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import idna


@dataclass(frozen=True, slots=True)
class Email:
    """One SCIM e-mail address (RFC 7643 section 4.1.2)."""

    value: str
    type: str = "work"
    """Empty where CXone does not show it."""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """One SCIM telephone number (RFC 7643 section 4.1.2)."""

    value: str
    type: str = "work"


@dataclass(frozen=True, slots=True)
class UserState:
    """What a user is: SCIM core attributes, with `roles[0]` the primary role (RFC 7643 section 4.1)."""

    user_name: str
    given_name: str
    family_name: str
    active: bool
    emails: tuple[Email, ...] | None = None
    roles: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    display_name: str | None = None
    phone_numbers: tuple[PhoneNumber, ...] | None = None
    timezone: str | None = None
    team: str | None = None
    employee_id: str | None = None
    displays: tuple[tuple[str, str], ...] = ()
    """(value, display) of roles and groups that CXone shows with both: the value may be an id (RFC 7643 4.1.2)."""


@dataclass(frozen=True, slots=True)
class RemoteUser:
    """A user as CXone has it."""

    id: str
    state: UserState
    version: str | None = None
    """ETag of the resource (RFC 7644 section 3.14), None where the server has none."""
    shows_active: bool = field(default=True, compare=False)
    """False: whether it is active was not shown, so that it counts as that."""


class Field(StrEnum):
    """The comparable attributes, each named by its SCIM path."""

    USER_NAME = "userName"
    ACTIVE = "active"
    GIVEN_NAME = "name.givenName"
    FAMILY_NAME = "name.familyName"
    DISPLAY_NAME = "displayName"
    EMAILS = "emails"
    PHONE_NUMBERS = "phoneNumbers"
    TIMEZONE = "timezone"
    ROLES = "roles"
    GROUPS = "groups"
    TEAM = "team"
    EMPLOYEE_ID = "externalId"

    @property
    def attribute(self) -> str:
        """The attribute of `UserState` that holds this field."""
        return _ATTRIBUTES[self]


_ATTRIBUTES = {
    Field.USER_NAME: "user_name",
    Field.ACTIVE: "active",
    Field.GIVEN_NAME: "given_name",
    Field.FAMILY_NAME: "family_name",
    Field.DISPLAY_NAME: "display_name",
    Field.EMAILS: "emails",
    Field.PHONE_NUMBERS: "phone_numbers",
    Field.TIMEZONE: "timezone",
    Field.ROLES: "roles",
    Field.GROUPS: "groups",
    Field.TEAM: "team",
    Field.EMPLOYEE_ID: "employee_id",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A change to an existing user: `fields` get the values that they have in `target`; nothing else is touched."""

    target: UserState
    fields: tuple[Field, ...]


def without(state: UserState, fields: Iterable[Field]) -> UserState:
    """The state as if nobody had declared these optional fields."""
    return replace(state, **{field.attribute: None for field in fields})  # type: ignore[arg-type]


def key_of(user_name: str) -> str:
    """The natural key of a user: two userNames are the same one where their keys are equal; never raises.

    Without regard to case (RFC 7643 section 4.1.1; Unicode default case folding, NFC), the domain as IDNA has it
    (UTS 46, RFC 5891), whichever of its two forms was written.
    """
    if user_name.isascii():
        return user_name.lower()
    local, at, domain = unicodedata.normalize("NFC", user_name).rpartition("@")
    return _folded(local) + at + _ascii_domain(domain)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _ascii_domain(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:  # no domain name, so a text like any other
        return _folded(domain)

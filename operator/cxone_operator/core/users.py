"""A user in normal form: the one shape that the spec and CXone are both turned into before they are compared.

`UserState` holds the attributes, `RemoteUser` a state together with what only CXone knows (id, version). In a state,
None means "not declared" (spec) or "not shown" (CXone); an empty tuple means "declared as none".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Email:
    """One SCIM e-mail address (RFC 7643 section 4.1.2)."""

    value: str
    type: str = "work"
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


@dataclass(frozen=True, slots=True)
class RemoteUser:
    """A user as CXone has it."""

    id: str
    state: UserState
    version: str | None = None
    """ETag of the resource (RFC 7644 section 3.14), None where the server has none."""


def key_of(user_name: str) -> str:
    """The natural key of a user: userName compared case-insensitively (RFC 7643 section 4.1.1)."""
    return user_name.lower()

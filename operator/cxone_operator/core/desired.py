"""Spec and tenant defaults, at one moment, become the state that CXone should have.

Here is all normalisation of the desired side: blanks at the ends, the default e-mail address, one primary address,
roles in order without repeats, and the time window of `activeFrom` and `activeUntil`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cxone_operator.api.tenant import Defaults
from cxone_operator.api.user import DeletionPolicy, UserSpec
from cxone_operator.core.users import Email, Field, PhoneNumber, UserState

T = TypeVar("T")
_DECLARED = {Field.ROLES: "spec.role", Field.EMPLOYEE_ID: "spec.employeeId"}


@dataclass(frozen=True, slots=True)
class Schedule:
    """What the clock says of a user: whether to be active now, and when that changes next."""

    active: bool
    not_yet: bool
    """Active is wanted, but only from a later moment on."""
    next_change: datetime | None


def schedule(spec: UserSpec, now: datetime) -> Schedule:
    """Inactive before activeFrom and from activeUntil on; `active: false` beats both."""
    if not spec.active:
        return Schedule(active=False, not_yet=False, next_change=None)
    if spec.active_until is not None and now >= spec.active_until:
        return Schedule(active=False, not_yet=False, next_change=None)
    if spec.active_from is not None and now < spec.active_from:
        return Schedule(active=False, not_yet=True, next_change=spec.active_from)
    return Schedule(active=True, not_yet=False, next_change=spec.active_until)


def desired_state(spec: UserSpec, defaults: Defaults, active: bool) -> UserState:
    """The state to reach; attributes that neither the spec nor the tenant declares stay None, so unmanaged."""
    return UserState(
        user_name=spec.user_name,
        given_name=spec.name.given_name.strip(),
        family_name=spec.name.family_name.strip(),
        active=active,
        emails=_emails(spec),
        roles=_roles(spec, defaults),
        groups=_names(spec.groups if spec.groups is not None else defaults.groups),
        display_name=spec.display_name,
        phone_numbers=_phone_numbers(spec),
        timezone=spec.timezone if spec.timezone is not None else defaults.timezone,
        team=spec.team,
        employee_id=spec.employee_id,
    )


def deletion_policy(spec: UserSpec, defaults: Defaults) -> DeletionPolicy:
    """The user's own policy, else the tenant's, else Deactivate."""
    return spec.deletion_policy or defaults.deletion_policy or "Deactivate"


def declares(spec: UserSpec, defaults: Defaults, field: Field) -> bool:
    """The spec, or the tenant, gives that optional field a value."""
    return bool(getattr(desired_state(spec, defaults, active=True), field.attribute))


def declared_as(field: Field) -> str:
    """Where the spec of a user has it."""
    return _DECLARED.get(field, f"spec.{field.value}")


def _emails(spec: UserSpec) -> tuple[Email, ...]:
    if not spec.emails:
        return (Email(spec.user_name, "work", primary=True),)
    has_primary = any(email.primary for email in spec.emails)
    return tuple(
        Email(email.value.strip(), email.type, primary=email.primary or (not has_primary and index == 0))
        for index, email in enumerate(spec.emails)
    )


def _roles(spec: UserSpec, defaults: Defaults) -> tuple[str, ...] | None:
    primary = spec.role if spec.role is not None else defaults.role
    if primary is None and spec.secondary_roles is None:
        return None
    return _names(((primary,) if primary is not None else ()) + (spec.secondary_roles or ()))


def _phone_numbers(spec: UserSpec) -> tuple[PhoneNumber, ...] | None:
    if spec.phone_numbers is None:
        return None
    return tuple(PhoneNumber(number.value.strip(), number.type) for number in spec.phone_numbers)


def _names(names: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if names is None else _unique(name.strip() for name in names)


def _unique(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))

"""Desired against actual, field by field: only what is declared. What is the same in meaning is equal.

`core.equal` says what that is. Where groups are additive, at least the desired ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from cxone_operator.api.user import Difference
from cxone_operator.core import equal
from cxone_operator.core.users import Change, Email, Field, PhoneNumber, UserState, key_of

NOTHING = "(none)"
"""How people read that there is no value."""
Value = object
Item = TypeVar("Item")


def change_between(
    desired: UserState,
    actual: UserState,
    *,
    additive_groups: bool = False,
    undeclared: frozenset[Field] = frozenset(),
) -> Change | None:
    """The smallest change that makes `actual` agree with `desired`; None where it does already.

    Fields that are `undeclared` have a value for a new account only.
    """
    if additive_groups and desired.groups is not None:
        desired = replace(desired, groups=equal.union(actual.groups or (), desired.groups, dict(actual.displays)))
    fields = tuple(field for field in Field if field not in undeclared and _differs(field, desired, actual))
    return Change(desired, fields) if fields else None


def differences(change: Change | None, actual: UserState) -> tuple[Difference, ...]:
    """The change as people read it, sorted by field so that a status never flaps."""
    if change is None:
        return ()
    found = (
        Difference(field.value, _shown(_value(change.target, field)), _shown(_value(actual, field)))
        for field in change.fields
    )
    return tuple(sorted(found, key=lambda difference: difference.field))


def introduced(state: UserState) -> tuple[Difference, ...]:
    """A new user as people read it: every attribute that is given besides its name, where there was none."""
    declared = (field for field in Field if field is not Field.USER_NAME and _value(state, field) not in (None, ()))
    found = (Difference(field.value, _shown(_value(state, field)), _shown(None)) for field in declared)
    return tuple(sorted(found, key=lambda difference: difference.field))


def _differs(field: Field, desired: UserState, actual: UserState) -> bool:
    wanted, shown = _value(desired, field), _value(actual, field)
    return wanted is not None and not _same(field, wanted, shown, dict(actual.displays))


def _value(state: UserState, field: Field) -> Value:
    value: Value = getattr(state, field.attribute)
    return value


def _same(field: Field, wanted: Value, shown: Value, displays: Mapping[str, str]) -> bool:
    match field:
        case Field.ACTIVE:
            return wanted == shown
        case Field.USER_NAME:
            return key_of(str(wanted)) == key_of(str(shown))
        case Field.ROLES | Field.GROUPS:
            return equal.same_names(_items(wanted, str), _items(shown, str), displays)
        case Field.EMAILS:
            return equal.same_addresses(_items(wanted, Email), _items(shown, Email))
        case Field.PHONE_NUMBERS:
            return equal.same_numbers(_items(wanted, PhoneNumber), _items(shown, PhoneNumber))
        case Field.TIMEZONE:
            return equal.same_zone(_text(wanted), _text(shown))
        case _:
            return equal.same_text(_text(wanted), _text(shown))


def _items(value: Value, kind: type[Item]) -> tuple[Item, ...]:
    return tuple(item for item in value if isinstance(item, kind)) if isinstance(value, tuple) else ()


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _shown(value: Value) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(sorted(_shown(item) for item in value)) or NOTHING
    if isinstance(value, Email | PhoneNumber):
        return value.value
    return str(value)

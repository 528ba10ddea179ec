"""Desired against actual, field by field: only what is declared, and both sides normalised first.

| field                  | equal when                                                                  |
|------------------------|-----------------------------------------------------------------------------|
| userName               | the same natural key: in any case, in any spelling of Unicode and the domain |
| active, names, texts   | the same after blanks at the ends are cut                                   |
| emails                 | the same addresses (any case) and types, and the same primary where shown   |
| phoneNumbers           | the same numbers and types, in any order                                    |
| roles, groups          | the same names, in any order; additive groups: at least the desired ones    |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cxone_operator.api.user import Difference
from cxone_operator.core.users import Change, Email, Field, PhoneNumber, UserState, key_of

Value = object


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
        desired = replace(desired, groups=_union(actual.groups or (), desired.groups))
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
    wanted = _value(desired, field)
    if wanted is None:
        return False
    return not _same(field)(wanted, _value(actual, field))


def _value(state: UserState, field: Field) -> Value:
    value: Value = getattr(state, field.attribute)
    return value


def _same(field: Field) -> Callable[[Value, Value], bool]:
    return _COMPARISONS.get(field, _same_text)


def _same_text(wanted: Value, actual: Value) -> bool:
    if isinstance(wanted, str):
        return wanted.strip() == (actual.strip() if isinstance(actual, str) else "")
    return wanted == actual


def _same_key(wanted: Value, actual: Value) -> bool:
    return key_of(str(wanted)) == key_of(str(actual))


def _same_names(wanted: Value, actual: Value) -> bool:
    return _as_set(wanted) == _as_set(actual)


def _same_emails(wanted: Value, actual: Value) -> bool:
    ours, theirs = _emails(wanted), _emails(actual)
    shown = _primary(theirs)
    return _addresses(ours) == _addresses(theirs) and (shown is None or shown == _primary(ours))


def _same_numbers(wanted: Value, actual: Value) -> bool:
    return _as_set(wanted) == _as_set(actual)


_COMPARISONS: dict[Field, Callable[[Value, Value], bool]] = {
    Field.USER_NAME: _same_key,
    Field.ROLES: _same_names,
    Field.GROUPS: _same_names,
    Field.EMAILS: _same_emails,
    Field.PHONE_NUMBERS: _same_numbers,
}


def _as_set(value: Value) -> frozenset[Value]:
    return frozenset(value) if isinstance(value, tuple) else frozenset()


def _emails(value: Value) -> tuple[Email, ...]:
    return tuple(item for item in value if isinstance(item, Email)) if isinstance(value, tuple) else ()


def _addresses(emails: Iterable[Email]) -> frozenset[tuple[str, str]]:
    return frozenset((email.value.strip().lower(), email.type.lower()) for email in emails)


def _primary(emails: Iterable[Email]) -> str | None:
    return next((email.value.strip().lower() for email in emails if email.primary), None)


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(first + second))


def _shown(value: Value) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(sorted(_shown(item) for item in value)) or "(none)"
    if isinstance(value, Email | PhoneNumber):
        return value.value
    return str(value)

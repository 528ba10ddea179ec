"""Declaring: what a resource has to say so that the account of it stays as it is.

| of the account       | is declared                                                                                |
|----------------------|--------------------------------------------------------------------------------------------|
| userName, active     | always; without the form of an address nobody can be declared                              |
| name                 | always; a part that is missing is guessed, which renames nobody                            |
| roles                | the first as role, the others as secondaryRoles; by name where CXone shows ids             |
| groups               | as roles; none only where defaults.groups of the tenant would give some                    |
| emails               | unless it is the one that everybody has: the userName                                      |
| all else             | where CXone shows it                                                                       |
| what no CxoneUser    | is not declared, so stays as it is; of e-mail addresses, the primary one is                |
| can say              |                                                                                            |

Where a default of the tenant would then give it something, it cannot be imported; `proof` finds that out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from cxone_operator.api.meta import IMPORTED_INACTIVE
from cxone_operator.api.tenant import Defaults
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.equal import folded, same_addresses
from cxone_operator.core.users import Email, Field, PhoneNumber, RemoteUser, UserState
from cxone_operator.importing import limits
from cxone_operator.importing.limits import Limit
from cxone_operator.importing.person import Person, named

_TEXTS: dict[Field, tuple[str, Limit]] = {
    Field.DISPLAY_NAME: ("displayName", limits.DISPLAY_NAME),
    Field.TIMEZONE: ("timezone", limits.TIMEZONE),
    Field.TEAM: ("team", limits.TEAM),
    Field.EMPLOYEE_ID: ("employeeId", limits.EMPLOYEE_ID),
}
"""Field → its name in the spec, and what it may be."""
_ORDER = (Field.ROLES, Field.GROUPS, Field.ACTIVE, Field.EMAILS, Field.PHONE_NUMBERS, *_TEXTS)
"""As people read it; the names come before all."""
_ID = re.compile(r"[0-9]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}")
"""What nobody would call a role or group."""
_WORK = "work"
"""The type of an address or number that does not say one."""


class Unsayable(Exception):
    """No CxoneUser can say that."""


def declare(account: RemoteUser, defaults: Defaults, offers: Capabilities) -> Person:
    """The person that an account is; `offers`: what CXone has, and what roles and groups are called."""
    state, not_declared = account.state, list[str]()
    name, annotations = named(state.user_name, state.given_name, state.family_name)
    spec: dict[str, object] = {"userName": state.user_name, "name": name}
    for field in (field for field in _ORDER if field not in offers.unmanaged):
        try:
            spec |= _declared(field, state, defaults, offers)
        except Unsayable:
            not_declared.append(field.value)
    if not state.active:
        annotations[IMPORTED_INACTIVE] = "true"
    return Person(spec, annotations, account.id, tuple(not_declared))


def _declared(field: Field, state: UserState, defaults: Defaults, offers: Capabilities) -> dict[str, object]:
    """The part of the spec that speaks of it; raises Unsayable."""
    match field:
        case Field.ACTIVE:
            return {} if state.active else {"active": False}
        case Field.ROLES:
            names = _names(state.roles or (), state, offers.roles)
            return _roles(_fitting_all(names, limits.ROLE, limits.MOST_ROLES + 1))
        case Field.GROUPS:
            names = _names(state.groups or (), state, offers.groups)
            groups = _fitting_all(names, limits.GROUP, limits.MOST_GROUPS)
            return {"groups": groups} if groups or defaults.groups else {}
        case Field.EMAILS:
            return _emails(state)
        case Field.PHONE_NUMBERS:
            return _numbers(state.phone_numbers or ())
    name, limit = _TEXTS[field]
    value = getattr(state, field.attribute)
    return {name: _fitting(value, limit)} if value is not None and value.strip() else {}


def _fitting(value: str, limit: Limit) -> str:
    if not limit.fits(value.strip()):
        raise Unsayable
    return value.strip()


def _names(shown: Sequence[str], state: UserState, known: frozenset[str]) -> list[str]:
    """What people call them; two that are called the same, by their ids. `known`: names of the directory."""
    displays = dict(state.displays)
    called = {value: _name(value, displays.get(value, value), known) for value in shown}
    often = Counter(map(folded, called.values()))
    return [name if often[folded(name)] == 1 else value for value, name in called.items()]


def _name(value: str, display: str, known: frozenset[str]) -> str:
    """A display may be the name of an id, or the id of a name, or a label that CXone does not take for either."""
    if value in known:
        return value
    return display if display in known or _ID.fullmatch(value) else value


def _fitting_all(names: Sequence[str], limit: Limit, most: int) -> list[str]:
    """Each once, in any case; raises Unsayable."""
    fitting: dict[str, str] = {}
    for name in names:
        fitting.setdefault(folded(name), _fitting(name, limit))
    if len(fitting) > most:
        raise Unsayable
    return list(fitting.values())


def _roles(names: list[str]) -> dict[str, object]:
    role = {"role": names[0]} if names else {}
    return role | ({"secondaryRoles": names[1:]} if names[1:] else {})


def _emails(state: UserState) -> dict[str, object]:
    """All of them, or where that cannot be said the primary one: others beside a single one are left alone."""
    shown = state.emails or ()
    everybodys = (Email(state.user_name, _WORK, primary=True),)
    if not shown or (len(shown) == 1 and same_addresses(everybodys, shown)):
        return {}
    all_of_them = _said(shown)
    if all_of_them is not None and len({email.value for email in shown}) == len(shown) <= limits.MOST_CONTACTS:
        return {"emails": all_of_them}
    primary_first = sorted(shown, key=lambda email: not email.primary)
    one = next((said for email in primary_first if (said := _said((email,))) is not None), None)
    if one is None:
        raise Unsayable
    return {"emails": one}


def _said(emails: Sequence[Email]) -> list[dict[str, object]] | None:
    """`emails` of the spec, with the first primary one as such; None where one of them cannot be said."""
    items = _contacts(emails, limits.ADDRESS)
    if items is None:
        return None
    marked = next((number for number, email in enumerate(emails) if email.primary), None)
    return [item | ({"primary": True} if number == marked else {}) for number, item in enumerate(items)]


def _numbers(shown: Sequence[PhoneNumber]) -> dict[str, object]:
    items = _contacts(shown, limits.NUMBER)
    if items is None or len({item["value"] for item in items}) != len(items) or len(items) > limits.MOST_CONTACTS:
        raise Unsayable
    return {"phoneNumbers": items} if items else {}


def _contacts(shown: Sequence[Email | PhoneNumber], limit: Limit) -> list[dict[str, object]] | None:
    items = [_contact(contact, limit) for contact in shown]
    said = [item for item in items if item is not None]
    return said if len(said) == len(items) else None


def _contact(contact: Email | PhoneNumber, limit: Limit) -> dict[str, object] | None:
    value, type_ = contact.value.strip(), contact.type.strip() or _WORK
    if not limit.fits(value) or not limits.TYPE.fits(type_):
        return None
    said: dict[str, object] = {"value": value}
    return said if folded(type_) == _WORK else said | {"type": type_}

"""What an event makes of a user's resource: a pure function of both.

| event     | active | activeFrom                   | activeUntil                        | other fields  |
|-----------|--------|------------------------------|------------------------------------|---------------|
| hire      | true   | the date if it lies ahead (*)| none                               | as said       |
| rehire    | true   | the date if it lies ahead (*)| none                               | as said       |
| update    | kept   | kept                         | kept                               | as said       |
| terminate | false  | none                         | none                               | kept          |
| … ahead   | kept   | kept                         | the date                           | kept          |

(*) Somebody who is active now is not locked out until the date. Where there is no resource, `hire` and `rehire` make
one; `terminate` makes an inactive one, so that the operator locks out whoever CXone has and creates nobody; `update`
makes none, as nobody is to be active because of it. Of a terminate only the end counts, and whose it is: neither a role
nor a new address in it must keep it from being carried out.

Who it is that an event is about says `bridge/person.py`. Events of one person are put in order by their time. An older
one than the last applied changes nothing, and one that was applied before is recognised by its id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cxone_operator.api.hr import HrEvent, encode_events, encode_names
from cxone_operator.api.meta import FORMER_USER_NAMES, GROUP, GUESSED_NAME, HR_EVENTS, HR_MANAGER, VERSION
from cxone_operator.api.tenant import DEFAULT_NAME
from cxone_operator.api.user import KIND, UserSpec
from cxone_operator.bridge.event import Event
from cxone_operator.bridge.person import Contested, Found, Person
from cxone_operator.cluster.bodies import mapping
from cxone_operator.cluster.errors import Ownership
from cxone_operator.cluster.server import Body
from cxone_operator.core.desired import schedule
from cxone_operator.core.naming import person_name
from cxone_operator.core.users import key_of

MANAGED_BY = "app.kubernetes.io/managed-by"
_NAME_PARTS = frozenset({"givenName", "familyName"})


@dataclass(frozen=True, slots=True)
class Applied:
    """The event was applied before, and is in effect unless a newer one has followed."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """A newer event of this user has been applied already."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """There is nobody to change, or not any more."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """The event wants a field to be empty that another manager fills."""

    conflict: Ownership


@dataclass(frozen=True, slots=True)
class Apply:
    """Everything that the bridge is to own of the resource."""

    spec: Mapping[str, object]
    changes: Mapping[str, str]
    """Field → "old → new", for the audit trail."""
    guessed: Mapping[str, object]
    """Parts of the name that are made from the address."""


Decision = Applied | Outdated | Contested | Nobody | Blocked | Apply


def decide(event: Event, happened: HrEvent, person: Person, tenant: str, now: datetime) -> Decision:
    """What to do with the event, given whom it is about."""
    remembered = person.events
    if any(known.id == happened.id for known in remembered):
        return Applied()
    if remembered and happened.time < remembered[-1].time:
        return Outdated()
    if person.contested is not None:
        return person.contested
    return _begin(event, tenant, now) if person.found is None else _change(event, person.found, now)


def _begin(event: Event, tenant: str, now: datetime) -> Decision:
    if event.action == "update":
        return Nobody()
    said = _said(event, None)
    told = frozenset(mapping(said.get("name")))
    return _apply({}, _merged(_first(event, tenant), said | _life(event, None, now)), _NAME_PARTS - told)


def _change(event: Event, found: Found, now: datetime) -> Decision:
    said = _said(event, found)
    told = frozenset(mapping(said.get("name")))
    life = _life(event, found.spec, now)
    for field, value in life.items():
        if value is None and field in found.owners:
            return Blocked(Ownership(f"spec.{field}", found.owners[field]))
    return _apply(found.values, _merged(found.applied, said | life), found.guessed - told)


def manifest(namespace: str, name: str, wanted: Apply, happened: HrEvent, person: Person) -> Body:
    """The resource to apply. Its version makes it one that nobody has changed since, or one that does not exist."""
    found = person.found
    annotations = {HR_EVENTS: encode_events((*person.events, happened))}
    former = _former(found, wanted) if found is not None else ()
    if former:
        annotations[FORMER_USER_NAMES] = encode_names(former)
    if wanted.guessed:
        annotations[GUESSED_NAME] = json.dumps(wanted.guessed, ensure_ascii=False)
    labels = {MANAGED_BY: HR_MANAGER} if found is None or found.made_here else {}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "metadata": {
            "namespace": namespace,
            "name": name,
            "resourceVersion": found.resource_version if found is not None else NEVER,
            "annotations": annotations,
            "labels": labels,
        },
        "spec": wanted.spec,
    }


NEVER = "1"
"""A resourceVersion that no object has (it is etcd's before the first write), so that an apply creates or is refused.

Server-side apply has no other way to say "only if it does not exist" (docs/adr/0005).
"""


def _first(event: Event, tenant: str) -> dict[str, object]:
    given, family = person_name(event.email)
    reference = {} if tenant == DEFAULT_NAME else {"tenantRef": {"name": tenant}}
    return {"userName": event.email, "name": {"givenName": given, "familyName": family}, **reference}


def _former(found: Found, wanted: Apply) -> tuple[str, ...]:
    """The userNames that the resource had before, without the one that it gets."""
    new = key_of(str(wanted.spec.get("userName", found.spec.user_name)))
    return tuple(name for name in (*found.former, found.spec.user_name) if key_of(name) != new)


def _said(event: Event, found: Found | None) -> dict[str, object]:
    """The attributes that the event speaks of; a userName only where it is a new one, as it may be Git's."""
    unnumbered = found is None or found.spec.employee_id is None
    if event.action == "terminate":
        return {"employeeId": event.employee_id} if event.employee_id is not None and unnumbered else {}
    name = {"givenName": event.first_name, "familyName": event.last_name}
    renamed = found is not None and key_of(found.spec.user_name) != key_of(event.email)
    said: dict[str, object] = {
        "userName": event.email if renamed else None,
        "name": {part: value for part, value in name.items() if value is not None} or None,
        "role": event.role,
        "groups": list(event.memberships) if event.memberships is not None else None,
        "employeeId": event.employee_id,
    }
    return {field: value for field, value in said.items() if value is not None}


def _life(event: Event, spec: UserSpec | None, now: datetime) -> dict[str, object]:
    """`active`, `activeFrom` and `activeUntil`; None where a field is to be empty, no entry where it is kept."""
    ahead = event.effective_date if event.effective_date is not None and event.effective_date > now else None
    if event.action == "update":
        return {}
    if event.action == "terminate":
        starts = spec.active_from if spec is not None else None
        if ahead is None or (starts is not None and ahead <= starts):
            return {"active": False, "activeFrom": None, "activeUntil": None}
        return {"activeUntil": ahead.isoformat()}
    works = spec is not None and schedule(spec, now).active
    return {"active": True, "activeFrom": ahead.isoformat() if ahead and not works else None, "activeUntil": None}


def _merged(applied: Mapping[str, object], wanted: Mapping[str, object]) -> dict[str, object]:
    """What was applied before and what is wanted now; the parts of an object one by one."""
    merged = dict(applied)
    for field, value in wanted.items():
        old = merged.get(field)
        merged[field] = {**old, **value} if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _apply(stored: Mapping[str, object], wanted: Mapping[str, object], guessed: frozenset[str]) -> Apply:
    changes = {
        field: f"{_text(stored.get(field))} → {_text(value)}"
        for field, value in wanted.items()
        if value != stored.get(field)
    }
    spec = {field: value for field, value in wanted.items() if value is not None}
    guess = {part: value for part, value in mapping(spec.get("name")).items() if part in guessed}
    return Apply(spec, changes, guess)


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

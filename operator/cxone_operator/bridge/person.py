"""Whom an event is about: a pure function of the event and of the resources that its employeeId or address names.

A person is known by `employeeId` where the event says one, then by address, in whatever spelling of it.

| the employeeId is of    | the address is of                      | the event is about                               |
|-------------------------|----------------------------------------|--------------------------------------------------|
| one resource            | the same, or nobody                    | that one; a new address renames it               |
| one resource            | another employee, now or formerly      | Contested; for a terminate it is that one        |
| one resource            | an older or other one without a number | Contested: both may be that person               |
| several                 | any                                    | Contested: which is the person?                  |
| none                    | another employee, now or formerly      | Contested: no address is inherited               |
| none, or it is not said | one resource, or several               | that one, the oldest of them                     |
| none, or it is not said | formerly of somebody                   | Contested: is it that person, or somebody new?   |
| none, or it is not said | nobody                                 | somebody new                                     |

A resource that is being deleted is nobody's any more, so that the person gets another one, but it keeps its address
from others, and what it remembers of events still counts for the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cxone_operator.api.hr import HrEvent
from cxone_operator.api.user import UserSpec
from cxone_operator.bridge.event import Event
from cxone_operator.core.users import key_of


@dataclass(frozen=True, slots=True)
class Found:
    """A user's resource as it stands."""

    name: str
    resource_version: str
    spec: UserSpec
    values: Mapping[str, object]
    """The same as it is stored."""
    applied: Mapping[str, object]
    """The part of it that the bridge owns."""
    owners: Mapping[str, str]
    """Fields that end an account's life or begin it, and that another manager owns → its name."""
    events: tuple[HrEvent, ...]
    made_here: bool
    """The bridge made it, and labels it so."""
    guessed: frozenset[str] = frozenset()
    """Parts of the name that nobody has said yet."""
    former: tuple[str, ...] = ()
    """userNames that it had before the bridge renamed it, the newest last."""
    deleting: bool = False


@dataclass(frozen=True, slots=True)
class Contested:
    """Somebody must say first who is who; nothing was changed."""

    why: str
    """Names resources and the remedy, and no address."""
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an event is about."""

    found: Found | None = None
    """Their resource; None where they have none, or one that is being deleted."""
    gone: tuple[Found, ...] = ()
    """Resources of theirs that are being deleted."""
    contested: Contested | None = None

    @property
    def events(self) -> tuple[HrEvent, ...]:
        """What is remembered of the person, the newest last."""
        remembered = {event.id: event for one in self._resources for event in one.events}
        return tuple(sorted(remembered.values(), key=lambda event: event.time))

    @property
    def name(self) -> str:
        """The resource to speak of to the sender; empty where there is none."""
        return next((one.name for one in self._resources), "")

    @property
    def _resources(self) -> tuple[Found, ...]:
        return (self.found, *self.gone) if self.found is not None else self.gone


def whom(event: Event, known: Sequence[Found]) -> Person:
    """Whom the event is about, given every resource that its employeeId or its address may name, the oldest first."""
    employee = event.employee_id
    mine = tuple(one for one in known if employee is not None and one.spec.employee_id == employee)
    present, gone = _present(mine), tuple(one for one in mine if one.deleting)
    if len(present) > 1:
        return Person(contested=_same_number(present))
    others = tuple(one for one in known if one not in mine)
    holders = tuple(one for one in others if _has(one, event))
    former = tuple(one for one in others if one not in holders and _had(one, event))
    if present:
        rivals = _rivals(event, present[0], holders, former, known)
        return Person(present[0], gone, _taken(rivals, present[0]) if rivals else None)
    return _by_address(event, gone, holders, former)


def _rivals(
    event: Event, person: Found, holders: Sequence[Found], former: Sequence[Found], known: Sequence[Found]
) -> Sequence[Found]:
    """Who stands against this event: whoever may be the same person, or has the address that is to be the new one."""
    if _has(person, event):
        return _present(known[: known.index(person)], holders)
    if event.action == "terminate":
        return tuple(one for one in _present(holders) if one.spec.employee_id is None)
    return (*holders, *former)


def _by_address(event: Event, gone: tuple[Found, ...], holders: Sequence[Found], former: Sequence[Found]) -> Person:
    strangers = tuple(one for one in holders if event.employee_id is not None and one.spec.employee_id is not None)
    present = _present(holders)
    gone = (*gone, *(one for one in holders if one.deleting))
    if strangers:
        return Person(contested=_another_employee(strangers))
    if present:
        return Person(present[0], gone)
    if former:
        about = former[0] if event.employee_id is None else None
        return Person(about, gone, _formerly(former))
    return Person(None, gone)


def _present(resources: Sequence[Found], among: Sequence[Found] | None = None) -> tuple[Found, ...]:
    return tuple(one for one in resources if not one.deleting and (among is None or one in among))


def _has(one: Found, event: Event) -> bool:
    return key_of(one.spec.user_name) == key_of(event.email)


def _had(one: Found, event: Event) -> bool:
    return key_of(event.email) in {key_of(name) for name in one.former}


def _named(resources: Sequence[Found]) -> tuple[str, tuple[str, ...]]:
    names = tuple(one.name for one in resources)
    told = " and ".join(names)
    return (f"the CxoneUser {told}" if len(names) == 1 else f"the CxoneUsers {told}"), names


def _same_number(resources: Sequence[Found]) -> Contested:
    told, names = _named(resources)
    return Contested(f"{told} have this employeeId; take it out of those that are not this person", names)


def _taken(rivals: Sequence[Found], person: Found) -> Contested:
    told, names = _named(rivals)
    return Contested(
        f"this address belongs to {told}, and the employeeId to {person.name}; if both are this person, delete one of "
        "them, else give one of them another address",
        (*names, person.name),
    )


def _another_employee(resources: Sequence[Found]) -> Contested:
    told, names = _named(resources)
    return Contested(
        f"this address belongs to {told}, with another employeeId, and no address is inherited; send another address, "
        "or give that one another userName, or correct its employeeId if it is this person",
        names,
    )


def _formerly(resources: Sequence[Found]) -> Contested:
    told, names = _named(resources)
    return Contested(
        f"this address belonged to {told} before; for that person, send the employeeId or the present address; to give "
        "the address to somebody else, take it out of the annotation cxone.dev/former-user-names there",
        names,
    )

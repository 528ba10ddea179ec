"""Naming: a person's resource has the name that it has, or that everybody would give it, and never somebody else's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.naming import resource_names
from cxone_operator.importing.choosing import Holders
from cxone_operator.importing.person import Person


def with_names(
    people: Iterable[Person], resources: Iterable[CxoneUser], others: Iterable[str]
) -> Iterator[tuple[str, Person]]:
    """(name, person); `resources`: those of the same tenant, `others`: names of those of other tenants."""
    there = list(resources)
    holders = Holders(there)
    taken = {user.metadata.name for user in there} | set(others)
    for person in people:
        holder = holders.of(person.user_name, person.account_id)
        name = holder.metadata.name if holder is not None else _new(person.user_name, taken)
        taken.add(name)
        yield name, person


def _new(user_name: str, taken: set[str]) -> str:
    """A renamed person's resource has the name of the former userName, which somebody else may have by now."""
    return next(name for name in resource_names(user_name) if name not in taken)

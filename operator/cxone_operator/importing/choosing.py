"""Choosing: who is wanted, and of those, who is left alone, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cxone_operator.api.tenant import TenantSpec
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.capabilities import EVERYTHING, Capabilities
from cxone_operator.core.equal import folded
from cxone_operator.core.protection import is_protected
from cxone_operator.core.users import key_of
from cxone_operator.importing.person import LeftOut, Person


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom to write. Several groups, or several roles, mean any of them."""

    pattern: str = "*"
    """Of userNames, in any case: `*` for any text, `?` for any character."""
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    managed: bool = False
    """Also those who have a resource."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Where they are, as far as it matters."""

    spec: TenantSpec
    offers: Capabilities = EVERYTHING
    own_identities: frozenset[str] = frozenset()
    """Lower-case names and ids of the account that we work with."""
    resources: tuple[CxoneUser, ...] = ()
    """The CxoneUsers of the tenant."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be written."""

    user_name: str
    groups: tuple[str, ...]
    """By each name that people may call them."""
    roles: tuple[str, ...]
    person: Callable[[], Person | LeftOut]
    """Made of those only who are chosen."""
    account_id: str = ""
    """Empty where there is none yet."""


@dataclass(slots=True)
class Chosen:
    """The outcome."""

    people: list[Person] = field(default_factory=list)
    """In the order of their userNames."""
    unwanted: int = 0
    protected: int = 0
    """By the tenant."""
    ours: int = 0
    """The account that we work with."""
    managed: int = 0
    """Who have a resource, and are not written for that."""
    left_out: list[LeftOut] = field(default_factory=list)


def choose(candidates: Iterable[Candidate], wish: Wish, tenant: Tenant) -> Chosen:
    """Everybody, sorted out."""
    chosen, holders = Chosen(), Holders(tenant.resources)
    for candidate in sorted(candidates, key=lambda one: (key_of(one.user_name), one.user_name, one.account_id)):
        if not _is_wanted(candidate, wish):
            chosen.unwanted += 1
        elif not tenant.own_identities.isdisjoint({key_of(candidate.user_name), candidate.account_id.lower()}):
            chosen.ours += 1
        elif is_protected(candidate.user_name, tenant.spec.safety.protected_users):
            chosen.protected += 1
        elif not wish.managed and holders.of(candidate.user_name, candidate.account_id) is not None:
            chosen.managed += 1
        else:
            _add(chosen, candidate.person())
    return chosen


class Holders:
    """Whose resource it is: by the id of the account, else by the userName."""

    def __init__(self, resources: Iterable[CxoneUser]) -> None:
        self._by_id: dict[str, CxoneUser] = {}
        self._by_key: dict[str, CxoneUser] = {}
        for user in sorted(resources, key=lambda user: user.age_order, reverse=True):
            self._by_key[key_of(user.spec.user_name)] = user
            if user.status.user_id is not None:
                self._by_id[user.status.user_id] = user

    def of(self, user_name: str, account_id: str = "") -> CxoneUser | None:
        """The oldest where there are several, as the operator has it."""
        return self._by_id.get(account_id) or self._by_key.get(key_of(user_name))


def _add(chosen: Chosen, found: Person | LeftOut) -> None:
    if isinstance(found, Person):
        chosen.people.append(found)
    else:
        chosen.left_out.append(found)


def _is_wanted(candidate: Candidate, wish: Wish) -> bool:
    return (
        fnmatchcase(key_of(candidate.user_name), key_of(wish.pattern))
        and _is_among(candidate.groups, wish.groups)
        and _is_among(candidate.roles, wish.roles)
    )


def _is_among(names: Iterable[str], wanted: Iterable[str]) -> bool:
    asked = {folded(name) for name in wanted}
    return not asked or not asked.isdisjoint(map(folded, names))

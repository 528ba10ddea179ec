"""Accounts: those of CXone as candidates, each of which stays as it is when its resource is applied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial

from cxone_operator.core.naming import is_user_name
from cxone_operator.core.users import Field, RemoteUser, UserState, key_of
from cxone_operator.importing.choosing import Candidate, Tenant
from cxone_operator.importing.declaring import declare
from cxone_operator.importing.person import LeftOut, Person
from cxone_operator.importing.proof import check

_NO_ADDRESS = "its userName has not the form of an e-mail address, which a CxoneUser needs; rename it in CXone"
_SEVERAL = "CXone has several accounts of this userName; rename all but one of them there"


def candidates(accounts: Iterable[RemoteUser], tenant: Tenant) -> Iterator[Candidate]:
    """Each account once, however often a list shows it."""
    different = {account.id: account for account in accounts}.values()
    names = Counter(key_of(account.state.user_name) for account in different)
    shared = _shared_ids(different) if "employeeId" in tenant.spec.match_by else frozenset()
    for account in different:
        state = account.state
        person = partial(_person, account, tenant, several=names[key_of(state.user_name)] > 1, shared=shared)
        yield Candidate(state.user_name, _called(state, state.groups), _called(state, state.roles), person, account.id)


def _person(account: RemoteUser, tenant: Tenant, *, several: bool, shared: frozenset[str]) -> Person | LeftOut:
    name = account.state.user_name
    if several or not is_user_name(name):
        return LeftOut(name, _SEVERAL if several else _NO_ADDRESS)
    ambiguous = {Field.EMPLOYEE_ID} if account.state.employee_id in shared else set[Field]()
    offers = replace(tenant.offers, unmanaged=tenant.offers.unmanaged | ambiguous)
    person = declare(account, tenant.spec.defaults, offers)
    return check(person, account, tenant.spec, tenant.offers) or person


def _shared_ids(accounts: Collection[RemoteUser]) -> frozenset[str]:
    """employeeIds that tell nobody apart: declared, they would have the operator ask whose account it is."""
    often = Counter(account.state.employee_id for account in accounts)
    return frozenset(number for number, times in often.items() if number is not None and times > 1)


def _called(state: UserState, names: tuple[str, ...] | None) -> tuple[str, ...]:
    """As CXone shows them, and as people call what it shows by an id."""
    displays = dict(state.displays)
    return (*(names or ()), *(displays[name] for name in names or () if name in displays))

"""Names: users that are asked for by name, and whoever is not found also by the id of its account.

Only this proves that somebody is gone: a list of everybody may have a hole, and a server may not find by name whom it
has by id (an inactive user, or one that was renamed). One at whom it stumbles keeps nobody else from being found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.scim.errors import BadRequest, ScimError
from cxone_operator.scim.remote import Found, Remote

INCOMPLETE = "CXone's answer to a look-up by userName or employeeId lacks entries, or cannot be understood"
_STUMBLES = ("400", "422", "500")
"""What a server answers that cannot cope with a name or an id; any other status is about more than that one."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """What came of asking for accounts by their ids."""

    found: dict[str, RemoteUser | None] = field(default_factory=dict)
    """By id, None where there is none any more."""
    untold: dict[str, str] = field(default_factory=dict)
    """Ids at which the server stumbles, with what it said."""


async def find_all(remote: Remote, names: Sequence[str], lane: Lane) -> Found:
    """Those of the names that exist; raises ScimError.

    A name is asked for alone where an answer for several may lack somebody; who is not found then may exist.
    """
    try:
        found = await remote.find(names, lane)
    except ScimError as error:
        if error.code not in _STUMBLES:
            raise
        return await _find_apart(remote, names, lane, error.message)
    if found.whole:
        return found
    users, whole = {user.id: user for user in found.users}, True
    for name in _missing(names, users.values()):
        alone = await remote.find((name,), lane) if len(names) > 1 else found
        users.update((user.id, user) for user in alone.users)
        whole = whole and (alone.whole or bool(alone.users))
    return Found(tuple(users.values()), whole)


async def find_employed(remote: Remote, employees: Iterable[str], lane: Lane) -> Found:
    """The accounts with those employeeIds, one request for each; raises ScimError.

    Who is not found may exist where an answer lacks somebody, or the server takes no such question.
    """
    users, whole = dict[str, RemoteUser](), True
    for employee in employees:
        try:
            found = await remote.find_employed(employee, lane)
        except BadRequest:
            found = Found((), whole=False)
        users.update((user.id, user) for user in found.users)
        whole = whole and found.whole
    return Found(tuple(users.values()), whole)


async def accounts_of(remote: Remote, ids: Iterable[str], found: Iterable[RemoteUser], lane: Lane) -> Accounts:
    """The accounts that their names do not find; raises ScimError."""
    seen, accounts = {user.id for user in found}, Accounts()
    for id_ in ids:
        if id_ in seen:
            continue
        try:
            accounts.found[id_] = await remote.get(id_, lane)
        except ScimError as error:
            if error.code not in _STUMBLES:
                raise
            accounts.untold[id_] = error.message
    return accounts


async def _find_apart(remote: Remote, names: Sequence[str], lane: Lane, said: str) -> Found:
    """By halves, until each name at which the server stumbles is alone."""
    if len(names) == 1:
        return Found((), untold={names[0]: said})
    middle = len(names) // 2
    one, other = [await find_all(remote, half, lane) for half in (names[:middle], names[middle:])]
    return Found((*one.users, *other.users), one.whole and other.whole, {**one.untold, **other.untold})


def _missing(names: Sequence[str], users: Iterable[RemoteUser]) -> list[str]:
    seen = {key_of(user.state.user_name) for user in users}
    return [name for name in names if key_of(name) not in seen]

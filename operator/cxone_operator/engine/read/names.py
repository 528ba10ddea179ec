"""Names: users that are asked for by name, and whoever is not found also by the id of its account.

Only this proves that somebody is gone: a list of everybody may have a hole, and a server may not find by name whom it
has by id (an inactive user, or one that was renamed).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.scim.errors import BadRequest
from cxone_operator.scim.remote import Found, Remote

INCOMPLETE = "CXone's answer to a look-up by userName or employeeId lacks entries, or cannot be understood"


async def find_all(remote: Remote, names: Sequence[str], lane: Lane) -> Found:
    """Those of the names that exist; raises ScimError.

    A name is asked for alone where an answer for several may lack somebody; who is not found then may exist.
    """
    found = await remote.find(names, lane)
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


async def accounts_of(
    remote: Remote, ids: Iterable[str], found: Iterable[RemoteUser], lane: Lane
) -> dict[str, RemoteUser | None]:
    """By id, the accounts that their names do not find, None where there is none any more."""
    seen = {user.id for user in found}
    return {id_: await remote.get(id_, lane) for id_ in ids if id_ not in seen}


def _missing(names: Sequence[str], users: Iterable[RemoteUser]) -> list[str]:
    seen = {key_of(user.state.user_name) for user in users}
    return [name for name in names if key_of(name) not in seen]

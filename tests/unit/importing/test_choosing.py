"""Who is chosen, and what their resources are called."""

from __future__ import annotations

from typing import Any

import pytest

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.naming import resource_names
from cxone_operator.importing.accounts import candidates
from cxone_operator.importing.choosing import Chosen, Tenant, Wish, choose
from cxone_operator.importing.layout import placed
from cxone_operator.importing.naming import with_names
from cxone_operator.importing.person import Person
from unit.builders import a_remote, a_tenant, a_user

ACCOUNTS = [
    a_remote("zoe", groups=("Sales-Team",), roles=("Agent", "Lead")),
    a_remote("jane"),
    a_remote("admin", groups=("g1",), displays=(("g1", "Admins"),)),
    a_remote("svc-1", groups=(), roles=()),
]


def chosen(wish: Wish, *resources: CxoneUser, own: frozenset[str] = frozenset(), **tenant: Any) -> Chosen:
    context = Tenant(a_tenant(**tenant), own_identities=own, resources=resources)
    return choose(candidates(ACCOUNTS, context), wish, context)


def names(found: Chosen) -> list[str]:
    return [person.user_name.partition("@")[0] for person in found.people]


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        (Wish(), ["admin", "jane", "svc-1", "zoe"]),
        (Wish("SVC-*"), ["svc-1"]),
        (Wish("*@Example.com"), ["admin", "jane", "svc-1", "zoe"]),
        (Wish("jan?@*"), ["jane"]),
        (Wish(groups=("sales-team", "Admins")), ["admin", "zoe"]),
        (Wish(groups=("g1",)), ["admin"]),
        (Wish(roles=("LEAD",)), ["zoe"]),
        (Wish(groups=("Support-Team",), roles=("Lead",)), []),
    ],
)
def test_what_is_asked_for(wish: Wish, found: list[str]) -> None:
    """All of what is asked for holds, in any case; in the order of names."""
    result = chosen(wish)
    assert names(result) == found
    assert result.unwanted == len(ACCOUNTS) - len(found)


def test_who_is_left_alone() -> None:
    """Protected users, ourselves by name or id, and who has a resource by the id of the account or by name."""
    result = chosen(
        Wish(),
        a_user("former", status={"userId": "id-zoe"}),
        own=frozenset({"id-svc-1"}),
        safety={"protectedUsers": ["ADM*"]},
    )
    assert names(result) == ["jane"]
    assert (result.protected, result.ours, result.managed) == (1, 1, 1)
    assert names(chosen(Wish(managed=True), a_user("jane"))) == ["admin", "jane", "svc-1", "zoe"]


def test_a_name_is_kept_and_never_taken() -> None:
    """Who has a resource keeps its name; who would get the name of somebody else's gets the next one."""
    first, second, *_ = resource_names("jane@example.com")
    renamed = a_user("zoe", metadata={"name": first})
    people = [Person({"userName": "jane@example.com"}), Person({"userName": "Zoe@example.com"})]
    assert [name for name, _ in with_names(people, [renamed], ())] == [second, first]
    assert [name for name, _ in with_names(people[:1], (), [first])] == [second]


def test_each_group_has_a_folder_of_its_own() -> None:
    """However alike their names are."""
    groups = (["Support Team"], ["support-team"], ["no group"], [], ["!"])
    people = [(f"p{n}", Person({"userName": "x@y.z", "groups": group})) for n, group in enumerate(groups)]
    folders = [path.parts[0] for path in placed(people, "by-group")]
    assert len(set(folders)) == len(groups)
    assert folders[3:] == ["no-group", "group"]
    assert folders[0] == "support-team"

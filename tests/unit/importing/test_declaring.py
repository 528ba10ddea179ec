"""What an account declares, by the table in `importing.declaring`."""

from __future__ import annotations

from typing import Any

import pytest

from cxone_operator.api.tenant import Defaults
from cxone_operator.core.capabilities import EVERYTHING, Capabilities
from cxone_operator.core.users import Email, Field, PhoneNumber, RemoteUser, UserState
from cxone_operator.importing.accounts import candidates
from cxone_operator.importing.choosing import Tenant
from cxone_operator.importing.declaring import declare
from cxone_operator.importing.person import LeftOut, Person
from unit.builders import a_tenant

JANE = "jane@example.com"
WORK = Email("x@example.com", "work")
PRIMARY = Email("y@example.com", "home", primary=True)


def account(**state: Any) -> RemoteUser:
    base = {"user_name": JANE, "given_name": "Jane", "family_name": "Smith", "active": True}
    return RemoteUser("id-1", UserState(**{**base, **state}))


def said(**state: Any) -> dict[str, Any]:
    spec = dict(declare(account(**state), Defaults(), EVERYTHING).spec)
    assert spec.pop("userName") == JANE
    assert spec.pop("name") == {"givenName": "Jane", "familyName": "Smith"}
    return spec


@pytest.mark.parametrize(
    ("state", "spec"),
    [
        ({}, {}),
        ({"active": False}, {"active": False}),
        ({"roles": ()}, {}),
        ({"roles": ("Agent",)}, {"role": "Agent"}),
        ({"roles": ("Agent", "Lead", "agent ")}, {"role": "Agent", "secondaryRoles": ["Lead"]}),
        ({"roles": ("17", "18"), "displays": (("17", "Agent"),)}, {"role": "Agent", "secondaryRoles": ["18"]}),
        (
            {"roles": ("17", "18"), "displays": (("17", "Agent"), ("18", "AGENT"))},
            {"role": "17", "secondaryRoles": ["18"]},
        ),
        ({"roles": ("Agent",), "displays": (("Agent", "Call taker"),)}, {"role": "Agent"}),
        ({"groups": ()}, {}),
        ({"groups": ("B", "A")}, {"groups": ["B", "A"]}),
        ({"emails": (Email(JANE, "work", primary=True),)}, {}),
        ({"emails": (Email("JANE@example.com", ""),)}, {}),
        ({"emails": (Email(JANE, "home"),)}, {"emails": [{"value": JANE, "type": "home"}]}),
        (
            {"emails": (WORK, PRIMARY)},
            {"emails": [{"value": WORK.value}, {"value": PRIMARY.value, "type": "home", "primary": True}]},
        ),
        (
            {"emails": (Email("no address"), PRIMARY)},
            {"emails": [{"value": PRIMARY.value, "type": "home", "primary": True}]},
        ),
        (
            {"phone_numbers": (PhoneNumber(" +1 415 ", ""), PhoneNumber("7", "mobile"))},
            {"phoneNumbers": [{"value": "+1 415"}, {"value": "7", "type": "mobile"}]},
        ),
        ({"timezone": "Asia/Calcutta", "team": " Alpha "}, {"timezone": "Asia/Calcutta", "team": "Alpha"}),
        ({"employee_id": "17", "display_name": "J."}, {"displayName": "J.", "employeeId": "17"}),
        ({"display_name": "   "}, {}),
    ],
)
def test_only_what_is_shown_is_declared(state: dict[str, Any], spec: dict[str, Any]) -> None:
    """In the form of the CRD."""
    assert said(**state) == spec


@pytest.mark.parametrize(
    ("state", "field"),
    [
        ({"display_name": "x" * 257}, "displayName"),
        ({"timezone": "Eastern Time"}, "timezone"),
        ({"roles": ("x" * 129,)}, "roles"),
        ({"groups": tuple(map(str, range(201)))}, "groups"),
        ({"phone_numbers": (PhoneNumber("none"),)}, "phoneNumbers"),
        ({"phone_numbers": (PhoneNumber("1", "work"), PhoneNumber("1", "home"))}, "phoneNumbers"),
    ],
)
def test_what_cannot_be_said_stays_as_it_is(state: dict[str, Any], field: str) -> None:
    """Nobody is left out for it, and it is told."""
    person = declare(account(**state), Defaults(), EVERYTHING)
    assert person.not_declared == (field,)
    assert set(person.spec) == {"userName", "name"}


def test_a_default_is_kept_away() -> None:
    """Who has no group gets none by the tenant's default; fields that CXone does not have are not spoken of."""
    defaults = Defaults(groups=("Support-Team",))
    assert declare(account(), defaults, EVERYTHING).spec["groups"] == []
    assert (
        "groups"
        not in declare(account(groups=("A",)), defaults, Capabilities(unmanaged=frozenset({Field.GROUPS}))).spec
    )


def test_a_name_is_what_the_directory_calls_one() -> None:
    """Whether CXone shows it as the value or as the display."""
    offers = Capabilities(roles=frozenset({"Agent"}), groups=frozenset({"Support"}))
    displays = (("r-1", "Agent"), ("Support", "5f0c1d5e"))
    spec = declare(account(roles=("r-1",), groups=("Support",), displays=displays), Defaults(), offers).spec
    assert (spec["role"], spec["groups"]) == ("Agent", ["Support"])


def test_a_name_that_is_missing_is_a_guess() -> None:
    """Marked as such, so that it renames nobody."""
    person = declare(account(given_name="", family_name="  "), Defaults(), EVERYTHING)
    assert person.spec["name"] == {"givenName": "Jane", "familyName": "Example"}
    assert person.guessed == {"givenName", "familyName"}


def of(*accounts: RemoteUser, **tenant: Any) -> list[Person | LeftOut]:
    context = Tenant(a_tenant(**tenant))
    return [candidate.person() for candidate in candidates(accounts, context)]


@pytest.mark.parametrize(
    ("state", "defaults", "why"),
    [
        ({"user_name": "admin"}, {}, "form of an e-mail address"),
        ({}, {}, "e-mail addresses"),
        ({"emails": (Email("nobody", primary=True), WORK)}, {}, "e-mail addresses"),
        ({"emails": (WORK,)}, {"role": "Agent"}, "defaults.role"),
        ({"emails": (WORK,)}, {"timezone": "UTC"}, "defaults.timezone"),
    ],
)
def test_whoever_would_be_changed_is_left_out(state: dict[str, Any], defaults: dict[str, Any], why: str) -> None:
    """With the remedy."""
    (left,) = of(account(**state), defaults=defaults)
    assert isinstance(left, LeftOut)
    assert why in left.why


def test_who_cannot_be_told_apart() -> None:
    """Of one userName nobody can be declared; an employeeId that is no key is not used as one."""
    one, other = account(emails=(WORK,)), RemoteUser("id-2", account(user_name="JANE@Example.com").state)
    assert [isinstance(found, LeftOut) for found in of(one, other)] == [True, True]
    assert len(of(one, one)) == 1
    twins = [
        RemoteUser(name, account(user_name=f"{name}@example.com", emails=(WORK,), employee_id="7").state)
        for name in ("ann", "bob")
    ]
    for match_by, declared in ((["userName"], True), (["userName", "employeeId"], False)):
        found = [person for person in of(*twins, matchBy=match_by) if isinstance(person, Person)]
        assert ["employeeId" in person.spec for person in found] == [declared, declared]

"""What is sent, with scim2-models as the oracle, and what is understood."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scim2_models import URN, BulkRequest, ComplexAttribute, Context, Extension, PatchOp, User

from cxone_operator.core.actions import Create, Delete, Update
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, Email, Field, PhoneNumber, RemoteUser, UserState
from cxone_operator.scim import bulk
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.messages import (
    MOST_SEATS,
    NICE_SCHEMA,
    PATCH_SCHEMA,
    USER_SCHEMA,
    encoded,
    patch_body,
    quota_from,
    user_body,
    user_from,
    user_names_filter,
    users_from,
)
from cxone_operator.scim.reads import LONGEST_TARGET, MOST_NAMES
from cxone_operator.scim.remote import Item
from cxone_operator.scim.transport import Transport
from unit.builders import a_state, account

FULL = a_state(
    display_name="Jane S.",
    phone_numbers=(PhoneNumber("+49 30 1", "mobile"),),
    timezone="Europe/Berlin",
    employee_id="4711",
    emails=(Email("jane@example.com", "work", primary=True), Email("j@home.example", "home")),
)
TEAM = a_state(team="Nights")


class Team(ComplexAttribute):
    """A reference to a team."""

    value: str | None = None


class Nice(Extension):
    """CXone's extension, for the oracle."""

    __schema__ = URN(NICE_SCHEMA)
    team: Team | None = None


CxoneUser = User[Nice]


@pytest.mark.parametrize("state", [a_state(), FULL, a_state(groups=(), roles=()), a_state(emails=None)])
def test_create_bodies_are_valid(state: UserState) -> None:
    """Every create is a User by RFC 7643, with exactly the core schema."""
    body = user_body(state, PLATFORM)
    User.model_validate(body, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    assert body["schemas"] == [USER_SCHEMA]


def test_undeclared_attributes_are_not_sent() -> None:
    """What the spec leaves out stays CXone's business; only an e-mail address it insists on."""
    body = user_body(a_state(groups=None, roles=None, emails=None), PLATFORM)
    assert set(body) == {"schemas", "userName", "name", "active", "emails"}
    assert body["emails"] == [{"value": "jane@example.com", "type": "work", "primary": True}]


def test_a_team_brings_its_extension() -> None:
    """The extension is named in schemas only where it is used (RFC 7643 section 3.3)."""
    body = user_body(TEAM, PLATFORM)
    CxoneUser.model_validate(body, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    assert body["schemas"] == [USER_SCHEMA, NICE_SCHEMA]
    assert body[NICE_SCHEMA] == {"team": {"value": "Nights"}}


VALUES = {
    Field.USER_NAME: "jane@example.com",
    Field.ACTIVE: True,
    Field.GIVEN_NAME: "Jane",
    Field.FAMILY_NAME: "Smith",
    Field.DISPLAY_NAME: "Jane S.",
    Field.EMAILS: [
        {"value": "jane@example.com", "type": "work", "primary": True},
        {"value": "j@home.example", "type": "home", "primary": False},
    ],
    Field.PHONE_NUMBERS: [{"value": "+49 30 1", "type": "mobile"}],
    Field.TIMEZONE: "Europe/Berlin",
    Field.ROLES: [{"value": "Agent"}],
    Field.GROUPS: [{"value": "Support-Team"}],
    Field.TEAM: {"value": "Nights"},
    Field.EMPLOYEE_ID: "4711",
}


@pytest.mark.parametrize("field", Field)
def test_patch_bodies_are_valid(field: Field) -> None:
    """One replace with a typed value, `true` being a boolean.

    Groups are the exception that CXone makes: by RFC 7643 section 4.1.2 they are read-only on a user, which is all
    that the oracle may find wrong.
    """
    body = patch_body(Change(replace(FULL, team="Nights"), (field,)), PLATFORM)
    path = f"{NICE_SCHEMA}:team" if field is Field.TEAM else field.value
    assert body == {
        "schemas": [PATCH_SCHEMA],
        "Operations": [{"op": "replace", "path": path, "value": VALUES[field]}],
    }
    if field is Field.GROUPS:
        with pytest.raises(ValidationError, match=r"1 validation error.*\n.*'groups' is read-only"):
            PatchOp[CxoneUser].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
    else:
        PatchOp[CxoneUser].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST)


def test_none_is_said_as_an_empty_list() -> None:
    """A user without roles is not one whose roles nobody cares about."""
    body = patch_body(Change(a_state(roles=()), (Field.ROLES,)), PLATFORM)
    assert body["Operations"] == [{"op": "replace", "path": "roles", "value": []}]


def test_deactivation_is_the_body_of_the_rfc() -> None:
    """RFC 7644 section 3.5.2.3."""
    assert patch_body(Change(a_state(active=False), (Field.ACTIVE,)), PLATFORM) == {
        "schemas": [PATCH_SCHEMA],
        "Operations": [{"op": "replace", "path": "active", "value": False}],
    }


def test_bulk_bodies_are_valid() -> None:
    """Every operation by itself as well: an invalid one would only become a failed result."""
    change = Change(FULL, tuple(field for field in Field if field is not Field.GROUPS))
    items = [
        Item("a", Create(FULL)),
        Item("b", Update(account("id/1"), change, takes_seat=False)),
        Item("c", Delete(account("id 2"))),
    ]
    body = bulk.bulk_body(items, PLATFORM)
    parsed = BulkRequest[CxoneUser].model_validate(body, scim_ctx=Context.BULK_REQUEST)
    assert parsed.operations is not None
    assert [operation.status for operation in parsed.operations] == [None, None, None]
    paths = [operation["path"] for operation in body["Operations"]]  # type: ignore[union-attr,index]
    assert paths == ["/scim/v2/Users", "/scim/v2/Users/id%2F1", "/scim/v2/Users/id%202"]


@given(st.integers(1, 30), st.lists(st.integers(1, 400_000), max_size=12))
@settings(max_examples=40)
def test_packing_keeps_everything_in_bounds(most: int, sizes: list[int]) -> None:
    """Nothing is lost, nothing is too long, the order stays."""
    items = [Item(str(index), Create(a_state(display_name="x" * size))) for index, size in enumerate(sizes)]
    batches = bulk.pack(items, most, PLATFORM)
    assert [item for batch in batches for item in batch] == items
    for batch in batches:
        assert 0 < len(batch) <= most
        assert len(msgspec.json.encode(bulk.bulk_body(batch, PLATFORM))) <= bulk.LARGEST_BYTES + 1000


class Unused(Transport):
    """Chunks are made without asking anybody."""

    def __init__(self) -> None:
        pass


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=254), max_size=150))
@settings(max_examples=40)
def test_look_ups_fit_into_a_request_line(names: list[str]) -> None:
    """Every name once, at most a hundred and 6,000 bytes of path and query in each portion."""
    chunks = ScimClient(Unused(), PLATFORM).portions(iter(names))
    assert [name for chunk in chunks for name in chunk] == names
    for chunk in chunks:
        target = f"{PLATFORM.users_path}?filter={encoded(user_names_filter(chunk))}&count=200&startIndex=99999"
        assert 1 <= len(chunk) <= MOST_NAMES
        assert len(target) <= LONGEST_TARGET or len(chunk) == 1


def test_filters_cannot_be_broken_out_of() -> None:
    """Quotes and backslashes are escaped as JSON does (RFC 7644 section 3.4.2.2)."""
    assert user_names_filter(['a" or "1', "b\\"]) == 'userName eq "a\\" or \\"1" or userName eq "b\\\\"'


JANE = {"id": "1", "userName": "jane@example.com"}


@pytest.mark.parametrize(
    ("body", "attribute", "expected"),
    [
        ({"active": "False"}, "active", False),
        ({"active": "true"}, "active", True),
        ({}, "active", True),
        ({"USERNAME": "x", "userName": "x"}, "user_name", "x"),
        ({"timeZone": "UTC"}, "timezone", "UTC"),
        ({"timezone": "UTC"}, "timezone", "UTC"),
        ({"roles": ["A", {"value": "B"}, {"display": "C"}, {"value": "A"}, 7]}, "roles", ("A", "B", "C")),
        ({"groups": None}, "groups", None),
        ({f"{USER_SCHEMA}:displayName": "Jane"}, "display_name", "Jane"),
        ({f"{USER_SCHEMA.upper()}:TIMEZONE": "UTC"}, "timezone", "UTC"),
        ({f"{NICE_SCHEMA}:team": {"value": "Nights"}}, "team", "Nights"),
        ({f"{USER_SCHEMA}:active": False, NICE_SCHEMA: {"team": {"value": "Nights"}}}, "team", "Nights"),
        ({"groups": "x"}, "groups", ("x",)),
        ({"groups": ""}, "groups", None),
        ({"roles": {"value": "Agent"}}, "roles", ("Agent",)),
        ({"emails": "a@x"}, "emails", (Email("a@x", "", False),)),
        ({"emails": [{"value": "a@x", "primary": True, "type": "home"}, {}]}, "emails", (Email("a@x", "home", True),)),
        ({"phoneNumbers": [{"value": "1"}]}, "phone_numbers", (PhoneNumber("1", ""),)),
        ({"active": 0}, "active", False),
        ({"active": 1}, "active", True),
        ({"active": "0"}, "active", False),
        ({"active": None}, "active", True),
        ({"name": {"GIVENNAME": "Jane"}}, "given_name", "Jane"),
        ({"Emails": [{"VALUE": "a@x", "Primary": "true"}]}, "emails", (Email("a@x", "", True),)),
        ({"emails": [{"value": "a@x", "primary": 0}]}, "emails", (Email("a@x", "", False),)),
        ({"roles": [{"value": "r-1", "display": "Agent"}]}, "displays", (("r-1", "Agent"),)),
        ({"roles": None, "groups": None}, "displays", ()),
        ({NICE_SCHEMA: {"team": {"value": "T", "display": "?"}}}, "team", "T"),
        ({NICE_SCHEMA: 5}, "team", None),
        ({"externalId": "7", "unknown": {"a": 1}}, "employee_id", "7"),
        ({"name": "Jane"}, "given_name", ""),
    ],
)
def test_tolerant_reading(body: dict[str, object], attribute: str, expected: object) -> None:
    """Servers differ; what can be understood is."""
    user = user_from({**JANE, **body}, PLATFORM)
    assert isinstance(user, RemoteUser)
    assert getattr(user.state, attribute) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["id", "userName", "name", "emails", "roles", "groups", "active", "meta", NICE_SCHEMA])


@given(st.lists(st.dictionaries(names, json_values, max_size=9) | json_values, max_size=3))
def test_no_answer_can_raise(resources: list[object]) -> None:
    """Whatever comes from the network is a user or is left out."""
    assert isinstance(users_from(resources, PLATFORM), tuple)


@given(st.dictionaries(st.sampled_from(["id", "status", "Operations", "errors"]), json_values, max_size=4))
def test_no_job_document_can_raise(body: dict[str, object]) -> None:
    """A job is done or not, whatever else its document says."""
    assert bulk.job_from(body).done in (True, False)


@pytest.mark.parametrize(
    ("status", "word"),
    [("201", None), (201, None), ({"code": "201"}, None), ("409", "AlreadyExists"), ("400", "BadRequest")],
)
def test_results_of_operations(status: object, word: str | None) -> None:
    """All three forms of a status that servers send (RFC 7644 section 3.7.3)."""
    response = {"detail": "no", "scimType": "invalidValue" if word == "BadRequest" else "uniqueness"}
    item = {"bulkId": "a", "method": "POST", "status": status, "response": response}
    result = bulk.results_from({"Operations": [item]})["a"]
    assert (type(result.error).__name__ if result.error else None) == word


@pytest.mark.parametrize("value", [17, "17"])
def test_ids_may_be_numbers(value: object) -> None:
    """RFC 7643 section 3.1 asks for strings."""
    user = user_from({**JANE, "id": value}, PLATFORM)
    assert user is not None
    assert user.id == "17"


@pytest.mark.parametrize("value", [True, None, 1.5, "", [], {}])
def test_what_is_no_id(value: object) -> None:
    assert user_from({**JANE, "id": value}, PLATFORM) is None


@pytest.mark.parametrize(
    ("body", "quota"),
    [
        ({"total": 10, "used": 4}, Quota(10, 4)),
        ({"Total": "10", "USED": "4"}, Quota(10, 4)),
        ({"total": -1, "used": 4}, Quota(None, 4)),
        ({"total": "-1", "used": 4}, Quota(None, 4)),
        ({"total": None, "used": 4}, Quota(None, 4)),
        ({"total": 10**30, "used": 4}, Quota(None, 4)),
        ({"total": 1e300, "used": 4}, Quota(None, 4)),
        ({"total": "9" * 300, "used": 4}, Quota(None, 4)),
        ({"total": -1, "used": 10**30}, Quota(None, MOST_SEATS)),
        ({"total": -1, "used": None}, Quota(None, 0)),
        ({"total": 0, "used": 0}, Quota(0, 0)),
        ({"total": 10, "used": 10**30}, Quota(10, MOST_SEATS)),
        ({"total": 10, "used": -4}, None),
        ({"total": "many", "used": 4}, None),
        ({"total": 10.5, "used": 4}, None),
        ({"total": True, "used": 4}, None),
        ({"used": 4}, None),
        ({"total": 10}, None),
    ],
)
def test_quotas(body: dict[str, object], quota: Quota | None) -> None:
    """What no tenant has means that there is no limit; what says nothing is no quota."""
    assert quota_from(body) == quota

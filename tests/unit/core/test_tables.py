"""Small decisions, each as a table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.core.backoff import LONGEST_SECONDS, backoff
from cxone_operator.core.desired import desired_state, schedule
from cxone_operator.core.diff import change_between, differences
from cxone_operator.core.patience import LONGEST_SECONDS as LONGEST_PATIENCE
from cxone_operator.core.patience import SHORTEST_SECONDS, patience
from cxone_operator.core.protection import is_protected
from cxone_operator.core.suggestion import did_you_mean
from cxone_operator.core.users import Email, Field, PhoneNumber, UserState
from unit.builders import NOW, a_state, a_tenant, a_user

LATER, EARLIER = "2026-12-01T00:00:00+01:00", "2026-11-01T00:00:00Z"


@pytest.mark.parametrize(
    ("spec", "active", "not_yet", "change"),
    [
        ({}, True, False, None),
        ({"active": False}, False, False, None),
        ({"active": False, "activeFrom": LATER}, False, False, None),
        ({"activeFrom": LATER}, False, True, datetime(2026, 11, 30, 23, tzinfo=UTC)),
        ({"activeFrom": EARLIER}, True, False, None),
        ({"activeUntil": LATER}, True, False, datetime(2026, 11, 30, 23, tzinfo=UTC)),
        ({"activeUntil": EARLIER}, False, False, None),
        ({"activeFrom": EARLIER, "activeUntil": LATER}, True, False, datetime(2026, 11, 30, 23, tzinfo=UTC)),
    ],
)
def test_schedule(spec: dict[str, object], active: bool, not_yet: bool, change: datetime | None) -> None:
    """The clock decides between activeFrom and activeUntil; `active: false` beats both."""
    found = schedule(a_user(**spec).spec, NOW)
    assert (found.active, found.not_yet, found.next_change) == (active, not_yet, change)


@pytest.mark.parametrize(
    ("spec", "tenant", "field", "expected"),
    [
        ({}, {}, "emails", (Email("jane@example.com", "work", True),)),
        ({"emails": [{"value": "a@x.com"}]}, {}, "emails", (Email("a@x.com", "work", True),)),
        (
            {"emails": [{"value": "a@x.com"}, {"value": "b@x.com", "primary": True}]},
            {},
            "emails",
            (Email("a@x.com"), Email("b@x.com", "work", True)),
        ),
        ({"role": "Agent", "secondaryRoles": ["Evaluator", "Agent"]}, {}, "roles", ("Agent", "Evaluator")),
        ({"role": None}, {"defaults": {"role": "Agent"}}, "roles", ("Agent",)),
        ({"role": None}, {}, "roles", None),
        ({"groups": None}, {"defaults": {"groups": ["QA"]}}, "groups", ("QA",)),
        ({"groups": []}, {"defaults": {"groups": ["QA"]}}, "groups", ()),
        ({"groups": None}, {}, "groups", None),
        ({}, {"defaults": {"timezone": "Europe/Berlin"}}, "timezone", "Europe/Berlin"),
        ({"name": {"givenName": " Jane ", "familyName": "S"}}, {}, "given_name", "Jane"),
        ({"phoneNumbers": [{"value": "+49 1"}]}, {}, "phone_numbers", (PhoneNumber("+49 1"),)),
    ],
)
def test_desired_state(spec: dict[str, object], tenant: dict[str, object], field: str, expected: object) -> None:
    """Spec first, tenant's defaults second, unmanaged otherwise."""
    state = desired_state(a_user(**spec).spec, a_tenant(**tenant).defaults, active=True)
    assert getattr(state, field) == expected


@pytest.mark.parametrize(
    ("desired", "actual", "fields"),
    [
        ({}, {}, ()),
        ({}, {"given_name": " Jane"}, ()),
        ({}, {"given_name": "Janet"}, (Field.GIVEN_NAME,)),
        ({}, {"active": False}, (Field.ACTIVE,)),
        ({}, {"emails": (Email("JANE@example.com", "work", True),)}, ()),
        ({}, {"emails": (Email("jane@example.com", "work"),)}, ()),
        ({}, {"emails": (Email("jane@example.com", "home", True),)}, (Field.EMAILS,)),
        ({}, {"emails": None}, (Field.EMAILS,)),
        ({"roles": ("A", "B")}, {"roles": ("B", "A")}, ()),
        ({"roles": ("A",)}, {"roles": ("A", "B")}, (Field.ROLES,)),
        ({"groups": None}, {"groups": ("X",)}, ()),
        ({"groups": ()}, {"groups": ("X",)}, (Field.GROUPS,)),
        ({"groups": ()}, {"groups": None}, ()),
        ({"timezone": "UTC"}, {}, (Field.TIMEZONE,)),
        ({"employee_id": "7"}, {"employee_id": "7"}, ()),
        ({"team": "T"}, {"display_name": "x"}, (Field.TEAM,)),
    ],
)
def test_change_between(desired: dict[str, object], actual: dict[str, object], fields: tuple[Field, ...]) -> None:
    """Only declared fields are compared, after both sides are normalised."""
    change = change_between(a_state(**desired), a_state(**actual))
    assert (change.fields if change else ()) == fields


def test_differences_are_readable_and_sorted() -> None:
    """Authors read SCIM names and plain values."""
    actual = a_state(groups=("Sales-Team",), active=False)
    found = differences(change_between(a_state(), actual), actual)
    assert [(item.field, item.desired, item.actual) for item in found] == [
        ("active", "true", "false"),
        ("groups", "Support-Team", "Sales-Team"),
    ]


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_backoff_is_bounded_and_grows(failures: int, jitter: float) -> None:
    """From one second to five minutes and a quarter, never less than for fewer failures."""
    assert 1.0 <= backoff(failures, jitter) <= LONGEST_SECONDS * 1.25
    assert backoff(failures, 0.0) <= backoff(failures + 1, 0.0)


@given(st.floats(0, 1))
def test_patience_is_bounded(usage: float) -> None:
    """Short when requests are plentiful, longer as they get scarce."""
    assert SHORTEST_SECONDS <= patience(usage) <= LONGEST_PATIENCE


@pytest.mark.parametrize(
    ("name", "patterns", "expected"),
    [
        ("jane@x.com", [], False),
        ("jane@x.com", ["JANE@X.COM"], True),
        ("jane@x.com", ["jane"], False),
        ("admin-1@x.com", ["admin-*"], True),
        ("badmin-1@x.com", ["admin-*"], False),
    ],
)
def test_protection(name: str, patterns: list[str], expected: bool) -> None:
    """Whole names, or prefixes marked by a star, in any case."""
    assert is_protected(name, patterns) is expected


@pytest.mark.parametrize(
    ("name", "expected"), [("Agnet", "Agent"), ("supervisr", "Supervisor"), ("Zebra", None), ("AGENT", "Agent")]
)
def test_did_you_mean(name: str, expected: str | None) -> None:
    """The closest known name, where one is close."""
    assert did_you_mean(name, {"Agent", "Supervisor", "Evaluator"}) == expected


def test_user_state_is_hashable() -> None:
    """States are values: two equal ones are one."""
    assert len({a_state(), a_state()}) == 1
    assert isinstance(a_state(), UserState)

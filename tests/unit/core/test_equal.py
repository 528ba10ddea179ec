"""What is the same in meaning is no difference from the start, and what is not stays one."""

from __future__ import annotations

import pytest

from cxone_operator.core.diff import change_between
from cxone_operator.core.equal import same_number, same_zone
from cxone_operator.core.users import Email, Field, PhoneNumber
from unit.builders import a_state

WORK = Email("jane@example.com", "work", primary=True)
JANE = Email("jane@example.com", "work")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Asia/Calcutta", "Asia/Kolkata", True),
        ("Europe/Kiev", "Europe/Kyiv", True),
        ("US/Eastern", "America/New_York", True),
        ("europe/berlin", "Europe/Berlin", True),
        ("Europe/Berlin", "America/New_York", False),
        ("Nowhere/Else", "nowhere/else", True),
        ("UTC", None, False),
    ],
)
def test_time_zones(one: str, other: str | None, same: bool) -> None:
    """By the links of the tz database, either way round."""
    assert (same_zone(one, other), same_zone(other, one)) == (same, same)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+49 171 2345678", "+491712345678", True),
        ("+1 (555) 010-9999", "tel:+1-555-010-9999", True),
        ("0171 2345678", "+491712345678", True),
        ("+49 171 2345678", "+441712345678", False),
        ("+49 171 2345678", "+491712345679", False),
        ("12", "+4912", False),
        ("4711", "4711", True),
        ("reception", "reception", True),
        ("reception", "4711", False),
    ],
)
def test_phone_numbers(one: str, other: str, same: bool) -> None:
    """However they are written; an extension is not the end of any number."""
    assert (same_number(one, other), same_number(other, one)) == (same, same)


@pytest.mark.parametrize(
    ("desired", "actual", "field"),
    [
        ({"roles": ("Agent",)}, {"roles": ("AGENT",)}, None),
        ({"groups": ("Support-Team",)}, {"groups": ("support-team",)}, None),
        ({"roles": ("Agent",)}, {"roles": ("r-17",), "displays": (("r-17", "Agent"),)}, None),
        ({"roles": ("Agent",)}, {"roles": ("r-17",), "displays": (("r-17", "Supervisor"),)}, Field.ROLES),
        ({"roles": ("Agent",)}, {"roles": ("Agent",), "displays": (("Agent", "Call taker"),)}, None),
        ({"roles": ("Agent", "r-17")}, {"roles": ("r-17",), "displays": (("r-17", "Agent"),)}, Field.ROLES),
        ({"display_name": "Zoe\u0308"}, {"display_name": "Zo\u00eb"}, None),
        ({"display_name": "Zoe"}, {"display_name": "Zo\u00eb"}, Field.DISPLAY_NAME),
        ({"display_name": "jane"}, {"display_name": "Jane"}, Field.DISPLAY_NAME),
        ({"emails": (WORK,)}, {"emails": (Email("jane@example.com", "", primary=True),)}, None),
        ({"emails": (WORK,)}, {"emails": (WORK, Email("u-jane@example.com", "other"))}, None),
        ({"emails": (WORK,)}, {"emails": (Email("jane@example.com"), Email("x@y.z", primary=True))}, Field.EMAILS),
        ({"emails": (WORK,)}, {"emails": (Email("u-jane@example.com"),)}, Field.EMAILS),
        ({"emails": (WORK, Email("a@y.z"))}, {"emails": (Email("a@y.z", primary=True), WORK)}, None),
        ({"emails": (WORK, Email("a@y.z"))}, {"emails": (Email("a@y.z", primary=True), JANE)}, Field.EMAILS),
        ({"emails": (WORK, Email("x@y.z"))}, {"emails": (WORK, Email("x@y.z"), Email("u@y.z"))}, Field.EMAILS),
        ({"emails": (WORK, Email("x@y.z"))}, {"emails": (Email("x@y.z", ""), WORK)}, None),
        ({"emails": ()}, {"emails": (WORK,)}, Field.EMAILS),
        (
            {"phone_numbers": (PhoneNumber("+49 171 2345678"),)},
            {"phone_numbers": (PhoneNumber("+491712345678", ""),)},
            None,
        ),
        ({"phone_numbers": ()}, {"phone_numbers": (PhoneNumber("+491712345678"),)}, Field.PHONE_NUMBERS),
    ],
)
def test_fields(desired: dict[str, object], actual: dict[str, object], field: Field | None) -> None:
    """Names in any case or shown by id, texts composed or not, addresses that the server adds or strips."""
    change = change_between(a_state(**desired), a_state(**actual))
    assert (change.fields if change else ()) == (() if field is None else (field,))


def test_additive_groups_are_not_sent_twice() -> None:
    """In other case, or by id."""
    actual = a_state(groups=("SALES-TEAM", "g-7"), displays=(("g-7", "QA-Team"),))
    wanted = a_state(groups=("Sales-Team", "QA-Team", "Support-Team"))
    change = change_between(wanted, actual, additive_groups=True)
    assert change is not None
    assert change.target.groups == ("SALES-TEAM", "g-7", "Support-Team")

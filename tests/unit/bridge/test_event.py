"""Events: what is accepted, and an error that names field and remedy for everything else."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.bridge.event import InvalidEvent, decode_event, time_of
from cxone_operator.bridge.signature import Delivery
from unit.bridge.builders import EMAIL, an_event, body
from unit.builders import NOW

MINIMAL = b'{"action":"hire","email":"jane@x.com","role":"Agent","group":"Support-Team"}'


def test_the_minimal_body() -> None:
    """The body of the original tutorial works as it is."""
    event = decode_event(MINIMAL, NOW)
    assert (event.action, event.email, event.role, event.memberships) == (
        "hire",
        "jane@x.com",
        "Agent",
        ("Support-Team",),
    )


def test_blanks_repeats_and_nulls_are_no_mistakes() -> None:
    """HR systems send them, and they cannot mean anything else."""
    event = an_event(role=" Agent ", groups=["A", " A", "B"], firstName=None)
    assert (event.role, event.memberships, event.first_name) == ("Agent", ("A", "B"), None)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"action": "fire"}, "action", "one of hire, update, terminate and rehire"),
        ({"action": None}, "action", "one of hire"),
        ({"email": "jane"}, "email", "jane.smith@example.com"),
        ({"email": "a b@x.com"}, "email", "jane.smith@example.com"),
        ({"email": "j@x_y.com"}, "email", "jane.smith@example.com"),
        ({"email": f"{'j' * 250}@x.com"}, "email", "254"),
        ({"email": "j\n@x.com"}, "email", "jane.smith"),
        ({"email": 7}, "email", "jane.smith"),
        ({"role": ""}, "role", "leave it out"),
        ({"role": "x" * 129}, "role", "128"),
        ({"role": "a\x00b"}, "role", "line breaks"),
        ({"group": ["A"]}, "group", "256"),
        ({"group": "A", "groups": ["A"]}, "groups", "not both"),
        ({"groups": "A"}, "groups", "list"),
        ({"groups": [""]}, "groups", "list"),
        ({"groups": [str(number) for number in range(201)]}, "groups", "200"),
        ({"firstName": "x" * 129}, "firstName", "128"),
        ({"lastName": " "}, "lastName", "leave it out"),
        ({"employeeId": 17}, "employeeId", "256"),
        ({"effectiveDate": "2026-12-01"}, "effectiveDate", "with its zone"),
        ({"effectiveDate": "2026-12-01T09:00:00"}, "effectiveDate", "with its zone"),
        ({"effectiveDate": "soon"}, "effectiveDate", "with its zone"),
        ({"occurredAt": (NOW + timedelta(hours=1)).isoformat()}, "occurredAt", "not in the future"),
        ({"effectivedate": "2026-12-01T09:00:00Z"}, "effectivedate", "no such field; the fields are action, email"),
    ],
)
def test_mistakes_are_named(fields: dict[str, Any], field: str, words: str) -> None:
    """The sender is told which field, and what it must be."""
    with pytest.raises(InvalidEvent, match=words) as caught:
        an_event(**fields)
    assert caught.value.field == field


def test_a_missing_field_is_named() -> None:
    """As one that is wrong."""
    with pytest.raises(InvalidEvent, match="email is missing; it must be an e-mail address"):
        decode_event(b'{"action": "hire"}', NOW)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"{", b'"hire"', b"\xff", b"[" * 50_000, b'{"email": "\\ud800"}']
)
def test_what_is_no_object_is_refused(data: bytes) -> None:
    """Including what is not JSON at all, not UTF-8, or nested without end."""
    with pytest.raises(InvalidEvent):
        decode_event(data, NOW)


def test_an_update_cannot_wait() -> None:
    """A resource has no field for a role that begins next month, so the sender learns of it."""
    tomorrow = (NOW + timedelta(days=1)).isoformat()
    with pytest.raises(InvalidEvent, match="send the update on its day"):
        an_event("update", role="Supervisor", effectiveDate=tomorrow)
    assert an_event("update", effectiveDate=NOW.isoformat())


def test_times() -> None:
    """When it happened counts; without that, the end of the second in which the sender tried."""
    attempt = Delivery("msg_1", datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC))
    assert time_of(an_event(occurredAt="2026-11-23T11:00:00+01:00"), attempt) == NOW - timedelta(hours=2)
    assert time_of(an_event(), attempt) == NOW + timedelta(seconds=5, microseconds=999_999)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text() | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = ("action", "email", "role", "group", "groups", "firstName", "employeeId", "effectiveDate", "occurredAt")


@given(st.one_of(st.binary(), st.dictionaries(st.sampled_from(_FIELDS), _JSON).map(lambda it: json.dumps(it).encode())))
def test_no_body_raises_anything_else(data: bytes) -> None:
    """Every body is an event or an InvalidEvent."""
    with suppress(InvalidEvent):
        decode_event(data, NOW)


@given(st.dictionaries(st.sampled_from(_FIELDS[2:]), _JSON))
def test_no_event_raises_anything_else(fields: dict[str, Any]) -> None:
    """Also where action and address are right."""
    with suppress(InvalidEvent):
        assert an_event(**fields).email == EMAIL


@pytest.mark.parametrize(
    ("data", "words"),
    [(gzip.compress(body(), mtime=0), "gzip"), (body().decode().encode("utf-16"), "not UTF-8"), (b"\xff", "not UTF-8")],
)
def test_bytes_that_are_no_text_are_named(data: bytes, words: str) -> None:
    """What was done to the body, so that it can be left undone."""
    with pytest.raises(InvalidEvent, match=words):
        decode_event(data, NOW)


def test_addresses_are_composed() -> None:
    """As CXone gets them, whatever keyboard they were typed on."""
    assert an_event(email="jose\u0301@x.com").email == "jos\u00e9@x.com"

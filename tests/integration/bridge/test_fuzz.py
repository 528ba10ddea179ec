"""Whatever comes in over the network, nothing ends in a server error."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxone_operator.bridge.sender import signed
from support.bridge import SECRET, Bridge

_HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=80)
_FUZZ = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@_FUZZ
@given(
    data=st.binary(max_size=300),
    headers=st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "content-encoding"]),
        _HEADER,
    ),
    sign=st.booleans(),
)
def test_no_bytes_and_headers_give_a_server_error(
    shared: Bridge, data: bytes, headers: dict[str, str], sign: bool
) -> None:
    """Whatever comes in, signed or not, the answer says what is wrong with it."""
    try:
        good = signed(SECRET, "msg_1", data, datetime.now(UTC)) if sign else {}
    except UnicodeDecodeError:
        good = {}
    answer = shared.post(data, {**headers, **good})
    assert 400 <= answer.status < 500


@_FUZZ
@given(
    action=st.sampled_from(["hire", "update", "terminate", "rehire"]),
    email=st.emails(),
    fields=st.fixed_dictionaries(
        {},
        optional={
            "role": st.text(max_size=130),
            "groups": st.lists(st.text(max_size=20), max_size=4),
            "firstName": st.text(max_size=20),
            "lastName": st.text(max_size=20),
            "employeeId": st.text(max_size=20),
            "effectiveDate": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
            "occurredAt": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
        },
    ),
)
def test_no_event_gives_a_server_error(shared: Bridge, action: str, email: str, fields: dict[str, Any]) -> None:
    """What is well signed and well formed is stored, ignored, or refused with a reason."""
    answer = shared.send(action, email, **fields)
    assert answer.status in (200, 202, 400, 404, 409), answer
    assert answer.body.get("name") or answer.body["error"]


def test_a_trickle_or_a_cut_harms_nobody(shared: Bridge) -> None:
    """Half requests, and what is not HTTP, leave the bridge as it was."""
    for half in (b"", b"POST", b"\x16\x03\x01", b"POST /webhook/hr-sync HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"):
        with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as connection:
            connection.sendall(half)
    assert shared.send("hire", "after@x.com").status == 202
    assert "Traceback" not in shared.text()

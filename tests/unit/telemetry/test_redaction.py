"""Logs carry no secret and no address, wherever in an event they hide."""

from __future__ import annotations

import json

import pytest

from cxone_operator.telemetry.redaction import redact, without_credentials

CANARY, ADDRESS = "canary-2718", "jane.smith@example.com"


@pytest.mark.parametrize(
    "event",
    [
        {"event": f"user {ADDRESS} created"},
        {"event": "x", "client_secret": CANARY},
        {"event": "x", "Authorization": f"Bearer {CANARY}"},
        {"event": "x", "details": {"token": CANARY, "users": [ADDRESS, (ADDRESS,)]}},
        {"event": "x", "error": ValueError(f"no user {ADDRESS}")},
        {"event": f"sent Authorization: Bearer {CANARY}"},
        {"event": "x", "headers": f"basic {CANARY}=="},
        {"event": "GET /Users?filter=userName%20eq%20%22jane.smith%40example.com%22"},
    ],
)
def test_redaction(event: dict[str, object]) -> None:
    """By the name of the key, or by the form of the value."""
    text = json.dumps(redact(None, "info", dict(event)))
    assert CANARY not in text
    assert ADDRESS not in text
    assert "smith" not in text


ODD = ["o'brien+x@example.com", "jürgen@bücher.example", "a!b#c$d%e^f*g@[10.0.0.1]", "x@y", "<jane@example.com>,"]


@pytest.mark.parametrize("address", ODD)
def test_every_address_that_the_crd_takes(address: str) -> None:
    """Nothing of it is left, and the sentence around it stays."""
    event = redact(None, "info", {"event": f"userName {address} is taken"})
    assert event == {"event": "userName [address] is taken"}


@pytest.mark.parametrize(
    "text",
    [
        "Bearer authentication is required",
        "a basic mistake",
        "the token is of type Bearer",
        "basic auth, 2 attempts left",
    ],
)
def test_prose_stays(text: str) -> None:
    """Only what looks like credentials goes."""
    assert without_credentials(text) == text

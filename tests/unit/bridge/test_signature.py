"""Verification: what is accepted, and that nothing else than Unverified ever comes out."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from cxone_operator.bridge.signature import HEADERS, Signatures, Unverified, trusting
from unit.bridge.builders import OTHER, SECRET, body, headers
from unit.builders import NOW

BOTH = Signatures([SECRET, OTHER], lambda: NOW)
TODAY = NOW
GOOD = headers(body(), TODAY)["webhook-signature"]


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_any_secret_will_do(secret: bytes) -> None:
    """While secrets are rotated, events signed with the old and with the new one are accepted."""
    delivery = BOTH.verify(headers(body(), TODAY, secret), body())
    assert delivery.id == "msg_1"
    assert delivery.attempted == TODAY.replace(microsecond=0)


def test_headers_of_any_case() -> None:
    """HTTP does not care how a header is spelt, and so the mapping of the web server finds it in any case."""
    shouted = CIMultiDict({name.upper(): value for name, value in headers(body(), TODAY).items()})
    assert BOTH.verify(shouted, body())


@pytest.mark.parametrize(
    "signature",
    [
        f"v1a,{GOOD[3:]} {GOOD}",
        f"v1,b {GOOD}",
        f"garbage {GOOD}",
        f"v1,a,b {GOOD}",
        f"{headers(b'other', TODAY)['webhook-signature']} {GOOD}",
    ],
    ids=["asymmetric", "bad base64", "garbage", "two commas", "wrong"],
)
def test_what_stands_beside_a_good_signature_does_not_matter(signature: str) -> None:
    """A sender may sign in several ways at once (Standard Webhooks, zero-downtime rotation)."""
    assert BOTH.verify(headers(body(), TODAY, webhook_signature=signature), body())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"webhook_id": ""}, "required"),
        ({"webhook_timestamp": ""}, "required"),
        ({"webhook_signature": ""}, "required"),
        ({"webhook_id": "msg.1"}, "without a dot"),
        ({"webhook_id": "x" * 129}, "128"),
        ({"webhook_id": "mé"}, "ASCII"),
        ({"webhook_id": "msg_2"}, "no signature"),
        ({"webhook_timestamp": "1.5"}, "whole seconds"),
        ({"webhook_timestamp": "nan"}, "whole seconds"),
        ({"webhook_timestamp": "9" * 12}, "ahead"),
        ({"webhook_timestamp": str(int((TODAY - timedelta(hours=1)).timestamp()))}, "old; check the sender's clock"),
        ({"webhook_timestamp": str(int((TODAY + timedelta(hours=1)).timestamp()))}, "ahead; check the sender's clock"),
        ({"webhook_signature": "garbage"}, "no signature was made"),
        ({"webhook_signature": "v1,abc"}, "no signature was made"),
        ({"webhook_signature": f"v1a,{GOOD[3:]}"}, "no signature was made"),
    ],
)
def test_refused(changes: dict[str, str], words: str) -> None:
    """Each refusal says what is wrong."""
    with pytest.raises(Unverified, match=words):
        BOTH.verify(headers(body(), TODAY, **changes), body())


def test_another_body_or_an_unknown_secret_is_refused() -> None:
    """A signature is for these bytes and by somebody who knows a secret."""
    with pytest.raises(Unverified, match="no signature was made"):
        BOTH.verify(headers(body(), TODAY), body() + b" ")
    with pytest.raises(Unverified, match="no signature was made"):
        Signatures([OTHER], lambda: NOW).verify(headers(body(), TODAY), body())


@pytest.mark.parametrize("data", [gzip.compress(body(), mtime=0), b"\xff\xfe{\x00", b""])
def test_any_bytes_can_be_signed(data: bytes) -> None:
    """What they mean is asked later, so that whoever sends them is not told that the secret is wrong."""
    moment = str(int(NOW.timestamp()))
    digest = hmac.digest(SECRET, f"msg_1.{moment}.".encode() + data, "sha256")
    signature = f"v1,{base64.b64encode(digest).decode()}"
    sent = {"webhook-id": "msg_1", "webhook-timestamp": moment, "webhook-signature": signature}
    assert BOTH.verify(sent, data).id == "msg_1"


_TEXT = st.one_of(st.text(), st.text("v1a,= +/", max_size=60), st.from_regex(r"\Av1,[A-Za-z0-9+/]{43}=\Z"))


@given(
    named=st.fixed_dictionaries({}, optional=dict.fromkeys(HEADERS, _TEXT)),
    fresh=st.booleans(),
    data=st.binary(max_size=200),
)
def test_no_input_raises_anything_else(named: dict[str, str], fresh: bool, data: bytes) -> None:
    """Whatever bytes and headers come in, the answer is a delivery or Unverified."""
    sent = ({**headers(b"", TODAY)} if fresh else {}) | named
    with pytest.raises(Unverified):
        BOTH.verify(sent, data + b"x")


def test_insecure_takes_everybody_and_makes_an_id_of_the_body() -> None:
    """Without a sender that names its events, the same body is the same event."""
    verify = trusting(lambda: NOW)
    made = f"body-{hashlib.sha256(body()).hexdigest()[:32]}"
    assert verify({}, body()).id == made
    assert verify({"webhook-id": "bad id"}, body()).id == made
    assert verify({"webhook-id": "msg_9"}, body()).id == "msg_9"
    assert verify({}, body()).attempted == NOW

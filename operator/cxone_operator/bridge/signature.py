"""Who sent a request: Standard Webhooks (specification 1.0.0), with several secrets at once, for their rotation.

It is verified here, as the library takes text only: a body that is rightly signed and no UTF-8 would be taken for one
that nobody has signed. The sender, which tests and `bridge send` use, signs with the library.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
TOLERANCE_SECONDS = 300
"""How far the sender's clock may be from ours, as the libraries have it."""

_ID = re.compile(r"[!-\-/-~]{1,128}")
"""Printable ASCII without the dot, which separates the parts of what is signed."""
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")
"""Base64 of the 32 bytes of HMAC-SHA256; other versions and garbage beside it are passed over."""
_SIGNATURES = 8
"""How many of one request are tried; a sender that rotates sends two."""


class Unverified(Exception):
    """The request does not come from somebody who knows a secret; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver an event."""

    id: str
    """The same for every attempt of one event."""
    attempted: datetime
    """When the sender made this attempt, in whole seconds."""


Verify = Callable[[Mapping[str, str], bytes], Delivery]
"""Headers (any case) and raw body of a request → its delivery; raises Unverified and nothing else."""


class Signatures:
    """Verifies with any of several secrets."""

    def __init__(self, secrets: Sequence[bytes], now: Callable[[], datetime]) -> None:
        self._secrets = tuple(secrets)
        self._now = now

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """The delivery, if one of the secrets has signed it within the last five minutes. Raises Unverified."""
        named = {name: headers.get(name, "") for name in HEADERS}
        if not all(named.values()):
            raise Unverified(f"the headers {', '.join(HEADERS)} are required (Standard Webhooks)")
        if not _ID.fullmatch(named["webhook-id"]):
            raise Unverified("webhook-id must be at most 128 printable ASCII characters without a dot")
        if not _TIMESTAMP.fullmatch(named["webhook-timestamp"]):
            raise Unverified("webhook-timestamp must be in whole seconds since 1970")
        attempted = self._timely(int(named["webhook-timestamp"]))
        signed = f"{named['webhook-id']}.{named['webhook-timestamp']}.".encode() + body
        signatures = [part for part in named["webhook-signature"].split(" ") if _SIGNATURE.fullmatch(part)]
        if not self._is_signed(signed, signatures[:_SIGNATURES]):
            raise Unverified("no signature was made with a secret of this bridge")
        return Delivery(named["webhook-id"], attempted)

    def _timely(self, seconds: int) -> datetime:
        late = self._now().timestamp() - seconds
        if late > TOLERANCE_SECONDS:
            raise Unverified(f"webhook-timestamp is more than {TOLERANCE_SECONDS} s old; check the sender's clock")
        if late < -TOLERANCE_SECONDS:
            raise Unverified(f"webhook-timestamp is {TOLERANCE_SECONDS} s ahead; check the sender's clock")
        return datetime.fromtimestamp(seconds, UTC)

    def _is_signed(self, signed: bytes, signatures: Sequence[str]) -> bool:
        made = [base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in self._secrets]
        return any(hmac.compare_digest(f"v1,{one}", signature) for one in made for signature in signatures)


def trusting(now: Callable[[], datetime]) -> Verify:
    """Whoever can reach the bridge may do as they please (`--insecure`); an id is made up where there is none."""

    def verify(headers: Mapping[str, str], body: bytes) -> Delivery:
        given = headers.get("webhook-id", "")
        return Delivery(given if _ID.fullmatch(given) else f"body-{hashlib.sha256(body).hexdigest()[:32]}", now())

    return verify

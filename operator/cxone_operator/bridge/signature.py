"""Who sent a request: Standard Webhooks (specification 1.0.0), with several secrets at once, for their rotation.

The library raises ValueError, binascii.Error, UnicodeError and more on malformed input (measured on 1.1.0); whatever it
raises means that the request is not verified.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
TOLERANCE_SECONDS = 300
"""How far the sender's clock may be from ours, as the library has it."""

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

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._webhooks = [Webhook(secret) for secret in secrets]

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """The delivery, if one of the secrets has signed it within the last five minutes. Raises Unverified."""
        named = {name: headers.get(name, "") for name in HEADERS}
        if not all(named.values()):
            raise Unverified(f"the headers {', '.join(HEADERS)} are required (Standard Webhooks)")
        if not _ID.fullmatch(named["webhook-id"]):
            raise Unverified("webhook-id must be at most 128 printable ASCII characters without a dot")
        if not _TIMESTAMP.fullmatch(named["webhook-timestamp"]):
            raise Unverified("webhook-timestamp must be in whole seconds since 1970")
        signatures = [part for part in named["webhook-signature"].split(" ") if _SIGNATURE.fullmatch(part)]
        named["webhook-signature"] = " ".join(signatures[:_SIGNATURES])
        problems = [_problem(webhook, named, body) for webhook in self._webhooks]
        if None not in problems:
            raise Unverified(problems[0] or "")
        return Delivery(named["webhook-id"], datetime.fromtimestamp(int(named["webhook-timestamp"]), UTC))


def trusting(now: Callable[[], datetime]) -> Verify:
    """Whoever can reach the bridge may do as they please (`--insecure`); an id is made up where there is none."""

    def verify(headers: Mapping[str, str], body: bytes) -> Delivery:
        given = headers.get("webhook-id", "")
        return Delivery(given if _ID.fullmatch(given) else f"body-{hashlib.sha256(body).hexdigest()[:32]}", now())

    return verify


def _problem(webhook: Webhook, headers: dict[str, str], body: bytes) -> str | None:
    """What the library says against it, None where the signature is good."""
    try:
        webhook.verify(body, headers, json_parse=False)
    except WebhookVerificationError as error:
        return _TOLD.get(str(error), "no signature was made with a secret of this bridge")
    except Exception:
        return "the signature or the body is malformed"
    return None


_TOLD = {
    "Message timestamp too old": f"webhook-timestamp is more than {TOLERANCE_SECONDS} s old; check the sender's clock",
    "Message timestamp too new": f"webhook-timestamp is {TOLERANCE_SECONDS} s ahead; check the sender's clock",
}

"""An HR system for trying things: makes one event, signs it as Standard Webhooks asks, and posts it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import msgspec
from standardwebhooks.webhooks import Webhook

_TIMEOUT = aiohttp.ClientTimeout(total=20)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the bridge answered."""

    status: int
    body: str


def signed(secret: bytes, webhook_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks for this body."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, now.replace(microsecond=0), body.decode()),
    }


async def send(url: str, secret: bytes | None, event: Mapping[str, object], webhook_id: str | None) -> Sent:
    """Post the event, signed where there is a secret. Raises aiohttp.ClientError or TimeoutError."""
    body = msgspec.json.encode(event)
    webhook_id = webhook_id or f"msg_{uuid.uuid4().hex}"
    headers = signed(secret, webhook_id, body, datetime.now(UTC)) if secret else {"webhook-id": webhook_id}
    async with (
        aiohttp.ClientSession(timeout=_TIMEOUT) as session,
        session.post(url, data=body, headers={**headers, "Content-Type": "application/json"}) as answer,
    ):
        return Sent(answer.status, (await answer.text()).strip())

"""An HR system at work: hires somebody new again and again until its input ends.

Arguments: URL, the secret that it signs with, a beginning for the names, hires a second, how often one is sent at most.
It prints what was not accepted.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
import uuid

import aiohttp

from cxone_operator.bridge.sender import send

_PAUSE_SECONDS = 10.0
"""Until something is sent again."""


async def work(url: str, secret: str, prefix: str, per_second: float, attempts: int) -> dict[str, object]:
    """Hire at that pace, however long an answer takes."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    hires: list[asyncio.Task[str]] = []
    started = time.monotonic()
    while not ended.done():
        hires.append(asyncio.create_task(_hire(url, key, f"{prefix}-{len(hires)}@example.com", attempts)))
        await asyncio.sleep(max(0.0, started + len(hires) / per_second - time.monotonic()))
    refused = [answer for answer in await asyncio.gather(*hires) if answer]
    return {"sent": len(hires), "refused": refused}


async def _hire(url: str, key: bytes, email: str, attempts: int) -> str:
    """Empty where it was accepted, else what came last instead."""
    event = {"action": "hire", "email": email, "role": "Agent", "group": "Support-Team"}
    webhook_id = f"msg_{uuid.uuid4().hex}"
    answer = await _send(url, key, event, webhook_id)
    for _ in range(attempts - 1):
        if not answer:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
        answer = await _send(url, key, event, webhook_id)
    return f"{email}: {answer}" if answer else ""


async def _send(url: str, key: bytes, event: dict[str, str], webhook_id: str) -> str:
    """On a connection of its own, as many HR systems do."""
    try:
        answer = await send(url, key, event, webhook_id)
    except (aiohttp.ClientError, TimeoutError) as error:
        return repr(error)
    return "" if answer.status == 202 else f"{answer.status} {answer.body}"


if __name__ == "__main__":
    url, secret, beginning, pace, attempts = sys.argv[1:]
    print(json.dumps(asyncio.run(work(url, secret, beginning, float(pace), int(attempts)))))

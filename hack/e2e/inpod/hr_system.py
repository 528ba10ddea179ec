"""An HR system at work: hires somebody new again and again until its input ends, and nothing is sent twice.

Arguments: URL, the secret that it signs with, a beginning for the names, hires a second. It prints what was not
accepted.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time

import aiohttp

from cxone_operator.bridge.sender import send


async def work(url: str, secret: str, prefix: str, per_second: float) -> dict[str, object]:
    """Hire at that pace, however long an answer takes."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    hires: list[asyncio.Task[str]] = []
    started = time.monotonic()
    while not ended.done():
        hires.append(asyncio.create_task(_hire(url, key, f"{prefix}-{len(hires)}@example.com")))
        await asyncio.sleep(max(0.0, started + len(hires) / per_second - time.monotonic()))
    refused = [answer for answer in await asyncio.gather(*hires) if answer]
    return {"sent": len(hires), "refused": refused}


async def _hire(url: str, key: bytes, email: str) -> str:
    """Empty where it was accepted, else what came instead; on a connection of its own, as many HR systems do."""
    event = {"action": "hire", "email": email, "role": "Agent", "group": "Support-Team"}
    try:
        answer = await send(url, key, event, None)
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"{email}: {error!r}"
    return "" if answer.status == 202 else f"{email}: {answer.status} {answer.body}"


if __name__ == "__main__":
    url, secret, beginning, pace = sys.argv[1:]
    print(json.dumps(asyncio.run(work(url, secret, beginning, float(pace)))))

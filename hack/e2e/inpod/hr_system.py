"""An HR system at work: hires somebody new again and again until its input ends, and nothing is sent twice.

Arguments: URL, a beginning for the names, hires a second. The secret comes by the environment; what was not accepted is
printed at the end.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time

import aiohttp

from cxone_operator.bridge.sender import send

KEY = base64.b64decode(os.environ["HR_SECRET"].removeprefix("whsec_"))


async def work(url: str, prefix: str, per_second: float) -> dict[str, object]:
    """Hire at that pace, however long an answer takes."""
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    hires: list[asyncio.Task[str]] = []
    started = time.monotonic()
    while not ended.done():
        hires.append(asyncio.create_task(_hire(url, f"{prefix}-{len(hires)}@example.com")))
        await asyncio.sleep(max(0.0, started + len(hires) / per_second - time.monotonic()))
    refused = [answer for answer in await asyncio.gather(*hires) if answer]
    return {"sent": len(hires), "refused": refused}


async def _hire(url: str, email: str) -> str:
    """Empty where it was accepted, else what came instead; on a connection of its own, as many HR systems do."""
    event = {"action": "hire", "email": email, "role": "Agent", "group": "Support-Team"}
    try:
        answer = await send(url, KEY, event, None)
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"{email}: {error!r}"
    return "" if answer.status == 202 else f"{email}: {answer.status} {answer.body}"


if __name__ == "__main__":
    print(json.dumps(asyncio.run(work(sys.argv[1], sys.argv[2], float(sys.argv[3])))))

"""A signing proxy: takes the webhooks of an HR system that signs in its own way, and passes them on to the HR bridge.

    python signing_proxy.py --hr-secret-file HR --bridge-secret-file BRIDGE [--listen HOST:PORT] [--bridge URL]

`is_genuine` and `translated` are written for one HR system; they are what you change for yours. Here it sends

    POST /   X-Signature: sha256=<hexadecimal HMAC-SHA256 of the body>   X-Delivery: <id of the event>
    {"event": "employee.terminated", "at": "2026-11-24T09:00:00Z", "lastDay": "2026-12-31T18:00:00+01:00",
     "employee": {"workEmail": "jane@example.com", "job": "Agent", "team": "Support-Team", "first": …, "last": …}}

What the bridge answers goes back to the HR system, so that it sends again what could not be stored.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from standardwebhooks.webhooks import Webhook

_ACTIONS = {"employee.hired": "hire", "employee.changed": "update", "employee.terminated": "terminate"}


def is_genuine(headers: Mapping[str, str], body: bytes, secret: bytes) -> bool:
    """Whether the HR system has signed these bytes."""
    expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), headers.get("X-Signature", "").encode(errors="replace"))


def translated(body: bytes) -> dict[str, Any]:
    """The event in the words of the bridge. Raises KeyError, TypeError or ValueError where it makes no sense."""
    said = json.loads(body)
    person = said["employee"]
    event = {
        "action": _ACTIONS[said["event"]],
        "email": person["workEmail"],
        "role": person.get("job"),
        "group": person.get("team"),
        "firstName": person.get("first"),
        "lastName": person.get("last"),
        "effectiveDate": said.get("lastDay"),
        "occurredAt": said["at"],
    }
    return {field: value for field, value in event.items() if value is not None}


def application(hr_secret: bytes, bridge_secret: str, bridge: str) -> web.Application:
    """The proxy."""

    async def sessions(app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as app[_SESSION]:
            yield

    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        if not is_genuine(request.headers, body, hr_secret):
            return web.json_response({"error": "the signature is not that of the HR system"}, status=401)
        try:
            event = json.dumps(translated(body))
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": f"not an event that is known here: {error!r}"}, status=400)
        # The same id for every delivery of one event is what makes a repetition harmless.
        id_ = request.headers.get("X-Delivery") or hashlib.sha256(body).hexdigest()[:32]
        now = datetime.now(UTC).replace(microsecond=0)
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(bridge_secret).sign(id_, now, event),
        }
        try:
            async with request.app[_SESSION].post(bridge, data=event.encode(), headers=headers) as answer:
                return web.Response(status=answer.status, body=await answer.read(), content_type="application/json")
        except (aiohttp.ClientError, TimeoutError):
            return web.json_response({"error": "the bridge is away"}, status=503, headers={"Retry-After": "5"})

    app = web.Application(client_max_size=64_000)
    app.router.add_post("/", forward)
    app.cleanup_ctx.append(sessions)
    return app


_SESSION = web.AppKey("session", aiohttp.ClientSession)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", default="127.0.0.1:9000", metavar="HOST:PORT")
    parser.add_argument("--bridge", default="http://127.0.0.1:8080", metavar="URL")
    parser.add_argument("--hr-secret-file", type=Path, required=True)
    parser.add_argument("--bridge-secret-file", type=Path, required=True)
    options = parser.parse_args()
    host, _, port = options.listen.rpartition(":")
    app = application(
        options.hr_secret_file.read_bytes().strip(),
        options.bridge_secret_file.read_text().strip(),
        options.bridge.rstrip("/") + "/webhook/hr-sync",
    )
    web.run_app(app, host=host, port=int(port), access_log=None)


if __name__ == "__main__":
    main()

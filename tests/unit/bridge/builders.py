"""Small valid values of the bridge to start a test from."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from cxone_operator.api.hr import HrEvent
from cxone_operator.bridge.event import Event, decode_event
from cxone_operator.bridge.person import Found
from cxone_operator.bridge.sender import signed
from unit.builders import NOW, a_user

SECRET = bytes(range(32))
OTHER = bytes(range(1, 33))
EMAIL = "jane.smith@example.com"


def whsec(key: bytes) -> str:
    """The key as a file holds it."""
    return "whsec_" + base64.b64encode(key).decode()


def body(action: str = "hire", **fields: Any) -> bytes:
    """The JSON of an event."""
    return json.dumps({"action": action, "email": EMAIL} | fields).encode()


def an_event(action: str = "hire", **fields: Any) -> Event:
    """A decoded event."""
    return decode_event(body(action, **fields), NOW)


def happened(id_: str = "msg_1", minutes: float = 0.0) -> HrEvent:
    """An event's id, and its time relative to NOW."""
    return HrEvent(id_, NOW + timedelta(minutes=minutes))


def headers(data: bytes, now: datetime, secret: bytes = SECRET, **changes: str) -> dict[str, str]:
    """The headers of a signed request; keywords with `_` for `-` replace some."""
    return signed(secret, "msg_1", data, now) | {name.replace("_", "-"): value for name, value in changes.items()}


def found(*events: HrEvent, name: str = "jane-smith-1", **changes: Any) -> Found:
    """A resource that the bridge has made, the keywords in its spec; `applied`, `owners` and so on replace parts."""
    names = ("applied", "owners", "made_here", "guessed", "former", "deleting")
    parts = {name: changes.pop(name) for name in names if name in changes}
    spec = {"userName": EMAIL, "name": {"givenName": "Jane", "familyName": "Smith"}, "active": True} | changes
    return Found(
        name=name,
        resource_version="7",
        spec=a_user("jane", **{"role": None, "groups": None, **spec}).spec,
        values=spec,
        **{"applied": spec, "owners": {}, "events": events, "made_here": True, **parts},
    )

"""What the HR bridge has applied to a user, kept on the resource so that every replica and every restart knows it.

The value of the annotation `cxone.dev/hr-events` is a JSON list, the newest last: [{"id": "msg_1", "time": "…"}, …].
That of `cxone.dev/former-user-names` is a JSON list of userNames, the newest last: ["jane.maiden@example.com", …].
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

REMEMBERED_NAMES = 8
"""Former userNames. Nobody is renamed more often; after that the oldest address is free again."""
REMEMBERED = 16
"""Events. One person has a handful in a year, and a sender gives up repeating one after three days."""


class HrEvent(msgspec.Struct, frozen=True):
    """One event that was applied."""

    id: str
    """The webhook-id (Standard Webhooks), the same for every delivery of one event."""
    time: Annotated[datetime, Meta(tz=True)]
    """When it happened, by which events are put in order."""


def decode_events(value: object) -> tuple[HrEvent, ...]:
    """The events of an annotation; one that somebody has spoilt counts as empty."""
    try:
        return msgspec.json.decode(value, type=tuple[HrEvent, ...]) if isinstance(value, str) else ()
    except msgspec.DecodeError:
        return ()


def encode_events(events: Sequence[HrEvent]) -> str:
    """The annotation for the newest of these events."""
    return msgspec.json.encode(events[-REMEMBERED:]).decode()


def decode_names(value: object) -> tuple[str, ...]:
    """The former userNames of an annotation; one that somebody has spoilt counts as empty."""
    try:
        return msgspec.json.decode(value, type=tuple[str, ...]) if isinstance(value, str) else ()
    except msgspec.DecodeError:
        return ()


def encode_names(names: Sequence[str]) -> str:
    """The annotation for the newest of these userNames."""
    return msgspec.json.encode(names[-REMEMBERED_NAMES:]).decode()

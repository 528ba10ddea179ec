"""The audit log of the API server: which writes were made, by whom, and with what result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Write:
    """One write, as the API server recorded it."""

    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    user: str
    user_agent: str
    code: int


def writes(log: Path, *, namespace: str | None = None, user_agent: str = "") -> list[Write]:
    """Every write so far, in order; only those in a namespace, or by a User-Agent that begins so, if asked.

    A line is written just after its answer was sent, so a test that counts waits a moment first.
    """
    found = [_write(json.loads(line)) for line in log.read_text(encoding="utf-8").splitlines()]
    return [
        write
        for write in found
        if (namespace is None or write.namespace == namespace) and write.user_agent.startswith(user_agent)
    ]


def _write(event: dict) -> Write:
    target = event.get("objectRef", {})
    return Write(
        verb=event["verb"],
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        user=event["user"].get("username", ""),
        user_agent=event.get("userAgent", ""),
        code=event.get("responseStatus", {}).get("code", 0),
    )

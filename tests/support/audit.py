"""The audit log of the API server: which requests were made, by whom, and with what result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Request:
    """One request, as the API server recorded it."""

    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    user: str
    user_agent: str
    code: int
    message: str
    """Why it was refused."""


_READS = ("get", "list", "watch")


def end(log: Path) -> int:
    """Where the log ends now; what comes later is all that a test that begins has to read."""
    return log.stat().st_size if log.exists() else 0


def requests(log: Path, *, user: str | None = None, about: str = "", since: int = 0) -> list[Request]:
    """Every request so far that is audited, in order: all writes, and all that service accounts ask for.

    A line is written just after its answer was sent, so a test that counts waits a moment first; that of a watch is
    written when the watch ends. As one log serves all tests, only lines after `since` that have the word `about` count.
    """
    with log.open("rb") as file:
        file.seek(since)
        whole = file.read().rpartition(b"\n")[0].decode()
    found = [_request(json.loads(line)) for line in whole.splitlines() if (user or "") in line and about in line]
    return [request for request in found if user in (None, request.user)]


def writes(log: Path, *, namespace: str | None = None, user_agent: str = "", since: int = 0) -> list[Request]:
    """Every write so far, in order; only those in a namespace, or by a User-Agent that begins so, if asked."""
    return [
        request
        for request in requests(log, about=namespace or "", since=since)
        if request.verb not in _READS
        and (namespace is None or request.namespace == namespace)
        and request.user_agent.startswith(user_agent)
    ]


def _request(event: dict) -> Request:
    target = event.get("objectRef", {})
    return Request(
        verb=event["verb"],
        group=target.get("apiGroup", ""),
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        user=event["user"].get("username", ""),
        user_agent=event.get("userAgent", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        message=event.get("responseStatus", {}).get("message", ""),
    )

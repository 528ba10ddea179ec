"""The steps of the operator, by name: every kind of request that it makes, as seen from outside.

A crash point is a step and a side of it: just before the request reaches its server, or just after the server has
answered and before the operator hears of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """A request, as a proxy sees it."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes

    def finalizers(self) -> list[str] | None:
        """What the body says of finalizers, None where it says nothing."""
        try:
            found = json.loads(self.body)["metadata"].get("finalizers")
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return found if isinstance(found, list) else None


def _matches(method: str, path: str, query: str = "", finalizer: bool | None = None) -> Callable[[Seen], bool]:
    pattern = re.compile(path)

    def look(seen: Seen) -> bool:
        if seen.method != method or not pattern.search(seen.path) or (query and query not in seen.query):
            return False
        if finalizer is None:
            return True
        finalizers = seen.finalizers()
        return finalizers is not None and bool(finalizers) is finalizer

    return look


KUBERNETES: dict[str, Callable[[Seen], bool]] = {
    "watch": _matches("GET", r"/cxone(users|tenants)$", "watch"),
    "list": _matches("GET", r"/cxone(users|tenants)$"),
    "claim": _matches("PATCH", r"/cxoneusers/[^/]+$", finalizer=True),
    "release": _matches("PATCH", r"/cxoneusers/[^/]+$", finalizer=False),
    "status": _matches("PATCH", r"/cxoneusers/[^/]+/status$"),
    "tenant-finalizer": _matches("PATCH", r"/cxonetenants/[^/]+$"),
    "tenant-status": _matches("PATCH", r"/cxonetenants/[^/]+/status$"),
    "lease": _matches("PATCH", r"/leases/"),
    "secret": _matches("GET", r"/secrets/"),
}
"""Requests to the API server."""

CXONE: dict[str, Callable[[Seen], bool]] = {
    "token": _matches("POST", r"/(oauth|auth)/token$"),
    "look-up": _matches("GET", r"/Users$", "filter"),
    "list-users": _matches("GET", r"/Users$"),
    "create": _matches("POST", r"/Users$"),
    "patch": _matches("PATCH", r"/Users/"),
    "bulk": _matches("POST", r"/Bulk$"),
    "poll": _matches("GET", r"/Bulk/"),
    "quota": _matches("GET", r"/quotas$"),
    "release-license": _matches("DELETE", r"/assignments/"),
    "describe": _matches("GET", r"/(ServiceProviderConfig|Schemas)$"),
    "list-groups": _matches("GET", r"/Groups$"),
    "read-group": _matches("GET", r"/Groups/"),
    "patch-group": _matches("PATCH", r"/Groups/"),
    "search": _matches("POST", r"/search$"),
}
"""Requests to CXone, whichever API it speaks."""
PRESETS: dict[str, tuple[str, ...]] = {
    "Platform": tuple(list(CXONE)[:9]),
    "RFC7644": (
        *("token", "describe", "list-groups", "list-users", "look-up", "create", "bulk", "patch", "read-group"),
        "patch-group",
    ),
    "UserHub": ("token", "search", "look-up", "create", "patch"),
}
"""What each API is asked."""

REMOTE_WRITES = frozenset({"create", "patch", "bulk", "release-license", "patch-group"})
CLUSTER_WRITES = frozenset({"claim", "release", "status", "tenant-status", "tenant-finalizer"})


def step_of(seen: Seen, steps: Mapping[str, Callable[[Seen], bool]]) -> str:
    """The first step that matches; `other` where none does."""
    return next((name for name, matches in steps.items() if matches(seen)), "other")


def gets_lease(seen: Seen) -> bool:
    """Where it succeeds, whoever sent it has the Lease from now on, or still has it."""
    return seen.method in {"POST", "PATCH"} and "/leases" in seen.path

"""What the API server and the simulator say, read over HTTP."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controlplane.plane import ControlPlane


@dataclass(frozen=True)
class Simulator:
    """The simulator's control endpoint."""

    url: str

    def get(self, what: str) -> Any:  # noqa: ANN401 (whatever JSON it answers)
        """Read `stats`, `journal`, `users` …"""
        with urllib.request.urlopen(f"{self.url}/_simulator/{what}", timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    def send(self, method: str, what: str, body: object) -> None:
        """Change something."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/_simulator/{what}",
            data=json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


@dataclass(frozen=True)
class Resource:
    """A CxoneUser, reduced to what is shown."""

    name: str
    ready: str
    reason: str
    message: str
    licensed: str
    seconds_to_ready: float | None

    @property
    def is_ready(self) -> bool:
        """CXone agrees."""
        return self.ready == "True"


def resources(plane: ControlPlane, namespace: str) -> dict[str, Resource]:
    """All CxoneUsers of a namespace by name."""
    url = f"{plane.url}/apis/cxone.dev/v1alpha1/namespaces/{namespace}/cxoneusers"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {plane.token}"})  # noqa: S310
    context = ssl.create_default_context(cafile=str(plane.certificate))
    with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310
        items = json.load(answer)["items"]
    return {item["metadata"]["name"]: _resource(item) for item in items}


def reasons(found: Iterable[Resource]) -> Counter[tuple[str, str]]:
    """How many resources stand where."""
    return Counter((resource.ready, resource.reason) for resource in found)


def _resource(item: dict[str, Any]) -> Resource:
    conditions = {condition["type"]: condition for condition in item.get("status", {}).get("conditions", [])}
    ready = conditions.get("Ready", {})
    current = item.get("status", {}).get("observedGeneration") == item["metadata"]["generation"]
    return Resource(
        item["metadata"]["name"],
        ready.get("status", "Unknown") if current else "Unknown",
        ready.get("reason", "Pending") if current else "Pending",
        ready.get("message", ""),
        conditions.get("Licensed", {}).get("reason", ""),
        _seconds(item["metadata"]["creationTimestamp"], ready.get("lastTransitionTime"))
        if ready.get("status") == "True"
        else None,
    )


def _seconds(start: str, end: str | None) -> float | None:
    if end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()

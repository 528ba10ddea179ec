"""All that the HR bridge asks of the API server, in steps; each permission serves one of them."""

from __future__ import annotations

import base64
import json
import secrets
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from controlplane.processes import Process
from cxone_operator.bridge.sender import signed
from demo.stage import bridge_ports, start_bridge
from manifests.place import Place
from manifests.rights import Permission
from manifests.steps import Witness, answers
from support.resources import user

ACCOUNT = "cxone-hr-bridge"
_MOUNTED = "/etc/cxone-hr-bridge"
_MOMENT_SECONDS = 0.5
"""A watch is faster."""

STEPS = {
    "it knows who is there": [Permission("list", "cxoneusers"), Permission("watch", "cxoneusers")],
    "a hire makes a user": [Permission("patch", "cxoneusers"), Permission("create", "cxoneusers")],
    "an update changes that user": [Permission("get", "cxoneusers")],
    "a leaver is made inactive": [],
    "what Git makes is known without asking again": [],
}
"""Step → the permissions without which it fails, and that no earlier step needs."""


class BridgeScenario:
    """The bridge at one place, as the service account of the manifests, with its Secret mounted as they say."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._log = place.directory / "bridge.log"
        self._keys = {name: secrets.token_bytes(32) for name in ("current", "previous")}
        self.account = place.act_as(ACCOUNT)

    def play(self, doomed: str = "") -> None:
        """Every step, in order; raises Stuck at the first that has no effect."""
        with self._running() as process:
            sees = Witness(self.account, process, doomed).sees
            self._port, health_port = bridge_ports(self._log)
            sees("it knows who is there", lambda: answers(health_port, "readyz"))
            sees("a hire makes a user", lambda: self._post("current", "hire", role="Agent") == 202)
            sees("an update changes that user", lambda: self._post("previous", "update", role="Supervisor") == 202)
            sees("a leaver is made inactive", lambda: self._post("current", "terminate") == 202)
            assert [(spec["role"], spec["active"]) for spec in self._users()] == [("Supervisor", False)]
            sees("what Git makes is known without asking again", self._knows_by_its_watch)

    @contextmanager
    def _running(self) -> Iterator[Process]:
        """The command line of the manifests, but for the ports and the folder that the Secret is mounted at."""
        mounted = self._place.directory / "mounted"
        mounted.mkdir()
        for name, key in self._keys.items():
            (mounted / name).write_text(f"whsec_{base64.b64encode(key).decode()}")
        bridge, *options = self._place.arguments(ACCOUNT)
        assert bridge == "bridge"
        options = [option.replace(_MOUNTED, str(mounted)) for option in options]
        mine = ("--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0")
        process = start_bridge(self._log, self.account.kubeconfig, *options, *mine)
        try:
            yield process
        finally:
            process.stop(20.0)

    def _post(self, secret: str, action: str, email: str = "jane@example.com", **fields: str) -> int:
        event = {"action": action, "email": email, "occurredAt": datetime.now(UTC).isoformat(), **fields}
        data = json.dumps(event).encode()
        headers = signed(self._keys[secret], f"msg_{uuid.uuid4().hex}", data, datetime.now(UTC))
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/webhook/hr-sync", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - http, on this machine
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def _users(self) -> list[dict[str, Any]]:
        path = f"/apis/cxone.dev/v1alpha1/namespaces/{self._place.people}/cxoneusers"
        return [body["spec"] for body in self._place.kube.request("GET", path).accepted()["items"]]

    def _knows_by_its_watch(self) -> bool:
        """Somebody whom Git has made a moment ago is found, and nobody was listed meanwhile."""
        name = f"git-{uuid.uuid4().hex[:8]}"
        before = self._lists()
        self._place.kube.create(user(self._place.people, name)).accepted()
        time.sleep(_MOMENT_SECONDS)
        return self._post("current", "update", f"{name}@example.com") == 202 and self._lists() == before

    def _lists(self) -> int:
        return sum(request.verb == "list" for request in self.account.requests)

"""All that the HR bridge asks of the API server, in steps; each permission serves one of them."""

from __future__ import annotations

import secrets
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from manifests.installation import Installation
from manifests.rights import Permission
from manifests.scenario import Look, Scenario
from support.bridge import BridgeProcess, write_secret
from support.resources import user

ACCOUNT = "cxone-hr-bridge"
_MOUNTED = "/etc/cxone-hr-bridge"
_MOMENT_SECONDS = 0.5
"""A watch is faster."""

STEPS = {
    "it knows who is there": [Permission("list", "cxoneusers"), Permission("watch", "cxoneusers")],
    "a hire makes a user": [Permission(verb, "cxoneusers") for verb in ("get", "patch", "create")],
    "an update changes that user": [],
    "a leaver is made inactive": [],
    "what Git makes is known without asking again": [],
}
"""Step → the permissions without which it fails, and that no earlier step needs."""


class BridgeScenario(Scenario):
    """The bridge of an installation, as the service account of the manifests, with its Secret mounted as they say."""

    def __init__(self, installed: Installation, doomed: str = "") -> None:
        super().__init__(installed.act_as(ACCOUNT), doomed)
        self._kube, self._people = installed.kube, installed.people
        self._keys = {name: secrets.token_bytes(32) for name in ("current", "previous")}
        options = self._options(installed, installed.directory / "mounted")
        self._bridge = BridgeProcess(self.account.kubeconfig, installed.directory, *options)

    def play(self) -> None:
        """Every step, in order; raises Stuck at the first that has no effect."""
        try:
            self._bridge.start()
            self._work()
        finally:
            self._bridge.end()

    def _work(self) -> None:
        self._sees("it knows who is there", lambda: self._bridge.answers("readyz"))
        self._sees("a hire makes a user", lambda: self._post("current", "hire", role="Agent") == 202)
        self._sees("an update changes that user", lambda: self._post("previous", "update", role="Supervisor") == 202)
        self._sees("a leaver is made inactive", lambda: self._post("current", "terminate") == 202)
        (stored,) = self._kube.all("CxoneUser", self._people)
        assert (stored["spec"]["role"], stored["spec"]["active"]) == ("Supervisor", False)
        self._sees("what Git makes is known without asking again", self._knows_by_its_watch)

    def _sees(self, step: str, look: Look) -> None:
        self.sees(self._bridge, step, look)

    def _options(self, installed: Installation, mounted: Path) -> list[str]:
        """The command line of the manifests, but for the ports and the folder that the Secret is mounted at."""
        mounted.mkdir()
        for name, key in self._keys.items():
            write_secret(mounted / name, key)
        bridge, *options = installed.arguments(ACCOUNT)
        assert bridge == "bridge"
        mine = ("--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0")
        return [*(option.replace(_MOUNTED, str(mounted)) for option in options), *mine]

    def _post(self, key: str, action: str, email: str = "jane@example.com", **fields: str) -> int:
        now = datetime.now(UTC).isoformat()
        return self._bridge.send(action, email, key=self._keys[key], occurredAt=now, **fields).status

    def _knows_by_its_watch(self) -> bool:
        """Somebody whom Git has made a moment ago is found, and nobody was listed meanwhile."""
        name = f"git-{uuid.uuid4().hex[:8]}"
        before = self._lists()
        self._kube.create(user(self._people, name)).accepted()
        time.sleep(_MOMENT_SECONDS)
        return self._post("current", "update", f"{name}@example.com") == 202 and self._lists() == before

    def _lists(self) -> int:
        return sum(request.verb == "list" for request in self.account.requests)

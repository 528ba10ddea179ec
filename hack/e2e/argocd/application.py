"""What Argo CD says of one Application: whether the cluster is as Git has it, and how its resources fare."""

from __future__ import annotations

from dataclasses import dataclass

from e2e.cluster import Json


@dataclass(frozen=True, slots=True)
class Health:
    """By Argo CD's own engine, from the scripts in its settings."""

    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Application:
    """At one moment."""

    body: Json
    tree: Json
    """Its resources, with the health of each."""

    @property
    def sync(self) -> str:
        """Synced, OutOfSync or Unknown."""
        return str(self.body["status"].get("sync", {}).get("status", ""))

    @property
    def health(self) -> str:
        """The worst of its resources."""
        return str(self.body["status"].get("health", {}).get("status", ""))

    @property
    def operation(self) -> str:
        """The newest sync: its phase, and what is said of it."""
        state = self.body["status"].get("operationState", {})
        return f"{state.get('phase', '')}: {state.get('message', '')}"

    @property
    def syncing(self) -> str:
        """The commit of the newest sync."""
        return str(self.body["status"].get("operationState", {}).get("operation", {}).get("sync", {}).get("revision"))

    @property
    def conditions(self) -> str:
        """What it warns of."""
        return "; ".join(entry["message"] for entry in self.body["status"].get("conditions", ()))

    @property
    def summary(self) -> str:
        """Sync and health, as `argocd app list` has them."""
        return f"{self.sync}/{self.health}"

    def __str__(self) -> str:
        """Whatever may explain it."""
        return f"{self.summary}; {self.operation}; {self.conditions}"

    def has(self, commit: str) -> bool:
        """That commit was compared with, and the last sync of it has come to its end."""
        status = self.body["status"]
        compared = status.get("sync", {}).get("revision") == commit and "operation" not in self.body
        return compared and status.get("operationState", {}).get("phase") != "Running"

    def resource(self, kind: str, name: str) -> Health:
        """One of its resources."""
        for node in self.tree.get("nodes", ()):
            if (node["kind"], node["name"]) == (kind, name):
                health = node.get("health", {})
                return Health(health.get("status", ""), health.get("message", ""))
        return Health("Missing", "")

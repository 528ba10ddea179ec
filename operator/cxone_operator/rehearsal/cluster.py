"""A copy of the cluster: resources in memory, with the rules of an API server as far as the engine can notice them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.meta import Reference
from cxone_operator.cluster.errors import Gone
from cxone_operator.cluster.server import Body

_PLURALS = {tenant_api.KIND: tenant_api.PLURAL, user_api.KIND: user_api.PLURAL}

Watcher = Callable[[str, str, Body], None]
"""Called with the plural, `MODIFIED` or `DELETED`, and the object."""
Secrets = Mapping[tuple[str, str], Mapping[str, str | None]]
"""By namespace and name, decoded."""


class ClusterCopy:
    """`cluster.client.Cluster` on resources that were read or written by hand; each body has its `kind`."""

    def __init__(self, bodies: Iterable[Body], secrets: Secrets) -> None:
        self._secrets = secrets
        self._bodies: dict[tuple[str, str], dict[str, Any]] = {}
        for body in bodies:
            metadata: Any = body["metadata"]
            self._bodies[_PLURALS[str(body["kind"])], metadata["uid"]] = dict(body)
        self._version = 1_000_000_000
        self.watcher: Watcher = lambda *_: None
        self.writes = 0
        """To CxoneUsers so far; a rehearsal is over when there are no more."""

    def all(self, plural: str) -> list[Body]:
        """Every object of a kind that is left."""
        return [body for (kind, _), body in self._bodies.items() if kind == plural]

    async def list(self, plural: str, namespace: str | None) -> AsyncIterator[Body]:
        """Every object of a kind."""
        for body in self.all(plural):
            if namespace is None or body["metadata"]["namespace"] == namespace:  # type: ignore[index]
                yield body

    async def get(self, plural: str, ref: Reference) -> Body:
        """One object."""
        return self._found(plural, ref)

    async def patch_status(self, plural: str, ref: Reference, status: Body) -> Body:
        """Put it in the place of what was there."""
        body = self._found(plural, ref)
        return self._store(plural, {**body, "status": {**body.get("status", {}), **status}})

    async def patch_finalizers(
        self,
        plural: str,
        ref: Reference,
        finalizers: Sequence[str],
        resource_version: str,
        annotations: Mapping[str, str] | None = None,
    ) -> Body:
        """Replace the finalizers, and set annotations; whoever is being deleted goes with the last one."""
        body = self._found(plural, ref)
        kept = body["metadata"].get("annotations") or {}
        changed = {"finalizers": list(finalizers), "annotations": {**kept, **(annotations or {})}}
        return self._store(plural, {**body, "metadata": {**body["metadata"], **changed}})

    async def secret(self, namespace: str, name: str) -> Mapping[str, str | None]:
        """As it was read."""
        if (namespace, name) not in self._secrets:
            raise Gone(f"there is no Secret {name}")
        return self._secrets[namespace, name]

    async def event(self, plural: str, kind: str, ref: Reference, reason: str, message: str) -> None:
        """Nobody reads it."""

    def _found(self, plural: str, ref: Reference) -> dict[str, Any]:
        body = self._bodies.get((plural, ref.uid))
        if body is None:
            raise Gone(f"{ref.name} does not exist any more")
        return body

    def _store(self, plural: str, body: dict[str, Any]) -> Body:
        self.writes += plural == user_api.PLURAL
        self._version += 1
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self._version)}}
        key, metadata = (plural, body["metadata"]["uid"]), body["metadata"]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            del self._bodies[key]
            self.watcher(plural, "DELETED", body)
        else:
            self._bodies[key] = body
            self.watcher(plural, "MODIFIED", body)
        return body

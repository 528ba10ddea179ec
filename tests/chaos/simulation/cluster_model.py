"""Kubernetes in memory: resources with the rules of a real API server, as far as the engine can notice them.

Objects are JSON dictionaries that are replaced and never changed in place, so whoever holds one holds that version.
One counter gives resourceVersions; the generation moves with the spec and with the deletionTimestamp; an object with
finalizers stays until the last is taken off; a patch that changes nothing makes no new version.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaos.simulation.journal import PEOPLE, Journal, Origin, wall_clock
from chaos.simulation.schedule import DEFAULT
from cxone_operator.api.meta import Reference
from cxone_operator.cluster.errors import Conflicted, Forbidden, Gone

Body = dict[str, Any]
NAMESPACE = "workforce"
USERS, TENANTS = "cxoneusers", "cxonetenants"

_PENDING = {
    "type": "Ready",
    "status": "Unknown",
    "reason": "Pending",
    "message": "Waiting for the operator",
    "lastTransitionTime": "1970-01-01T00:00:00Z",
}


@dataclass(frozen=True, slots=True)
class Version:
    """An object at some time; `gone` means that this was its last."""

    time: float
    order: int
    """Counts the versions of all objects."""
    body: Body
    gone: bool = False


Watcher = Callable[[str, str, Body], None]
"""Called with (plural, kind, object)."""


@dataclass(slots=True)
class ClusterModel:
    """The API server."""

    journal: Journal
    chance: random.Random
    objects: dict[tuple[str, str], Body] = field(default_factory=dict)
    history: dict[str, list[Version]] = field(default_factory=dict)
    """All versions of each object by uid, without those that changed only the status."""
    secrets: dict[str, Mapping[str, str] | None] = field(default_factory=dict)
    """Those that are not as they were at first."""
    watcher: Watcher | None = None
    _version: int = 100
    _made: int = 0

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return asyncio.get_running_loop().time()

    def all(self, plural: str) -> list[Body]:
        """Every object of a kind, by name."""
        return [body for (kind, _), body in sorted(self.objects.items()) if kind == plural]

    def find(self, plural: str, name: str) -> Body | None:
        """An object by name."""
        return self.objects.get((plural, name))

    # What people do.

    def create(self, plural: str, name: str, spec: Body) -> Body:
        """A new object; nobody else may have the name."""
        self._made += 1
        metadata = {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"{self.chance.getrandbits(16):04x}-{self._made}",
            "generation": 1,
            "creationTimestamp": wall_clock(self.now).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "finalizers": [],
            "annotations": {},
        }
        body = {"metadata": metadata, "spec": spec, "status": {"conditions": [_PENDING]}}
        return self._store(plural, body, "ADDED", Origin(PEOPLE, self.now), f"create {spec}")

    def edit(self, plural: str, name: str, **spec: Any) -> None:
        """Change fields of the spec; None takes one out."""
        body = self.objects[plural, name]
        changed = {key: value for key, value in {**body["spec"], **spec}.items() if value is not None}
        if changed == body["spec"]:
            return
        metadata = {**body["metadata"], "generation": body["metadata"]["generation"] + 1}
        self._store(
            plural, {**body, "metadata": metadata, "spec": changed}, "MODIFIED", Origin(PEOPLE, self.now), str(spec)
        )

    def annotate(self, plural: str, name: str, key: str, value: str) -> None:
        """Set an annotation."""
        body = self.objects[plural, name]
        metadata = {**body["metadata"], "annotations": {**body["metadata"]["annotations"], key: value}}
        self._store(plural, {**body, "metadata": metadata}, "MODIFIED", Origin(PEOPLE, self.now), f"{key}={value}")

    def delete(self, plural: str, name: str) -> None:
        """Ask for deletion; without finalizers it goes at once."""
        body = self.objects[plural, name]
        metadata = dict(body["metadata"])
        if "deletionTimestamp" in metadata:
            return
        origin = Origin(PEOPLE, self.now)
        if not metadata["finalizers"]:
            self._remove(plural, body, origin)
            return
        metadata["deletionTimestamp"] = wall_clock(self.now).strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata["generation"] += 1
        self._store(plural, {**body, "metadata": metadata}, "MODIFIED", origin, "delete")

    # What the operator does.

    def get(self, plural: str, ref: Reference) -> Body:
        """One object; raises Gone where its namesake is another one."""
        body = self.objects.get((plural, ref.name))
        if body is None or body["metadata"]["uid"] != ref.uid:
            raise Gone("no such object")
        return body

    def patch_status(self, plural: str, ref: Reference, status: Mapping[str, Any], origin: Origin) -> Body:
        """Merge the status (RFC 7396)."""
        body = self._guarded(plural, ref)
        merged = _merged(body.get("status", {}), status)
        if merged == body.get("status"):
            return body
        return self._store(plural, {**body, "status": merged}, "MODIFIED", origin, _summary(merged), verb="status")

    def patch_finalizers(
        self,
        plural: str,
        ref: Reference,
        finalizers: Sequence[str],
        resource_version: str,
        annotations: Mapping[str, str],
        origin: Origin,
    ) -> Body:
        """Replace the finalizers and set annotations, if nobody has written since."""
        body = self._guarded(plural, ref)
        metadata = body["metadata"]
        if metadata["resourceVersion"] != resource_version:
            raise Conflicted("the object has been modified")
        deleting = "deletionTimestamp" in metadata
        if deleting and set(finalizers) - set(metadata["finalizers"]):
            raise Forbidden("no new finalizers can be added if the object is being deleted")
        kept = {**metadata["annotations"], **annotations}
        changed = {**body, "metadata": {**metadata, "finalizers": list(finalizers), "annotations": kept}}
        if deleting and not finalizers:
            return self._remove(plural, changed, origin)
        if changed == body:
            return body
        return self._store(plural, changed, "MODIFIED", origin, ",".join(finalizers), verb="finalizers")

    def secret(self, name: str) -> Mapping[str, str]:
        """A tenant's Secret."""
        data = self.secrets.get(name, {"clientId": name, "clientSecret": "secret"})
        if data is None:
            raise Gone("no such Secret")
        return data

    def _guarded(self, plural: str, ref: Reference) -> Body:
        """The object to patch; the uid in the patch is a precondition."""
        body = self.objects.get((plural, ref.name))
        if body is None:
            raise Gone("no such object")
        if body["metadata"]["uid"] != ref.uid:
            raise Conflicted("the uid in the precondition is another one")
        return body

    def _store(self, plural: str, body: Body, kind: str, origin: Origin, detail: str, verb: str = "apply") -> Body:
        self._version += 1
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self._version)}}
        name, uid = body["metadata"]["name"], body["metadata"]["uid"]
        self.objects[plural, name] = body
        if verb != "status":
            self.history.setdefault(uid, []).append(Version(self.now, self._version, body))
        self.journal.add(self.now, origin, verb, name, detail, tenant_of(body))
        self._tell(plural, kind, body)
        return body

    def _remove(self, plural: str, body: Body, origin: Origin) -> Body:
        self._version += 1
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self._version)}}
        name, uid = body["metadata"]["name"], body["metadata"]["uid"]
        del self.objects[plural, name]
        self.history.setdefault(uid, []).append(Version(self.now, self._version, body, gone=True))
        self.journal.add(self.now, origin, "finalizers" if origin.operator else "remove", name, "gone", tenant_of(body))
        self._tell(plural, "DELETED", body)
        return body

    def _tell(self, plural: str, kind: str, body: Body) -> None:
        if self.watcher is not None:
            self.watcher(plural, kind, body)


def tenant_of(body: Body) -> str:
    """The tenant that a resource is, or refers to."""
    if "userName" not in body["spec"]:
        return str(body["metadata"]["name"])
    return str(body["spec"].get("tenantRef", {}).get("name", DEFAULT))


def _merged(old: Any, patch: Any) -> Any:
    """RFC 7396, and then as the API server does with a null inside of a list: it is dropped."""
    if not isinstance(patch, Mapping):
        return _pruned(patch)
    result = dict(old) if isinstance(old, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def _pruned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_pruned(item) for item in value]
    return value


def _summary(status: Body) -> str:
    said = [f"{item['type']}={item['status']} {item['reason']}" for item in status.get("conditions", [])]
    if status.get("userId"):
        said.append(f"userId={status['userId']}")
    if status.get("bulkJobs"):
        said.append(f"jobs={[job['id'] for job in status['bulkJobs']]}")
    return ", ".join(said)

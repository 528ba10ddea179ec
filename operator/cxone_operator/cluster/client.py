"""The requests that the operator makes to the API server, each with its bounds and its errors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from cxone_operator.api.meta import GROUP, VERSION, Reference
from cxone_operator.cluster.bodies import mapping, metadata
from cxone_operator.cluster.errors import ClusterError, Gone
from cxone_operator.cluster.pages import collection, pages
from cxone_operator.cluster.server import ApiServer, Body
from cxone_operator.core.fence import Fence

WriteObserver = Callable[[str, str], None]
"""Called with (plural, HTTP status) after each write."""


class Cluster(Protocol):
    """The surface that the engine needs of Kubernetes."""

    def list(self, plural: str, namespace: str | None) -> AsyncIterator[Body]:
        """Every resource of a kind."""

    async def get(self, plural: str, ref: Reference) -> Body:
        """One resource; raises Gone."""

    async def patch_status(self, plural: str, ref: Reference, status: Body) -> Body:
        """Replace what the status says; the new object."""

    async def patch_finalizers(
        self,
        plural: str,
        ref: Reference,
        finalizers: Sequence[str],
        resource_version: str,
        annotations: Mapping[str, str] | None = None,
    ) -> Body:
        """Replace the finalizers, set annotations, if nobody has written since `resource_version`; the new object."""

    async def secret(self, namespace: str, name: str) -> Mapping[str, str | None]:
        """The decoded data of a Secret; raises Gone."""

    async def event(self, plural: str, kind: str, ref: Reference, reason: str, message: str) -> None:
        """A Warning event about a resource; failures are not reported."""


class ClusterClient:
    """`Cluster` on the API server; nothing is written that the fence does not let through."""

    def __init__(self, server: ApiServer, observe_write: WriteObserver, fence: Fence) -> None:
        self._server = server
        self._observe_write = observe_write
        self._fence = fence

    async def list(self, plural: str, namespace: str | None) -> AsyncIterator[Body]:
        """Every resource of a kind, read in pages."""
        async for page in pages(self._server, collection(plural, namespace)):
            for item in page.items:
                yield item

    async def get(self, plural: str, ref: Reference) -> Body:
        """One resource; raises Gone where it, or its namesake, is not the one that is meant."""
        body = await self._server.request("GET", _object(plural, ref))
        if metadata(body, "uid") != ref.uid:
            raise Gone("another object has taken the name")
        return body

    async def patch_status(self, plural: str, ref: Reference, status: Body) -> Body:
        """Merge the status (RFC 7396: null removes); the uid guards against a namesake created since."""
        patch = {"metadata": {"uid": ref.uid}, "status": status}
        return await self._write(plural, "PATCH", f"{_object(plural, ref)}/status", patch)

    async def patch_finalizers(
        self,
        plural: str,
        ref: Reference,
        finalizers: Sequence[str],
        resource_version: str,
        annotations: Mapping[str, str] | None = None,
    ) -> Body:
        """Replace the whole list, and set annotations; the resourceVersion makes a concurrent change Conflicted."""
        wanted: Body = {"uid": ref.uid, "resourceVersion": resource_version, "finalizers": list(finalizers)}
        wanted = {**wanted, "annotations": dict(annotations)} if annotations is not None else wanted
        return await self._write(plural, "PATCH", _object(plural, ref), {"metadata": wanted})

    async def secret(self, namespace: str, name: str) -> Mapping[str, str | None]:
        """The decoded data of a Secret; None where a value is not UTF-8."""
        body = await self._server.request("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")
        return {key: _decoded(value) for key, value in mapping(body.get("data")).items()}

    async def event(self, plural: str, kind: str, ref: Reference, reason: str, message: str) -> None:
        """A Warning event about a resource; best effort, the condition and the audit line carry the same fact."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {
            "metadata": {"generateName": f"{ref.name}.", "namespace": ref.namespace},
            "involvedObject": {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": kind,
                "name": ref.name,
                "namespace": ref.namespace,
                "uid": ref.uid,
            },
            "type": "Warning",
            "reason": reason,
            "message": message[:1024],
            "source": {"component": "cxone-operator"},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        try:
            await self._write("events", "POST", f"/api/v1/namespaces/{ref.namespace}/events", event)
        except ClusterError:
            return

    async def served_kinds(self) -> frozenset[str]:
        """Plurals of our group that the server serves; empty where the CRDs are not installed."""
        try:
            body = await self._server.request("GET", f"/apis/{GROUP}/{VERSION}")
        except Gone:
            return frozenset()
        resources = body.get("resources")
        return frozenset(str(item.get("name")) for item in resources) if isinstance(resources, list) else frozenset()

    async def _write(self, plural: str, method: str, path: str, body: Body) -> Body:
        self._fence()
        try:
            answer = await self._server.request(method, path, body=body)
        except ClusterError as error:
            self._observe_write(plural, type(error).__name__.lower())
            raise
        self._observe_write(plural, "200")
        return answer


def _object(plural: str, ref: Reference) -> str:
    return f"{collection(plural, ref.namespace)}/{ref.name}"


def _decoded(value: object) -> str | None:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None

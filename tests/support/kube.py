"""A plain client of the API server for tests: no cache, no retries, one connection for each request."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from controlplane.plane import ControlPlane

MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
PLURALS = {"CxoneTenant": "cxonetenants", "CxoneUser": "cxoneusers"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the API server said."""

    code: int
    body: Json

    @property
    def message(self) -> str:
        """Why it refused; empty where it did not."""
        return str(self.body.get("message", "")) if self.code >= 400 else ""

    def accepted(self) -> Json:
        """The object, after making sure that the server took it."""
        assert self.code < 400, self.message
        return self.body


class Kube:
    """Requests as the administrator, or as whoever the token is."""

    def __init__(self, url: str, token: str, certificate: Path) -> None:
        self._address = urlsplit(url)
        self._token = token
        self._context = ssl.create_default_context(cafile=str(certificate))
        self._impersonation: list[tuple[str, str]] = []

    @classmethod
    def administrator(cls, plane: ControlPlane) -> Kube:
        """Who may do everything on a control plane."""
        return cls(plane.url, plane.token, plane.certificate)

    def impersonating(self, user: str, *groups: str) -> Kube:
        """The same client as somebody else, as `kubectl --as … --as-group …` does it."""
        other = copy(self)
        other._impersonation = [("Impersonate-User", user), *(("Impersonate-Group", group) for group in groups)]
        return other

    def request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, content_type: str = "application/json"
    ) -> Answer:
        """Send one request; every answer is returned, refusals too."""
        connection = http.client.HTTPSConnection(
            self._address.hostname or "", self._address.port, context=self._context, timeout=30
        )
        content = b"" if body is None else json.dumps(body).encode()
        headers = [("Authorization", f"Bearer {self._token}"), ("Content-Type", content_type)]
        try:
            connection.putrequest(method, path)
            for name, value in (*headers, *self._impersonation, ("Content-Length", str(len(content)))):
                connection.putheader(name, value)
            connection.endheaders(content)
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read()))
        finally:
            connection.close()

    def new_namespace(self, name: str) -> str:
        """Create a namespace; its name."""
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).accepted()
        return name

    def create(self, resource: Json) -> Answer:
        """Create a CxoneUser or CxoneTenant in the namespace that it names."""
        return self.request("POST", _collection(resource["kind"], resource["metadata"]["namespace"]), resource)

    def all(self, kind: str, namespace: str) -> list[Json]:
        """Every resource of a namespace."""
        items: list[Json] = self.request("GET", _collection(kind, namespace)).accepted()["items"]
        return items

    def get(self, kind: str, namespace: str, name: str) -> Answer:
        """Read one resource."""
        return self.request("GET", f"{_collection(kind, namespace)}/{quote(name)}")

    def patch(
        self, kind: str, namespace: str, name: str, patch: Json, subresource: str = "", *, manager: str = "tests"
    ) -> Answer:
        """Merge-patch one resource (RFC 7396), or a subresource such as status."""
        suffix = f"/{subresource}" if subresource else ""
        path = f"{_collection(kind, namespace)}/{quote(name)}{suffix}?fieldManager={quote(manager)}"
        return self.request("PATCH", path, patch, MERGE_PATCH)

    def apply(self, resource: Json, manager: str, *, force: bool = False) -> Answer:
        """Server-side apply by a field manager."""
        metadata = resource["metadata"]
        path = f"{_collection(resource['kind'], metadata['namespace'])}/{quote(metadata['name'])}"
        query = f"fieldManager={quote(manager)}&force={str(force).lower()}"
        return self.request("PATCH", f"{path}?{query}", resource, APPLY_PATCH)

    def delete(self, kind: str, namespace: str, name: str) -> Answer:
        """Ask for the deletion of one resource; finalizers may keep it."""
        return self.request("DELETE", f"{_collection(kind, namespace)}/{quote(name)}")

    def vacate(self, namespace: str) -> None:
        """Delete every resource, whoever still holds it: nobody can put a finalizer on again once it is deleted."""
        for kind in PLURALS:
            self.request("DELETE", _collection(kind, namespace)).accepted()
        for kind in PLURALS:
            for body in self.all(kind, namespace):
                self.patch(kind, namespace, body["metadata"]["name"], {"metadata": {"finalizers": None}})


def _collection(kind: str, namespace: str) -> str:
    return f"/apis/cxone.dev/v1alpha1/namespaces/{quote(namespace)}/{PLURALS[kind]}"

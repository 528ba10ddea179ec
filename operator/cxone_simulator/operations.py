"""The operations of a bulk request, each carried out as a request of its own would be (RFC 7644 section 3.7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote

from cxone_simulator.errors import ScimProblem, missing
from cxone_simulator.settings import Settings

Operation = Mapping[str, Any]
Result = dict[str, Any]
_ROOT = "/scim/v2"
_PATH = re.compile(r"/(?P<kind>[^/]+)(?:/(?P<id>[^/]+))?/?")
_REFERENCE = "bulkId:"


class Resources(Protocol):
    """What operations of one kind are carried out on; each method raises ScimProblem."""

    def get(self, id_: str) -> dict[str, Any]:
        """One resource."""

    def create(self, body: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """A new one."""

    def replace(self, id_: str, body: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """PUT."""

    def patch(self, id_: str, body: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """PATCH."""

    def delete(self, id_: str, actor: str) -> None:
        """Remove one."""


@dataclass(slots=True)
class Batch:
    """One bulk request on its way: later operations can refer to what earlier ones created."""

    settings: Settings
    kinds: Mapping[str, Resources]
    """By the first part of a path, for example Users."""
    actor: str
    origin: str = ""
    """What a location begins with on a strict server, where it is a whole URL."""
    _made: dict[str, str] = field(default_factory=dict)

    def carry_out(self, operation: Operation) -> Result:
        """What has come of it, on the wire."""
        method, path = str(operation.get("method", "")).upper(), str(operation.get("path", ""))
        result: Result = {"method": method}
        if "bulkId" in operation:
            result["bulkId"] = operation["bulkId"]
        try:
            status, location = self._execute(method, path, operation)
        except ScimProblem as problem:
            # RFC 7644 section 3.7.3 wants the location of what could not be changed, too.
            known = {} if method == "POST" else {"location": self._location(path)}
            return {**result, **known, "status": str(problem.status), "response": problem.body()}
        return {**result, "status": str(status), "location": f"{self.origin}{location}"}

    def _location(self, path: str) -> str:
        return f"{self.origin}{_ROOT}{path}" if self.settings.strict else path

    def _execute(self, method: str, path: str, operation: Operation) -> tuple[int, str]:
        kind, id_ = self._addressed(path, operation.get("path"))
        resources = self.kinds[kind]
        if id_:
            self._check_version(kind, id_, operation)
        data = operation.get("data", {})
        if not isinstance(data, Mapping):
            raise ScimProblem(400, "data must be an object", "invalidSyntax")
        data = self._resolved(data)
        if method == "POST" and not id_:
            return 201, self._create(resources, operation, data)
        if method == "PUT":
            return 200, str(resources.replace(id_, data, self.actor)["meta"]["location"])
        if method == "PATCH":
            return 200, str(resources.patch(id_, data, self.actor)["meta"]["location"])
        if method == "DELETE" and self.settings.allow_delete:
            resources.delete(id_, self.actor)
            return 204, f"{_ROOT}/{kind}/{id_}"
        raise ScimProblem(405, f"{method} {operation.get('path')} is not offered")

    def _create(self, resources: Resources, operation: Operation, data: Mapping[str, Any]) -> str:
        created = resources.create(data, self.actor)
        self._made[str(operation.get("bulkId"))] = created["id"]
        return str(created["meta"]["location"])

    def _addressed(self, path: str, sent: object) -> tuple[str, str]:
        """Kind and id; the tutorial's paths begin at the host, those of RFC 7644 at the SCIM root."""
        match = _PATH.fullmatch(path if self.settings.strict else path.removeprefix(_ROOT))
        if match is None or match["kind"] not in self.kinds:
            raise missing(f"the path {sent}")
        return match["kind"], str(self._resolved(unquote(match["id"] or "")))

    def _check_version(self, kind: str, id_: str, operation: Operation) -> None:
        """`version` is the If-Match of one operation (RFC 7644 section 3.7)."""
        version = self.kinds[kind].get(id_)["meta"].get("version")
        if self.settings.etags and operation.get("version") not in (None, version):
            raise ScimProblem(412, f"{kind[:-1].lower()} {id_} has changed")

    def _resolved(self, value: Any) -> Any:  # noqa: ANN401
        """With the ids of what was created in place of its bulkIds (RFC 7644 section 3.7.2)."""
        if not self.settings.strict:
            return value
        if isinstance(value, Mapping):
            return {name: self._resolved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        if not isinstance(value, str) or not value.startswith(_REFERENCE):
            return value
        made = self._made.get(value[len(_REFERENCE) :])
        if made is None:
            raise ScimProblem(409, f"'{value}' is not the bulkId of an earlier operation that created something")
        return made


def failed(result: Mapping[str, Any]) -> bool:
    """The operation was refused."""
    return int(result["status"]) >= 400


def fail_on_errors(body: Mapping[str, Any], without: int) -> int:
    """How many failures are accepted; `without` where the request does not say. Raises ScimProblem."""
    most = next((value for name, value in body.items() if name.lower() == "failonerrors"), None)
    if most is None:
        return without
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise ScimProblem(400, "failOnErrors must be a number from 1 on", "invalidValue")
    return most


def operations_in(body: Mapping[str, Any], most: int) -> list[Operation]:
    """The operations of a BulkRequest; raises ScimProblem."""
    found = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if not isinstance(found, list) or not found or not all(isinstance(item, Mapping) for item in found):
        raise ScimProblem(400, "Operations must be a list of one or more objects", "invalidSyntax")
    if len(found) > most:
        raise ScimProblem(413, f"the request has {len(found)} operations; maxOperations is {most}", "tooMany")
    _check_bulk_ids(found)
    return list(found)


def _check_bulk_ids(operations: list[Operation]) -> None:
    seen: set[str] = set()
    for item in operations:
        bulk_id = item.get("bulkId")
        if bulk_id is None and str(item.get("method", "")).upper() != "POST":
            continue
        if not isinstance(bulk_id, str) or not bulk_id:
            raise ScimProblem(400, "bulkId is required for POST, as a string", "invalidSyntax")
        if bulk_id in seen:
            raise ScimProblem(400, f"bulkId '{bulk_id}' is there twice", "invalidSyntax")
        seen.add(bulk_id)

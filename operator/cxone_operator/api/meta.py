"""The part of a resource that Kubernetes owns: identity, versions, finalizers, annotations, and who asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from cxone_operator.api import hr

GROUP = "cxone.dev"
VERSION = "v1alpha1"
USER_FINALIZER = f"{GROUP}/user"
TENANT_FINALIZER = f"{GROUP}/in-use"
RECONCILE_REQUESTED_AT = f"{GROUP}/reconcile-requested-at"
ABANDON = f"{GROUP}/abandon"
APPROVE_DEPROVISIONING = f"{GROUP}/approve-deprovisioning"
GUESSED_NAME = f"{GROUP}/guessed-name"
"""Parts of the name that the bridge has made from the address, as a JSON object like spec.name. While the spec still
says so, they are good enough for a new account, and never rename an old one."""
HR_EVENTS = f"{GROUP}/hr-events"
"""What the HR bridge remembers of the events that it applied; see `hr.py`."""
HR_MANAGER = "cxone-hr-bridge"
"""The field manager of the HR bridge."""


class InvalidResource(ValueError):
    """A resource that does not have the shape of its kind; the message names the field."""


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """ObjectMeta, as far as the operator reads it."""

    name: str
    namespace: str
    uid: str
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    finalizers: tuple[str, ...] = ()
    annotations: dict[str, str] = {}
    requested_by: str = ""
    """The field manager that last changed the spec; derived from managedFields by `trimmed()`."""
    webhook_id: str = ""
    """The HR event behind that change, where the bridge made it; derived by `trimmed()`."""

    @property
    def deleting(self) -> bool:
        """Somebody asked to delete the resource."""
        return self.deletion_timestamp is not None


class Reference(msgspec.Struct, frozen=True):
    """Which object a write means: `uid` guards against a namesake that was created later."""

    namespace: str
    name: str
    uid: str


def trimmed(body: Mapping[str, object]) -> dict[str, object]:
    """The body without what the operator never reads, so that a cache of 100,000 resources stays small."""
    raw = body.get("metadata")
    metadata = dict(raw) if isinstance(raw, Mapping) else {}
    annotations = metadata.get("annotations")
    metadata["requestedBy"] = requested_by = _last_manager_of_spec(metadata.pop("managedFields", None))
    if isinstance(annotations, Mapping):
        kept = {key: value for key, value in annotations.items() if key.startswith(f"{GROUP}/")}
        events = hr.decode_events(kept.pop(HR_EVENTS, None))
        metadata["annotations"] = kept
        metadata["webhookId"] = events[-1].id if events and requested_by == HR_MANAGER else ""
    return {**body, "metadata": metadata}


def _last_manager_of_spec(managed_fields: object) -> str:
    """The manager with the newest entry that owns a spec field (Kubernetes server-side apply, managedFields)."""
    if not isinstance(managed_fields, list):
        return ""
    owners = [
        (str(entry.get("time", "")), str(entry.get("manager", "")))
        for entry in managed_fields
        if isinstance(entry, Mapping) and not entry.get("subresource") and "f:spec" in (entry.get("fieldsV1") or {})
    ]
    return max(owners, default=("", ""))[1]

"""The part of a resource that Kubernetes owns: identity, versions, finalizers, annotations, and who asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from cxone_operator.api import hr

GROUP = "cxone.dev"
VERSION = "v1alpha1"
USER_FINALIZER = f"{GROUP}/user"
"""Finalizer of a CxoneUser: the resource stays until its user was deprovisioned in CXone."""
TENANT_FINALIZER = f"{GROUP}/in-use"
"""Finalizer of a CxoneTenant: it stays, with its credentials, as long as a CxoneUser refers to it."""
RECONCILE_REQUESTED_AT = f"{GROUP}/reconcile-requested-at"
"""Annotation of a CxoneUser: every new value has the user compared with CXone at once, and tried again where it was
Stalled; `status.lastHandledReconcileAt` takes over the value when that is done."""
ABANDON = f"{GROUP}/abandon"
"""Annotation of a CxoneUser: `true` lets the resource go when it is deleted, and touches nothing in CXone."""
APPROVE_DEPROVISIONING = f"{GROUP}/approve-deprovisioning"
"""Annotation of a CxoneTenant: the hash in `status.deprovisioning.planHash` lets exactly those leavers go."""
GUESSED_NAME = f"{GROUP}/guessed-name"
"""Annotation of a CxoneUser: parts of the name that the bridge has made from the address, as a JSON object like
spec.name. While the spec still says so, they are good enough for a new account, and never rename an old one."""
HR_EVENTS = f"{GROUP}/hr-events"
"""Annotation of a CxoneUser: what the HR bridge remembers of the events that it applied; see `hr.py`."""
CLAIMED_AS = f"{GROUP}/claimed-as"
"""Annotation of a CxoneUser: the userName under which the operator looks for its account, or makes it, while
status.userId is not recorded. It is written together with the finalizer, so that a new spec.userName, a crash or a
restore without the status never leads to a second account."""
FORMER_USER_NAMES = f"{GROUP}/former-user-names"
"""Annotation of a CxoneUser: the userNames that it had before the HR bridge renamed it, as a JSON list. No event of the
HR system gives one of them to somebody else; remove the annotation to let them go."""
IMPORTED_INACTIVE = f"{GROUP}/imported-inactive"
"""Annotation of a CxoneUser: `true` says that the account was inactive when `cxone-operator import` read it. As long as
the operator has not seen it otherwise, there is no seat of ours to give back, and nothing is asked of CXone for it."""
WATCHES = f"{GROUP}/watches"
"""Annotation of the operator's Lease: the namespaces that its holder watches, with commas between them; `*` for all.
So two operators that act for the same people without sharing a Lease can be found."""
ALL_NAMESPACES = "*"
"""Every namespace, in the annotation of a Lease."""
HR_MANAGER = "cxone-hr-bridge"
"""The field manager of the HR bridge."""


Entry = Mapping[str, Any]
"""One entry of managedFields."""


class InvalidResource(ValueError):
    """A resource that does not have the shape of its kind; the message names the field."""


class Metadata(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """ObjectMeta, as far as the operator reads it."""

    name: str
    namespace: str
    uid: str
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    """RFC 3339 in UTC with whole seconds, as the API server writes it: such texts sort as the moments do."""
    deletion_timestamp: datetime | None = None
    finalizers: tuple[str, ...] = ()
    annotations: dict[str, str] = {}
    requested_by: str = ""
    """The field manager that last changed the spec, or those that did so within one second, which is as exact as the
    API server tells; derived from managedFields by `trimmed()`."""
    webhook_id: str = ""
    """The HR event behind that change, where the bridge made it; derived likewise."""
    annotated_by: dict[str, str] = {}
    """Annotation that overrules us (abandon, approve) → the field manager that set it; derived likewise."""

    @property
    def deleting(self) -> bool:
        """Somebody asked to delete the resource."""
        return self.deletion_timestamp is not None


class Reference(msgspec.Struct, frozen=True, gc=False):
    """Which object a write means: `uid` guards against a namesake that was created later."""

    namespace: str
    name: str
    uid: str


def trimmed(body: Mapping[str, object]) -> dict[str, object]:
    """The body without what the operator never reads, so that a cache of 100,000 resources stays small."""
    raw = body.get("metadata")
    metadata = dict(raw) if isinstance(raw, Mapping) else {}
    annotations = metadata.get("annotations")
    managed = metadata.pop("managedFields", None)
    entries = [entry for entry in managed if isinstance(entry, Mapping)] if isinstance(managed, list) else []
    metadata["requestedBy"] = requested_by = _last_manager_of_spec(entries)
    metadata["annotatedBy"] = _managers_of_annotations(entries)
    if isinstance(annotations, Mapping):
        kept = {key: value for key, value in annotations.items() if key.startswith(f"{GROUP}/")}
        events = hr.decode_events(kept.pop(HR_EVENTS, None))
        metadata["annotations"] = kept
        metadata["webhookId"] = events[-1].id if events and HR_MANAGER in requested_by.split(", ") else ""
    return {**body, "metadata": metadata}


def _last_manager_of_spec(entries: Iterable[Entry]) -> str:
    """Whoever has the newest entry that owns a spec field (Kubernetes server-side apply, managedFields)."""
    owners = [
        (str(entry.get("time", "")), str(entry.get("manager", "")))
        for entry in entries
        if not entry.get("subresource") and "f:spec" in (entry.get("fieldsV1") or {})
    ]
    newest = max((time for time, _ in owners), default="")
    return ", ".join(sorted({manager for time, manager in owners if time == newest}))


def _managers_of_annotations(entries: Iterable[Entry]) -> dict[str, str]:
    """The owner of each annotation that overrules us; the newest where several set it to the same value."""
    found = {}
    for entry in sorted(entries, key=lambda entry: str(entry.get("time", ""))):
        annotations = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:annotations") or {}
        for name in (ABANDON, APPROVE_DEPROVISIONING):
            if f"f:{name}" in annotations:
                found[name] = str(entry.get("manager", ""))
    return found

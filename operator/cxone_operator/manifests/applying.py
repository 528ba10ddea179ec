"""Applying: what the cluster would hold after `kubectl apply` of manifests, and after a deletion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from cxone_operator.api.conditions import timestamp
from cxone_operator.api.meta import USER_FINALIZER
from cxone_operator.manifests.reading import Key, Manifest

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

Body = dict[str, Any]


def key_of(body: Mapping[str, Any]) -> Key:
    """Of a resource of the cluster."""
    return body["kind"], body["metadata"]["namespace"], body["metadata"]["name"]


def applied(live: Body | None, manifest: Manifest, now: datetime) -> Body:
    """The resource after the manifest was applied.

    Fields that the manifest leaves out stay as they are if somebody else has set them, the HR bridge for instance, and
    go if the manifest's last version had them (the three-way merge of kubectl apply).
    """
    if live is None:
        return _created(manifest, now)
    metadata, spec = live["metadata"], live["spec"]
    gone = _last_spec(metadata).keys() - manifest.body["spec"].keys()
    merged = {name: value for name, value in spec.items() if name not in gone} | manifest.body["spec"]
    changes = int(merged != spec)
    annotations = (metadata.get("annotations") or {}) | (manifest.body["metadata"].get("annotations") or {})
    changed = {"annotations": annotations, "generation": metadata.get("generation", 1) + changes}
    return {**live, "spec": merged, "metadata": {**metadata, **changed}}


def deleted(live: Body, now: datetime) -> Body | None:
    """The resource after `kubectl delete`; None where it goes at once, as nothing is to be undone for it."""
    metadata = live["metadata"]
    if USER_FINALIZER not in (metadata.get("finalizers") or ()):
        return None
    changed = {"deletionTimestamp": now.isoformat(), "generation": metadata.get("generation", 1) + 1}
    return {**live, "metadata": {**metadata, **changed}}


def _created(manifest: Manifest, now: datetime) -> Body:
    """The uid is no more than a name here; its order decides between two of one userName, so it follows the key."""
    given = manifest.body["metadata"]
    made = {
        "uid": "new/" + "/".join(manifest.key),
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": timestamp(now),
        "finalizers": given.get("finalizers") or [],
        "annotations": given.get("annotations") or {},
    }
    return {**manifest.body, "metadata": {**given, **made}, "status": {}}


def _last_spec(metadata: Mapping[str, Any]) -> dict[str, Any]:
    text = (metadata.get("annotations") or {}).get(_LAST_APPLIED, "{}")
    try:
        spec = msgspec.json.decode(text, type=dict[str, Any]).get("spec")
    except msgspec.DecodeError:
        return {}
    return spec if isinstance(spec, dict) else {}

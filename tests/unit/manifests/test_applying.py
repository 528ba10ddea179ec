"""What the cluster would hold after an apply: as kubectl merges, with what others have set left alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from cxone_operator.manifests.applying import applied, deleted
from cxone_operator.manifests.reading import Manifest
from support.resources import user

NOW = datetime(2026, 11, 20, tzinfo=UTC)
LAST = "kubectl.kubernetes.io/last-applied-configuration"


def manifest(**spec: Any) -> Manifest:
    return Manifest(user("ns", "a", **spec), "a.yaml")


def live(last: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """As the API server has it."""
    body = user("ns", "a", **spec)
    annotations = {LAST: json.dumps({"spec": last})} if last is not None else {}
    metadata = {"uid": "1", "generation": 4, "finalizers": ["cxone.dev/user"], "annotations": annotations}
    return {**body, "metadata": {**body["metadata"], **metadata}, "status": {"userId": "7"}}


def test_a_new_one() -> None:
    """It has what the API server adds, and nobody looks after it yet."""
    body = applied(None, manifest(role="Agent"), NOW)
    assert (body["metadata"]["generation"], body["metadata"]["finalizers"], body["status"]) == (1, [], {})
    assert body["metadata"]["uid"] != applied(None, Manifest(user("ns", "b"), ""), NOW)["metadata"]["uid"]


def test_what_others_have_set_stays() -> None:
    """An end that the HR bridge has written is not the manifest's to take away."""
    body = applied(live(last={"role": "Agent"}, role="Agent", active=False), manifest(role="Lead"), NOW)
    assert (body["spec"]["role"], body["spec"]["active"]) == ("Lead", False)
    assert (body["metadata"]["generation"], body["status"], body["metadata"]["uid"]) == (5, {"userId": "7"}, "1")


def test_what_the_manifest_had_and_has_no_more_goes() -> None:
    """The three-way merge of kubectl apply."""
    body = applied(live(last={"role": "Agent", "team": "A"}, role="Agent", team="A"), manifest(role="Agent"), NOW)
    assert "team" not in body["spec"]


def test_nothing_changes_without_a_difference() -> None:
    """The generation tells the operator whether there is news."""
    assert applied(live(role="Agent"), manifest(role="Agent"), NOW)["metadata"]["generation"] == 4


def test_a_deletion_waits_for_whoever_looks_after_it() -> None:
    """Without a finalizer it goes at once."""
    body = deleted(live(), NOW)
    assert body is not None
    assert body["metadata"]["deletionTimestamp"] == NOW.isoformat()
    unclaimed = live()
    unclaimed["metadata"]["finalizers"] = []
    assert deleted(unclaimed, NOW) is None

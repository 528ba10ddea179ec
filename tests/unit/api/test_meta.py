"""Who asked: what managedFields say of the last change of the spec, and of our annotations."""

from __future__ import annotations

import pytest

from cxone_operator.api.meta import ABANDON, APPROVE_DEPROVISIONING, trimmed

NINE, TEN = "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"


def entry(manager: str, time: str, fields: str = "f:spec", **more: str) -> dict[str, object]:
    return {"manager": manager, "time": time, "fieldsV1": {fields: {}}, **more}


@pytest.mark.parametrize(
    ("managed_fields", "expected"),
    [
        ([entry("argocd", NINE), entry("hr-bridge", TEN)], "hr-bridge"),
        ([entry("hr-bridge", TEN), entry("argocd", NINE)], "hr-bridge"),
        ([entry("argocd", NINE), entry("cxone-operator", TEN, subresource="status")], "argocd"),
        ([entry("argocd", NINE), entry("cxone-operator", TEN, "f:metadata")], "argocd"),
        ([entry("hr-bridge", TEN), entry("argocd", TEN), entry("kubectl", NINE)], "argocd, hr-bridge"),
        ([entry("argocd", TEN), entry("argocd", TEN)], "argocd"),
        ([], ""),
        (None, ""),
        (["?", {"manager": "odd"}], ""),
    ],
)
def test_who_changed_the_spec_last(managed_fields: object, expected: str) -> None:
    """Neither status nor finalizers count; times are whole seconds, within which nobody knows who was last."""
    metadata = trimmed({"metadata": {"name": "jane", "managedFields": managed_fields}})["metadata"]
    assert metadata == {"name": "jane", "requestedBy": expected, "annotatedBy": {}}


def test_who_set_an_annotation() -> None:
    """Of ours only; the last of those that set it."""

    def annotated(manager: str, time: str, *names: str) -> dict[str, object]:
        fields = {"f:metadata": {"f:annotations": {".": {}, **{f"f:{name}": {} for name in names}}}}
        return {"manager": manager, "time": time, "fieldsV1": fields}

    managed = [
        annotated("kubectl-annotate", TEN, ABANDON, "example.com/other"),
        annotated("argocd", NINE, ABANDON, APPROVE_DEPROVISIONING),
        entry("hr-bridge", TEN),
    ]
    metadata = trimmed({"metadata": {"managedFields": managed}})["metadata"]
    annotated_by = {ABANDON: "kubectl-annotate", APPROVE_DEPROVISIONING: "argocd"}
    assert metadata == {"requestedBy": "hr-bridge", "annotatedBy": annotated_by}

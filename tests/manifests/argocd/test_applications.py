"""The example Applications: what must hold for them to do no harm to people."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from argocd_cm import ARGOCD

ROOT = ARGOCD.parents[1]
WAVE = "argocd.argoproj.io/sync-wave"
OPTIONS = "argocd.argoproj.io/sync-options"
Kubectl = Callable[..., CompletedProcess[str]]
Json = dict[str, Any]


def documents(*files: Path) -> list[Json]:
    return [body for file in files for body in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


EXAMPLES = {
    (body["kind"], body["metadata"]["name"]): body
    for body in documents(*sorted((ARGOCD / "applications").glob("*.yaml")))
    if body["kind"] != "Kustomization"
}
APPLICATIONS = {name: body["spec"] for (kind, name), body in EXAMPLES.items() if kind == "Application"}


def wave(body: Json) -> int:
    return int(body["metadata"].get("annotations", {}).get(WAVE, "0"))


def test_everything_is_applied_by_one_command(kubectl: Kubectl) -> None:
    """`kubectl apply -k`, into Argo CD's namespace."""
    built = list(yaml.safe_load_all(kubectl("kustomize", str(ARGOCD / "applications")).stdout))
    assert {(body["kind"], body["metadata"]["name"]) for body in built} == set(EXAMPLES)
    assert {body["metadata"]["namespace"] for body in built} == {"argocd"}


def test_operator_then_tenant_then_people() -> None:
    """For a parent Application; the projects come first of all."""
    order = sorted(EXAMPLES, key=lambda key: wave(EXAMPLES[key]))
    assert [name for _, name in order] == [
        *("cxone-platform", "cxone-people"),
        *("cxone-operator", "cxone-tenant", "cxone-users"),
    ]


@pytest.mark.parametrize("name", APPLICATIONS)
def test_nothing_is_removed_unasked_and_nothing_is_replaced(name: str) -> None:
    """Replacing drops finalizers; an Application that vanishes takes nobody along."""
    options = APPLICATIONS[name]["syncPolicy"]["syncOptions"]
    assert {"ServerSideApply=true", "Prune=confirm", "Delete=confirm"} <= set(options)
    assert not any(option.startswith(("Replace=", "Force=", "PruneLast=")) for option in options)
    assert "finalizers" not in EXAMPLES["Application", name]["metadata"]


@pytest.mark.parametrize("name", APPLICATIONS)
def test_differences_are_found_by_field_ownership(name: str) -> None:
    """Argo CD 3.5's server-side diff overlooks what leaves Git where the CRD has a default; a refusal stops all."""
    annotations = EXAMPLES["Application", name]["metadata"]["annotations"]
    assert annotations["argocd.argoproj.io/compare-options"] == "ServerSideDiff=false"


def test_a_sync_of_people_waits_for_nobody() -> None:
    """One wave: with two, a sync lasts until everybody is Healthy, and one who waits for a seat holds up the next."""
    spec = APPLICATIONS["cxone-users"]
    assert spec["source"]["path"] != APPLICATIONS["cxone-tenant"]["source"]["path"]
    assert spec["source"]["directory"] == {"recurse": True}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_each_project_permits_its_applications(name: str) -> None:
    """Repository and destination."""
    spec = APPLICATIONS[name]
    project = EXAMPLES["AppProject", spec["project"]]["spec"]
    assert spec["source"]["repoURL"] in project["sourceRepos"]
    assert spec["destination"] in project["destinations"]


def test_who_hires_writes_users_only() -> None:
    """Neither the limits of the guard, nor credentials, nor anything of the cluster."""
    project = EXAMPLES["AppProject", APPLICATIONS["cxone-users"]["project"]]["spec"]
    assert project["namespaceResourceWhitelist"] == [{"group": "cxone.dev", "kind": "CxoneUser"}]
    assert "clusterResourceWhitelist" not in project
    assert APPLICATIONS["cxone-tenant"]["project"] != APPLICATIONS["cxone-users"]["project"]


def test_the_approver_may_approve() -> None:
    """The policy names the action, the kind and the Application that there are."""
    (role,) = EXAMPLES["AppProject", "cxone-platform"]["spec"]["roles"]
    action = next(policy.split(", ")[3] for policy in role["policies"] if "action/" in policy)
    _, group, kind, name = action.split("/")
    assert (ARGOCD / "resource_customizations" / group / kind / "actions" / name / "action.lua").exists()
    assert {policy.split(", ")[4] for policy in role["policies"]} == {"cxone-platform/cxone-tenant"}


def test_the_operator_is_that_of_this_version() -> None:
    """From the tag of the release, with the waves that lie beside the Applications."""
    source = APPLICATIONS["cxone-operator"]["source"]
    (component,) = source["kustomize"]["components"]
    assert source["targetRevision"] == f"v{version('cxone-operator')}"
    assert (ROOT / source["path"] / component).resolve() == ARGOCD / "waves"


def test_the_waves_of_the_operator(kubectl: Kubectl, tmp_path: Path) -> None:
    """CRDs, then what pods need, then pods; what takes people's resources along is never removed."""
    resources = documents(*sorted((ROOT / "crds").glob("*.yaml"))) + [
        {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, "metadata": {"name": "example"}}
        for group, kind in [
            *(("", "Namespace"), ("", "ServiceAccount"), ("", "Service"), ("apps", "Deployment")),
            *(("rbac.authorization.k8s.io", "Role"), ("rbac.authorization.k8s.io", "ClusterRoleBinding")),
            *(("networking.k8s.io", "NetworkPolicy"), ("policy", "PodDisruptionBudget")),
            ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
            ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ]
    ]
    (tmp_path / "resources.yaml").write_text(yaml.safe_dump_all(resources))
    (tmp_path / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": ["resources.yaml"],
                "components": [os.path.relpath(ARGOCD / "waves", tmp_path)],
            }
        )
    )
    built = list(yaml.safe_load_all(kubectl("kustomize", str(tmp_path)).stdout))
    assert {body["kind"]: wave(body) for body in built} == {
        "CustomResourceDefinition": -2,
        **dict.fromkeys(("Namespace", "ServiceAccount", "Role", "ClusterRoleBinding", "NetworkPolicy"), -1),
        **dict.fromkeys(("ValidatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"), -1),
        **dict.fromkeys(("Service", "Deployment", "PodDisruptionBudget"), 0),
    }
    kept = {
        body["kind"]: body["metadata"]["annotations"][OPTIONS]
        for body in built
        if OPTIONS in body["metadata"].get("annotations", {})
    }
    assert kept == dict.fromkeys(("CustomResourceDefinition", "Namespace"), "Prune=false,Delete=false")

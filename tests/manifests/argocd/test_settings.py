"""argocd-cm.yaml: made from the scripts, readable by Argo CD, and applied without harm to what else is configured."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

import argocd_cm
from support.argocd import CUSTOMIZATIONS

KINDS = ("CxoneTenant", "CxoneUser")
SETTINGS: dict[str, str] = yaml.safe_load(argocd_cm.SETTINGS.read_text(encoding="utf-8"))["data"]
OTHERS = {"url": "https://argocd.example.com", "resource.customizations.health.example.com_Thing": "return {}\n"}
Kubectl = Callable[..., CompletedProcess[str]]


def test_the_file_is_made_from_the_scripts() -> None:
    """`PYTHONPATH=hack python -m argocd_cm` would change nothing."""
    assert argocd_cm.SETTINGS.read_text(encoding="utf-8") == argocd_cm.render()


@pytest.mark.parametrize("kind", KINDS)
def test_argo_cd_reads_what_the_scripts_say(kind: str) -> None:
    """The health script as it is, and the actions in the form that argocd-cm has for them."""
    folder = CUSTOMIZATIONS / "cxone.dev" / kind
    actions = yaml.safe_load(SETTINGS[f"resource.customizations.actions.cxone.dev_{kind}"])
    assert SETTINGS[f"resource.customizations.health.cxone.dev_{kind}"] == (folder / "health.lua").read_text()
    assert actions["discovery.lua"] == (folder / "actions/discovery.lua").read_text()
    assert {item["name"]: item["action.lua"] for item in actions["definitions"]} == {
        path.parent.name: path.read_text() for path in folder.glob("actions/*/action.lua")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_updates_of_the_status_alone_are_ignored(kind: str) -> None:
    """Argo CD compares the health before it ignores anything, so no change of health is missed."""
    ignored = yaml.safe_load(SETTINGS[f"resource.customizations.ignoreResourceUpdates.cxone.dev_{kind}"])
    assert ignored == {"jsonPointers": ["/metadata/finalizers", "/status"]}


def test_patching_adds_to_what_is_configured(kubectl: Kubectl, namespace: str) -> None:
    """With the command of the how-to."""
    kubectl("create", "-f", "-", input=yaml.safe_dump(config_map(namespace)))
    kubectl("-n", namespace, "patch", "configmap", "argocd-cm", "--patch-file", str(argocd_cm.SETTINGS))
    answer = kubectl("-n", namespace, "get", "configmap", "argocd-cm", "-o", "yaml")
    assert yaml.safe_load(answer.stdout)["data"] == OTHERS | SETTINGS


@pytest.mark.parametrize("namespace_of_it", [None, "argocd"])
def test_the_component_adds_to_what_is_configured(
    kubectl: Kubectl, tmp_path: Path, namespace_of_it: str | None
) -> None:
    """In a kustomization that installs Argo CD, whether or not its ConfigMap names a namespace."""
    (tmp_path / "argocd-cm.yaml").write_text(yaml.safe_dump(config_map(namespace_of_it)))
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["argocd-cm.yaml"],
        "components": [os.path.relpath(argocd_cm.ARGOCD, tmp_path)],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    built = yaml.safe_load(kubectl("kustomize", str(tmp_path)).stdout)
    assert built["data"] == OTHERS | SETTINGS


def config_map(namespace: str | None) -> dict[str, Any]:
    metadata = {"name": "argocd-cm"} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": OTHERS}

"""What the pages on the installation tell people to write works."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from manifests.rendered import ROOT, Object, find, render_folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Manifests and CRDs, in a copy that may be added to."""
    for folder in ("manifests", "crds"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path / "manifests" / "overlays" / "acme"


def _page(name: str) -> str:
    return (ROOT / "docs" / "how-to" / f"{name}.md").read_text()


def _examples(page: str, beginning: str) -> list[Object]:
    """Every example in YAML that begins so."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", _page(page), re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(block) for block in blocks if block.startswith(beginning)]


def _render(kubectl: Path, tree: Path, overlay: Object) -> list[Object]:
    tree.mkdir()
    (tree / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return render_folder(kubectl, tree)


def test_an_overlay_of_your_own(kubectl_path: Path, tree: Path) -> None:
    """The example of the installation changes the image, the API server's address and the approvers."""
    (overlay,) = _examples("install", "apiVersion: kustomize.config.k8s.io")
    objects = _render(kubectl_path, tree, overlay)
    for name in ("cxone-operator", "cxone-hr-bridge"):
        (container,) = find(objects, "Deployment", name)["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "registry.example.com/cxone-operator:0.1.0"
    (egress,) = find(objects, "NetworkPolicy", "allow-api-server")["spec"]["egress"]
    assert egress["to"] == [{"ipBlock": {"cidr": "10.20.0.5/32"}}]
    variables = find(objects, "ValidatingAdmissionPolicy", "cxone-protected-fields")["spec"]["variables"]
    assert variables[0] == {"name": "approvers", "expression": "['workforce-managers']"}
    assert variables[1]["name"] == "safetyEditors"
    (subject,) = find(objects, "ClusterRoleBinding", "cxone-approver")["subjects"]
    assert subject["name"] == "workforce-managers"


def test_without_an_hr_system(kubectl_path: Path, tree: Path) -> None:
    """The resources that the installation names have no bridge."""
    (names,) = re.findall(r"`resources: \[(.*?)\]`", _page("install"))
    objects = _render(kubectl_path, tree, {"resources": names.split(", ")})
    assert [body for body in objects if "hr-bridge" in body["metadata"]["name"]] == []
    find(objects, "Deployment", "cxone-operator")
    find(objects, "ValidatingAdmissionPolicy", "cxone-finalizers")


def test_patches_for_other_secrets_and_for_one_namespace(kubectl_path: Path, tree: Path) -> None:
    """The two patches of the page on security find what they change."""
    secrets, binding = _examples("secure", "patches:")
    objects = _render(
        kubectl_path, tree, {"resources": ["../prod"], "patches": secrets["patches"] + binding["patches"]}
    )
    rule = find(objects, "ClusterRole", "cxone-operator")["rules"][3]
    assert rule["resources"] == ["secrets"]
    assert rule["resourceNames"] == ["cxone-credentials", "cxone-credentials-emea"]
    bound = find(objects, "MutatingAdmissionPolicyBinding", "cxone-finalizer-at-creation")["spec"]["matchResources"]
    assert bound == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "workforce"}}}

"""The Helm chart has the content of the manifests, and every value does what its description says."""

from __future__ import annotations

import json
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.chart import CHART, Value, rendered, run, table, template, values
from manifests.rendered import ROOT, Object, find, of_kind, pods, render

_HELM_S_OWN = ("helm.sh/chart", "app.kubernetes.io/managed-by")
_NAMESPACE = {"namespace.create": True}
LIKE = {
    "base": {},
    "overlays/dev": {
        f"{who}.{what}": value
        for who in ("operator", "bridge")
        for what, value in (("replicas", 1), ("logLevel", "debug"), ("logFormat", "console"))
    },
    "overlays/namespaced": {"watchNamespaces": ["workforce"]},
    "overlays/prod": {"admission.enabled": True, "pods.spreadOverNodes": "DoNotSchedule"},
    "base/operator": {"bridge.enabled": False},
}
"""Folder of the manifests → the values that give the same."""


def _comparable(objects: list[Object]) -> dict[tuple[str, str, str], Object]:
    """By kind, namespace and name; without what only Helm adds, and a default that the chart writes down."""
    found = {}
    for body in objects:
        metadata = body["metadata"]
        metadata.get("annotations", {}).pop("helm.sh/resource-policy", None)
        if not metadata.get("annotations", True):
            del metadata["annotations"]
        template_metadata = body.get("spec", {}).get("template", {}).get("metadata", {})
        for labels in (metadata["labels"], template_metadata.get("labels", {})):
            for label in _HELM_S_OWN:
                labels.pop(label, None)
        for container in body.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
            container.pop("imagePullPolicy", None)
        found[body["kind"], metadata.get("namespace", ""), metadata["name"]] = body
    assert len(found) == len(objects)
    return found


@pytest.mark.parametrize("folder", LIKE)
def test_it_renders_what_kustomize_renders(helm: Path, kubectl_path: Path, folder: str) -> None:
    """The same objects with the same content, whichever tool a company has."""
    ours, theirs = _comparable(template(helm, **_NAMESPACE, **LIKE[folder])), _comparable(render(kubectl_path, folder))
    assert ours.keys() == theirs.keys()
    for key, body in theirs.items():
        assert ours[key] == body, key


def test_the_linter_is_content(helm: Path) -> None:
    """With warnings as errors."""
    answer = run(helm, "lint", "--strict", str(CHART))
    assert answer.returncode == 0, answer.stdout


def test_a_package_is_complete(helm: Path, tmp_path: Path) -> None:
    """The CRDs and policies, which the chart only links to, are in the archive."""
    assert run(helm, "package", str(CHART), "--destination", str(tmp_path)).returncode == 0
    (archive,) = tmp_path.glob("*.tgz")
    with tarfile.open(archive) as package:
        names = {Path(name).relative_to("cxone-operator") for name in package.getnames()}
    assert {Path("files/crds") / path.name for path in (ROOT / "crds").glob("*.yaml")} <= names
    policies = (ROOT / "manifests" / "admission").glob("*.yaml")
    assert {Path("files/admission") / path.name for path in policies} <= names


def test_its_versions_are_those_of_the_package() -> None:
    """Chart and program are released together."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version, version)


def test_every_value_is_described() -> None:
    """In values.yaml by a comment, and so in the README."""
    assert [value.path for value in values() if not value.meaning.endswith(".")] == []
    readme = (CHART / "README.md").read_text()
    assert readme.endswith(table()), f"let the README of the chart end with:\n\n{table()}"


def test_the_schema_has_every_value_and_no_other() -> None:
    """So that a misspelt one is refused rather than ignored."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    del schema["properties"]["global"]  # Helm's own, which every chart gets

    def paths(above: str, node: dict[str, Any]) -> list[str]:
        if "properties" not in node:
            return [above.removesuffix(".")]
        assert node["additionalProperties"] is False
        assert sorted(node["required"]) == sorted(node["properties"])
        return [path for name, child in node["properties"].items() for path in paths(f"{above}{name}.", child)]

    assert sorted(paths("", schema)) == sorted(value.path for value in values())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("operator.replica", 3),
        ("operator.replicas", 0),
        ("operator.logLevel", "loud"),
        ("image.digest", "latest"),
        ("watchNamespaces", ["Workforce"]),
        ("tenantSecretNames", []),
        ("admission.approvers", ["o'hara"]),
    ],
)
def test_what_makes_no_sense_is_refused(helm: Path, path: str, value: Any) -> None:
    """With the path of the value."""
    answer = run(helm, "template", "x", str(CHART), "--set-json", f"{path}={json.dumps(value)}")
    assert answer.returncode != 0
    assert "/".join(path.split(".")[:1]) in answer.stderr
    assert "schema" in answer.stderr


OTHER: dict[str, Any] = {
    "image.digest": f"sha256:{'0' * 64}",
    "image.pullPolicy": "Always",
    "imagePullSecrets": [{"name": "registry"}],
    "watchNamespaces": ["workforce"],
    "tenantSecretNames": ["other"],
    "operator.logFormat": "console",
    "operator.logLevel": "debug",
    "operator.env": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
    "operator.volumes": [{"name": "company-ca", "configMap": {"name": "company-ca"}}],
    "operator.volumeMounts": [{"name": "company-ca", "mountPath": "/etc/company-ca"}],
    "bridge.logFormat": "console",
    "bridge.logLevel": "debug",
    "pods.spreadOverNodes": "DoNotSchedule",
    "pods.tolerations": [{"operator": "Exists"}],
    "networkPolicies.apiServer.cidrs": ["10.0.0.1/32"],
    "networkPolicies.apiServer.ports": [8443],
    "admission.approvers": ["admins"],
    "admission.safetyEditors": ["admins"],
    "admission.breakGlass": ["admins"],
}
"""Where a value's type does not give another one."""


def _another(value: Value) -> Any:
    match value.default:
        case bool():
            return not value.default
        case int():
            return value.default + 1
        case str():
            return f"{value.default}x"
        case {}:
            return {"key": "value"}
    raise AssertionError(f"give OTHER a value for {value.path}")


@pytest.mark.parametrize("value", values(), ids=lambda value: value.path)
def test_every_value_has_an_effect(helm: Path, value: Value) -> None:
    """Nothing is read and ignored."""
    base = {"admission.enabled": True} if value.path != "admission.enabled" else {}
    other = OTHER[value.path] if value.path in OTHER else _another(value)
    assert rendered(helm, **base) != rendered(helm, **base, **{value.path: other})


def test_a_company_s_proxy_and_authority_have_their_place(helm: Path) -> None:
    """In the operator's pods, beside what is there already, and in no others."""
    names = ("operator.env", "operator.volumes", "operator.volumeMounts")
    given = {name: OTHER[name] for name in names}
    found = {pod["metadata"]["name"]: pod["spec"] for pod in pods(template(helm, **given))}
    before = {pod["metadata"]["name"]: pod["spec"] for pod in pods(template(helm))}
    assert found["cxone-hr-bridge"] == before["cxone-hr-bridge"]
    (container,), (old,) = found["cxone-operator"]["containers"], before["cxone-operator"]["containers"]
    assert container["env"] == given["operator.env"]
    assert container["volumeMounts"] == [*given["operator.volumeMounts"], *old["volumeMounts"]]
    assert found["cxone-operator"]["volumes"] == [*given["operator.volumes"], *before["cxone-operator"]["volumes"]]


def test_nothing_is_taken_away_with_the_release(helm: Path) -> None:
    """What others may be in stays: CRDs, whose deletion deletes every user, and the namespace."""
    kept = of_kind(template(helm, **_NAMESPACE), "CustomResourceDefinition", "Namespace")
    assert len(kept) == 3
    assert {body["metadata"]["annotations"]["helm.sh/resource-policy"] for body in kept} == {"keep"}


def test_other_names_and_namespaces_hang_together(helm: Path) -> None:
    """An operator of two namespaces, under another name, with policies that concern these two only."""
    chosen = {"watchNamespaces": ["staff", "agents"], "operator.name": "people", "admission.enabled": True}
    objects = template(helm, **chosen)
    bindings = [body for body in of_kind(objects, "RoleBinding") if body["roleRef"]["name"] == "people"]
    assert {body["metadata"]["namespace"] for body in bindings} == {"staff", "agents"}
    account = find(objects, "ServiceAccount", "people")["metadata"]
    subject = {"kind": "ServiceAccount", "name": "people", "namespace": account["namespace"]}
    assert all(body["subjects"] == [subject] for body in bindings)
    (operator,) = [pod for pod in pods(objects) if pod["metadata"]["name"] == "people"]
    assert operator["spec"]["serviceAccountName"] == "people"
    assert {"--namespace=staff", "--namespace=agents"} <= set(operator["spec"]["containers"][0]["args"])
    bound = of_kind(objects, "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicyBinding")
    policies = [body for body in bound if body["metadata"]["name"] != "cxone-crds"]
    selectors = [body["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"] for body in policies]
    assert len(selectors) == 3
    assert all(selector[0]["values"] == ["staff", "agents"] for selector in selectors)
    finalizers = find(objects, "ValidatingAdmissionPolicy", "cxone-finalizers")
    assert "'system:serviceaccount:cxone-system:people'" in json.dumps(finalizers)

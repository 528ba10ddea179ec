"""What is applied: a real API server takes all of it, and its pods pass Pod Security `restricted`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlplane.plane import ControlPlane
from cxone_operator.cli.options import address
from manifests.rendered import FOLDERS, MANIFESTS, ROOT, Object, as_input, find, of_kind, people, pods, render
from support.kube import Kube

INSTALLED = ("base", "overlays/dev", "overlays/namespaced", "overlays/prod")
IMAGE = "ghcr.io/cxone-operator/cxone-operator"
_CRD = "CustomResourceDefinition"
_POLICY = "NetworkPolicy"


@pytest.fixture(scope="module")
def namespaces(control_plane: ControlPlane, kubectl_path: Path) -> None:
    """A dry run creates none, and looks for those that it needs."""
    wanted = as_input([*of_kind(render(kubectl_path, "base"), "Namespace"), people()])
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=wanted)


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_api_server_takes_it(control_plane: ControlPlane, folder: str) -> None:
    """Every field is known and valid, and nothing is warned of."""
    folder_path = str(MANIFESTS / folder)
    options = ("--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
    answer = control_plane.kubectl("apply", *options, "-k", folder_path)
    assert answer.stderr == ""
    assert "serverside-applied (server dry run)" in answer.stdout


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("folder", INSTALLED)
def test_the_pods_pass_pod_security(kube: Kube, kubectl_path: Path, folder: str) -> None:
    """The namespace enforces `restricted`; both pods are admitted to it as they are."""
    objects = render(kubectl_path, folder)
    assert find(objects, "Namespace", "cxone-system")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == (
        "restricted"
    )
    created = [_dry_create(kube, pod) for pod in pods(objects)]
    assert [answer.code for answer in created] == [201, 201], [answer.message for answer in created]


def _root(spec: Object) -> None:
    spec["securityContext"] |= {"runAsNonRoot": False, "runAsUser": 0}


def _escalation(spec: Object) -> None:
    spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True


def _capabilities(spec: Object) -> None:
    del spec["containers"][0]["securityContext"]["capabilities"]


def _seccomp(spec: Object) -> None:
    del spec["securityContext"]["seccompProfile"]


def _host_path(spec: Object) -> None:
    spec["volumes"].append({"name": "host", "hostPath": {"path": "/"}})


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("spoil", [_root, _escalation, _capabilities, _seccomp, _host_path])
def test_a_pod_that_dares_more_is_refused(kube: Kube, kubectl_path: Path, spoil: Callable[[Object], None]) -> None:
    """So the labels of the namespace are in force, and each of these settings is needed."""
    for pod in pods(render(kubectl_path, "base")):
        spoil(pod["spec"])
        answer = _dry_create(kube, pod)
        assert answer.code == 403
        assert 'violates PodSecurity "restricted' in answer.message


@pytest.mark.parametrize("folder", INSTALLED)
def test_every_container_is_confined(kubectl_path: Path, folder: str) -> None:
    """What `restricted` does not ask for: a root that cannot be written, limits, requests and probes."""
    for pod in pods(render(kubectl_path, folder)):
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]  # noqa: S108 - a path in a container
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"].keys() == {"memory"}
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()


@pytest.mark.parametrize("folder", INSTALLED)
def test_a_drained_node_is_none_to_spread_over(kubectl_path: Path, folder: str) -> None:
    """With the default, Ignore, DoNotSchedule keeps replacements Pending until the node is back (seen on two nodes)."""
    for pod in pods(render(kubectl_path, folder)):
        constraints = pod["spec"]["topologySpreadConstraints"]
        assert [constraint["nodeTaintsPolicy"] for constraint in constraints] == ["Honor", "Honor"]


@pytest.mark.parametrize("folder", INSTALLED)
def test_both_families_of_addresses_are_listened_on(kubectl_path: Path, folder: str) -> None:
    """Else no probe succeeds in a cluster that has IPv6 only."""
    for pod in pods(render(kubectl_path, folder)):
        (container,) = pod["spec"]["containers"]
        listened = [arg.partition("=")[2] for arg in container["args"] if "listen=" in arg]
        ports = [port["containerPort"] for port in container["ports"]]
        assert [address(listen, 0, "--listen") for listen in listened] == [("", port) for port in ports]


@pytest.mark.parametrize("folder", INSTALLED)
def test_logs_are_for_people_where_people_try_things(kubectl_path: Path, folder: str) -> None:
    """Elsewhere they are for programs, which is the default of a process without a terminal."""
    for pod in pods(render(kubectl_path, folder)):
        formats = [arg for arg in pod["spec"]["containers"][0]["args"] if arg.startswith("--log-format")]
        assert formats == (["--log-format=console"] if folder == "overlays/dev" else [])


@pytest.mark.parametrize("folder", INSTALLED)
def test_no_service_becomes_a_setting(kubectl_path: Path, folder: str) -> None:
    """Kubernetes would set CXONE_OPERATOR_METRICS_PORT, and CXONE_ variables describe a tenant."""
    assert {pod["spec"]["enableServiceLinks"] for pod in pods(render(kubectl_path, folder))} == {False}


@pytest.mark.parametrize("folder", INSTALLED)
def test_selectors_find_their_pods(kubectl_path: Path, folder: str) -> None:
    """Each Service, budget and policy selects exactly the pods of one Deployment, and ports that these have."""
    objects = render(kubectl_path, folder)
    by_component = {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod for pod in pods(objects)}
    assert by_component.keys() == {"operator", "hr-bridge"}
    for body in of_kind(objects, "Service", "PodDisruptionBudget", "Deployment", "NetworkPolicy"):
        selector = _selector(body)
        if not selector:
            assert body["kind"] == "NetworkPolicy"
            continue
        pod = by_component[selector["app.kubernetes.io/component"]]
        assert selector.items() <= pod["metadata"]["labels"].items()
        assert selector.items() <= body["metadata"]["labels"].items()
        assert _ports_asked(body) <= {port["name"] for port in pod["spec"]["containers"][0]["ports"]}


def test_the_version_is_that_of_the_package(kubectl_path: Path) -> None:
    """In labels and in the tag of the image, everywhere."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for folder in FOLDERS:
        objects = render(kubectl_path, folder)
        assert {body["metadata"]["labels"]["app.kubernetes.io/version"] for body in objects} == {version}
        images = {pod["spec"]["containers"][0]["image"] for pod in pods(objects)}
        assert images <= {f"{IMAGE}:{version}"}


def test_secrets_are_referred_to_and_never_carried(kubectl_path: Path) -> None:
    """No folder has a Secret, and no container a secret in its environment."""
    for folder in FOLDERS:
        objects = render(kubectl_path, folder)
        assert of_kind(objects, "Secret") == []
        assert [pod for pod in pods(objects) if "env" in pod["spec"]["containers"][0]] == []


def test_no_installation_takes_the_people_with_it(kubectl_path: Path) -> None:
    """`kubectl delete -k` would delete everybody in the namespace, and with it the operator that deprovisions them."""
    for folder in FOLDERS:
        names = {body["metadata"]["name"] for body in of_kind(render(kubectl_path, folder), "Namespace")}
        assert names <= {"cxone-system"}


def test_the_crds_are_those_of_the_folder(kubectl_path: Path) -> None:
    """All of them, unchanged but for labels."""
    rendered = {body["metadata"]["name"]: body["spec"] for body in of_kind(render(kubectl_path, "base"), _CRD)}
    files = [yaml.safe_load(path.read_text()) for path in (ROOT / "crds").glob("*.yaml")]
    assert rendered == {body["metadata"]["name"]: body["spec"] for body in files}


def test_only_what_is_named_goes_in_or_out(kubectl_path: Path) -> None:
    """Everything is denied first; then DNS, the API server, CXone on 443; in come scrapes and the HR system."""
    policies = {body["metadata"]["name"]: body["spec"] for body in of_kind(render(kubectl_path, "base"), _POLICY)}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    egress = {name: sorted(_numbers(spec.get("egress", []))) for name, spec in policies.items()}
    assert egress == {
        "default-deny": [],
        "allow-dns": [53, 53],
        "allow-api-server": [443, 6443],
        "cxone-operator": [443],
        "cxone-hr-bridge": [],
    }
    ingress = {name: spec["ingress"] for name, spec in policies.items() if "ingress" in spec}
    assert {name: sorted(_numbers(rules)) for name, rules in ingress.items()} == {
        "cxone-operator": ["metrics"],
        "cxone-hr-bridge": ["metrics", "webhook"],
    }
    assert all(rule["from"] for rules in ingress.values() for rule in rules)


def _dry_create(kube: Kube, pod: Object) -> Any:
    return kube.request("POST", f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods?dryRun=All", pod)


def _numbers(rules: list[Object]) -> list[Any]:
    return [port["port"] for rule in rules for port in rule["ports"]]


def _selector(body: Object) -> dict[str, str]:
    spec = body["spec"]
    if body["kind"] == "Service":
        return dict(spec["selector"])
    return dict(spec.get("selector", spec.get("podSelector")).get("matchLabels", {}))


def _ports_asked(body: Object) -> set[str]:
    if body["kind"] == "Service":
        return {port["targetPort"] for port in body["spec"]["ports"]}
    return {port for port in _numbers(body["spec"].get("ingress", [])) if isinstance(port, str)}

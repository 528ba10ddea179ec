"""The CRDs as an API server serves them, held against this version; and whether the list of rights is whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.cluster.errors import ClusterError, Forbidden, Gone
from cxone_operator.cluster.server import ApiServer, Body
from cxone_operator.doctor.admission import POLICIES, Admission
from cxone_operator.doctor.check import Check
from cxone_operator.doctor.cluster import Cluster
from cxone_operator.doctor.rights import Right, needed
from cxone_operator.doctor.visit import visit

ROOT = Path(__file__).parents[3]
Answers = dict[str, Body | ClusterError]
OPENAPI = "/openapi/v3/apis/cxone.dev/v1alpha1"
LEASES = "/apis/coordination.k8s.io/v1/leases"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"


class FakeServer(ApiServer):
    """Answers what the test has laid down by path, and otherwise that there is nothing."""

    def __init__(self, answers: Answers) -> None:
        self._answers: Answers = {"/version": {"gitVersion": "v1.36.0"}, **answers}

    async def request(self, method: str, path: str, **more: Any) -> Body:
        answer = self._answers.get(path, Gone("nothing there"))
        if isinstance(answer, ClusterError):
            raise answer
        return answer


def document(folder: Path, *, less: str = "", more: str = "") -> Body:
    """OpenAPI of the CRDs in a folder, without a field of the users' spec, or with one more."""
    schemas: dict[str, Any] = {}
    for path in folder.glob("cxone*.yaml"):
        crd = yaml.safe_load(path.read_text())["spec"]
        schema = crd["versions"][0]["schema"]["openAPIV3Schema"]
        kind = crd["names"]["kind"]
        if kind == "CxoneUser" and less:
            del schema["properties"]["spec"]["properties"][less]
        if kind == "CxoneUser" and more:
            schema["properties"]["spec"]["properties"][more] = {"type": "string"}
        named = [{"group": "cxone.dev", "kind": kind, "version": "v1alpha1"}]
        schemas[kind] = {**schema, "x-kubernetes-group-version-kind": named}
    return {"components": {"schemas": schemas}}


async def line(answers: Answers, name: str) -> Check:
    """The line of that name."""
    found = await visit(Cluster(FakeServer(answers), "workforce").steps(), lambda: None)
    return next(check for check in found if check.name == name)


async def test_the_crds_of_this_version() -> None:
    """Nothing is lost, and nothing is unknown."""
    assert (await line({OPENAPI: document(ROOT / "crds")}, "CRDs")).outcome.value == "ok"


async def test_no_crds() -> None:
    """The command that installs them is the remedy."""
    check = await line({}, "CRDs")
    assert check.outcome.value == "failed"
    assert check.seen == "CxoneUser and CxoneTenant of cxone.dev/v1alpha1 are not installed"
    assert "kubectl apply --server-side -k crds/" in check.remedy


async def test_the_crds_of_an_earlier_release() -> None:
    """What they would drop without a word is named."""
    check = await line({OPENAPI: document(ROOT / "tests" / "fixtures" / "v0.1" / "crds")}, "CRDs")
    assert check.outcome.value == "failed"
    assert "CxoneTenant spec.api.auth, " in check.seen
    assert "more" in check.seen


async def test_a_field_less_and_a_field_more() -> None:
    """The first loses something; the second is for a newer program."""
    less = await line({OPENAPI: document(ROOT / "crds", less="employeeId")}, "CRDs")
    assert (less.outcome.value, "CxoneUser spec.employeeId" in less.seen) == ("failed", True)
    more = await line({OPENAPI: document(ROOT / "crds", more="costCentre")}, "CRDs")
    assert (more.outcome.value, "CxoneUser spec.costCentre" in more.seen) == ("warning", True)


async def test_who_may_not_list_leases_is_told_so() -> None:
    """That is no failure of the operator."""
    assert (await line({LEASES: Forbidden("no")}, "operator")).outcome.value == "skipped"


def binding(policy: str) -> Mapping[str, object]:
    return {"metadata": {"name": f"binds-{policy}"}, "spec": {"policyName": policy}}


@pytest.mark.parametrize(
    ("answer", "outcomes"),
    [
        ({"items": [binding(policy) for policy in POLICIES]}, ["ok"]),
        ({"items": [binding("cxone-crds"), binding("another")]}, ["warning", "warning"]),
        ({"items": []}, ["warning"] * 3),
        (Gone("an old API server"), ["warning"]),
        (Forbidden("no"), ["skipped"]),
    ],
)
async def test_admission_policies(answer: Body | ClusterError, outcomes: list[str]) -> None:
    """A policy is in force where something binds it."""
    found = await visit([Admission(FakeServer({BINDINGS: answer})).step()], lambda: None)
    assert [check.outcome.value for check in found] == outcomes


def granted(*files: str) -> set[Right]:
    """What roles of the manifests grant."""
    bodies = [body for file in files for body in yaml.safe_load_all((ROOT / "manifests" / file).read_text())]
    return {
        Right(verb, resource, group, name, body["metadata"]["namespace"])
        for body in bodies
        for rule in body.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


def test_every_right_that_the_manifests_grant_is_asked_for() -> None:
    """And no other."""
    rights = needed("workforce", "cxone-credentials", "cxone-system")
    assert set(rights) == granted("components/namespaced/role.yaml", "base/operator/lease-role.yaml")
    assert len(rights) == len(set(rights))
    assert {right.resource.partition("/")[0] for right in rights} >= {user_api.PLURAL, tenant_api.PLURAL}

"""From one release to the next: what an earlier version stored goes on, and is not written again for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any
from uuid import uuid4

import pytest
import yaml

from controlplane.plane import ControlPlane
from support.cxone import UNLIMITED, Company
from support.kube import PLURALS, Kube
from support.operator import Operator
from support.resources import user
from support.waiting import eventually

ROOT = Path(__file__).parents[2]
CURRENT = ROOT / "crds"
PREVIOUS = ROOT / "tests" / "fixtures" / "v0.1"
AT_REST = {
    "plain": "True/Succeeded",
    "full": "True/Succeeded",
    "has-left": "True/Succeeded",
    "scheduled": "True/Scheduled",
    "suspended": "Unknown/Suspended",
    "misspelt": "False/RoleNotFound",
    "ceo": "False/ProtectedUser",
    "somebody-elses": "False/AlreadyExists",
    "watched": "False/DifferencesFound",
}
"""What the earlier version has settled, and with what result."""
Json = dict[str, Any]
Install = Callable[..., None]


@pytest.fixture
def company(own_plane: ControlPlane, tmp_path: Path) -> Iterator[Company]:
    """A company on a control plane whose CRDs nobody else needs."""
    namespace = Kube.administrator(own_plane).new_namespace(f"upgrade-{uuid4().hex[:12]}")
    operator = Operator(own_plane.kubeconfig, tmp_path, namespace)
    company = Company(own_plane, namespace, tmp_path, operator, "--seats", "20")
    yield company
    operator.end()
    company.close()


@pytest.fixture
def install(own_plane: ControlPlane) -> Iterator[Install]:
    """Replaces the CRDs of that control plane; afterwards they are the current ones again."""
    kube = Kube.administrator(own_plane)

    def replace(folder: Path, change: Callable[[Json], object] = lambda _: None) -> None:
        mark = f"Installed as {uuid4()}."
        for path in sorted(folder.glob("*.yaml")):
            crd = yaml.safe_load(path.read_text(encoding="utf-8"))
            change(crd)
            crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] = mark
            own_plane.kubectl("replace", "-f", "-", input=yaml.safe_dump(crd))
        eventually(lambda: str(kube.request("GET", "/openapi/v3/apis/cxone.dev/v1alpha1").body).count(mark) == 2)
        # A storage with a new schema refuses to be listed (429) until its cache is filled again.
        for plural in PLURALS.values():
            eventually(lambda plural=plural: kube.request("GET", f"/apis/cxone.dev/v1alpha1/{plural}").code == 200)

    yield replace
    for path in sorted(CURRENT.glob("*.yaml")):
        own_plane.kubectl("replace", "-f", str(path))


def put_into_cxone(company: Company) -> dict[str, str]:
    """The users that there were; their ids by the name of the resource."""
    for name, more in yaml.safe_load((PREVIOUS / "cxone.yaml").read_text()).items():
        base = {
            "name": {"givenName": "Jane", "familyName": "Smith"},
            "emails": [{"value": f"{name}@example.com", "type": "work", "primary": True}],
            "roles": [{"value": "Agent"}],
            "groups": [{"value": "Support-Team"}],
            "timezone": "Europe/Berlin",
            "active": True,
        }
        company.change_outside(f"{name}@example.com", **{**base, **more})
    found = {person["userName"].partition("@")[0]: person["id"] for person in company.remote_users()}
    return {name.replace("-", "_"): id_ for name, id_ in found.items()}


def store(company: Company) -> None:
    """What version 0.1 had in its cluster, status and all."""
    values = {
        "url": company.simulator.url,
        "namespace": company.namespace,
        "now": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **put_into_cxone(company),
    }
    for body in yaml.safe_load_all(Template((PREVIOUS / "resources.yaml").read_text()).substitute(values)):
        body["metadata"]["namespace"] = company.namespace
        status = body.pop("status")
        company.kube.create(body).accepted()
        if "observedGeneration" in status:
            patch = {"status": status}
            company.kube.patch(body["kind"], company.namespace, body["metadata"]["name"], patch, "status").accepted()


def versions(company: Company) -> dict[str, str]:
    """resourceVersion of each CxoneUser."""
    return {body["metadata"]["name"]: body["metadata"]["resourceVersion"] for body in company.users()}


def test_resources_of_the_earlier_version_go_on(company: Company, install: Install) -> None:
    """Those at rest are not written; those in the middle of something end well; what the guard had counted counts."""
    install(PREVIOUS / "crds")
    company.put_secret(company.secret)
    store(company)
    company.delete("leaving", "abandoned")
    stored, before = versions(company), len(company.effects())

    install(CURRENT)
    company.operator.start()
    for name in ("waiting", "new"):
        company.until_ready(name)
    company.until_gone("leaving", "abandoned")
    eventually(lambda: _users_counted(company) == len(stored) - 2)
    assert {name: company.reason(name) for name in AT_REST} == AT_REST
    untouched = {name for name, version in versions(company).items() if stored[name] == version}
    assert untouched == AT_REST.keys()
    entries = company.journal()[before:]
    assert {(entry["userName"].partition("@")[0], entry["effect"]) for entry in entries} == {
        *(("waiting", "created"), ("waiting", "licenseAssigned"), ("new", "created"), ("new", "licenseAssigned")),
        *(("leaving", "deactivated"), ("leaving", "licenseReleased")),
    }

    company.leave("plain")
    company.until_reason("plain", "DeprovisioningHeld")


def _users_counted(company: Company) -> int:
    return int(company.tenant()["status"]["users"]["managed"])


def narrow(crd: Json) -> None:
    """A schema that refuses, by every means that there is, what the earlier one took."""
    if crd["spec"]["names"]["plural"] != "cxoneusers":
        return
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    fields = spec["properties"]
    fields["role"]["maxLength"] = 3
    fields["groups"]["maxItems"] = 1
    fields["deletionPolicy"]["enum"] = ["Retain"]
    fields["team"]["pattern"] = "^[0-9]+$"
    fields["displayName"]["x-kubernetes-validations"].append({"rule": "self == 'X'", "message": "must be X"})


def test_a_narrower_schema_locks_nobody_in(company: Company, install: Install) -> None:
    """Stored resources that it would refuse are still worked for and let go: only what is changed must be valid."""
    company.open(**UNLIMITED)
    legacy = {
        "role": "Agent",
        "groups": ["Support-Team", "Sales-Team"],
        "deletionPolicy": "Deactivate",
        "team": "North",
        "displayName": "Jane S.",
    }
    company.join("jane", **legacy)

    install(CURRENT, narrow)
    message = company.kube.create(user(company.namespace, "john", **legacy)).message
    for field in ("spec.role", "spec.groups", "spec.deletionPolicy", "spec.team"):
        assert field in message
    assert "must be X" in company.kube.create(user(company.namespace, "john", displayName="John")).message
    company.leave("jane")
    company.until_ready("jane")
    company.delete("jane")
    company.until_gone("jane")
    assert company.effects()[2:] == ["deactivated", "licenseReleased"]

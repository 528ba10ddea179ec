"""The CxoneTenant CRD on a real API server, and what both CRDs have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from cxone_operator.manifests.schema import schema_of
from support.kube import Kube
from support.resources import condition, contains, tenant
from support.waiting import eventually

Kubectl = Callable[..., CompletedProcess[str]]

CRDS = Path(__file__).parents[2] / "crds"
PENDING = [
    condition("Ready", "Unknown", reason="Pending", message="Waiting for the operator")
    | {"lastTransitionTime": "1970-01-01T00:00:00Z"}
]

COMPLETE_TENANT: dict[str, Any] = {
    "api": {
        "preset": "RFC7644",
        "tokenPath": "/oauth/token",
        "usersPath": "/scim/v2/Users",
        "bulkPath": "/scim/v2/Bulk",
        "licenseQuotaPath": "/quota",
        "licenseAssignmentsPath": "/assignments",
        "bulk": "Synchronous",
        "list": "Filter",
    },
    "scopes": ["Users.ReadWrite", "License.ReadWrite"],
    "rateLimit": {"requestsPerMinute": 1, "reservedPercentForLeavers": 50},
    "bulk": {"mode": "Off", "minOperations": 2, "maxOperations": 2, "maxFailures": 1, "jobTimeoutSeconds": 60},
    "license": {"mode": "CountUsers", "limit": 0, "reclaim": False, "onShortage": "HoldBatch", "reserve": 3},
    "safety": {
        "deprovisioning": {"maxPercent": 0, "maxUsers": 0, "minUsers": 0, "windowSeconds": 60},
        "protectedUsers": ["admin@example.com", "break-glass-*", "*"],
        "allowDelete": True,
    },
    "syncPeriodSeconds": 30,
    "driftPolicy": "Report",
    "groupsPolicy": "Additive",
    "defaults": {"role": "Agent", "groups": ["All"], "timezone": "UTC", "deletionPolicy": "Delete"},
    "suspend": True,
}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="only-what-is-required"),
        pytest.param(COMPLETE_TENANT, id="every-field"),
        pytest.param({"license": {"mode": "None"}}, id="no-licences"),
        *(
            pytest.param({"baseURL": url}, id=url)
            for url in (
                "https://platform.api.nicecxone.com/",
                "https://api.example.com:8443/base/path",
                "http://localhost:8080",
                "http://127.0.0.1:9999/scim",
                "http://[::1]:9999",
                "http://simulator.cxone.svc",
                "http://simulator.cxone.svc.cluster.local:8080",
            )
        ),
    ],
)
def test_valid_tenants_are_accepted_unchanged(kube: Kube, namespace: str, spec: dict[str, Any]) -> None:
    assert contains(kube.create(tenant(namespace, **spec)).accepted()["spec"], spec)
    assert schema_of("CxoneTenant").problems(tenant(namespace, **spec)) == [], "nor without a cluster is anything wrong"


def test_a_new_tenant_has_defaults_and_says_that_it_waits(kube: Kube, namespace: str) -> None:
    created = kube.create(tenant(namespace)).accepted()
    assert created["spec"] == {
        "baseURL": "https://cxone.example.com",
        "credentialsSecretRef": {"name": "cxone-credentials"},
        "api": {"preset": "Platform"},
        "rateLimit": {"requestsPerMinute": 100, "reservedPercentForLeavers": 10},
        "bulk": {
            "mode": "Auto",
            "minOperations": 5,
            "maxOperations": 100,
            "maxFailures": 5,
            "jobTimeoutSeconds": 900,
        },
        "license": {"reclaim": True, "onShortage": "FillAvailable", "reserve": 0},
        "safety": {
            "deprovisioning": {"maxPercent": 20, "maxUsers": 50, "minUsers": 5, "windowSeconds": 3600},
            "allowDelete": False,
        },
        "syncPeriodSeconds": 900,
        "driftPolicy": "Correct",
        "groupsPolicy": "Exact",
        "matchBy": ["userName"],
        "defaults": {},
        "suspend": False,
    }
    assert created["status"] == {"conditions": PENDING}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"baseURL": None}, "spec.baseURL: Required value"),
        ({"baseURL": "platform.api.nicecxone.com"}, "baseURL must be an http or https address"),
        ({"baseURL": "ftp://example.com"}, "baseURL must be an http or https address"),
        ({"baseURL": "https://"}, "baseURL must be an http or https address"),
        ({"baseURL": "https://me:secret@example.com"}, "baseURL must be an http or https address"),
        ({"baseURL": "https://example.com?x=1"}, "baseURL must be an http or https address"),
        ({"baseURL": "http://example.com"}, "baseURL must begin with https"),
        ({"baseURL": "http://localhost.example.com"}, "baseURL must begin with https"),
        ({"baseURL": "http://evil.com/.svc"}, "baseURL must begin with https"),
        ({"credentialsSecretRef": None}, "spec.credentialsSecretRef: Required value"),
        ({"credentialsSecretRef": {"name": "My_Secret"}}, "credentialsSecretRef.name must be the name of a Secret"),
        ({"api": {"preset": "Central"}}, 'supported values: "Platform", "UserHub", "RFC7644"'),
        ({"api": {"tokenPath": "token"}}, "api.tokenPath must be a path that begins with /"),
        ({"api": {"usersPath": "/Users?x=1"}}, "api.usersPath must be a path that begins with /"),
        ({"api": {"bulkPath": "https://example.com/Bulk"}}, "api.bulkPath must be a path that begins with /"),
        ({"api": {"licenseQuotaPath": "/a b"}}, "api.licenseQuotaPath must be a path that begins with /"),
        ({"api": {"licenseAssignmentsPath": "a"}}, "api.licenseAssignmentsPath must be a path that begins with /"),
        ({"api": {"bulk": "Sync"}}, 'supported values: "AsyncJob", "Synchronous", "Discover", "Off"'),
        ({"api": {"list": "All"}}, 'supported values: "Paged", "Filter"'),
        ({"scopes": ["a b"]}, "a scope in scopes must not contain a blank"),
        ({"rateLimit": {"requestsPerMinute": 0}}, "greater than or equal to 1"),
        ({"rateLimit": {"reservedPercentForLeavers": 51}}, "less than or equal to 50"),
        ({"bulk": {"minOperations": 50, "maxOperations": 10}}, "bulk.minOperations must not be greater than"),
        ({"bulk": {"minOperations": 101}}, "bulk.minOperations must not be greater than"),
        ({"bulk": {"maxOperations": 1001}}, "less than or equal to 1000"),
        ({"license": {"mode": "CountUsers"}}, "license.limit is required where license.mode is CountUsers"),
        ({"license": {"limit": -1}}, "greater than or equal to 0"),
        ({"license": {"onShortage": "Wait"}}, 'supported values: "FillAvailable", "HoldBatch"'),
        ({"safety": {"deprovisioning": {"maxPercent": 101}}}, "less than or equal to 100"),
        ({"safety": {"protectedUsers": ["*@example.com"]}}, "an entry in protectedUsers must be a userName"),
        ({"syncPeriodSeconds": 29}, "greater than or equal to 30"),
        ({"driftPolicy": "Ignore"}, 'supported values: "Correct", "Report"'),
        ({"groupsPolicy": "Merge"}, 'supported values: "Exact", "Additive"'),
        ({"defaults": {"role": "Agent "}}, "defaults.role must not begin or end with a blank"),
        ({"defaults": {"timezone": "Eastern Time"}}, "defaults.timezone must be an IANA name"),
        ({"defaults": {"deletionPolicy": "Keep"}}, 'supported values: "Deactivate", "Delete", "Retain"'),
    ],
)
def test_bad_tenants_are_refused_with_the_field_and_the_remedy(
    kube: Kube, namespace: str, spec: dict[str, Any], message: str
) -> None:
    assert schema_of("CxoneTenant").problems(tenant(namespace, **spec)), "a plan without a cluster refuses it, too"
    answer = kube.create(tenant(namespace, **spec))
    assert (answer.code, message in answer.message) == (422, True), answer.message


def test_the_complete_status_of_a_tenant_is_kept(kube: Kube, namespace: str) -> None:
    kube.create(tenant(namespace)).accepted()
    status = {
        "observedGeneration": 1,
        "conditions": [condition("Ready"), condition("Authenticated"), condition("CircuitOpen", "False")],
        "licenses": {"total": 10, "used": 9, "reserved": 1, "waiting": 4, "utilizationPercent": 110},
        "users": {"managed": 12, "ready": 8, "waiting": 3, "stalled": 1, "unmanaged": 5},
        "directory": {"users": 17, "refreshedTime": "2026-01-01T00:00:00Z", "complete": True},
        "bulkJobs": [{"id": "j", "operations": 5, "submittedTime": "2026-01-01T00:00:00Z", "purpose": "joiners"}],
        "deprovisioning": {
            "held": 60,
            "planHash": "abc123",
            "sample": ["jane.smith@example.com"],
            "windowStart": "2026-01-01T00:00:00Z",
            "used": 50,
        },
    }
    assert kube.patch("CxoneTenant", namespace, "default", {"status": status}, "status").accepted()["status"] == status


@pytest.mark.parametrize("name", ["cxoneusers", "cxonetenants"])
def test_every_field_is_described_and_bounded(name: str) -> None:
    """kubectl explain is the reference, and an unbounded value makes validation rules too costly to register."""
    crd = yaml.safe_load((CRDS / f"{name}.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    assert [*_gaps("spec", schema["spec"]), *_gaps("status", schema["status"])] == []


def _gaps(path: str, node: dict[str, Any], *, item: bool = False) -> list[str]:
    found = [] if item or "description" in node else [f"{path} has no description"]
    bounded = {"string": "maxLength" in node or "enum" in node or node.get("format") == "date-time"}
    bounded |= {"array": "maxItems" in node, "integer": "minimum" in node}
    found += [] if bounded.get(node["type"], True) else [f"{path} has no bound"]
    for field, child in node.get("properties", {}).items():
        found += _gaps(f"{path}.{field}", child)
    return found + (_gaps(f"{path}[]", node["items"], item=True) if "items" in node else [])


@pytest.mark.parametrize(
    "field", ["cxu.spec.userName", "cxu.status.conditions.reason", "cxt.spec.safety.deprovisioning"]
)
def test_explain_knows_the_fields(kubectl: Kubectl, field: str) -> None:
    """The API server publishes discovery and OpenAPI some seconds after it serves a new kind."""
    assert eventually(lambda: "DESCRIPTION:" in kubectl("explain", field, check=False).stdout)

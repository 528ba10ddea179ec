"""The CxoneUser CRD on a real API server: what it takes, what it refuses and with which words, what it adds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from cxone_operator.api.reasons import Reason
from cxone_operator.core.naming import resource_names
from cxone_operator.manifests.schema import schema_of
from support.kube import Kube
from support.resources import condition, contains, tenant, user, words
from support.waiting import eventually

Kubectl = Callable[..., CompletedProcess[str]]

CRDS = Path(__file__).parents[2] / "crds"
PENDING = [
    condition("Ready", "Unknown", reason="Pending", message="Waiting for the operator")
    | {"lastTransitionTime": "1970-01-01T00:00:00Z"}
]

COMPLETE_USER: dict[str, Any] = {
    "role": "Agent",
    "secondaryRoles": ["Supervisor"],
    "groups": ["Support-Team", "Équipe Nord"],
    "active": False,
    "tenantRef": {"name": "emea"},
    "emails": [{"value": "jane@example.com", "primary": True}, {"value": "j@home.example", "type": "home"}],
    "displayName": "Jane S.",
    "phoneNumbers": [{"value": "+1 (415) 555-0100", "type": "mobile"}],
    "timezone": "America/Argentina/Buenos_Aires",
    "team": "Tier 1",
    "employeeId": "00042",
    "activeFrom": "2026-03-01T08:00:00+01:00",
    "activeUntil": "2026-12-31T18:00:00.5Z",
    "deletionPolicy": "Retain",
    "adoptionPolicy": "Never",
    "managementPolicy": "ObserveOnly",
    "suspend": True,
}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="only-what-is-required"),
        pytest.param(COMPLETE_USER, id="every-field"),
        pytest.param({"userName": "o'brien+test@sub.example.co.uk"}, id="apostrophe-and-plus"),
        pytest.param({"userName": "jörg@bücher.example"}, id="international-address"),
        pytest.param({"name": {"givenName": "张", "familyName": "van der Berg"}}, id="names-of-the-world"),
        pytest.param({"groups": [], "secondaryRoles": [], "phoneNumbers": [], "emails": []}, id="empty-lists"),
        pytest.param({"secondaryRoles": ["Agent"]}, id="secondary-roles-without-role"),
        pytest.param({"activeUntil": "2026-01-01T00:00:00z"}, id="only-an-end"),
    ],
)
def test_valid_users_are_accepted_unchanged(kube: Kube, namespace: str, spec: dict[str, Any]) -> None:
    stored = kube.create(user(namespace, **spec)).accepted()["spec"]
    assert contains(stored, spec)
    assert schema_of("CxoneUser").problems(user(namespace, **spec)) == [], "nor without a cluster is anything wrong"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"userName": None}, "spec.userName: Required value"),
        ({"userName": "jane"}, "userName must have the form of an e-mail address"),
        ({"userName": "jane@localhost"}, "userName must have the form of an e-mail address"),
        ({"userName": "jane smith@example.com"}, "userName must have the form of an e-mail address"),
        ({"userName": "jane@@example.com"}, "userName must have the form of an e-mail address"),
        ({"userName": " jane@example.com"}, "userName must have the form of an e-mail address"),
        ({"userName": 'jane"@example.com'}, "userName must have the form of an e-mail address"),
        ({"userName": words(243) + "@example.com"}, "may not be more than 254"),
        ({"name": None}, "spec.name: Required value"),
        ({"name": {"givenName": "Jane"}}, "spec.name.familyName: Required value"),
        ({"name": {"givenName": "", "familyName": "Smith"}}, "spec.name.givenName"),
        ({"name": {"givenName": "Jane ", "familyName": "Smith"}}, "name.givenName must not begin or end with a blank"),
        (
            {"name": {"givenName": "Jane", "familyName": "\tSmith"}},
            "name.familyName must not begin or end with a blank",
        ),
        ({"role": ""}, "spec.role"),
        ({"role": " Agent"}, "role must not begin or end with a blank"),
        ({"role": words(129)}, "may not be more than 128"),
        ({"role": "Agent", "secondaryRoles": ["Agent"]}, "secondaryRoles must not repeat role"),
        ({"secondaryRoles": ["A", "A"]}, "Duplicate value"),
        ({"secondaryRoles": ["A "]}, "secondaryRoles must not begin or end with a blank"),
        ({"groups": ["A", "A"]}, "Duplicate value"),
        ({"groups": ["A", " "]}, "a name in groups must not begin or end with a blank"),
        ({"groups": [f"group-{number}" for number in range(201)]}, "must have at most 200 items"),
        ({"tenantRef": {"name": "EMEA"}}, "tenantRef.name must be the name of a CxoneTenant"),
        ({"emails": [{"value": "jane"}]}, "value in emails must be an e-mail address"),
        ({"emails": [{"value": "a@b.c"}, {"value": "a@b.c"}]}, "Duplicate value"),
        (
            {"emails": [{"value": "a@b.c", "primary": True}, {"value": "d@e.f", "primary": True}]},
            "only one address in emails can be primary",
        ),
        ({"displayName": "Jane "}, "displayName must not begin or end with a blank"),
        ({"phoneNumbers": [{"value": "none"}]}, "value in phoneNumbers must contain a digit"),
        ({"timezone": "(GMT-05:00) Eastern Time"}, "timezone must be an IANA name"),
        ({"team": " "}, "team must not begin or end with a blank"),
        ({"employeeId": "42 "}, "employeeId must not begin or end with a blank"),
        ({"activeFrom": "tomorrow"}, "spec.activeFrom"),
        ({"activeFrom": "2026-03-01"}, "spec.activeFrom"),
        ({"activeFrom": "2026-03-01T08:00:00"}, "spec.activeFrom"),
        (
            {"activeFrom": "2026-03-01T08:00:00+01:00", "activeUntil": "2026-03-01T07:00:00Z"},
            "activeUntil must be later than activeFrom",
        ),
        ({"deletionPolicy": "Ignore"}, 'supported values: "Deactivate", "Delete", "Retain"'),
        ({"adoptionPolicy": "Take"}, 'supported values: "Adopt", "Never"'),
        ({"managementPolicy": "Half"}, 'supported values: "Full", "ObserveOnly"'),
        ({"active": "yes"}, "spec.active"),
    ],
)
def test_bad_users_are_refused_with_the_field_and_the_remedy(
    kube: Kube, namespace: str, spec: dict[str, Any], message: str
) -> None:
    assert schema_of("CxoneUser").problems(user(namespace, **spec)), "a plan without a cluster refuses it, too"
    answer = kube.create(user(namespace, **spec))
    assert (answer.code, message in answer.message) == (422, True), answer.message


def test_unknown_fields_are_refused_by_strict_clients(kubectl: Kubectl, namespace: str) -> None:
    answer = kubectl("create", "-f", "-", input=json.dumps(user(namespace, group="Support")), check=False)
    assert 'unknown field "spec.group"' in answer.stderr


def test_a_new_user_has_defaults_and_says_that_it_waits(kube: Kube, namespace: str) -> None:
    """Tenant defaults may give role, groups, timezone and deletionPolicy, so the schema must leave them out."""
    created = kube.create(user(namespace)).accepted()
    assert created["spec"] == {
        "userName": "jane-smith@example.com",
        "name": {"givenName": "Jane", "familyName": "Smith"},
        "active": True,
        "tenantRef": {"name": "default"},
        "adoptionPolicy": "Adopt",
        "managementPolicy": "Full",
        "suspend": False,
    }
    assert created["status"] == {"conditions": PENDING}


def test_items_of_lists_have_defaults(kube: Kube, namespace: str) -> None:
    lists = {"emails": [{"value": "a@b.c"}], "phoneNumbers": [{"value": "1"}]}
    stored = kube.create(user(namespace, **lists)).accepted()["spec"]
    assert stored["emails"] == [{"value": "a@b.c", "type": "work", "primary": False}]
    assert stored["phoneNumbers"] == [{"value": "1", "type": "work"}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tenantRef": {"name": "other"}}, "tenantRef.name cannot change"),
        ({"tenantRef": None}, "tenantRef.name cannot change"),
    ],
)
def test_identity_never_changes(kube: Kube, namespace: str, change: dict[str, Any], message: str) -> None:
    kube.create(user(namespace, tenantRef={"name": "emea"})).accepted()
    answer = kube.patch("CxoneUser", namespace, "jane-smith", {"spec": change})
    assert (answer.code, message in answer.message) == (422, True), answer.message


def test_everything_else_may_change(kube: Kube, namespace: str) -> None:
    kube.create(user(namespace)).accepted()
    change = {field: value for field, value in COMPLETE_USER.items() if field != "tenantRef"}
    changed = kube.patch("CxoneUser", namespace, "jane-smith", {"spec": change}).accepted()
    assert changed["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("spec.userName=a@example.com", ["a"]),
        ("spec.tenantRef.name=emea", ["b", "c"]),
        ("spec.tenantRef.name=emea,spec.userName=b@example.com", ["b"]),
        ("spec.tenantRef.name=nobody", []),
    ],
)
def test_users_are_selected_by_name_and_tenant(
    kube: Kube, kubectl: Kubectl, namespace: str, selector: str, expected: list[str]
) -> None:
    for name, reference in (("a", "default"), ("b", "emea"), ("c", "emea")):
        kube.create(user(namespace, name, tenantRef={"name": reference})).accepted()
    found = kubectl("get", "cxu", "-n", namespace, "--field-selector", selector, "-o", "name").stdout.split()
    assert found == [f"cxoneuser.cxone.dev/{name}" for name in expected]


def test_columns_of_users(kube: Kube, kubectl: Kubectl, namespace: str) -> None:
    kube.create(user(namespace, role="Agent")).accepted()
    ready = condition("Ready", message="In sync"), condition("Licensed")
    status = {"userId": "u-1", "active": True, "conditions": list(ready)}
    kube.patch("CxoneUser", namespace, "jane-smith", {"status": status}, "status").accepted()
    heading, row = _table(kubectl("get", "cxu", "-n", namespace).stdout)
    assert heading == ["NAME", "READY", "REASON", "USER", "ACTIVE", "AGE"]
    assert row[:-1] == ["jane-smith", "True", "Succeeded", "jane-smith@example.com", "true"]
    heading, row = _table(kubectl("get", "cxu", "-n", namespace, "-o", "wide").stdout)
    assert heading[6:] == ["TENANT", "ROLE", "USER ID", "LICENSED", "MESSAGE"]
    assert row[6:] == ["default", "Agent", "u-1", "True", "In sync"]


def test_a_line_has_room_for_long_names(kubectl: Kubectl, kube: Kube, namespace: str) -> None:
    """120 characters, with the longest reason, and the name that the import and the HR bridge give to such a person."""
    user_name = "maximilian.hohenstein@sales.example.com"
    name = next(resource_names(user_name))
    kube.create(user(namespace, name, userName=user_name)).accepted()
    reason = max(Reason, key=len)
    told = {"conditions": [condition("Ready", "Unknown", reason=reason)], "active": False}
    kube.patch("CxoneUser", namespace, name, {"status": told}, "status").accepted()
    lines = kubectl("get", "cxu", "-n", namespace).stdout.splitlines()
    assert [len(line) for line in lines if len(line) > 120] == []
    assert user_name in lines[1]


def test_columns_of_tenants(kube: Kube, kubectl: Kubectl, namespace: str) -> None:
    kube.create(tenant(namespace)).accepted()
    counts = {"users": {"managed": 7}, "licenses": {"total": 100, "used": 42}}
    kube.patch("CxoneTenant", namespace, "default", {"status": counts}, "status").accepted()
    heading, row = _table(kubectl("get", "cxt", "-n", namespace).stdout)
    assert heading == ["NAME", "READY", "REASON", "USERS", "USED", "LICENSES", "AGE"]
    assert row[:-1] == ["default", "Unknown", "Pending", "7", "42", "100"]


def _table(output: str) -> list[list[str]]:
    """Columns are three blanks apart, so that a heading of two words stays one."""
    return [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in output.splitlines()]


def test_both_kinds_share_a_category(kube: Kube, kubectl: Kubectl, namespace: str) -> None:
    kube.create(user(namespace)).accepted()
    kube.create(tenant(namespace)).accepted()
    found = kubectl("get", "cxone", "-n", namespace, "-o", "name").stdout.split()
    assert sorted(found) == ["cxonetenant.cxone.dev/default", "cxoneuser.cxone.dev/jane-smith"]


def test_wait_sees_ready(kube: Kube, kubectl: Kubectl, namespace: str) -> None:
    kube.create(user(namespace)).accepted()
    status = {"observedGeneration": 1, "conditions": [condition("Ready", observedGeneration=1)]}
    kube.patch("CxoneUser", namespace, "jane-smith", {"status": status}, "status").accepted()
    kubectl("wait", "--for=condition=Ready", "cxu/jane-smith", "-n", namespace, "--timeout=10s")


def test_managers_share_a_user_by_server_side_apply(kube: Kube, namespace: str) -> None:
    """Git and the HR bridge can own different groups of one user; a value of the other is a conflict."""
    kube.apply(user(namespace, role="Agent", groups=["Git"]), "git").accepted()
    shared = user(namespace, groups=["Hr"])
    merged = kube.apply(shared, "hr").accepted()
    assert sorted(merged["spec"]["groups"]) == ["Git", "Hr"]
    conflict = kube.apply(user(namespace, role="Supervisor"), "hr")
    assert (conflict.code, 'conflict with "git"' in conflict.message) == (409, True)
    without = kube.apply(user(namespace), "hr").accepted()
    assert without["spec"]["groups"] == ["Git"]


def test_apply_by_kubectl(kubectl: Kubectl, namespace: str) -> None:
    manifest = json.dumps(user(namespace, groups=["A"]))
    for expected in ("serverside-applied", "serverside-applied"):
        assert expected in kubectl("apply", "--server-side", "-f", "-", input=manifest).stdout


def test_status_and_spec_are_written_apart(kube: Kube, namespace: str) -> None:
    kube.create(user(namespace)).accepted()
    through_spec = {"status": {"userId": "forged"}, "spec": {"role": "Agent"}}
    patched = kube.patch("CxoneUser", namespace, "jane-smith", through_spec).accepted()
    assert (patched["status"], patched["metadata"]["generation"]) == ({"conditions": PENDING}, 2)
    through_status = {"status": {"userId": "u-1"}, "spec": {"role": "Forged"}}
    patched = kube.patch("CxoneUser", namespace, "jane-smith", through_status, "status").accepted()
    assert (patched["spec"]["role"], patched["status"]["userId"]) == ("Agent", "u-1")
    assert patched["metadata"]["generation"] == 2


def test_null_in_a_status_patch_takes_a_field_away(kube: Kube, namespace: str) -> None:
    """The status writer sends every field, and null for what is absent (RFC 7396)."""
    kube.create(user(namespace)).accepted()
    ready = condition("Ready", observedGeneration=None)
    for status in ({"userId": "u-1", "differences": []}, {"userId": None, "active": None, "conditions": [ready]}):
        patched = kube.patch("CxoneUser", namespace, "jane-smith", {"status": status}, "status").accepted()
    assert patched["status"] == {"differences": [], "conditions": [condition("Ready")]}


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ({"conditions": [condition("Ready", "Maybe")]}, 'supported values: "True", "False", "Unknown"'),
        ({"conditions": [condition("Ready", reason="two words")]}, "reason"),
        ({"conditions": [condition("Ready"), condition("Ready")]}, "Duplicate value"),
        ({"conditions": [{"type": "Ready", "status": "True"}]}, "lastTransitionTime: Required value"),
        ({"differences": [{"field": "roles"}]}, "desired: Required value"),
    ],
)
def test_malformed_status_is_refused(kube: Kube, namespace: str, status: dict[str, Any], message: str) -> None:
    kube.create(user(namespace)).accepted()
    answer = kube.patch("CxoneUser", namespace, "jane-smith", {"status": status}, "status")
    assert (answer.code, message in answer.message) == (422, True), answer.message


def test_the_finalizer_comes_off_a_resource_that_a_stricter_schema_would_refuse(
    kube: Kube, kubectl: Kubectl, namespace: str
) -> None:
    """A rule added later must never keep a leaver's resource from going away (CRD ratcheting)."""
    loose = _crd_under_another_group(strict=False)
    kubectl("apply", "--server-side", "-f", "-", input=json.dumps(loose))
    kubectl("wait", "--for=condition=Established", "crd/cxoneusers.ratchet.example", "--timeout=30s")
    old = user(namespace, role=" Agent ", timezone="Eastern Time", groups=[" "]) | {
        "apiVersion": "ratchet.example/v1alpha1"
    }
    old["metadata"]["finalizers"] = ["cxone.dev/user"]
    path = f"/apis/ratchet.example/v1alpha1/namespaces/{namespace}/cxoneusers"
    kube.request("POST", path, old).accepted()

    kubectl("apply", "--server-side", "-f", "-", input=json.dumps(_crd_under_another_group(strict=True)))
    _until_refused(kube, path, old)
    kube.request("DELETE", f"{path}/jane-smith").accepted()
    kube.request(
        "PATCH", f"{path}/jane-smith", {"metadata": {"finalizers": []}}, "application/merge-patch+json"
    ).accepted()
    assert kube.request("GET", f"{path}/jane-smith").code == 404


def _until_refused(kube: Kube, path: str, resource: dict[str, Any]) -> None:
    """The API server takes a moment to serve a changed schema."""
    again = resource | {"metadata": resource["metadata"] | {"name": "again"}}
    eventually(lambda: kube.request("POST", f"{path}?dryRun=All", again).code == 422)


def _crd_under_another_group(*, strict: bool) -> dict[str, Any]:
    """Our own CRD, or the same one without any rule, in a group where it disturbs no other test."""
    crd = yaml.safe_load((CRDS / "cxoneusers.yaml").read_text())
    crd["metadata"]["name"] = "cxoneusers.ratchet.example"
    crd["spec"]["group"] = "ratchet.example"
    crd["spec"]["names"] |= {"shortNames": ["rxu"], "categories": ["ratchet"]}
    return crd if strict else _without_rules(crd)


def _without_rules(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_rules(value) for key, value in node.items() if key != "x-kubernetes-validations"}
    return [_without_rules(item) for item in node] if isinstance(node, list) else node

"""The admission policies on a real API server: whom they stop, whom they let through, and that all else still works.

Garbage collector and namespace controller run here, as they delete what carries the operator's finalizers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controlplane.binaries import Binaries
from controlplane.plane import ControlPlane
from manifests.installation import PEOPLE, Installation
from manifests.operator_scenario import OperatorScenario
from manifests.rendered import ROOT, as_input, find, people, render
from support.audit import writes
from support.doctor import command
from support.kube import Answer, Kube
from support.resources import tenant, user
from support.waiting import eventually

FINALIZERS = {"CxoneUser": "cxone.dev/user", "CxoneTenant": "cxone.dev/in-use"}
FOREIGN = "example.com/other"
MERGE = "application/merge-patch+json"
JOINERS = [f"joiner-{number}" for number in range(20)]
Act = Callable[[Kube, str], Answer]
"""What somebody does to the object of that name."""


@dataclass(frozen=True)
class Guarded:
    """An API server with everything of overlays/prod."""

    plane: ControlPlane
    installed: Installation
    identities: dict[str, Kube]
    """Who may try: admin, editor (may write all of cxone.dev), approver, break-glass, operator, bridge."""


@pytest.fixture(scope="module")
def guarded(
    control_plane_binaries: Binaries, kubectl_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guarded]:
    """All policies are in force before the first test."""
    directory = tmp_path_factory.mktemp("guarded")
    with ControlPlane.start(directory / "plane", crds=ROOT / "crds") as plane:
        plane.start_controllers()
        admin = Kube.administrator(plane)
        objects = render(kubectl_path, "overlays/prod")
        plane.kubectl(
            "apply", "--server-side", "--force-conflicts", "-f", "-", input=as_input([people(), *objects, *_EDITOR])
        )
        installed = Installation(plane, objects, "", directory)
        tokens = {name: installed.act_as(f"cxone-{name}").token for name in ("operator", "hr-bridge")}
        yield Guarded(
            plane,
            installed,
            {
                "admin": admin,
                "editor": admin.impersonating("eve", "editors"),
                "approver": admin.impersonating("anna", "cxone:approvers"),
                "break-glass": admin.impersonating("bob", "cxone:break-glass"),
                "operator": Kube(plane.url, tokens["operator"], plane.certificate),
                "bridge": Kube(plane.url, tokens["hr-bridge"], plane.certificate),
                "collector": admin.impersonating(*_collector()),
            },
        )


@pytest.fixture(scope="module", autouse=True)
def _in_force(guarded: Guarded) -> None:
    """The API server compiles policies a moment after they were stored, and then learns the schemas of new CRDs."""
    admin, bob = guarded.identities["admin"], guarded.identities["break-glass"]

    def all_work() -> bool:
        made = admin.create(user(PEOPLE, "probe"))
        tried = _annotate("abandon", "true")(admin, "probe").code, _drop_finalizers("CxoneUser")(admin, "probe").code
        _drop_finalizers("CxoneUser")(bob, "probe")
        admin.delete("CxoneUser", PEOPLE, "probe")
        return (made.code, *tried) == (201, 403, 403) and "finalizers" in made.body["metadata"]

    eventually(all_work, 30)


@pytest.fixture(params=["CxoneUser", "CxoneTenant"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both kinds have a finalizer to lose."""
    return str(request.param)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Of an object that nobody else uses."""
    return f"x-{abs(hash(request.node.name)):x}"


def _drop_finalizers(kind: str) -> Act:
    return lambda kube, name: kube.patch(kind, PEOPLE, name, _NO_FINALIZERS)


def _replace(kind: str, **metadata: Any) -> Act:
    """As `kubectl replace` does with a manifest from a file."""

    def act(kube: Kube, name: str) -> Answer:
        now = kube.get(kind, PEOPLE, name).accepted()
        version = now["metadata"]["resourceVersion"]
        body = {**now, "metadata": {"name": name, "namespace": PEOPLE, "resourceVersion": version, **metadata}}
        return kube.request("PUT", _path(kind, name), body)

    return act


def _keep(kind: str, *finalizers: str) -> Act:
    patch = {"metadata": {"finalizers": list(finalizers)}}
    return lambda kube, name: kube.patch(kind, PEOPLE, name, patch)


@pytest.mark.parametrize(("who", "code"), [("admin", 403), ("editor", 403), ("break-glass", 200), ("operator", 200)])
def test_who_takes_the_finalizer_off(guarded: Guarded, kind: str, name: str, who: str, code: int) -> None:
    """The operator, and who breaks the glass; the message says how an administrator becomes one of these."""
    _create(guarded.identities["admin"], kind, name)
    answer = _drop_finalizers(kind)(guarded.identities[who], name)
    assert answer.code == code
    if code == 403:
        assert f"only the operator takes off {FINALIZERS[kind]}" in answer.message
        assert "--as-group=cxone:break-glass" in answer.message


@pytest.mark.parametrize("who", ["admin", "editor"])
def test_replacing_drops_no_finalizer(guarded: Guarded, kind: str, name: str, who: str) -> None:
    """What `kubectl replace` would do unasked; with the finalizer in the file it may."""
    _create(guarded.identities["admin"], kind, name)
    assert _replace(kind)(guarded.identities[who], name).code == 403
    assert _replace(kind, finalizers=[FINALIZERS[kind]])(guarded.identities[who], name).code == 200


@pytest.mark.parametrize("who", ["editor", "collector"])
def test_other_finalizers_are_not_our_business(guarded: Guarded, kind: str, name: str, who: str) -> None:
    """Adding and removing them is free, as the garbage collector has to."""
    kube, ours = guarded.identities[who], FINALIZERS[kind]
    _create(guarded.identities["admin"], kind, name)
    assert _keep(kind, ours, FOREIGN)(kube, name).code == 200
    assert _keep(kind, ours)(kube, name).code == 200
    assert _keep(kind, FOREIGN)(kube, name).code == 403


def test_the_operator_and_the_bridge_write_as_before(guarded: Guarded, name: str) -> None:
    """Status by the one; by the other server-side apply, twice, which neither owns nor drops the finalizer."""
    operator, bridge = guarded.identities["operator"], guarded.identities["bridge"]
    for role in ("Agent", "Supervisor"):
        body = bridge.apply(user(PEOPLE, name, role=role), "cxone-hr-bridge").accepted()
        assert body["metadata"]["finalizers"] == ["cxone.dev/user"]
        assert body["spec"]["role"] == role
    assert operator.patch("CxoneUser", PEOPLE, name, {"status": {"active": True}}, "status").code == 200


def _annotate(key: str, value: str | None, kind: str = "CxoneUser") -> Act:
    patch = {"metadata": {"annotations": {f"cxone.dev/{key}": value}}}
    return lambda kube, name: kube.patch(kind, PEOPLE, name, patch)


def _declare(kind: str, **spec: Any) -> Act:
    return lambda kube, name: kube.patch(kind, PEOPLE, name, {"spec": spec})


APPROVE = _annotate("approve-deprovisioning", "4711", "CxoneTenant")
ABANDON = _annotate("abandon", "true")
LOOSEN = _declare("CxoneTenant", safety={"allowDelete": True})


@pytest.mark.parametrize(
    ("act", "kind", "who", "code"),
    [
        (APPROVE, "CxoneTenant", "admin", 403),
        (APPROVE, "CxoneTenant", "editor", 403),
        (APPROVE, "CxoneTenant", "break-glass", 403),
        (APPROVE, "CxoneTenant", "approver", 200),
        (LOOSEN, "CxoneTenant", "admin", 403),
        (LOOSEN, "CxoneTenant", "editor", 403),
        (LOOSEN, "CxoneTenant", "approver", 200),
        (ABANDON, "CxoneUser", "admin", 403),
        (ABANDON, "CxoneUser", "editor", 403),
        (ABANDON, "CxoneUser", "bridge", 403),
        (ABANDON, "CxoneUser", "operator", 403),
        (ABANDON, "CxoneUser", "break-glass", 200),
    ],
    ids=[
        *("approve-admin", "approve-editor", "approve-break-glass", "approve-approver"),
        *("loosen-admin", "loosen-editor", "loosen-approver"),
        *("abandon-admin", "abandon-editor", "abandon-bridge", "abandon-operator", "abandon-break-glass"),
    ],
)
def test_who_sets_protected_fields(guarded: Guarded, name: str, act: Act, kind: str, who: str, code: int) -> None:
    """The named groups only; the message names them and the way there."""
    _create(guarded.identities["admin"], kind, name)
    answer = act(guarded.identities[who], name)
    assert answer.code == code
    if code == 403:
        assert "only cxone:" in answer.message
        assert "--as-group=cxone:" in answer.message


@pytest.mark.parametrize(
    ("key", "kind", "who"),
    [("approve-deprovisioning", "CxoneTenant", "approver"), ("abandon", "CxoneUser", "break-glass")],
)
def test_what_was_set_may_stay_and_go(guarded: Guarded, name: str, key: str, kind: str, who: str) -> None:
    """Everybody may write the object as it is, and take the annotation away, but not change it."""
    _create(guarded.identities["admin"], kind, name)
    editor = guarded.identities["editor"]
    _annotate(key, "true", kind)(guarded.identities[who], name).accepted()
    assert _annotate("reconcile-requested-at", "1", kind)(editor, name).code == 200
    assert _annotate(key, "other", kind)(editor, name).code == 403
    assert _annotate(key, None, kind)(editor, name).code == 200


def test_everything_else_is_free(guarded: Guarded, name: str) -> None:
    """Specs of both kinds, a tenant's safety at its creation, and deletion."""
    editor = guarded.identities["editor"]
    body = tenant(PEOPLE, name, safety={"allowDelete": True}, driftPolicy="Report")
    editor.create(body).accepted()
    assert _declare("CxoneTenant", driftPolicy="Correct")(editor, name).code == 200
    assert editor.delete("CxoneTenant", PEOPLE, name).code == 200
    editor.create(user(PEOPLE, name, role="Agent")).accepted()
    assert _declare("CxoneUser", role="Supervisor", suspend=True)(editor, name).code == 200
    assert editor.delete("CxoneUser", PEOPLE, name).code == 200
    assert editor.get("CxoneUser", PEOPLE, name).accepted()["metadata"]["finalizers"] == ["cxone.dev/user"]


@pytest.mark.parametrize(
    ("key", "kind"), [("approve-deprovisioning", "CxoneTenant"), ("abandon", "CxoneUser")], ids=["tenant", "user"]
)
def test_nothing_is_created_with_a_protected_annotation(guarded: Guarded, name: str, key: str, kind: str) -> None:
    """Or an approval could wait in Git for the flood to come."""
    body = user(PEOPLE, name) if kind == "CxoneUser" else tenant(PEOPLE, name)
    body["metadata"]["annotations"] = {f"cxone.dev/{key}": "true"}
    assert guarded.identities["editor"].create(body).code == 403


@pytest.mark.parametrize(
    ("policy", "given", "expected"),
    [
        ("Full", None, ["cxone.dev/user"]),
        ("Full", [FOREIGN], [FOREIGN, "cxone.dev/user"]),
        ("Full", ["cxone.dev/user"], ["cxone.dev/user"]),
        ("ObserveOnly", None, None),
    ],
    ids=["none", "foreign", "ours", "observed"],
)
def test_the_finalizer_at_creation(
    guarded: Guarded, name: str, policy: str, given: list[str] | None, expected: list[str] | None
) -> None:
    """Once, beside those that the author asked for, and not where nothing is ever deprovisioned."""
    body = user(PEOPLE, name, managementPolicy=policy)
    body["metadata"] |= {"finalizers": given} if given else {}
    created = guarded.identities["editor"].create(body).accepted()
    assert created["metadata"].get("finalizers") == expected


@pytest.mark.parametrize(("who", "code"), [("admin", 403), ("editor", 403), ("break-glass", 200)])
def test_who_deletes_the_crds(guarded: Guarded, who: str, code: int) -> None:
    """Nobody in passing: every user would be deleted with them."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for name in ("cxoneusers.cxone.dev", "cxonetenants.cxone.dev"):
        answer = guarded.identities[who].request("DELETE", f"{path}/{name}?dryRun=All")
        assert answer.code == code
        if who == "admin":
            assert "docs/how-to/uninstall.md" in answer.message


def test_the_doctor_finds_all_of_it(guarded: Guarded) -> None:
    """The policies, the CRDs, and each right of the operator's account under its default name."""
    shown = command(guarded.plane.kubeconfig, "check", "-n", PEOPLE, "-o", "json")
    found = [(line["name"], line["outcome"]) for line in json.loads(shown.stdout)]
    assert {(name, "ok") for name in ("CRDs", "rights", "admission policies")} <= set(found)


def test_who_may_not_approve_is_told_who_may(guarded: Guarded) -> None:
    """By the command as by kubectl."""
    admin = guarded.identities["admin"]
    admin.create(tenant(PEOPLE, "held")).accepted()
    held = {"deprovisioning": {"held": 1, "planHash": "0123456789abcdef", "sample": [], "used": 0}}
    admin.patch("CxoneTenant", PEOPLE, "held", {"status": held}, "status").accepted()
    answer = command(guarded.plane.kubeconfig, "approve", "held", "-n", PEOPLE, "--yes", "0123456789abcdef")
    assert (answer.exit_code, "only cxone:approvers may set" in answer.stderr) == (1, True), answer.output


@pytest.mark.timeout(180)
def test_the_operator_works_with_all_of_it(guarded: Guarded) -> None:
    """The whole scenario; one write for each created user; then the namespace is deleted, held, approved, and gone."""
    admin = guarded.identities["admin"]
    for kind in FINALIZERS:
        for body in admin.all(kind, PEOPLE):
            _drop_finalizers(kind)(guarded.identities["break-glass"], body["metadata"]["name"])
        admin.request("DELETE", _path(kind)).accepted()
    scenario = OperatorScenario(guarded.installed)
    try:
        scenario.prepare()
        scenario.start(scenario.company.operator)
        scenario.work()
        assert [request for request in scenario.account.refused if request.user_agent] == []
        scenario.company.heal()
        _joiners_come_and_their_namespace_goes(guarded, scenario)
        active = {entry["userName"] for entry in scenario.company.remote_users() if entry["active"]}
    finally:
        scenario.close()
    assert not [name for name in JOINERS if f"{name}@example.com" in active]
    let_go = {name: number for (name, subresource), number in _writes_about_joiners(guarded).items() if not subresource}
    assert let_go == dict.fromkeys(JOINERS, 1)


def _writes_about_joiners(guarded: Guarded) -> Counter[tuple[str, str]]:
    """The operator's, by (name, subresource)."""
    made = writes(guarded.plane.audit_log, namespace=PEOPLE, user_agent="cxone-operator/")
    return Counter((write.name, write.subresource) for write in made if write.name in JOINERS)


def _joiners_come_and_their_namespace_goes(guarded: Guarded, scenario: OperatorScenario) -> None:
    company, sees = scenario.company, scenario.witness
    company.create(*JOINERS)
    sees("all joiners are ready", lambda: all(map(scenario.is_ready, JOINERS)))
    told = Counter({(name, "status"): 1 for name in JOINERS})
    eventually(lambda: _writes_about_joiners(guarded) == told)

    company.create("lost", tenantRef={"name": "defualt"})
    company.delete("lost")
    sees("who never had a tenant goes", lambda: company.is_gone("lost"))

    foreground = {"propagationPolicy": "Foreground"}
    company.kube.request("DELETE", _path("CxoneUser", JOINERS[0]), foreground).accepted()
    sees("a cascade ends", lambda: company.is_gone(JOINERS[0]))

    company.kube.request("DELETE", f"/api/v1/namespaces/{PEOPLE}").accepted()
    sees("the guard holds the flood", lambda: company.deprovisioning().get("planHash"))
    approval = _annotate("approve-deprovisioning", company.deprovisioning()["planHash"], "CxoneTenant")
    assert approval(company.kube, "default").code == 403
    approval(guarded.identities["approver"], "default").accepted()
    sees("a deleted namespace goes", lambda: company.kube.request("GET", f"/api/v1/namespaces/{PEOPLE}").code == 404)


def test_the_policies_mean_the_account_of_the_manifests(kubectl_path: Path) -> None:
    """A renamed account or namespace would lock the operator out of its own finalizers."""
    objects = render(kubectl_path, "overlays/prod")
    account = find(objects, "ServiceAccount", "cxone-operator")["metadata"]
    variables = find(objects, "ValidatingAdmissionPolicy", "cxone-finalizers")["spec"]["variables"]
    (operator,) = [item["expression"] for item in variables if item["name"] == "operator"]
    assert operator == f"'system:serviceaccount:{account['namespace']}:{account['name']}'"


_NO_FINALIZERS = {"metadata": {"finalizers": None}}


_EDITOR = [
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "editor"},
        "rules": [{"apiGroups": ["cxone.dev"], "resources": ["cxoneusers", "cxonetenants"], "verbs": ["*"]}],
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "editor"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "editor"},
        "subjects": [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "editors"},
            {"kind": "ServiceAccount", "namespace": "kube-system", "name": "generic-garbage-collector"},
        ],
    },
]


def _collector() -> tuple[str, ...]:
    return ("system:serviceaccount:kube-system:generic-garbage-collector", "system:serviceaccounts")


def _path(kind: str, name: str = "") -> str:
    plural = {"CxoneUser": "cxoneusers", "CxoneTenant": "cxonetenants"}[kind]
    return f"/apis/cxone.dev/v1alpha1/namespaces/{PEOPLE}/{plural}" + (f"/{name}" if name else "")


def _create(kube: Kube, kind: str, name: str) -> None:
    body = user(PEOPLE, name) if kind == "CxoneUser" else tenant(PEOPLE, name)
    body["metadata"]["finalizers"] = [FINALIZERS[kind]]
    kube.create(body).accepted()

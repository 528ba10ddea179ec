"""Two field managers: what Git declares and what HR says, on one resource."""

from __future__ import annotations

from integration.bridge.conftest import users
from support.bridge import Bridge
from support.kube import Kube
from support.resources import user


def test_a_user_from_git_is_found_by_name_and_not_doubled(shared: Bridge, kube: Kube, workforce: str) -> None:
    """One that came a moment ago, and from then on in whatever case; HR owns only what it says."""
    kube.apply(user(workforce, "from-git", userName="Jane.Smith@X.com", role="Agent"), "argocd").accepted()
    answer = shared.send("terminate", "Jane.Smith@X.com")
    assert (answer.status, answer.body["name"]) == (202, "from-git")
    assert shared.send("update", "JANE.smith@x.com", employeeId="7").body["name"] == "from-git"
    (stored,) = users(kube, workforce).values()
    assert (stored["spec"]["active"], stored["spec"]["employeeId"]) == (False, "7")
    owners = {entry["manager"]: entry["fieldsV1"]["f:spec"] for entry in stored["metadata"]["managedFields"]}
    assert owners["cxone-hr-bridge"].keys() == {"f:active", "f:employeeId"}
    assert "labels" not in stored["metadata"]


def test_a_field_of_somebody_else_is_refused_and_named(shared: Bridge, kube: Kube, workforce: str) -> None:
    """Nothing of the event is stored; the sender, the metric and the audit trail say who owns the field."""
    kube.apply(user(workforce, "from-git", userName="jane@x.com", role="Agent"), "argocd").accepted()
    before, counted = users(kube, workforce), 'cxone_operator_bridge_events_total{action="update",result="conflict"}'
    conflicts, said = shared.metric(counted), len(shared.trail())
    answer = shared.send("update", "jane@x.com", role="Supervisor", employeeId="7", id_="msg_7")
    assert answer.status == 409
    assert answer.body["conflicts"] == [{"field": "spec.role", "manager": "argocd"}]
    assert "spec.role is owned by the field manager 'argocd'" in answer.body["error"]
    assert users(kube, workforce) == before
    assert shared.metric(counted) - conflicts == 1
    (line,) = shared.trail()[said:]
    assert (line["result"], line["webhookId"], line["userName"]) == ("refused", "msg_7", "jane@x.com")
    assert shared.send("update", "jane@x.com", role="Agent").status == 202


def test_an_end_that_git_declares_is_not_cleared_in_silence(shared: Bridge, kube: Kube, workforce: str) -> None:
    """Leaving a field out of an apply removes nothing that somebody else owns."""
    ended = user(workforce, "from-git", userName="jane@x.com", activeUntil="2026-01-01T00:00:00Z")
    kube.apply(ended, "argocd").accepted()
    answer = shared.send("rehire", "jane@x.com")
    assert answer.status == 409
    assert answer.body["conflicts"] == [{"field": "spec.activeUntil", "manager": "argocd"}]


def test_git_and_hr_share_a_user(shared: Bridge, kube: Kube, workforce: str) -> None:
    """Git applies by force, as Argo CD does, but leaves out what HR says: neither undoes the other's work."""
    in_git = user(workforce, "jane", userName="jane@x.com", role="Agent", groups=["Git-Group"])
    kube.apply(in_git, "argocd-controller", force=True).accepted()
    assert shared.send("update", "jane@x.com", employeeId="7", group="HR-Group").status == 202
    assert shared.send("terminate", "jane@x.com").status == 202
    kube.apply({**in_git, "spec": {**in_git["spec"], "role": "Supervisor"}}, "argocd-controller", force=True).accepted()
    spec = users(kube, workforce)["jane@x.com"]["spec"]
    assert (spec["active"], spec["employeeId"], spec["role"]) == (False, "7", "Supervisor")
    assert sorted(spec["groups"]) == ["Git-Group", "HR-Group"]
    assert shared.send("rehire", "jane@x.com", group="HR-Two").status == 202
    assert sorted(users(kube, workforce)["jane@x.com"]["spec"]["groups"]) == ["Git-Group", "HR-Two"]

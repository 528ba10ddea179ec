"""Everyday life: commits, mistakes in them, hands that are quicker than Git, and an HR system that decides, too."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping

from demo.scenario import Person
from e2e.argocd.servers import NAMESPACE
from e2e.cluster import StepFailed
from e2e.story.company import PEOPLE
from e2e.story.gitops.arriving import SALES, SUPPORT
from e2e.story.gitops.company import USERS_APP, GitOps

_MISSPELT, _UNLICENSED, _REFUSED = Person("misspelt", role="Agnet"), Person("no-seat"), Person("refused")
_MOVED, _EDITED, _DISMISSED = SALES[0], SALES[1], SALES[2]
_IGNORED = "resource.customizations.ignoreResourceUpdates.cxone.dev_CxoneUser"
_BY_THE_CLOCK = 3
"""Comparisons that come meanwhile by themselves: Argo CD looks at each Application every few minutes."""
_QUIET_SECONDS = 3.0


def misspelt_role_is_degraded(company: GitOps) -> str:
    """A misspelt role is Degraded and says so, and its correction heals it"""
    company.write(_MISSPELT, "sales")
    company.push("Somebody with a role that is none")
    message = company.until_health("CxoneUser", _MISSPELT.name, "Degraded", "role 'Agnet' does not exist")
    company.until_app(USERS_APP, lambda app: app.summary == "Synced/Degraded", "the Application does not show it")
    company.write(_MISSPELT, "sales", role="Agent")
    company.until_settled(USERS_APP, company.push("The role as it is spelt"))
    return message


def licence_is_waited_for(company: GitOps) -> str:
    """Who finds no licence is Suspended and says so, and holds up nobody's commit"""
    seats = company.cxone().get("stats")["licenses"]
    company.cxone().send("PATCH", "settings", {"seats": seats["used"]})
    company.write(_UNLICENSED, "sales")
    commit = company.push("One more than there are seats")
    message = company.until_health("CxoneUser", _UNLICENSED.name, "Suspended", "seats")
    company.until_app(
        USERS_APP, lambda app: app.summary == "Synced/Suspended" and app.has(commit), "the sync waits for the seat"
    )
    _change_role(company, "Supervisor")
    company.cxone().send("PATCH", "settings", {"seats": seats["total"]})
    company.until_settled(USERS_APP)
    return message


def refused_resource_is_named(company: GitOps) -> str:
    """What the API server refuses is named by a dry run before the merge; the sync applies the others all the same"""
    company.write(_REFUSED, "sales", userName="no address")
    company.write(_MOVED, "sales", role="Evaluator")
    dry_run = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-R", "-f")
    answer = company.cluster.attempt("-n", PEOPLE, *dry_run, str(company.git.folder / "users"))
    refused, passed = f'"{_REFUSED.name}" is invalid', f"/{_MOVED.name} serverside-applied (server dry run)"
    if refused not in answer.stderr or passed not in answer.stdout:
        raise StepFailed(f"{answer.stdout}{answer.stderr}")
    company.push("One that is refused")
    app = company.until_app(USERS_APP, lambda app: refused in app.operation, "it is not named")
    company.cluster.until(lambda: company.role(_MOVED) == "Evaluator", "the others are not applied")
    company.git.remove(f"users/sales/{_REFUSED.name}.json")
    company.until_settled(USERS_APP, company.push("Without them"))
    return app.operation


def role_changes_by_commit(company: GitOps) -> str:
    """A commit changes a role"""
    started = time.monotonic()
    _change_role(company, "Agent")
    return f"in CXone after {time.monotonic() - started:.1f} s"


def edit_is_healed(company: GitOps) -> str:
    """What somebody edits by hand is set back to what Git has"""
    editor = {**os.environ, "KUBE_EDITOR": "sed -i 's/role: Agent/role: Supervisor/'"}
    command = company.cluster.command("-n", PEOPLE, "edit", "cxu", _EDITED.name)
    started = time.monotonic()
    said = subprocess.run(command, env=editor, capture_output=True, text=True, check=True).stdout.strip()
    company.cluster.until(lambda: company.spec(_EDITED.name)["role"] == "Agent", "the edit is not healed")
    healed = time.monotonic() - started
    company.until_settled(USERS_APP)
    if said != f"cxoneuser.cxone.dev/{_EDITED.name} edited":
        raise StepFailed(said)
    company.cluster.until(lambda: company.role(_EDITED) == "Agent", "CXone has the edit")
    return f"after {healed:.1f} s"


def hr_ends_somebody(company: GitOps) -> str:
    """HR ends somebody whom Git declares, too, and no sync brings them back"""
    status = company.hr_event("terminate", _DISMISSED.user_name, company.hr_secret)
    if status != 202:
        raise StepFailed(f"the bridge answered {status}")
    company.cluster.until(lambda: not company.accounts()[_DISMISSED.user_name], "HR's word does not count")
    company.write(_DISMISSED, "sales", role="Supervisor")
    company.until_settled(USERS_APP, company.push("They move, says Git, which knows nothing of it"))
    company.argocd.run("app", "sync", USERS_APP)
    company.until_settled(USERS_APP)
    if company.spec(_DISMISSED.name)["active"] or company.accounts()[_DISMISSED.user_name]:
        raise StepFailed("they are back")
    return f"{status}, and inactive after two syncs"


def own_updates_are_ignored(company: GitOps) -> str:
    """What the operator writes (status, finalizer) costs no comparison, and would without the setting"""
    ignored, seen = _comparisons(company)
    if ignored > _BY_THE_CLOCK:
        raise StepFailed(f"{ignored} comparisons for {seen} updates")
    setting = company.cluster.get("-n", NAMESPACE, "configmap", "argocd-cm")["data"][_IGNORED]
    _configure(company, {_IGNORED: None})
    without, _ = _comparisons(company)
    _configure(company, {_IGNORED: setting})
    if without <= _BY_THE_CLOCK:
        raise StepFailed(f"{without} without the setting, too")
    return f"{ignored:.0f} comparisons for {seen:.0f} updates, and {without:.0f} without the setting"


def actions_are_run(company: GitOps) -> str:
    """The actions of a user are run by Argo CD: suspend, resume, reconcile"""
    person = SUPPORT[0]
    run = ("app", "actions", "run", USERS_APP)
    who = ("--kind", "CxoneUser", "--resource-name", person.name)
    company.argocd.run(*run, "suspend", *who)
    message = company.until_health("CxoneUser", person.name, "Suspended", "spec.suspend")
    company.argocd.run(*run, "resume", *who)
    company.until_settled(USERS_APP)
    company.cxone().send("POST", "outside", {"userName": person.user_name, "set": {"roles": [{"value": "Supervisor"}]}})
    company.argocd.run(*run, "reconcile", *who)
    company.cluster.until(lambda: company.role(person) == "Agent", "reconcile does not compare with CXone")
    return message


def _change_role(company: GitOps, role: str) -> None:
    company.write(_MOVED, "sales", role=role)
    company.push(f"{_MOVED.name} is {role} now")
    company.cluster.until(lambda: company.role(_MOVED) == role, f"CXone does not have the role {role}")


def _comparisons(company: GitOps) -> tuple[float, float]:
    """How many there were while a team's resources were written as the operator does; and how many updates that was."""
    _until_quiet(company)
    before = _counted(company)
    for person in SUPPORT:
        _write_as_the_operator(company, person)
    time.sleep(_QUIET_SECONDS)
    comparisons, seen = (now - then for now, then in zip(_counted(company), before, strict=True))
    if seen < len(SUPPORT):
        raise StepFailed(f"Argo CD has seen {seen} updates")
    return comparisons, seen


def _write_as_the_operator(company: GitOps, person: Person) -> None:
    patch = ("-n", PEOPLE, "patch", "cxu", person.name, "--type=json")
    company.kubectl(*patch, "--subresource=status", _add("/status/lastHandledReconcileAt", str(time.time())))
    company.kubectl(*patch, _add("/metadata/finalizers/-", "example.com/finalizer"))
    company.kubectl(*patch, '--patch=[{"op": "remove", "path": "/metadata/finalizers/1"}]')


def _add(path: str, value: str) -> str:
    return f"--patch={json.dumps([{'op': 'add', 'path': path, 'value': value}])}"


def _configure(company: GitOps, data: Mapping[str, str | None]) -> None:
    company.argocd.configure("--patch", json.dumps({"data": data}))


def _until_quiet(company: GitOps) -> None:
    """Changed settings are followed by comparisons."""
    count = -1.0
    while (now := _counted(company)[0]) != count:
        count = now
        time.sleep(_QUIET_SECONDS)


def _counted(company: GitOps) -> tuple[float, float]:
    comparisons = company.argocd.metric("argocd_app_reconcile_count")
    return comparisons, company.argocd.metric("argocd_cluster_events_total", 'kind="CxoneUser"')


STEPS = (
    misspelt_role_is_degraded,
    licence_is_waited_for,
    refused_resource_is_named,
    role_changes_by_commit,
    edit_is_healed,
    hr_ends_somebody,
    own_updates_are_ignored,
    actions_are_run,
)

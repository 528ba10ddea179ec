"""Somebody removes a whole team from Git: by mistake, on purpose, and by other ways."""

from __future__ import annotations

import time
from collections.abc import Sequence

from demo.scenario import Person
from e2e.argocd.application import Application
from e2e.argocd.servers import NAMESPACE
from e2e.cluster import StepFailed
from e2e.story.company import APPROVERS, PEOPLE
from e2e.story.gitops.arriving import PROJECTS, SALES, SUPPORT
from e2e.story.gitops.company import SETTLED, TENANT_APP, USERS_APP, GitOps

_URGENT, _STAY = SALES[3], SALES[4:]
_PATIENCE_SECONDS = 5.0
"""Within which Argo CD would have deleted, if it did not wait."""
_TENANT = {
    "group": "cxone.dev",
    "version": "v1alpha1",
    "kind": "CxoneTenant",
    "namespace": PEOPLE,
    "resourceName": "default",
}
_AGAIN = "-2"
"""Ends the names of resources that were deleted, and whose people come back."""


def removed_folder_is_asked_about(company: GitOps) -> str:
    """A team's folder is removed by mistake: Argo CD asks, and removes nobody"""
    _remove(company, "support", SUPPORT)
    said = company.argocd.run("app", "get", USERS_APP, "--show-operation")
    if "Phase:              Running" not in said:
        raise StepFailed(said)
    _must_be_untouched(company, SUPPORT)
    return _asks(SUPPORT)


def urgent_leaver_goes_meanwhile(company: GitOps) -> str:
    """Until that is answered no commit is applied: who has to go at once is set inactive by hand, too"""
    company.write(_URGENT, "sales", active=False)
    commit = company.push("Somebody has to go at once")
    company.until_app(USERS_APP, lambda app: app.body["status"]["sync"]["revision"] == commit, "it is not looked at")
    if not company.spec(_URGENT.name)["active"]:
        raise StepFailed("the commit was applied")
    company.kubectl("-n", PEOPLE, "patch", "cxu", _URGENT.name, "--type=merge", '--patch={"spec":{"active":false}}')
    company.cluster.until(lambda: not company.accounts()[_URGENT.user_name], "they are still active")
    app = company.until_app(USERS_APP, lambda app: _asks(SUPPORT) in app.operation, "Argo CD does not ask any more")
    return f"inactive, while {app.operation!r}"


def mistake_is_reverted(company: GitOps) -> str:
    """The removal is reverted, and the sync that asks is ended: everybody stays, and the urgent one is gone"""
    mistake = company.argocd.application(USERS_APP).syncing
    commit = company.take_back(mistake)
    company.argocd.run("app", "terminate-op", USERS_APP)
    company.until_settled(USERS_APP, commit)
    _must_be_untouched(company, SUPPORT)
    if company.accounts()[_URGENT.user_name]:
        raise StepFailed("they are active again")
    return SETTLED


def guard_holds_what_is_confirmed(company: GitOps) -> str:
    """It is removed on purpose and confirmed: the guard holds everybody, and tenant and people say so"""
    _remove(company, "support", SUPPORT)
    company.argocd.run("app", "confirm-deletion", USERS_APP)
    message = company.until_health("CxoneTenant", "default", "Suspended", f"{len(SUPPORT)} users would lose access")
    for person in SUPPORT:
        company.until_health("CxoneUser", person.name, "Progressing", "Pending deletion")
    company.must_be_active(SUPPORT)
    return message


def argo_cd_may_not_approve(company: GitOps) -> str:
    """Argo CD may not approve as long as it is not named among the approvers"""
    refused = company.argocd.attempt(*_action("approve"))
    if refused.returncode == 0 or f"only {APPROVERS} may set" not in refused.stderr:
        raise StepFailed(f"{refused.stdout}{refused.stderr}")
    company.must_be_active(SUPPORT)
    return "refused by the admission policy"


def approval_of_another_set_is_refused(company: GitOps) -> str:
    """Argo CD is named among them, by a commit: an approval of another set than the one that is held is refused"""
    company.name_argo_cd()
    said = company.argocd.click(TENANT_APP, "approve", _TENANT, {"planHash": "0123456789abcdef"})
    if "the held set has changed" not in said:
        raise StepFailed(said)
    company.must_be_active(SUPPORT)
    return said


def approval_lets_them_go(company: GitOps) -> str:
    """The action lets them go, and the sync that waits ends by itself"""
    company.cluster.until(lambda: company.argocd.attempt(*_action("approve")).returncode == 0, "it may not approve", 60)
    company.kubectl("-n", PEOPLE, "wait", "--for=delete", *(f"cxu/{who.name}" for who in SUPPORT), "--timeout=60s")
    company.until_settled(USERS_APP)
    company.until_settled(TENANT_APP)
    if left := [person.name for person in SUPPORT if company.accounts().get(person.user_name)]:
        raise StepFailed(f"{left} are still active")
    company.must_be_active(_STAY)
    return f"{len(SUPPORT)} locked out, {len(_STAY)} others at work"


def flood_of_inactive_is_reverted(company: GitOps) -> str:
    """A commit makes a team inactive: the guard holds them, and the revert alone undoes it"""
    for person in _STAY:
        company.write(person, "sales", active=False)
    mistake = company.push("Everybody is inactive, by mistake")
    company.until_health("CxoneTenant", "default", "Suspended", f"{len(_STAY)} users would lose access")
    company.until_settled(USERS_APP, company.take_back(mistake))
    company.until_settled(TENANT_APP)
    company.must_be_active(_STAY)
    return SETTLED


def those_deleted_by_mistake_stay(company: GitOps) -> str:
    """A team was removed and confirmed by mistake: declared under other names, everybody keeps their account"""
    before = [company.account(person)["id"] for person in PROJECTS]
    _remove(company, "projects", PROJECTS)
    company.argocd.run("app", "confirm-deletion", USERS_APP)
    company.until_health("CxoneTenant", "default", "Suspended", f"{len(PROJECTS)} users would lose access")
    company.argocd.run(*_action("suspend"))
    for person in PROJECTS:
        company.write(person, "projects", _AGAIN)
    commit = company.push("The same people, under other names")
    company.until_app(USERS_APP, lambda app: _asks_for(company, app, commit), "Argo CD does not ask again")
    company.argocd.run("app", "confirm-deletion", USERS_APP)
    company.kubectl("-n", PEOPLE, "wait", "--for=delete", *(f"cxu/{who.name}" for who in PROJECTS), "--timeout=60s")
    company.argocd.run(*_action("resume"))
    company.until_settled(TENANT_APP)
    company.until_settled(USERS_APP, commit)
    company.must_be_active(PROJECTS)
    if before != [company.account(person)["id"] for person in PROJECTS]:
        raise StepFailed("they have other accounts")
    return f"{len(PROJECTS)} active, in the same accounts"


def last_file_is_not_removed(company: GitOps) -> str:
    """The last file is removed: Argo CD does not even ask, and skips the sync"""
    company.git.remove("users")
    company.git.write("users/README.md", "Nobody.")
    commit = company.push("Nobody is left")
    app = company.until_app(USERS_APP, lambda found: "wipe out all resources" in found.conditions, "nothing is said")
    _must_be_untouched(company, _STAY)
    company.until_settled(USERS_APP, company.take_back(commit))
    return app.conditions


def deletion_of_the_application_is_taken_back(company: GitOps) -> str:
    """The Application is deleted with its resources: that waits for confirmation, and is taken back"""
    company.argocd.run("app", "delete", USERS_APP, "--yes", "--wait=false")
    company.until_app(USERS_APP, lambda app: "deletionTimestamp" in app.body["metadata"], "it is not deleted")
    time.sleep(_PATIENCE_SECONDS)
    _must_be_untouched(company, _STAY)
    patch = ("--type", "merge", "-p", '{"metadata":{"finalizers":null}}')
    company.kubectl("-n", NAMESPACE, "patch", "application", USERS_APP, *patch)
    company.kubectl("-n", NAMESPACE, "wait", "--for=delete", f"application/{USERS_APP}", "--timeout=30s")
    company.kubectl("apply", "-k", str(company.applications))
    app = company.until_settled(USERS_APP)
    _must_be_untouched(company, _STAY)
    return f"again {app.summary}"


def deleted_application_takes_nobody_along(company: GitOps) -> str:
    """The Application is deleted by kubectl, and takes nobody along"""
    company.kubectl("-n", NAMESPACE, "delete", "application", USERS_APP)
    _must_be_untouched(company, _STAY)
    return f"{len(company.cluster.get('-n', PEOPLE, 'cxu')['items'])} stay"


def _remove(company: GitOps, folder: str, team: Sequence[Person]) -> None:
    """Commit that a folder is gone, and wait for what Argo CD asks."""
    company.git.remove(f"users/{folder}")
    company.push("Remove a team")
    company.until_app(USERS_APP, lambda app: _asks(team) in app.operation, "Argo CD does not ask")


def _asks(team: Sequence[Person]) -> str:
    return f"waiting for pruning confirmation of cxone.dev/CxoneUser/{team[0].name} and {len(team) - 1} more resources"


def _asks_for(company: GitOps, app: Application, commit: str) -> bool:
    """The sync of that commit asks. One of an older commit is ended; this one must not be, as none follows it."""
    if app.syncing != commit and app.operation.startswith("Running"):
        company.argocd.attempt("app", "terminate-op", USERS_APP)
    return app.syncing == commit and _asks(PROJECTS) in app.operation


def _action(name: str) -> tuple[str, ...]:
    """Of the tenant, as the page has it."""
    return ("app", "actions", "run", TENANT_APP, name, "--kind", "CxoneTenant", "--resource-name", "default")


def _must_be_untouched(company: GitOps, people: Sequence[Person]) -> None:
    company.must_be_active(people)
    resources = company.cluster.get("-n", PEOPLE, "cxu")["items"]
    if gone := [resource["metadata"]["name"] for resource in resources if "deletionTimestamp" in resource["metadata"]]:
        raise StepFailed(f"{gone} are being deleted")


STEPS = (
    removed_folder_is_asked_about,
    urgent_leaver_goes_meanwhile,
    mistake_is_reverted,
    guard_holds_what_is_confirmed,
    argo_cd_may_not_approve,
    approval_of_another_set_is_refused,
    approval_lets_them_go,
    flood_of_inactive_is_reverted,
    those_deleted_by_mistake_stay,
    last_file_is_not_removed,
    deletion_of_the_application_is_taken_back,
    deleted_application_takes_nobody_along,
)

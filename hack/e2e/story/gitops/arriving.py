"""Argo CD comes, and brings operator, tenant and people from Git."""

from __future__ import annotations

from demo.scenario import Person
from e2e.cluster import StepFailed
from e2e.images import VERSIONS
from e2e.story.company import BRIDGE, OPERATOR, SYSTEM
from e2e.story.gitops.company import OPERATOR_APP, TENANT_APP, USERS_APP, GitOps

SUPPORT = tuple(Person(f"user-0{number}") for number in range(1, 9))
"""A team with a folder of its own, and more people than the guard lets go at once."""
PROJECTS = tuple(Person(f"user-{number}") for number in range(31, 37))
"""Another one."""
SALES = tuple(Person(f"user-{number}") for number in range(11, 23))
_CREATED = """\
appproject.argoproj.io/cxone-people created
appproject.argoproj.io/cxone-platform created
application.argoproj.io/cxone-operator created
application.argoproj.io/cxone-tenant created
application.argoproj.io/cxone-users created
"""


def argo_cd_is_installed(company: GitOps) -> str:
    """Argo CD is installed, and told about the two kinds"""
    company.argocd.install()
    company.tell_argo_cd()
    company.argocd.start()
    return company.argocd.run("version", "--short", "--client").strip()


def operator_comes_from_git(company: GitOps) -> str:
    """CRDs, policies and operator come from Git, in their waves"""
    company.write_overlay(VERSIONS[0])
    company.fork.commit("The operator, with our overlay")
    _fill(company)
    company.cluster.apply(company.sample("namespace"))
    company.write_applications()
    said = company.kubectl("apply", "-k", str(company.applications))
    if said != _CREATED:
        raise StepFailed(said)
    company.cluster.until(lambda: _exists(company, SYSTEM), f"Argo CD makes no namespace {SYSTEM}")
    company.store_hr_secrets(company.hr_secret, company.hr_secret)
    for ours in ("simulator", "neighbours", "allow-cxone"):
        company.apply_ours(ours)
    app = company.until_settled(OPERATOR_APP, seconds=180)
    company.rolled_out(OPERATOR, BRIDGE)
    if tries := app.body["status"]["operationState"].get("retryCount"):
        raise StepFailed(f"it was tried {tries} times more")
    return f"{len(app.body['status']['resources'])} resources {app.summary}"


def tenant_comes_from_git(company: GitOps) -> str:
    """The tenant comes from Git, and is Progressing until its Secret is there"""
    company.cluster.rolled_out("simulator", "cxone")
    company.cxone().send("PATCH", "settings", {"clientSecret": company.client_secret})
    waits = company.until_health("CxoneTenant", "default", "Progressing", "cxone-credentials")
    company.store_credentials()
    app = company.until_settled(TENANT_APP)
    return f"{waits!r}, then {app.summary}"


def people_come_from_git(company: GitOps) -> str:
    """The people come from Git, and are Healthy when CXone agrees"""
    app = company.until_settled(USERS_APP)
    people = (*SUPPORT, *PROJECTS, *SALES)
    company.must_be_active(people)
    return f"{len(people)} {app.summary}, and active in CXone"


def _fill(company: GitOps) -> None:
    """The repository of the people, as it is at the beginning."""
    company.git.write("tenant/default.yaml", company.tenant_manifest())
    for folder, team in (("support", SUPPORT), ("projects", PROJECTS), ("sales", SALES)):
        for person in team:
            company.write(person, folder)
    company.git.commit("Our tenant and our people")


def _exists(company: GitOps, namespace: str) -> bool:
    return company.cluster.attempt("get", "namespace", namespace).returncode == 0


STEPS = (argo_cd_is_installed, operator_comes_from_git, tenant_comes_from_git, people_come_from_git)

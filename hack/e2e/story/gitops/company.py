"""The company that keeps its people in Git: its repositories, and what it reads from Argo CD."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from demo.scenario import Person
from e2e.argocd import programs
from e2e.argocd.application import Application
from e2e.argocd.repository import Repository
from e2e.argocd.servers import NAMESPACE, SERVER, ArgoCD
from e2e.cluster import Cluster, Json, StepFailed
from e2e.images import Image
from e2e.story.company import APPROVERS, PEOPLE, Company
from e2e.world import INSIDE

OPERATOR_APP, TENANT_APP, USERS_APP = "cxone-operator", "cxone-tenant", "cxone-users"
SETTLED = "Synced/Healthy"


class GitOps(Company):
    """One company, and the Argo CD that delivers to its cluster."""

    def __init__(self, cluster: Cluster, images: Sequence[Image]) -> None:
        super().__init__(cluster, images)
        self.argocd = ArgoCD(programs.locate(), cluster)
        self.fork = Repository(self.checkout)
        """The repository of the operator, with an overlay of this company."""
        self.git = Repository(INSIDE / "git" / "cxone")
        """Its tenant and its people."""
        self.applications = INSIDE / "applications"

    def write_applications(self) -> None:
        """The folder of the page, copied, with the addresses of this company."""
        shutil.copytree(self.checkout / "manifests" / "argocd" / "applications", self.applications)
        ours = {
            "https://github.com/cxone-operator/cxone-operator.git": self.fork.url,
            "https://git.example.com/cxone.git": self.git.url,
            "manifests/overlays/prod": "manifests/overlays/acme",
            "targetRevision: v0.1.0": "targetRevision: main",
        }
        for file in self.applications.iterdir():
            text = file.read_text()
            for theirs, own in ours.items():
                text = text.replace(theirs, own)
            file.write_text(text)

    def tell_argo_cd(self) -> None:
        """About the two kinds, as the page has it."""
        self.argocd.configure("--patch-file", str(self.checkout / "manifests" / "argocd" / "argocd-cm.yaml"))

    # Git.

    def write(self, person: Person, folder: str, suffix: str = "", **spec: object) -> None:
        """A file for somebody. Whether they are active is not said in it unless it is given here."""
        manifest = person.manifest()
        manifest["metadata"]["name"] += suffix
        del manifest["spec"]["active"]
        manifest["spec"] |= spec
        self.git.write(f"users/{folder}/{person.name}.json", json.dumps(manifest, indent=2))

    def push(self, message: str) -> str:
        """Commit what was written of people, and let Argo CD know; returns the commit."""
        return self._announced(self.git.commit(message))

    def take_back(self, commit: str) -> str:
        """By another commit, which is returned."""
        return self._announced(self.git.revert(commit))

    def name_argo_cd(self) -> None:
        """Among those who may approve, in the overlay of the operator, which comes from Git, too."""
        file = self.overlay / "kustomization.yaml"
        account = f"system:serviceaccount:{NAMESPACE}:{SERVER}"
        file.write_text(file.read_text().replace(f"['{APPROVERS}']", f"['{APPROVERS}', '{account}']"))
        commit = self.fork.commit("Argo CD may approve")
        self.argocd.refresh(OPERATOR_APP)
        self.until_settled(OPERATOR_APP, commit)

    def _announced(self, commit: str) -> str:
        self.argocd.refresh(USERS_APP)
        return commit

    # What Argo CD says.

    def until_app(
        self, name: str, holds: Callable[[Application], bool], otherwise: str, seconds: float = 60
    ) -> Application:
        """The Application at the moment when that holds."""

        def look() -> list[Application]:
            app = self.argocd.application(name)
            return [app] if holds(app) else []

        try:
            (found,) = self.cluster.until(look, otherwise, seconds)
        except StepFailed:
            raise StepFailed(f"{otherwise}: {self.argocd.application(name)}") from None
        return found

    def until_settled(self, name: str, commit: str = "", seconds: float = 90) -> Application:
        """Synced and Healthy, at that commit if one is given."""
        return self.until_app(
            name,
            lambda app: app.summary == SETTLED and (not commit or app.has(commit)),
            f"{name} is not {SETTLED}",
            seconds,
        )

    def until_health(self, kind: str, name: str, status: str, message: str) -> str:
        """Of one resource; what is said with it. A new message by itself is seen at the next comparison only."""
        app = {"CxoneUser": USERS_APP, "CxoneTenant": TENANT_APP}[kind]

        def holds(found: Application) -> bool:
            health = found.resource(kind, name)
            if health.status == status and message not in health.message:
                self.argocd.refresh(app)
            return health.status == status and message in health.message

        return self.until_app(app, holds, f"{kind} {name} is not {status}: {message}").resource(kind, name).message

    # What the cluster and CXone have.

    def spec(self, name: str) -> dict[str, Any]:
        """Of one person's resource."""
        found: dict[str, Any] = self.cluster.get("-n", PEOPLE, "cxu", name)["spec"]
        return found

    def account(self, person: Person) -> Json:
        """In CXone."""
        found: Iterable[Json] = self.cxone().get("users")["users"]
        return next(user for user in found if user["userName"] == person.user_name)

    def role(self, person: Person) -> str:
        """In CXone."""
        return str(self.account(person)["roles"][0]["value"])

    def must_be_active(self, people: Iterable[Person]) -> None:
        """Nobody of them was locked out; raises StepFailed otherwise."""
        accounts = self.accounts()
        if gone := [person.name for person in people if not accounts.get(person.user_name)]:
            raise StepFailed(f"{gone} were locked out")

"""What the manifests install, in namespaces of its own: to try their accounts and roles with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane import credentials
from controlplane.plane import ControlPlane
from manifests.rendered import Object, as_input, find, of_kind, people
from support.audit import Request, end, requests
from support.kube import Kube

SYSTEM, PEOPLE = "cxone-system", "workforce"
_IDENTITY = ("Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


@dataclass(frozen=True)
class Account:
    """A service account, and how to act as it."""

    plane: ControlPlane
    namespace: str
    name: str
    kubeconfig: Path
    token: str
    since: int
    """Where the audit log ended before it could ask for anything."""

    @property
    def user(self) -> str:
        """As the API server calls it."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    @property
    def requests(self) -> list[Request]:
        """All that it has asked for so far, but for discovery, which everybody may do."""
        return [
            request for request in requests(self.plane.audit_log, user=self.user, since=self.since) if request.resource
        ]

    @property
    def refused(self) -> list[Request]:
        """What it was not allowed."""
        return [request for request in self.requests if request.code in (401, 403)]


class Installation:
    """The manifests of one folder, moved to namespaces that nobody else uses."""

    def __init__(self, plane: ControlPlane, objects: list[Object], prefix: str, directory: Path) -> None:
        self.plane = plane
        self.kube = Kube.administrator(plane)
        self.directory = directory
        self.system, self.people = f"{prefix}{SYSTEM}", f"{prefix}{PEOPLE}"
        self.objects: list[Object] = json.loads(
            json.dumps([people(), *objects]).replace(SYSTEM, self.system).replace(PEOPLE, self.people)
        )

    def prepare(self, change: Callable[[Object], Object] = lambda role: role) -> None:
        """Create namespaces, accounts and roles; `change` gives each role its rules."""
        roles = ("Role", "ClusterRole")
        wanted = of_kind(self.objects, *_IDENTITY)
        changed = [change(body) if body["kind"] in roles else body for body in wanted]
        self.plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=as_input(changed))

    def act_as(self, name: str) -> Account:
        """A service account of the system's namespace, with a token from the TokenRequest API."""
        path = f"/api/v1/namespaces/{self.system}/serviceaccounts/{name}/token"
        since = end(self.plane.audit_log)
        answer = self.kube.request("POST", path, {"spec": {"expirationSeconds": 3600}}).accepted()
        token = str(answer["status"]["token"])
        kubeconfig = self.directory / f"{name}.kubeconfig"
        credentials.write_kubeconfig(kubeconfig, self.plane.url, token, self.plane.certificate)
        return Account(self.plane, self.system, name, kubeconfig, token, since)

    def arguments(self, deployment: str) -> list[str]:
        """The command line of a Deployment's container."""
        template = find(self.objects, "Deployment", deployment)["spec"]["template"]
        arguments: list[str] = template["spec"]["containers"][0]["args"]
        return arguments

    def roles_of(self, account: str) -> list[Object]:
        """The roles that a binding gives to a service account."""
        bindings = of_kind(self.objects, "RoleBinding", "ClusterRoleBinding")
        return [find(self.objects, *_role(body)) for body in bindings if _binds(body, account)]


def _role(binding: Object) -> tuple[str, str]:
    reference: dict[str, Any] = binding["roleRef"]
    return reference["kind"], reference["name"]


def _binds(binding: Object, account: str) -> bool:
    subjects: Iterable[dict[str, Any]] = binding["subjects"]
    return any(subject["kind"] == "ServiceAccount" and subject["name"] == account for subject in subjects)

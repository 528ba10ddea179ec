"""A place to try an identity at: the manifests' namespaces, accounts and roles, under names of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane import credentials
from controlplane.plane import ControlPlane
from manifests.rendered import Object, as_input, find, of_kind, people
from support.audit import Request, requests
from support.kube import PLURALS, Kube

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

    @property
    def user(self) -> str:
        """As the API server calls it."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    @property
    def requests(self) -> list[Request]:
        """All that it has asked for so far, but for discovery, which everybody may do."""
        return [request for request in requests(self.plane.audit_log, user=self.user) if request.resource]

    @property
    def refused(self) -> list[Request]:
        """What it was not allowed."""
        return [request for request in self.requests if request.code in (401, 403)]


class Place:
    """The manifests of one folder, moved to namespaces that nobody else uses."""

    def __init__(self, plane: ControlPlane, kube: Kube, objects: list[Object], prefix: str, directory: Path) -> None:
        self.plane = plane
        self.kube = kube
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

    def clear(self) -> None:
        """Delete all users and tenants, whoever still holds them: an operator elsewhere may watch every namespace."""
        for kind, plural in PLURALS.items():
            path = f"/apis/cxone.dev/v1alpha1/namespaces/{self.people}/{plural}"
            for body in self.kube.request("GET", path).accepted()["items"]:
                self.kube.patch(kind, self.people, body["metadata"]["name"], {"metadata": {"finalizers": None}})
            self.kube.request("DELETE", path).accepted()

    def act_as(self, name: str) -> Account:
        """A service account of the system's namespace, with a token from the TokenRequest API."""
        path = f"/api/v1/namespaces/{self.system}/serviceaccounts/{name}/token"
        answer = self.kube.request("POST", path, {"spec": {"expirationSeconds": 3600}}).accepted()
        token = str(answer["status"]["token"])
        kubeconfig = self.directory / f"{name}.kubeconfig"
        credentials.write_kubeconfig(kubeconfig, self.plane.url, token, self.plane.certificate)
        return Account(self.plane, self.system, name, kubeconfig, token)

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

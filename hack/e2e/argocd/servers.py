"""Argo CD at work: Redis, controller, repository server and API server, and what its administrator can do."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controlplane import credentials
from e2e.argocd.application import Application
from e2e.argocd.programs import Programs
from e2e.cluster import Cluster, StepFailed
from e2e.servers import URL
from e2e.world import INSIDE

NAMESPACE = "argocd"
SERVER, CONTROLLER = "argocd-server", "argocd-application-controller"
"""Service accounts of the same names act in the cluster."""

_FOLDER = INSIDE / "argocd"
_REDIS, _REPOSITORIES, _ADDRESS = "127.0.0.1:6379", "127.0.0.1:8081", "127.0.0.1:8080"
_METRICS = "http://127.0.0.1:8082/metrics"
_LEFT_OUT = re.compile(r"^kind: (Deployment|StatefulSet|NetworkPolicy)$", re.MULTILINE)
"""Pods, for which there is no image, and what protects them."""


class ArgoCD:
    """One Argo CD for one cluster."""

    def __init__(self, programs: Programs, cluster: Cluster) -> None:
        self._programs = programs
        self._cluster = cluster
        self._token = ""

    def install(self) -> None:
        """CRDs, service accounts, roles and settings, as Argo CD ships them."""
        parts = self._programs.manifests.read_text().split("\n---\n")
        kept = "\n---\n".join(part for part in parts if not _LEFT_OUT.search(part))
        self._cluster.kubectl("create", "namespace", NAMESPACE)
        self._cluster.kubectl("-n", NAMESPACE, "apply", "--server-side", "-f", "-", given=kept)

    def start(self) -> None:
        """Returns when the administrator is logged in."""
        (_FOLDER / "home").mkdir(parents=True)
        redis = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(_FOLDER))
        self._cluster.servers.spawn("redis", ["/usr/bin/env", "redis-server", *redis])
        self._spawn("argocd-repo-server", "--address=127.0.0.1", f"--redis={_REDIS}")
        connected = (f"--namespace={NAMESPACE}", f"--redis={_REDIS}", f"--repo-server={_REPOSITORIES}")
        self._spawn(CONTROLLER, *connected, f"--kubeconfig={self._kubeconfig(CONTROLLER)}")
        options = ("--insecure", "--address=127.0.0.1", f"--kubeconfig={self._kubeconfig(SERVER)}")
        self._spawn(SERVER, *connected, *options)
        self._token = self._cluster.until(self._log_in, "nobody can log in to Argo CD")

    def run(self, *arguments: str) -> str:
        """Argo CD's command line, as its administrator; raises StepFailed with what it said."""
        answer = self.attempt(*arguments)
        if answer.returncode != 0:
            raise StepFailed(f"$ argocd {' '.join(arguments)}\n{answer.stdout}{answer.stderr}".strip())
        return answer.stdout

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same where it may be refused."""
        connection = {"ARGOCD_SERVER": _ADDRESS, "ARGOCD_AUTH_TOKEN": self._token, "ARGOCD_OPTS": "--plaintext"}
        environment = {**os.environ, "HOME": str(_FOLDER / "home"), **connection}
        command = [str(self._programs.argocd), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def refresh(self, name: str) -> None:
        """Look at Git now, as the webhook of a Git server asks for it."""
        annotation = "argocd.argoproj.io/refresh=normal"
        self._cluster.kubectl("-n", NAMESPACE, "annotate", "--overwrite", "application", name, annotation)

    def application(self, name: str) -> Application:
        """As the API server of Argo CD tells it."""
        found = self._ask(f"applications/{name}")
        return Application(found, self._ask(f"applications/{name}/resource-tree"))

    def click(self, app: str, action: str, resource: Mapping[str, str], parameters: Mapping[str, str]) -> str:
        """An action with parameters, which only the web interface asks for; what it is refused with."""
        given = [{"name": name, "value": value} for name, value in parameters.items()]
        try:
            self._ask(
                f"applications/{app}/resource/actions/v2",
                {**resource, "action": action, "resourceActionParameters": given},
            )
        except urllib.error.HTTPError as refused:
            return str(json.load(refused)["message"])
        return ""

    def configure(self, *patch: str) -> None:
        """Change argocd-cm while it runs. It reads the cluster anew then, at the next comparison: this asks for one."""
        said = self._cluster.kubectl("-n", NAMESPACE, "patch", "configmap", "argocd-cm", *patch)
        if said != "configmap/argocd-cm patched\n":
            raise StepFailed(said)
        for app in self._cluster.get("-n", NAMESPACE, "applications")["items"]:
            self.refresh(app["metadata"]["name"])

    def metric(self, name: str, label: str = "") -> float:
        """A counter of the controller: the sum over all labels, or over those with this one."""
        with urllib.request.urlopen(_METRICS, timeout=10) as answer:
            page = str(answer.read(), "utf-8")
        return sum(float(value) for value in re.findall(rf"^{name}{{.*{label}.*}} (\S+)$", page, re.MULTILINE))

    def _spawn(self, program: str, *arguments: str) -> None:
        """The same program is each of them, by the name that it is given."""
        settings = {
            "ARGOCD_BINARY_NAME": program,
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "HOME": str(_FOLDER / "home"),
            "TMPDIR": str(_FOLDER),
            "PATH": self._programs.path,
            "KUBECONFIG": str(_FOLDER / f"{program}.kubeconfig"),
        }
        environment = [f"{name}={value}" for name, value in settings.items()]
        self._cluster.servers.spawn(program, ["/usr/bin/env", *environment, str(self._programs.argocd), *arguments])

    def _kubeconfig(self, account: str) -> Path:
        path = _FOLDER / f"{account}.kubeconfig"
        token = self._cluster.kubectl("-n", NAMESPACE, "create", "token", account, "--duration=24h").strip()
        credentials.write_kubeconfig(path, URL, token, self._cluster.servers.authority.certificate)
        return path

    def _log_in(self) -> str:
        """A session's token, or nothing as long as the server has made no password, or does not listen."""
        secret = ("-n", NAMESPACE, "get", "secret", "argocd-initial-admin-secret", "-o", "jsonpath={.data.password}")
        password = base64.b64decode(self._cluster.attempt(*secret).stdout).decode()
        try:
            return str(self._ask("session", {"username": "admin", "password": password})["token"]) if password else ""
        except (urllib.error.URLError, ConnectionError):
            return ""

    def _ask(self, what: str, body: object = None) -> Any:  # noqa: ANN401 (whatever JSON it answers)
        request = urllib.request.Request(
            f"http://{_ADDRESS}/api/v1/{what}",
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)

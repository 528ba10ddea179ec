"""What `check` says of a company, which is in good health until a test spoils something."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from cxone_operator.cli.commands import main
from demo.stage import ROOT
from support.cxone import Company

Json = dict[str, Any]
Line = tuple[str, str]
"""Outcome, and what was seen with the remedy."""
_ROLES = ("components/namespaced/role.yaml", "base/operator/lease-role.yaml")
_UNSET = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "CXONE_BASE_URL")


def command(kubeconfig: Path | None, *arguments: str, **environment: str) -> Result:
    """`cxone-operator` in this process; nothing of our own environment reaches it."""
    variables: dict[str, str | None] = {**dict.fromkeys(_UNSET), **environment}
    if kubeconfig is not None:
        variables["KUBECONFIG"] = str(kubeconfig)
    return CliRunner().invoke(main, arguments, env=variables, catch_exceptions=False)


class Doctor:
    """Looks at one company."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.kubeconfig = company.plane.kubeconfig
        self.code = 0
        """Exit code of the last check."""

    def grant(self, *without: str) -> None:
        """What the manifests grant, in the company's namespace, for an account there; less some resources."""
        for file in _ROLES:
            for body in yaml.safe_load_all((ROOT / "manifests" / file).read_text()):
                self._create(body, without)

    def lines(self, *options: str, **environment: str) -> dict[str, list[Line]]:
        """Check → its lines."""
        namespace = self._company.namespace
        account = ("--service-account", f"{namespace}/cxone-operator")
        result = command(self.kubeconfig, "check", "-n", namespace, *account, "-o", "json", *options, **environment)
        self.code = result.exit_code
        assert result.exit_code in (0, 1), result.output
        found: dict[str, list[Line]] = {}
        for line in json.loads(result.stdout):
            found.setdefault(line["name"], []).append((line["outcome"], f"{line['seen']} -> {line['remedy']}"))
        return found

    def line(self, name: str, *options: str, **environment: str) -> Line:
        """The first of a check that is not good, else its first one."""
        lines = self.lines(*options, **environment)[name]
        return next((line for line in lines if line[0] != "ok"), lines[0])

    def _create(self, body: Json, without: tuple[str, ...]) -> None:
        namespace = body["metadata"]["namespace"] = self._company.namespace
        for subject in body.get("subjects", ()):
            subject["namespace"] = namespace
        if "rules" in body:
            body["rules"] = [rule for rule in body["rules"] if not set(rule["resources"]) & set(without)]
        plural = f"{body['kind'].lower()}s"
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/{plural}"
        self._company.kube.request("POST", path, body).accepted()


Open = Callable[..., tuple[Company, Doctor]]
"""Makes a company with all but an operator; arguments are options of its simulator, keywords the spec of its tenant."""

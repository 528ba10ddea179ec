"""The cluster: rights, operators, policies; and the command itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.cxone import Company
from support.doctor import Doctor, Open, command
from support.gateway import listener
from support.waiting import eventually


def test_no_rights(open_company: Open) -> None:
    """One line, as of whom: nothing was installed for that account."""
    company, doctor = open_company()
    ((outcome, text),) = doctor.lines()["rights"]
    who = f"system:serviceaccount:{company.namespace}:cxone-operator"
    assert (outcome, f"{who} has none of the rights of the operator" in text) == ("failed", True)
    assert "--service-account" in text


def test_a_secret_that_the_operator_may_not_read(open_company: Open) -> None:
    """The role names another one."""
    company, doctor = open_company(credentialsSecretRef={"name": "cxone-emea"})
    company.put_secret(company.secret, name="cxone-emea")
    doctor.grant()
    ((outcome, text),) = doctor.lines()["rights"]
    assert (outcome, "may not get secrets cxone-emea" in text) == ("failed", True)


def test_who_may_not_ask_for_others_is_asked_for(open_company: Open, tmp_path: Path) -> None:
    """In the place of the operator's account, and the line says so."""
    company, doctor = open_company()
    doctor.grant()
    doctor.kubeconfig = _as_account(company, tmp_path)
    lines = doctor.lines()
    ((outcome, text),) = lines["rights"]
    assert (outcome, text.startswith("you, as you may not ask for others,")) == ("ok", True)
    assert [lines[name][0][0] for name in ("operator", "admission policies")] == ["skipped", "skipped"]
    assert doctor.code == 0


def test_no_operator(open_company: Open) -> None:
    """Everything is in place, and nobody works."""
    company, doctor = open_company()
    outcome, text = doctor.line("operator")
    assert (outcome, f"none acts for namespace {company.namespace}" in text) == ("warning", True)


def test_two_operators_without_a_shared_lease(open_company: Open) -> None:
    """Both act for the same people."""
    company, doctor = open_company()
    company.serve()
    company.operator.until_leading()
    assert doctor.line("operator")[0] == "ok"
    second = company.start_another("--lease-name", "another")
    second.until_leading()
    outcome, text = doctor.line("operator")
    assert (outcome, f"{company.namespace}/another" in text) == ("failed", True)
    assert "the same --lease-namespace and --lease-name" in text


def test_no_admission_policies(open_company: Open) -> None:
    """What each of them would have stopped."""
    _, doctor = open_company()
    lines = doctor.lines()["admission policies"]
    assert len(lines) == 3
    assert {outcome for outcome, _ in lines} == {"warning"}


def test_no_kubeconfig(own_company: Company, tmp_path: Path) -> None:
    """Nothing is known then, and that is said."""
    doctor = Doctor(own_company)
    doctor.kubeconfig = tmp_path / "nowhere"
    lines = doctor.lines()
    assert lines["API server"][0][0] == "failed"
    assert "check KUBECONFIG" in lines["API server"][0][1]
    assert doctor.code == 1


@pytest.mark.parametrize("hangs", [True, False])
def test_an_api_server_that_is_away(own_company: Company, tmp_path: Path, hangs: bool) -> None:
    """What needs it is skipped, and nobody waits for long."""
    doctor = Doctor(own_company)
    with listener(accepts=hangs) as port:
        doctor.kubeconfig = _kubeconfig(tmp_path, f"http://127.0.0.1:{port}", "x")
        lines = doctor.lines()
    assert lines["API server"][0][0] == "failed"
    assert lines["CRDs"] == lines["rights"] == [("skipped", "because of: API server -> ")]


def test_lines_for_pipes_and_a_mistaken_option(open_company: Open) -> None:
    """Cells apart by tabs; the summary is not in the answer."""
    company, doctor = open_company()
    result = command(doctor.kubeconfig, "check", "-n", company.namespace)
    assert result.exit_code == 1
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert {len(row) for row in rows} == {4}
    assert "failed" in result.stderr
    assert command(doctor.kubeconfig, "check", "--service-account", "nobody").exit_code == 2


def test_the_installed_command(open_company: Open) -> None:
    """The whole path, once."""
    company, _ = open_company()
    executable = Path(sys.executable).with_name("cxone-operator")
    arguments = ["check", "-n", company.namespace, "-o", "json"]
    answer = subprocess.run(
        [str(executable), *arguments],
        env={"KUBECONFIG": str(company.plane.kubeconfig), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 1, answer.stderr
    assert {line["name"] for line in json.loads(answer.stdout)} >= {"token", "users", "clock"}
    assert company.secret not in answer.stdout + answer.stderr


def _as_account(company: Company, folder: Path) -> Path:
    """A kubeconfig of the service account that the roles are granted to."""
    accounts = f"/api/v1/namespaces/{company.namespace}/serviceaccounts"
    company.kube.request("POST", accounts, {"metadata": {"name": "cxone-operator"}}).accepted()
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}

    def token() -> str:
        answer = company.kube.request("POST", f"{accounts}/cxone-operator/token", asked)
        return str(answer.accepted()["status"]["token"])

    return _kubeconfig(folder, company.plane.url, eventually(token), company.plane.certificate)


def _kubeconfig(folder: Path, url: str, token: str, certificate: Path | None = None) -> Path:
    cluster = {"server": url, **({"certificate-authority": str(certificate)} if certificate else {})}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = folder / "kubeconfig.yaml"
    path.write_text(json.dumps(config))
    return path

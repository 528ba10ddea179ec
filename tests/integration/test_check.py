"""`check` on real parts: each way in which an installation is spoilt has its line, and its remedy."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from demo.stage import CLIENT_ID
from support.cxone import Company
from support.doctor import Doctor, command
from support.gateway import gateway
from support.tls import tls_server
from support.waiting import eventually

MakeCompany = Callable[..., Company]
LIMIT_SECONDS = 30.0
"""No check takes longer, whatever hangs."""


@pytest.fixture
def open_company(make_own_company: MakeCompany) -> Callable[..., tuple[Company, Doctor]]:
    """A company with all that it needs but an operator; arguments are options of the simulator."""

    def make(*simulator: str, **spec: Any) -> tuple[Company, Doctor]:
        company = make_own_company("--users", "3", *simulator)
        company.put_secret(company.secret)
        company.create_tenant(**spec)
        return company, Doctor(company)

    return make


Open = Callable[..., tuple[Company, Doctor]]


@contextlib.contextmanager
def listener(accepts: bool) -> Iterator[int]:
    """A port where somebody listens and says nothing, or where nobody does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not accepts:
            server.close()
        yield port


def test_a_healthy_company(open_company: Open) -> None:
    """Nothing fails; what is not there in this cluster is a warning, and the table says the same in lines."""
    company, doctor = open_company(rateLimit={"requestsPerMinute": 100})
    doctor.grant()
    company.serve()
    company.join("jane")
    lines = doctor.lines()
    assert {name for name, found in lines.items() for outcome, _ in found if outcome != "ok"} == {"admission policies"}
    assert doctor.code == 0
    assert {"API server", "CRDs", "operator", "rights", "tenant", "credentials", "address", "token", "users"} <= set(
        lines
    )
    assert {name for name in lines if name.startswith("scope ")} == {
        f"scope {scope}" for scope in ("SCIM.ReadWrite", "User.ReadWrite", "License.Read", "License.ReadWrite")
    }
    assert "4 of 1000 seats" in lines["licences"][0][1]
    shown = command(doctor.kubeconfig, "check", "-n", company.namespace, "-o", "yaml")
    assert "name: admission policies" in shown.stdout


def test_nothing_is_changed(open_company: Open) -> None:
    """Neither in CXone nor in the cluster; and little is asked."""
    company, doctor = open_company()
    before, written = company.stats(), company.journal()
    doctor.lines()
    after = company.stats()
    assert company.journal() == written
    assert (after["total"] - before["total"], after["tokens"]) <= (8, 2)
    assert sum(company.operator_writes()[kind] for kind in company.operator_writes() if "review" not in kind[0]) == 0


# The tenant and its Secret.


def test_no_tenant(open_company: Open) -> None:
    """What hangs on it is skipped, and says why."""
    _, doctor = open_company()
    lines = doctor.lines("--tenant", "other")
    assert lines["tenant"][0][0] == "failed"
    assert "create it" in lines["tenant"][0][1]
    assert lines["token"] == [("skipped", "because of: credentials -> ")]
    assert doctor.code == 1


def test_a_wrong_secret(open_company: Open) -> None:
    """CXone refuses it."""
    company, doctor = open_company()
    company.put_secret("wrong-and-long")
    outcome, text = doctor.line("token")
    assert (outcome, "correct clientId and clientSecret in the Secret" in text) == ("failed", True)


def test_no_secret(open_company: Open) -> None:
    """It says which keys it must have."""
    company, doctor = open_company()
    company.remove_secret()
    assert doctor.line("credentials") == (
        "failed",
        f"Secret cxone-credentials in namespace {company.namespace} does not exist -> "
        "create it with the keys clientId and clientSecret",
    )


def test_a_key_is_missing_in_the_secret(open_company: Open) -> None:
    """By its name."""
    company, doctor = open_company()
    company.store_secret({"clientId": CLIENT_ID})
    outcome, text = doctor.line("credentials")
    assert (outcome, "lacks the key clientSecret" in text) == ("failed", True)


def test_settings_of_the_environment_that_nobody_knows(own_company: Company) -> None:
    """A variable that is misspelt."""
    doctor = Doctor(own_company)
    variables = {"CXONE_BASE_URL": "http://127.0.0.1:1", "CXONE_CLIENT_ID": "x", "CXONE_CLIENT_SECRET": "y"}
    outcome, text = doctor.line("environment", "--no-cluster", **variables, CXONE_SYNC_PERIODS="3")
    assert (outcome, "syncPeriods" in text) == ("failed", True)


def test_a_tenant_of_the_environment(own_company: Company) -> None:
    """Without any cluster."""
    doctor = Doctor(own_company)
    variables = {
        "CXONE_BASE_URL": own_company.simulator.url,
        "CXONE_CLIENT_ID": CLIENT_ID,
        "CXONE_CLIENT_SECRET": own_company.secret,
    }
    lines = doctor.lines("--no-cluster", **variables)
    assert doctor.code == 0
    assert (lines["tenant"][0][0], lines["users"][0][0]) == ("ok", "ok")
    assert "API server" not in lines


# The way to CXone.


def test_a_host_without_an_address(open_company: Open) -> None:
    """Skipped is what comes after it."""
    _, doctor = open_company(baseURL="https://cxone.invalid")
    lines = doctor.lines()
    assert lines["address"][0][0] == "failed"
    assert "cxone.invalid has no address" in lines["address"][0][1]
    assert lines["token"] == [("skipped", "because of: address -> ")]


def test_nobody_listens(open_company: Open) -> None:
    """A port that is closed."""
    with listener(accepts=False) as port:
        _, doctor = open_company(baseURL=f"http://127.0.0.1:{port}")
        outcome, text = doctor.line("address")
    assert (outcome, "nothing listens" in text) == ("failed", True)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_host_that_hangs(open_company: Open, scheme: str) -> None:
    """In the handshake, or at the first request: nobody waits for long."""
    with listener(accepts=True) as port:
        _, doctor = open_company(baseURL=f"{scheme}://127.0.0.1:{port}")
        began = time.monotonic()
        lines = doctor.lines()
    assert time.monotonic() - began < LIMIT_SECONDS
    failed = lines["address" if scheme == "https" else "token"][0]
    assert failed[0] == "failed"
    assert "5 s" in failed[1] or "8 s" in failed[1]


def test_a_certificate_that_nobody_trusts(open_company: Open, tmp_path: Path) -> None:
    """Its authority has to be named; then it is good."""
    with tls_server(tmp_path) as (port, certificate):
        _, doctor = open_company(baseURL=f"https://localhost:{port}")
        outcome, text = doctor.line("address")
        assert (outcome, "is not trusted: self" in text, "SSL_CERT_FILE" in text) == ("failed", True, True)
        assert doctor.line("address", SSL_CERT_FILE=str(certificate))[0] == "ok"


def test_a_certificate_of_another_host(open_company: Open, tmp_path: Path) -> None:
    """The name in the address is not the one in the certificate."""
    with tls_server(tmp_path) as (port, certificate):
        _, doctor = open_company(baseURL=f"https://127.0.0.1:{port}")
        outcome, text = doctor.line("address", SSL_CERT_FILE=str(certificate))
    assert (outcome, "the certificate is for" in text) == ("failed", True)


def test_https_to_a_server_without_it(open_company: Open) -> None:
    """As of a wrong port."""
    company, doctor = open_company()
    company.change_tenant(baseURL=company.simulator.url.replace("http:", "https:"))
    outcome, text = doctor.line("address")
    assert (outcome, "does not speak TLS" in text) == ("failed", True)


def test_a_proxy_that_somebody_has_set(open_company: Open) -> None:
    """The operator does not use it, which somebody may not know."""
    _, doctor = open_company()
    outcome, text = doctor.line("proxy", http_proxy="http://proxy.example.com:3128")
    assert (outcome, "http_proxy is set here" in text) == ("warning", True)
    assert doctor.line("users", http_proxy="http://127.0.0.1:1")[0] == "ok"


def test_a_proxy_that_wants_a_password(open_company: Open) -> None:
    """It stands in the way, and answers in the place of CXone."""
    company, doctor = open_company()
    with gateway(company.simulator.url, {"Proxy-Authenticate": "Basic"}, 407) as url:
        company.change_tenant(baseURL=url)
        outcome, text = doctor.line("token")
    assert (outcome, "it does not log in at proxies" in text) == ("failed", True)


@pytest.mark.parametrize(("habit", "remedy"), [("html", "a login page answers"), ("redirects", "correct spec.baseURL")])
def test_something_else_answers(open_company: Open, habit: str, remedy: str) -> None:
    """A page for people, or a way elsewhere."""
    company, doctor = open_company()
    company.simulator.send("PATCH", "habits", {habit: True})
    outcome, text = doctor.line("users")
    assert (outcome, remedy in text) == ("failed", True), text


# Scopes, and what the server can do.


@pytest.mark.parametrize("scope", ["SCIM.ReadWrite", "User.ReadWrite", "License.ReadWrite"])
def test_a_scope_that_is_not_granted(open_company: Open, scope: str) -> None:
    """Each by its name, also one that only a write would need."""
    company, doctor = open_company()
    scopes = ["SCIM.ReadWrite", "User.ReadWrite", "License.Read", "License.ReadWrite"]
    company.set_cxone(scopes=[name for name in scopes if name != scope])
    lines = doctor.lines()
    assert lines[f"scope {scope}"] == [("failed", "asked for, and not granted -> add it to the API client in CXone")]
    assert [lines[f"scope {name}"][0][0] for name in scopes].count("ok") == 3
    if scope == "SCIM.ReadWrite":
        assert "lacks scope SCIM.ReadWrite" in lines["users"][0][1]


def test_a_scope_that_nobody_asks_for(open_company: Open) -> None:
    """The tenant's own list has a hole."""
    _, doctor = open_company(scopes=["SCIM.ReadWrite", "License.Read"])
    outcome, text = doctor.line("scope License.ReadWrite")
    assert (outcome, "add it to spec.scopes" in text) == ("failed", True)


def test_a_preset_that_contradicts_the_server(make_own_company: MakeCompany) -> None:
    """Platform would write groups on users, and the server says that it does not take them."""
    company = make_own_company("--preset", "RFC7644", "--licenses")
    company.put_secret(company.secret)
    company.create_tenant()
    outcome, text = Doctor(company).line("description")
    assert (outcome, "set spec.api.memberships to Group" in text) == ("warning", True)


def test_a_setting_that_contradicts_the_server(make_own_company: MakeCompany) -> None:
    """It has no bulk requests."""
    company = make_own_company("--preset", "RFC7644", "--bulk-mode", "off")
    company.put_secret(company.secret)
    company.create_tenant(api={"preset": "RFC7644", "bulk": "Synchronous"})
    outcome, text = Doctor(company).line("description")
    assert (outcome, "leave spec.api.bulk out" in text) == ("warning", True)


def test_no_token_endpoint(open_company: Open) -> None:
    """A path of another API."""
    _, doctor = open_company(api={"tokenPath": "/auth/token"})
    outcome, text = doctor.line("token")
    assert (outcome, "correct spec.api.tokenPath" in text) == ("failed", True)


def test_no_users_where_they_should_be(open_company: Open) -> None:
    """The path leads nowhere."""
    _, doctor = open_company(api={"usersPath": "/elsewhere/Users"})
    outcome, text = doctor.line("users")
    assert (outcome, "correct spec.baseURL, or spec.api.usersPath" in text) == ("failed", True), text


def test_no_licence_api(make_own_company: MakeCompany) -> None:
    """Joiners would wait for seats for ever."""
    company = make_own_company("--preset", "RFC7644")
    company.put_secret(company.secret)
    company.create_tenant(api={"preset": "RFC7644"}, license={"mode": "Quota"})
    outcome, text = Doctor(company).line("licences")
    assert (outcome, "set spec.license.mode to None" in text) == ("failed", True)


def test_no_seat_is_free(open_company: Open) -> None:
    """Everybody works, and nobody can join."""
    _, doctor = open_company("--seats", "3")
    assert doctor.line("licences")[0] == "warning"


def test_a_rate_limit_above_that_of_the_server(open_company: Open) -> None:
    """As far as its answers tell."""
    company, doctor = open_company(rateLimit={"requestsPerMinute": 100})
    with gateway(company.simulator.url, {"RateLimit-Policy": '"default";q=60;w=60, "hour";q=6000;w=3600'}) as url:
        company.change_tenant(baseURL=url)
        assert doctor.line("rate limit") == (
            "warning",
            "spec.rateLimit.requestsPerMinute is 100, and CXone lets 60 through in a minute -> "
            "set spec.rateLimit.requestsPerMinute to 60 or less",
        )


def test_somebody_else_uses_up_the_rate_limit(open_company: Open) -> None:
    """A few requests are too many."""
    company, doctor = open_company()
    company.fault(kind="status", status=429, retryAfter=60)
    lines = doctor.lines()
    assert lines["rate limit"][0][0] == "warning"
    assert doctor.code == 1


@pytest.mark.parametrize(("minutes", "word"), [(-9, "behind"), (9, "ahead of")])
def test_a_clock_that_is_wrong(open_company: Open, minutes: int, word: str) -> None:
    """Ours or theirs."""
    company, doctor = open_company()
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    with gateway(company.simulator.url, {"Date": date}) as url:
        company.change_tenant(baseURL=url)
        outcome, text = doctor.line("clock")
    assert (outcome, word in text, "NTP" in text) == ("warning", True, True)


def test_a_group_and_a_role_that_nobody_has(open_company: Open) -> None:
    """With the name that may be meant."""
    company, doctor = open_company()
    company.create("jane", role="Agnet", groups=["Suport-Team"])
    lines = doctor.lines()
    assert lines["roles"] == [("warning", "nobody in CXone has role 'Agnet' (jane) -> did you mean 'Agent'?")]
    assert "did you mean 'Support-Team'?" in lines["groups"][0][1]


def test_a_group_that_the_server_does_not_have(make_own_company: MakeCompany) -> None:
    """Which is certain where it tells all of them."""
    company = make_own_company("--preset", "RFC7644")
    company.put_secret(company.secret)
    company.create_tenant(api={"preset": "RFC7644"})
    company.create("jane", role=None, groups=["Salse-Team"])
    outcome, text = Doctor(company).line("groups")
    assert (outcome, "did you mean 'Sales-Team'?" in text) == ("failed", True)


# The cluster.


def test_no_rights(open_company: Open) -> None:
    """A line for each, as of whom."""
    company, doctor = open_company()
    lines = doctor.lines()["rights"]
    assert len(lines) == 14
    who = f"system:serviceaccount:{company.namespace}:cxone-operator"
    assert f"{who} may not patch cxoneusers/status in {company.namespace}" in lines[7][1]


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


def test_an_api_server_that_is_away(own_company: Company, tmp_path: Path) -> None:
    """What needs it is skipped."""
    doctor = Doctor(own_company)
    with listener(accepts=False) as port:
        doctor.kubeconfig = _kubeconfig(tmp_path, f"http://127.0.0.1:{port}", "x")
        lines = doctor.lines()
    assert lines["API server"][0][0] == "failed"
    assert lines["CRDs"] == lines["rights"] == [("skipped", "because of: API server -> ")]


# The command itself.


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

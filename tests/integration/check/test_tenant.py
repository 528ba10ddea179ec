"""The tenant, its Secret, and a company where nothing is wrong."""

from __future__ import annotations

from demo.stage import CLIENT_ID
from support.cxone import Company
from support.doctor import Doctor, Open, command


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

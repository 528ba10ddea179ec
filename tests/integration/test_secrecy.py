"""No secret, token or address in the logs, however much goes wrong; `Company.close` looks at them after each test."""

from __future__ import annotations

from typing import Any

import pytest

from support.cxone import Company
from support.resources import user
from support.waiting import eventually

WRONG = "canary-wrong-secret-2718"
RIGHT = "canary-right-secret-3141"
ADDRESS = "canary.o'connor+work@example.com"


def fault(company: Company, kind: str, path: str, **more: Any) -> None:
    """The next request there goes wrong."""
    company.simulator.send("POST", "faults", {"kind": kind, "match": {"path": path}, "times": 1, **more})


def apply(company: Company, name: str, **spec: Any) -> None:
    base = {"role": "Agent", "userName": f"{name}-{ADDRESS}", "emails": [{"value": f"second-{name}-{ADDRESS}"}]}
    company.kube.apply(user(company.namespace, name, **{**base, **spec}), "hr-bridge", force=True).accepted()


@pytest.mark.parametrize("form", ["json", "console"])
def test_nothing_leaks(make_company: Any, form: str) -> None:
    """With everything logged that can be, through refusals that quote what they were sent, and broken connections."""
    company: Company = make_company()
    company.simulator.send("PATCH", "settings", {"clientSecret": RIGHT})
    said = {"error": "invalid_client", "error_description": f"the secret {WRONG} of {ADDRESS} is wrong"}
    fault(company, "status", "/oauth/token", status=401, body=said)
    company.put_secret(WRONG)
    company.create_tenant(syncPeriodSeconds=30)
    company.start("--log-format", form, "--log-level", "debug")
    apply(company, "early")
    eventually(lambda: company.reason("default", "Authenticated", "CxoneTenant") == "False/AuthenticationFailed")
    company.put_secret(RIGHT)
    company.until_ready("early", 30)

    quoted = {"detail": f"{ADDRESS} is refused, and so is Bearer canary-token-1618", "status": "400"}
    for name, kind, more in (
        ("refused", "status", {"status": 400, "body": quoted}),
        ("failed", "status", {"status": 500, "body": quoted}),
        ("dropped", "drop", {}),
        ("truncated", "truncate", {}),
        ("garbled", "garbage", {}),
    ):
        fault(company, kind, "/Users$", match={"method": "POST", "path": "/Users$"}, **more)
        apply(company, name)
        eventually(lambda name=name: company.reason(name) not in ("", "Unknown/Pending"), 30)
    apply(company, "misspelt", role="Agnet", groups=["Suport-Team"])
    company.until_reason("misspelt", "RoleNotFound")
    apply(company, "early-again", userName=f"early-{ADDRESS}".upper())
    company.until_reason("early-again", "OwnershipConflict")
    fault(company, "status", "/Users", status=503, body=quoted, times=6)
    body = {"metadata": {"annotations": {"cxone.dev/reconcile-requested-at": "1"}}}
    company.kube.patch("CxoneUser", company.namespace, "early", body).accepted()
    eventually(lambda: company.user("early")["status"].get("lastHandledReconcileAt") == "1", 40)
    company.kube.delete("CxoneUser", company.namespace, "early").accepted()
    eventually(lambda: company.kube.get("CxoneUser", company.namespace, "early").code == 404)
    company.stop()
    log = company.logs[0].read_text()
    for word in ("AuthenticationFailed", "OwnershipConflict", "stopping", '"log":"audit"'):
        assert word in log
    assert "Bearer [redacted]" in log
    assert log.count("canary") == sum(line.count("canary") for line in log.splitlines() if '"log":"audit"' in line)


def test_a_wrong_environment_is_told_without_its_values(company: Company) -> None:
    """What is misspelt may be a secret."""
    company.start(
        CXONE_BASE_URL=company.simulator.url,
        CXONE_CLIENT_ID="demo",
        CXONE_CLIENT_SECRET=company.secret,
        CXONE_CLIENTSECRET=WRONG,
        CXONE_SYNC_PERIOD_SECONDS=ADDRESS,
    )
    assert company.operator is not None
    eventually(lambda: company.operator is not None and not company.operator.alive)
    log = company.logs[0].read_text()
    assert "Error: the CXONE_ variables" in log
    assert "canary" not in log

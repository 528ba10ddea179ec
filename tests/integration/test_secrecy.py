"""No secret, token or address in the logs, however much goes wrong; `Company.close` looks at them after each test."""

from __future__ import annotations

from typing import Any

import pytest

from support.cxone import Company
from support.waiting import eventually

WRONG = "canary-wrong-secret-2718"
RIGHT = "canary-right-secret-3141"
ADDRESS = "canary.o'connor+work@example.com"


def fault(company: Company, kind: str, path: str, *, method: str | None = None, times: int = 1, **more: Any) -> None:
    """The next request there goes wrong."""
    match = {"path": path, "method": method} if method else {"path": path}
    company.fault(kind=kind, match=match, times=times, **more)


def apply(company: Company, name: str, **spec: Any) -> None:
    """With an address wherever there can be one."""
    said = {"userName": f"{name}-{ADDRESS}", "emails": [{"value": f"second-{name}-{ADDRESS}"}]}
    company.apply(name, "hr-bridge", **{**said, **spec})


@pytest.mark.parametrize("form", ["json", "console"])
def test_nothing_leaks(own_company: Company, form: str) -> None:
    """With everything logged that can be, through refusals that quote what they were sent, and broken connections."""
    own_company.set_cxone(clientSecret=RIGHT)
    said = {"error": "invalid_client", "error_description": f"the secret {WRONG} of {ADDRESS} is wrong"}
    fault(own_company, "status", "/oauth/token", status=401, body=said)
    own_company.put_secret(WRONG)
    own_company.create_tenant(syncPeriodSeconds=30)
    own_company.operator.start("--log-format", form, "--log-level", "debug")
    apply(own_company, "early")
    eventually(lambda: own_company.tenant_reason("Authenticated") == "False/AuthenticationFailed")
    own_company.put_secret(RIGHT)
    own_company.until_ready("early", 30)

    quoted = {"detail": f"{ADDRESS} is refused, and so is Bearer canary-token-1618", "status": "400"}
    for name, kind, more in (
        ("refused", "status", {"status": 400, "body": quoted}),
        ("failed", "status", {"status": 500, "body": quoted}),
        ("dropped", "drop", {}),
        ("truncated", "truncate", {}),
        ("garbled", "garbage", {}),
    ):
        fault(own_company, kind, "/Users$", method="POST", **more)
        apply(own_company, name)
        eventually(lambda name=name: own_company.reason(name) not in ("", "Unknown/Pending"), 30)
    apply(own_company, "misspelt", role="Agnet", groups=["Suport-Team"])
    own_company.until_reason("misspelt", "RoleNotFound")
    apply(own_company, "early-again", userName=f"early-{ADDRESS}".upper())
    own_company.until_reason("early-again", "OwnershipConflict")
    fault(own_company, "status", "/Users", status=503, body=quoted, times=6)
    own_company.compare_now("early", seconds=40)
    own_company.delete("early")
    own_company.until_gone("early")
    own_company.operator.stop()
    log = own_company.operator.text()
    for word in ("AuthenticationFailed", "OwnershipConflict", "stopping", '"log":"audit"'):
        assert word in log
    assert "Bearer [redacted]" in log
    assert log.count("canary") == sum(line.count("canary") for line in log.splitlines() if '"log":"audit"' in line)


def test_a_wrong_environment_is_told_without_its_values(own_company: Company) -> None:
    """What is misspelt may be a secret."""
    own_company.operator.start(
        CXONE_BASE_URL=own_company.simulator.url,
        CXONE_CLIENT_ID="demo",
        CXONE_CLIENT_SECRET=own_company.secret,
        CXONE_CLIENTSECRET=WRONG,
        CXONE_SYNC_PERIOD_SECONDS=ADDRESS,
    )
    eventually(lambda: not own_company.operator.alive)
    log = own_company.operator.text()
    assert "Error: the CXONE_ variables" in log
    assert "canary" not in log

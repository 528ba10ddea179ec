"""What goes wrong, caused on purpose, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from controlplane.plane import ControlPlane
from integration.conftest import MakeCompany
from support.cxone import Company
from support.waiting import eventually

JANE = "jane@example.com"


def test_a_missing_and_a_wrong_secret_heal_within_seconds(company: Company) -> None:
    """The tenant and its users say what is wrong; no token request storms; nothing has to be restarted."""
    company.create_tenant()
    company.serve()
    company.create("jane")
    message = company.until_reason("jane", "TenantNotReady")
    assert "Secret cxone-credentials" in message
    assert "does not exist" in message
    assert company.tenant_reason() == "False/TenantNotReady"

    company.put_secret("", other="x")
    eventually(lambda: "clientSecret" in company.condition("default", kind="CxoneTenant").get("message", ""))

    company.put_secret("canary-wrong-1414")
    eventually(lambda: company.tenant_reason("Authenticated") == "False/AuthenticationFailed")
    assert "clientSecret" in company.until_reason("jane", "AuthenticationFailed")
    assert company.stats()["total"] == 0
    labels = f'code="401",operation="token",tenant="{company.namespace}/default"'
    assert 1 <= company.operator.metric(f"cxone_operator_api_requests_total{{{labels}}}") < 20

    company.put_secret(company.secret)
    company.until_ready("jane", 15)
    eventually(lambda: company.tenant_reason() == "True/Succeeded")


def test_a_secret_that_becomes_wrong(company: Company) -> None:
    """Users in sync stay Ready; new work waits; the right secret lets it go on."""
    company.open()
    company.join("john")
    rotated = company.rotate_secret()
    company.create("jane")
    eventually(lambda: company.tenant_reason() == "False/AuthenticationFailed")
    company.until_reason("jane", "AuthenticationFailed")
    assert company.reason("john") == "True/Succeeded"
    company.put_secret(rotated)
    company.until_ready("jane", 15)


def test_a_missing_scope_is_named(company: Company) -> None:
    """On the tenant's users, with the remedy."""
    company.set_cxone(scopes=["License.Read", "License.ReadWrite"])
    company.open()
    company.create("jane")
    assert "lacks scope SCIM.ReadWrite" in company.until_reason("jane", "PermissionDenied")


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "drop", "match": {"method": "POST", "path": "/Users$"}, "times": 1},
        {"kind": "truncate", "match": {"method": "POST", "path": "/Users$"}, "times": 1},
        {"kind": "refuse", "match": {"method": "POST", "path": "/Users$"}, "times": 2},
        {"kind": "garbage", "match": {"method": "POST", "path": "/Users$"}, "times": 1},
        {"kind": "status", "status": 502, "match": {"method": "POST", "path": "/Users$"}, "times": 2},
        {"kind": "status", "status": 503, "retryAfter": "1", "times": 3},
        {"kind": "status", "status": 429, "retryAfter": "1", "times": 2},
        {"kind": "status", "status": 401, "match": {"path": "/Users"}, "times": 1},
        {"kind": "truncate", "match": {"method": "GET"}, "times": 2},
        {"kind": "garbage", "match": {"path": "/quotas"}, "times": 2},
        {"kind": "status", "status": 412, "match": {"method": "POST", "path": "/Users$"}, "times": 1},
    ],
    ids=lambda order: f"{order['kind']}-{order.get('status', '')}-{order.get('match', {}).get('method', '')}",
)
def test_one_creation_survives(company: Company, order: dict[str, Any]) -> None:
    """Whatever happens to its request: exactly one user in the end, and the resource is Ready."""
    company.create("jane")
    company.fault(**order)
    company.open()
    company.until_ready("jane", 40)
    assert company.effects(JANE).count("created") == 1


@pytest.mark.parametrize("kind", ["fail", "half", "partial"])
def test_a_job_that_fails(company: Company, kind: str) -> None:
    """Nobody is created twice, nobody is left out, though the job names nobody."""
    names = [f"user-{number}" for number in range(30)]
    company.fault(job=kind, times=1)
    company.create(*names)
    company.open()
    for name in names:
        company.until_ready(name, 60)
    created = Counter(entry["userName"] for entry in company.journal() if entry["effect"] == "created")
    assert set(created.values()) == {1}
    assert len(created) == 30


def test_a_job_that_never_ends_is_given_up(company: Company) -> None:
    """With an audit line at the end of its time, an Event on the tenant, and everybody created all the same."""
    names = [f"user-{number}" for number in range(6)]
    company.fault(job="never", times=1)
    company.create(*names)
    company.open(bulk={"jobTimeoutSeconds": 10})
    eventually(lambda: company.tenant()["status"].get("bulkJobs"))
    for name in names:
        company.until_ready(name, 60)
    assert [line["result"] for line in company.trail()].count("abandoned") == 1
    assert company.events() == ["BulkJobAbandoned"]


def test_a_restart_in_the_middle_of_a_job(own_company: Company) -> None:
    """The job is remembered on the tenant, followed to its end, and nobody is created twice."""
    names = [f"user-{number}" for number in range(20)]
    own_company.set_cxone(jobSeconds=6.0)
    own_company.create(*names)
    own_company.open()
    eventually(lambda: own_company.tenant()["status"].get("bulkJobs"))
    own_company.operator.end()
    own_company.operator.start()
    for name in names:
        own_company.until_ready(name, 40)
    stats = own_company.stats()
    assert stats["jobs"] == {"COMPLETED": 1}
    assert stats["requests"]["POST /scim/v2/Bulk"] == {"202": 1}


def test_a_server_that_answers_changes_with_nothing(company: Company) -> None:
    """204: what matters is read back before it is believed."""
    company.open()
    company.join("jane")
    company.change("jane", role="Supervisor")
    company.until_ready("jane")
    company.set_cxone(patchAnswersEmpty=True)
    company.leave("jane")
    company.until_ready("jane")
    assert company.effects(JANE)[-2:] == ["deactivated", "licenseReleased"]


def test_synchronous_bulk(make_company: MakeCompany) -> None:
    """A server that answers with results: they are used, and a refused operation stalls only its own user."""
    company = make_company("--bulk-mode", "sync")
    company.create(*(f"user-{number}" for number in range(8)))
    company.create("jane", role="Agnet")
    company.open(api={"bulk": "Synchronous"})
    for number in range(8):
        company.until_ready(f"user-{number}")
    company.until_reason("jane", "RoleNotFound")


def test_no_bulk(make_company: MakeCompany) -> None:
    """Single requests do, where bulk is off."""
    company = make_company("--bulk-mode", "off")
    names = [f"user-{number}" for number in range(30)]
    company.create(*names)
    company.open(bulk={"mode": "Off"})
    for name in names:
        company.until_ready(name)


def test_a_user_without_a_tenant_is_told(company: Company) -> None:
    """And goes on when somebody creates it."""
    company.put_secret(company.secret)
    company.serve()
    company.create("jane")
    assert "CxoneTenant 'default' does not exist" in company.until_reason("jane", "TenantNotReady")
    company.create_tenant()
    company.until_ready("jane")


def run_operator(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("cxone-operator")), "run", "--listen", "127.0.0.1:0", *options]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={"PATH": "/usr/bin", **environment}
    )


def test_a_cluster_without_the_crds(tmp_path: Path, control_plane_binaries: object) -> None:
    """Exit 1, what is missing, and how to install it."""
    with ControlPlane.start(tmp_path / "empty", audit=False) as plane:
        answer = run_operator(KUBECONFIG=str(plane.kubeconfig))
        plane.stop()
        unreachable = run_operator(KUBECONFIG=str(plane.kubeconfig))
    assert (answer.returncode, unreachable.returncode) == (1, 1)
    assert "cxonetenants and cxoneusers are not installed; run: kubectl apply -f crds/" in answer.stderr
    assert "cannot be reached" in unreachable.stderr
    assert "Traceback" not in answer.stderr + unreachable.stderr


@pytest.mark.parametrize(
    ("options", "environment", "code", "words"),
    [
        ((), {"HOME": "/nonexistent"}, 1, "set KUBECONFIG"),
        (("--listen", "nowhere"), {}, 2, "HOST:PORT"),
        ((), {"CXONE_BASE_URL": "http://x"}, 1, "without CXONE_CLIENT_ID and CXONE_CLIENT_SECRET"),
        (
            (),
            {
                "CXONE_BASE_URL": "http://x",
                "CXONE_CLIENT_ID": "a",
                "CXONE_CLIENT_SECRET": "b",
                "CXONE_RATE_LIMIT__REQUESTS_PER_MINUTE": "many",
            },
            1,
            "rateLimit.requestsPerMinute",
        ),
        (
            (),
            {
                "CXONE_BASE_URL": "http://x",
                "CXONE_CLIENT_ID": "a",
                "CXONE_CLIENT_SECRET": "b",
                "CXONE_RATELIMIT__REQUESTS_PER_MINUTE": "60",
            },
            1,
            "does not have: ratelimit",
        ),
    ],
)
def test_bad_command_lines(options: tuple[str, ...], environment: dict[str, str], code: int, words: str) -> None:
    """One line that names what is wrong, never a traceback."""
    answer = run_operator(*options, **environment)
    assert answer.returncode == code
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr

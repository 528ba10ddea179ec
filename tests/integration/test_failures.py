"""What goes wrong, caused on purpose, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from controlplane.plane import ControlPlane
from support.cxone import Company
from support.resources import user
from support.waiting import eventually

JANE = "jane@example.com"


def create(company: Company, *names: str, **spec: Any) -> None:
    for name in names:
        company.kube.create(user(company.namespace, name, role="Agent", **spec)).accepted()


def tenant_reason(company: Company, type_: str = "Ready") -> str:
    return company.reason("default", type_, "CxoneTenant")


def fault(company: Company, **order: Any) -> None:
    company.simulator.send("POST", "faults", order)


def test_a_missing_and_a_wrong_secret_heal_within_seconds(company: Company) -> None:
    """The tenant and its users say what is wrong; no token request storms; nothing has to be restarted."""
    company.create_tenant()
    company.start()
    create(company, "jane")
    message = company.until_reason("jane", "TenantNotReady")
    assert "Secret cxone-credentials" in message
    assert "does not exist" in message
    assert tenant_reason(company) == "False/TenantNotReady"

    company.put_secret("", other="x")
    eventually(lambda: "clientSecret" in company.condition("default", kind="CxoneTenant").get("message", ""))

    company.put_secret("wrong")
    eventually(lambda: tenant_reason(company, "Authenticated") == "False/AuthenticationFailed")
    assert "clientSecret" in company.until_reason("jane", "AuthenticationFailed")
    assert company.simulator.get("stats")["total"] == 0
    tokens = [line for line in company.metrics().splitlines() if 'operation="token"' in line and 'code="401"' in line]
    refused = [float(line.rpartition(" ")[2]) for line in tokens if "requests_total" in line]
    assert len(refused) == 1
    assert 1 <= refused[0] < 20

    company.put_secret(company.secret)
    company.until_ready("jane", 15)
    eventually(lambda: tenant_reason(company) == "True/Succeeded")


def test_a_secret_that_becomes_wrong(company: Company) -> None:
    """Users in sync stay Ready; new work waits; the right secret lets it go on."""
    company.open()
    create(company, "john")
    company.until_ready("john")
    company.simulator.send("PATCH", "settings", {"clientSecret": "rotated"})
    company.simulator.send("POST", "tokens/revoke", {})
    create(company, "jane")
    eventually(lambda: tenant_reason(company) == "False/AuthenticationFailed")
    company.until_reason("jane", "AuthenticationFailed")
    assert company.reason("john") == "True/Succeeded"
    company.put_secret("rotated")
    company.until_ready("jane", 15)


def test_a_missing_scope_is_named(company: Company) -> None:
    """On the tenant's users, with the remedy."""
    company.simulator.send("PATCH", "settings", {"scopes": ["License.Read", "License.ReadWrite"]})
    company.open()
    create(company, "jane")
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
    company.put_secret(company.secret)
    company.create_tenant()
    create(company, "jane")
    fault(company, **order)
    company.start()
    company.until_ready("jane", 40)
    assert company.effects(JANE).count("created") == 1


@pytest.mark.parametrize("kind", ["fail", "half", "partial"])
def test_a_job_that_fails(company: Company, kind: str) -> None:
    """Nobody is created twice, nobody is left out, though the job names nobody."""
    names = [f"user-{number}" for number in range(30)]
    fault(company, job=kind, times=1)
    company.put_secret(company.secret)
    company.create_tenant()
    create(company, *names)
    company.start()
    for name in names:
        company.until_ready(name, 60)
    created = Counter(
        entry["userName"] for entry in company.simulator.get("journal")["entries"] if entry["effect"] == "created"
    )
    assert set(created.values()) == {1}
    assert len(created) == 30


def test_a_job_that_never_ends_is_given_up(company: Company) -> None:
    """With an audit line at the end of its time, an Event on the tenant, and everybody created all the same."""
    names = [f"user-{number}" for number in range(6)]
    fault(company, job="never", times=1)
    company.put_secret(company.secret)
    company.create_tenant(bulk={"jobTimeoutSeconds": 10})
    create(company, *names)
    company.start()
    eventually(lambda: company.kube.get("CxoneTenant", company.namespace, "default").body["status"].get("bulkJobs"))
    for name in names:
        company.until_ready(name, 60)
    abandoned = [line for line in company.log() if line.get("result") == "abandoned"]
    assert len(abandoned) == 1
    events = company.kube.request("GET", f"/api/v1/namespaces/{company.namespace}/events").accepted()["items"]
    assert [event["reason"] for event in events] == ["BulkJobAbandoned"]


def test_a_restart_in_the_middle_of_a_job(company: Company) -> None:
    """The job is remembered on the tenant, followed to its end, and nobody is created twice."""
    names = [f"user-{number}" for number in range(20)]
    company.simulator.send("PATCH", "settings", {"jobSeconds": 6.0})
    company.put_secret(company.secret)
    company.create_tenant()
    create(company, *names)
    company.start()
    eventually(lambda: company.kube.get("CxoneTenant", company.namespace, "default").body["status"].get("bulkJobs"))
    assert company.operator is not None
    company.operator.stop(0)
    company.start()
    for name in names:
        company.until_ready(name, 40)
    stats = company.simulator.get("stats")
    assert stats["jobs"] == {"COMPLETED": 1}
    assert stats["requests"]["POST /scim/v2/Bulk"] == {"202": 1}


def test_a_server_that_answers_changes_with_nothing(company: Company) -> None:
    """204: what matters is read back before it is believed."""
    company.open()
    create(company, "jane")
    company.until_ready("jane")
    company.simulator.send("PATCH", "settings", {})
    company.kube.patch("CxoneUser", company.namespace, "jane", {"spec": {"role": "Supervisor"}}).accepted()
    company.until_ready("jane")
    company.simulator.send("PATCH", "settings", {"patchAnswersEmpty": True})
    company.kube.patch("CxoneUser", company.namespace, "jane", {"spec": {"active": False}}).accepted()
    company.until_ready("jane")
    assert company.effects(JANE)[-2:] == ["deactivated", "licenseReleased"]


def test_synchronous_bulk(make_company: Any) -> None:
    """A server that answers with results: they are used, and a refused operation stalls only its own user."""
    company = make_company("--bulk-mode", "sync")
    company.put_secret(company.secret)
    company.create_tenant(api={"bulk": "Synchronous"})
    create(company, *(f"user-{number}" for number in range(8)))
    company.kube.create(user(company.namespace, "jane", role="Agnet")).accepted()
    company.start()
    for number in range(8):
        company.until_ready(f"user-{number}")
    company.until_reason("jane", "RoleNotFound")


def test_no_bulk(make_company: Any) -> None:
    """Single requests do, where bulk is off."""
    company = make_company("--bulk-mode", "off")
    company.put_secret(company.secret)
    company.create_tenant(bulk={"mode": "Off"})
    names = [f"user-{number}" for number in range(30)]
    create(company, *names)
    company.start()
    for name in names:
        company.until_ready(name)


def test_an_unsupported_preset_says_so(company: Company) -> None:
    """Rather than guessing at an API."""
    company.open(api={"preset": "UserHub"})
    eventually(lambda: tenant_reason(company) == "False/Unsupported")


def test_a_user_without_a_tenant_is_told(company: Company) -> None:
    """And goes on when somebody creates it."""
    company.put_secret(company.secret)
    company.start()
    create(company, "jane")
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

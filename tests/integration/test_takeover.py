"""Two replicas, one of which acts: standing by, handing over, being killed, frozen, and woken again."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from demo.stage import start_operator
from support.cxone import Company
from support.replicas import LEASE_SECONDS, Replicas
from support.resources import user
from support.waiting import eventually


def join(company: Company, name: str) -> None:
    company.kube.create(user(company.namespace, name, role="Agent")).accepted()


def test_one_acts_and_the_other_answers(company: Company, replicas: Replicas) -> None:
    """A standby watches nothing and is healthy, ready and measurable."""
    first = replicas()
    first.until_leading()
    second = replicas()
    second.until_standing_by()
    join(company, "jane")
    company.until_ready("jane")
    assert first.leads
    assert not second.leads
    assert "cxone_operator_leader 0.0" in second.get("metrics")[1]
    assert [second.get(path)[0] for path in ("healthz", "readyz")] == [200, 200]
    assert "cxone_operator_api_requests_total{" not in second.get("metrics")[1]


def test_a_standby_ends_at_once(company: Company, replicas: Replicas) -> None:
    """SIGTERM to a process that waits for the Lease."""
    replicas().until_leading()
    second = replicas()
    second.until_standing_by()
    began = time.monotonic()
    second.process.stop(10)
    assert time.monotonic() - began < 5


def test_a_leader_that_ends_hands_over_at_once(company: Company, replicas: Replicas) -> None:
    """SIGTERM releases the Lease; the next goes on with what it finds."""
    first = replicas()
    first.until_leading()
    second = replicas()
    second.until_standing_by()
    join(company, "jane")
    first.process.stop(20)
    second.until_leading(LEASE_SECONDS)
    join(company, "john")
    company.until_ready("jane")
    company.until_ready("john")
    assert company.effects().count("created") == 2


def test_a_killed_leader_is_followed(company: Company, replicas: Replicas) -> None:
    """kill -9: the Lease runs out, and nobody is created twice."""
    first = replicas()
    first.until_leading()
    second = replicas()
    for number in range(20):
        join(company, f"user-{number:02}")
    first.signal(signal.SIGKILL)
    second.until_leading()
    for number in range(20):
        company.until_ready(f"user-{number:02}", 40)
    assert company.effects().count("created") == 20


def test_a_frozen_leader_does_nothing_when_it_wakes(company: Company, replicas: Replicas) -> None:
    """SIGSTOP, takeover, SIGCONT: the old one ends itself without another request."""
    first = replicas()
    first.until_leading()
    second = replicas()
    join(company, "jane")
    company.until_ready("jane")
    first.signal(signal.SIGSTOP)
    second.until_leading()
    company.kube.patch("CxoneUser", company.namespace, "jane", {"spec": {"active": False}}).accepted()
    company.until_ready("jane")
    requests, writes = company.simulator.get("stats")["total"], sum(company.operator_writes().values())
    first.signal(signal.SIGCONT)
    eventually(lambda: not first.process.alive)
    assert "lease_lost" in first.log.read_text()
    assert second.leads
    assert company.simulator.get("stats")["total"] == requests
    assert sum(company.operator_writes().values()) == writes


def test_a_lease_that_may_not_be_used_is_told(company: Company, tmp_path: Path) -> None:
    """A namespace that does not exist refuses the Lease: the process ends and says so."""
    log = tmp_path / "operator.log"
    process = start_operator(log, company.plane.kubeconfig, "--lease-namespace", "no-such-namespace")
    try:
        eventually(lambda: not process.alive)
    finally:
        process.stop(0.0)
    assert "no-such-namespace" in log.read_text()

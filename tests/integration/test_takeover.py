"""Two replicas, one of which acts: standing by, handing over, being killed, frozen, and woken again."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from controlplane.plane import ControlPlane
from integration.conftest import StartReplica
from support.cxone import Company
from support.operator import BRIEF, LEASE_SECONDS, Operator
from support.waiting import eventually


def test_one_acts_and_the_other_answers(own_company: Company, replicas: StartReplica) -> None:
    """A standby watches nothing and is healthy, ready and measurable."""
    first = replicas()
    first.until_leading()
    second = replicas()
    second.until_standing_by()
    own_company.join("jane")
    assert first.leads
    assert not second.leads
    assert "cxone_operator_leader 0.0" in second.metrics()
    assert [second.get(path)[0] for path in ("healthz", "readyz")] == [200, 200]
    assert "cxone_operator_api_requests_total{" not in second.metrics()


def test_a_standby_ends_at_once(own_company: Company, replicas: StartReplica) -> None:
    """SIGTERM to a process that waits for the Lease."""
    replicas().until_leading()
    second = replicas()
    second.until_standing_by()
    began = time.monotonic()
    second.stop()
    assert time.monotonic() - began < 5


def test_a_leader_that_ends_hands_over_at_once(own_company: Company, replicas: StartReplica) -> None:
    """SIGTERM releases the Lease; the next goes on with what it finds."""
    first = replicas()
    first.until_leading()
    second = replicas()
    second.until_standing_by()
    own_company.create("jane")
    first.stop()
    second.until_leading(LEASE_SECONDS)
    own_company.create("john")
    own_company.until_ready("jane")
    own_company.until_ready("john")
    assert own_company.effects().count("created") == 2


def test_a_leader_that_ends_while_it_starts_hands_over_as_well(own_company: Company, replicas: StartReplica) -> None:
    """SIGTERM as soon as it has the Lease, before it has read what there is."""
    first, second = replicas(), replicas()
    eventually(lambda: "lease_acquired" in first.text() + second.text(), every=0.001)
    leader, other = (first, second) if "lease_acquired" in first.text() else (second, first)
    leader.stop()
    other.until_leading(LEASE_SECONDS)


def test_a_killed_leader_is_followed(own_company: Company, replicas: StartReplica) -> None:
    """kill -9: the Lease runs out, and nobody is created twice."""
    first = replicas(*BRIEF)
    first.until_leading()
    second = replicas(*BRIEF)
    names = [f"user-{number:02}" for number in range(20)]
    own_company.create(*names)
    first.kill()
    second.until_leading()
    for name in names:
        own_company.until_ready(name, 40)
    assert own_company.effects().count("created") == 20


def test_a_frozen_leader_does_nothing_when_it_wakes(own_company: Company, replicas: StartReplica) -> None:
    """SIGSTOP, takeover, SIGCONT: the old one ends itself without another request."""
    first = replicas(*BRIEF)
    first.until_leading()
    second = replicas(*BRIEF)
    own_company.join("jane")
    first.signal(signal.SIGSTOP)
    second.until_leading()
    own_company.leave("jane")
    own_company.until_ready("jane")
    requests, writes = own_company.stats()["total"], sum(own_company.operator_writes().values())
    first.signal(signal.SIGCONT)
    eventually(lambda: not first.alive)
    assert "lease_lost" in first.text()
    assert second.leads
    assert own_company.stats()["total"] == requests
    assert sum(own_company.operator_writes().values()) == writes


def test_a_lease_that_may_not_be_used_is_told(control_plane: ControlPlane, tmp_path: Path) -> None:
    """A namespace that does not exist refuses the Lease: the process ends and says so."""
    operator = Operator(control_plane.kubeconfig, tmp_path)
    operator.start("--lease-namespace", "no-such-namespace")
    try:
        eventually(lambda: not operator.alive)
    finally:
        operator.end()
    assert "no-such-namespace" in operator.text()

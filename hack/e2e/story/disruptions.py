"""Wednesday: a new version, a node that is drained, and a leader that dies, while HR goes on to hire.

The HR system sends nothing twice here, so whatever the bridge did not accept is lost.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.cluster import StepFailed
from e2e.images import VERSIONS
from e2e.story.company import BRIDGE, OPERATOR, SYSTEM, Company, container

_HIRES_A_SECOND = 4.0
DRAIN = ("--ignore-daemonsets", "--delete-emptydir-data", "--pod-selector=stands-for!=outside", "--timeout=90s")
"""As the page on upgrades has it; what stands for the world outside is in no cluster of a company."""
_LONGEST_ABSENCE = 12.0
"""Seconds until the next one acts after a crash: `--lease-seconds` (8) and a second, on a machine that is busy."""


def new_version_is_rolled_out(company: Company) -> str:
    """A new version is rolled out, as the page has it"""
    company.write_overlay(VERSIONS[1])
    if company.cluster.attempt("diff", "--server-side", "-k", str(company.overlay)).returncode != 1:
        raise StepFailed("kubectl diff does not show what would change")
    with _nothing_lost(company, "upgrade") as seen:
        company.kubectl("apply", "--server-side", "-k", str(company.overlay))
        company.rolled_out(OPERATOR, BRIDGE, seconds=120)
    return seen[0]


def it_is_taken_back(company: Company) -> str:
    """The image before is put back"""
    with _nothing_lost(company, "rollback") as seen:
        for name in (OPERATOR, BRIDGE):
            company.kubectl("-n", SYSTEM, "rollout", "undo", "deployment", name)
        company.rolled_out(OPERATOR, BRIDGE, seconds=120)
    company.write_overlay(VERSIONS[0])
    return seen[0]


def node_is_drained(company: Company) -> str:
    """The leader's node is drained, and what ran there runs on the other one"""
    node = company.leader()["spec"]["nodeName"]
    with _nothing_lost(company, "drain") as seen:
        company.kubectl("drain", node, *DRAIN)
        for name in (OPERATOR, BRIDGE):
            company.kubectl("-n", SYSTEM, "wait", f"deployment/{name}", "--for=condition=Available", "--timeout=60s")
            company.rolled_out(name)
    return f"{node}: {seen[0]}"


def rollout_completes_without_that_node(company: Company) -> str:
    """A rollout comes to its end while the node is away"""
    company.kubectl("-n", SYSTEM, "rollout", "restart", "deployment", OPERATOR)
    company.rolled_out(OPERATOR, seconds=60)
    company.join("during-maintenance")
    return "and people come"


def node_comes_back(company: Company) -> str:
    """The node comes back, and the next rollout spreads the replicas again"""
    for name in company.cluster.nodes:
        company.kubectl("uncordon", name)
    company.kubectl("-n", SYSTEM, "rollout", "restart", "deployment", OPERATOR, BRIDGE)
    company.rolled_out(OPERATOR, BRIDGE, seconds=120)
    nodes = {pod["spec"]["nodeName"] for pod in company.pods("operator")}
    if len(nodes) != len(company.cluster.nodes):
        raise StepFailed(f"all replicas are on {nodes}")
    return " and ".join(sorted(nodes))


def leader_is_killed(company: Company) -> str:
    """The leader is killed with SIGKILL"""
    seen = kill_leader(company)
    company.join("after-a-crash")
    company.rolled_out(OPERATOR)
    return seen


def kill_leader(company: Company) -> str:
    """Returns when another one acts, and says how long nobody did."""
    pod, holder = company.leader(), company.holder()
    started = time.monotonic()
    company.cluster.nodes[pod["spec"]["nodeName"]].ctr("tasks", "kill", "--signal", "SIGKILL", container(pod))
    company.cluster.until(lambda: company.holder() not in ("", holder), "nobody takes over", 30)
    absent = time.monotonic() - started
    if absent > _LONGEST_ABSENCE:
        raise StepFailed(f"the next one acts after {absent:.1f} s")
    return f"the next one acts after {absent:.1f} s"


@contextmanager
def _nothing_lost(company: Company, beginning: str) -> Iterator[list[str]]:
    """HR hires meanwhile: each event is accepted at the first attempt, and becomes an active account."""
    hiring = company.hiring(beginning, _HIRES_A_SECOND)
    seen: list[str] = []
    try:
        yield seen
    finally:
        sent, refused = hiring.stop()
    if refused:
        raise StepFailed(f"{len(refused)} of {sent} events were lost: {refused[:5]}")
    wanted = {f"{beginning}-{number}@example.com" for number in range(sent)}
    company.cluster.until(lambda: wanted <= _active(company), "not everybody has an active account", 120)
    seen.append(f"{sent} hires, none lost")


def _active(company: Company) -> set[str]:
    return {name for name, active in company.accounts().items() if active}


STEPS = (
    new_version_is_rolled_out,
    it_is_taken_back,
    node_is_drained,
    rollout_completes_without_that_node,
    node_comes_back,
    leader_is_killed,
)

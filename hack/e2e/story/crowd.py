"""A company of many thousands: whether operator and bridge live within the limits of their pods, whatever happens.

All people join at once, and CXone limits nothing. Halfway the leader is killed; then, with everybody in sync, operator
and bridge are rolled out anew and the leader's node is drained. HR hires all the time. Each time somebody ended who was
not told to, or a leader lost its Lease, it would be seen in restarts and takeovers, which are counted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

from demo.scenario import Person
from e2e import accounting
from e2e.accounting import Memory
from e2e.cluster import Json, StepFailed
from e2e.declaring import declare
from e2e.story import disruptions, installing
from e2e.story.company import BRIDGE, OPERATOR, PEOPLE, SYSTEM, Company, Hiring, container, name

_HIRES_A_SECOND = 1.0
_READ_AGAIN_SECONDS = 30
"""How often CXone is read: the shortest that a tenant may say."""
_LONGEST_SECONDS = 1800.0
"""For everybody to join."""
_SETTLES_SECONDS = 180.0
"""For a new leader to have read all people, from the cluster and from CXone."""
_COMPONENTS = ("operator", "hr-bridge")


class Crowd:
    """So many people, and what was seen of them so far."""

    def __init__(self, people: int) -> None:
        self._people = people
        self._peaks: dict[tuple[str, str], Memory] = {}
        self._takeovers = 0
        self._killed_before = accounting.killed_for_memory()
        self._hiring: Hiring

    def is_declared(self, company: Company) -> str:
        """All of them are declared, over sixteen connections, while HR goes on to hire"""
        often = json.dumps({"spec": {"syncPeriodSeconds": _READ_AGAIN_SECONDS}})
        company.kubectl("-n", PEOPLE, "patch", "cxt", "default", "--type=merge", f"--patch={often}")
        self._takeovers = company.takeovers()
        self._hiring = company.hiring("meanwhile", _HIRES_A_SECOND)
        started = time.monotonic()
        declare(
            company.cluster.servers.files.kubeconfig,
            (Person(f"person-{number}").manifest() for number in range(self._people)),
        )
        return f"{self._people:,}, {self._people / (time.monotonic() - started):.0f} a second"

    def loses_its_leader(self, company: Company) -> str:
        """Halfway the leader is killed with SIGKILL"""
        self._until_active(company, self._people // 2)
        self._look(company, "half of them have joined", takeovers=0)
        return disruptions.kill_leader(company)

    def joins(self, company: Company) -> str:
        """The next one goes on, until everybody is there"""
        started = time.monotonic()
        active = self._until_active(company, self._people)
        self._until_settled(company)
        self._look(company, "all have joined, after a crash", takeovers=1, restarts=1)
        return f"{active:,} active accounts after {time.monotonic() - started:.0f} s"

    def is_rolled_out(self, company: Company) -> str:
        """Operator and bridge are rolled out anew"""
        before = company.takeovers()
        company.kubectl("-n", SYSTEM, "rollout", "restart", "deployment", OPERATOR, BRIDGE)
        company.rolled_out(OPERATOR, BRIDGE, seconds=300)
        self._until_settled(company)
        takeovers = company.takeovers() - before
        if takeovers not in (1, 2):
            raise StepFailed(f"the Lease changed hands {takeovers} times")
        self._look(company, "after a rollout", takeovers=takeovers)
        return f"{takeovers} takeovers"

    def is_drained(self, company: Company) -> str:
        """The leader's node is drained"""
        node = str(company.leader()["spec"]["nodeName"])
        company.kubectl("drain", node, *disruptions.DRAIN)
        company.rolled_out(OPERATOR, BRIDGE, seconds=300)
        self._until_settled(company)
        self._look(company, "after a drain", takeovers=1)
        return node

    def is_read_again(self, company: Company) -> str:
        """CXone is read once more, and HR ends: nothing it sent was lost"""
        self._until_settled(company, datetime.now(UTC))
        sent, refused = self._hiring.stop()
        if refused:
            raise StepFailed(f"{len(refused)} of {sent} events were lost: {refused[:5]}")
        active = self._until_active(company, self._people + sent)
        self._look(company, "CXone was read again", takeovers=0)
        return f"{sent} hires, {active:,} active accounts"

    def fits(self, _company: Company) -> str:
        """The most that the kernel has charged to a container, with page cache, is within its limit"""
        killed = accounting.killed_for_memory() - self._killed_before
        if killed:
            raise StepFailed(f"the kernel has killed {killed} processes for want of memory")
        return "\n".join(["nobody was killed for memory", *map(_row, self._peaks, self._peaks.values())])

    def _until_active(self, company: Company, count: int) -> int:
        """How many accounts are, in the end."""
        cxone = company.cxone()
        return company.cluster.until(
            lambda: (found := int(cxone.get("stats")["users"]["active"])) >= count and found,
            f"{count:,} accounts are not active",
            _LONGEST_SECONDS,
        )

    def _until_settled(self, company: Company, since: datetime | None = None) -> None:
        """The leader has read CXone, since then or since it leads, and everybody is Ready."""
        company.leader()
        begun = since or company.leads_since()
        company.cluster.until(
            lambda: self._settled(company.cluster.get("-n", PEOPLE, "cxt", "default")["status"], begun),
            "the leader has not read everybody",
            _SETTLES_SECONDS,
        )

    def _settled(self, tenant: Json, since: datetime) -> bool:
        directory = tenant["directory"]
        read = datetime.fromisoformat(directory["refreshedTime"])
        return bool(directory["complete"]) and read > since and tenant["users"]["ready"] >= self._people

    def _look(self, company: Company, moment: str, takeovers: int, restarts: int = 0) -> None:
        """The peaks of all containers that run; and nobody has ended, or lost the Lease, but who was made to."""
        self._takeovers += takeovers
        if company.takeovers() != self._takeovers:
            raise StepFailed(f"{moment}: {company.takeovers() - self._takeovers} takeovers more than were caused")
        leader, lives = name(company.leader()), company.lives(*_COMPONENTS)
        if sum(lives.values()) != restarts:
            raise StepFailed(f"{moment}: of {lives} only {restarts} restarts were caused")
        for component in _COMPONENTS:
            for pod in company.pods(component):
                who = component if component != "operator" else "leader" if name(pod) == leader else "standby"
                self._keep(moment, who, accounting.memory(container(pod)))

    def _keep(self, moment: str, who: str, found: Memory) -> None:
        """Of several of a kind the one that has more."""
        before = self._peaks.get((moment, who), found)
        self._peaks[moment, who] = max(before, found, key=lambda memory: memory.peak)


def steps(people: int) -> tuple[Callable[[Company], str], ...]:
    """The installation, and what happens to so many."""
    crowd = Crowd(people)
    return (
        installing.operator_is_installed,
        installing.replicas_are_apart,
        installing.bridge_gets_its_secret,
        installing.tenant_is_ready,
        crowd.is_declared,
        crowd.loses_its_leader,
        crowd.joins,
        crowd.is_rolled_out,
        crowd.is_drained,
        crowd.is_read_again,
        crowd.fits,
    )


def _row(when: tuple[str, str], memory: Memory) -> str:
    moment, who = when
    peak, cache, limit = (value / 1e6 for value in (memory.peak, memory.page_cache, memory.limit))
    return f"{moment:>34}  {who:9} {peak:4.0f} MB of {limit:.0f}; page cache now {cache:.0f}"

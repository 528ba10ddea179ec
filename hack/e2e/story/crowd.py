"""A company of many thousands: whether operator and bridge live within the limits of their pods, whatever happens.

All people join at once, and CXone limits nothing. Halfway the leader is killed; then, with everybody in sync, operator
and bridge are rolled out anew and the leader's node is drained. HR hires all the time. Each time somebody ended who was
not told to, or a leader lost its Lease, it would be seen in restarts and takeovers, which are counted.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from e2e import accounting
from e2e.accounting import Memory
from e2e.cluster import Json, StepFailed
from e2e.story import disruptions, installing
from e2e.story.company import BRIDGE, OPERATOR, PEOPLE, SYSTEM, Company, Hiring, container, name

_HIRES_A_SECOND = 1.0
_ATTEMPTS = 10
"""An HR system sends again what is answered by 503; an API server that is this busy may make it so."""
_READ_AGAIN_SECONDS = 30
"""How often CXone is read: the shortest that a tenant may say."""
_LONGEST_SECONDS = 1800.0
"""For everybody to join."""
_SETTLES_SECONDS = 180.0
"""For a new leader to have read all people, from the cluster and from CXone."""
_COMPONENTS = {"operator": "standby", "hr-bridge": "bridge"}
"""And what is called of each who does not lead."""


class Crowd:
    """So many people, and what was seen of them so far."""

    def __init__(self, people: int) -> None:
        self._people = people
        self._peaks: dict[str, Memory] = {}
        self._takeovers = 0
        self._begun = 0.0
        self._killed_before = accounting.killed_for_memory()
        self._declaring: subprocess.Popen[bytes]
        self._hiring: Hiring

    def begins_to_join(self, company: Company) -> str:
        """They are declared one after another, over sixteen connections, while HR goes on to hire"""
        company.change_tenant(syncPeriodSeconds=_READ_AGAIN_SECONDS)
        self._takeovers = company.takeovers()
        self._hiring = company.hiring("meanwhile", _HIRES_A_SECOND, attempts=_ATTEMPTS)
        kubeconfig = str(company.cluster.servers.files.kubeconfig)
        self._begun = time.monotonic()
        self._declaring = subprocess.Popen([sys.executable, "-m", "e2e.declaring", kubeconfig, str(self._people)])
        return f"{self._people:,}"

    def loses_its_leader(self, company: Company) -> str:
        """Halfway the leader is killed with SIGKILL"""
        self._until_active(company, self._people // 2)
        peaks = self._look(company, takeovers=0)
        return f"{disruptions.kill_leader(company)}; before it {peaks}"

    def joins(self, company: Company) -> str:
        """The next one goes on, until everybody is there"""
        if self._declaring.wait() != 0:
            raise StepFailed("somebody was not declared, see above")
        active = self._until_active(company, self._people)
        self._until_settled(company)
        pace = active / (time.monotonic() - self._begun)
        return f"{active:,} accounts, {pace:.0f} a second; {self._look(company, takeovers=1, restarts=1)}"

    def is_rolled_out(self, company: Company) -> str:
        """Operator and bridge are rolled out anew"""
        before = company.takeovers()
        company.kubectl("-n", SYSTEM, "rollout", "restart", "deployment", OPERATOR, BRIDGE)
        company.rolled_out(OPERATOR, BRIDGE, seconds=300)
        self._until_settled(company)
        takeovers = company.takeovers() - before
        if takeovers not in (1, 2):
            raise StepFailed(f"the Lease changed hands {takeovers} times")
        return f"{takeovers} takeovers; {self._look(company, takeovers=takeovers)}"

    def is_drained(self, company: Company) -> str:
        """The leader's node is drained"""
        node = str(company.leader()["spec"]["nodeName"])
        company.kubectl("drain", node, *disruptions.DRAIN)
        company.rolled_out(OPERATOR, BRIDGE, seconds=300)
        self._until_settled(company)
        return f"{node}; {self._look(company, takeovers=1)}"

    def is_read_again(self, company: Company) -> str:
        """CXone is read once more, and HR ends: whom it hired has an account"""
        self._until_settled(company, datetime.now(UTC))
        sent, refused = self._hiring.stop()
        if refused:
            raise StepFailed(f"{len(refused)} of {sent} events were lost: {refused[:5]}")
        self._until_active(company, self._people + sent)
        return f"{sent} hires; {self._look(company, takeovers=0)}"

    def fits(self, _company: Company) -> str:
        """The most that the kernel has charged to any container, with page cache, is within its limit"""
        killed = accounting.killed_for_memory() - self._killed_before
        if killed:
            raise StepFailed(f"the kernel has killed {killed} processes for want of memory")
        return f"nobody was killed for it\n{_told(self._peaks, limits=True)}"

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

    def _look(self, company: Company, takeovers: int, restarts: int = 0) -> str:
        """The peaks of all containers that run; and nobody has ended, or lost the Lease, but who was made to."""
        self._takeovers += takeovers
        if company.takeovers() != self._takeovers:
            raise StepFailed(f"{company.takeovers() - self._takeovers} takeovers more than were caused")
        leader, lives = name(company.leader()), company.lives(*_COMPONENTS)
        if sum(lives.values()) != restarts:
            raise StepFailed(f"of the restarts {lives} only {restarts} were caused")
        seen: dict[str, Memory] = {}
        for component, kind in _COMPONENTS.items():
            for pod in company.pods(component):
                who = "leader" if name(pod) == leader else kind
                _keep(seen, who, accounting.memory(container(pod)))
        for who, memory in seen.items():
            _keep(self._peaks, who, memory)
        return _told(seen)


def _keep(peaks: dict[str, Memory], who: str, memory: Memory) -> None:
    """Of several of a kind the one that had more."""
    peaks[who] = max(peaks.get(who, memory), memory, key=lambda known: known.peak)


def _told(peaks: Mapping[str, Memory], *, limits: bool = False) -> str:
    return ", ".join(
        f"{who} {memory.peak / 1e6:.0f} MB (page cache {memory.page_cache / 1e6:.0f}"
        + (f", limit {memory.limit / 1e6:.0f})" if limits else ")")
        for who, memory in peaks.items()
    )


def steps(people: int) -> tuple[Callable[[Company], str], ...]:
    """The installation, and what happens to so many."""
    crowd = Crowd(people)
    return (
        installing.operator_is_installed,
        installing.replicas_are_apart,
        installing.bridge_gets_its_secret,
        installing.tenant_is_ready,
        crowd.begins_to_join,
        crowd.loses_its_leader,
        crowd.joins,
        crowd.is_rolled_out,
        crowd.is_drained,
        crowd.is_read_again,
        crowd.fits,
    )

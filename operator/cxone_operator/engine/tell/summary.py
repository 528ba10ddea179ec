"""The summary: a tenant's status and gauges, counted from what its loop knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from cxone_operator.api import bounds, conditions
from cxone_operator.api.conditions import (
    AUTHENTICATED,
    CIRCUIT_OPEN,
    DEPROVISIONING_HELD,
    READY,
    Finding,
)
from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import CxoneTenant, DirectoryStatus, Licenses, TenantStatus, UserCounts
from cxone_operator.core.circuit import Circuit
from cxone_operator.core.desired import declared_as, declares
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Field
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.logging import get_logger

_ABNORMAL = (DEPROVISIONING_HELD, CIRCUIT_OPEN)
"""Conditions that are True when something is wrong."""

_NO_ANSWER = "CXone has not answered yet"

_LONG_SECONDS = 60.0
"""A silence that is asked for is worth telling beyond that."""
_LONG_REFUSED_SECONDS = 20.0
"""So is one refusal after the other: nobody is served meanwhile, whatever pauses are asked for."""

log = get_logger(__name__)


class Connected(Protocol):
    """What is known of the connection."""

    @property
    def problem(self) -> Failure | None:
        """Why there is none, once that is known."""

    @property
    def authenticated(self) -> bool:
        """CXone accepts the credentials."""


class Limited(Protocol):
    """What is known of the rate limiter."""

    @property
    def circuit(self) -> Circuit:
        """Whether CXone answers."""

    @property
    def blocked(self) -> float:
        """Seconds for which CXone wants no requests."""

    @property
    def refusing(self) -> float:
        """Seconds for which CXone has refused every request as one too many."""

    @property
    def remaining(self) -> int:
        """Requests that could be sent right now."""


class Summary:
    """Counts one tenant."""

    def __init__(self, memory: Memory, connection: Connected, limiter: Limited) -> None:
        self._memory = memory
        self._connection = connection
        self._limiter = limiter
        self._counted: tuple[object, ...] = ()
        self._without_resource: int | None = None
        """Accounts that no resource manages, as last counted; None where that is too long ago."""
        self._told: dict[str, object] = dict.fromkeys(_ABNORMAL, ("False", Reason.SUCCEEDED))
        """Status and reason of each condition that was logged last; nothing held and no circuit open go without."""

    def tell_news(self) -> None:
        """One line for each condition that has another status or reason than before."""
        if not self.worth_telling():
            return
        for finding in self._findings():
            now = (finding.status, finding.reason)
            if self._told.get(finding.type) != now:
                self._told[finding.type] = now
                wrong = "True" if finding.type in _ABNORMAL else "False"
                tell = log.warning if finding.status == wrong else log.info
                tell(
                    "tenant_changed",
                    tenant=self._memory.name,
                    type=finding.type,
                    status=finding.status,
                    reason=finding.reason.value,
                    message=finding.message,
                )

    def worth_telling(self) -> bool:
        """Not while a starting process finds its feet: an old status that is still right must not flicker."""
        failing = self._connection.problem is not None or self._lasting_failure() is not None
        return self._memory.directory.complete or failing or self._memory.spec.suspend or bool(self._memory.jobs)

    def status(self, tenant: CxoneTenant) -> TenantStatus:
        """The tenant's status as of now."""
        generation, now = tenant.metadata.generation, self._memory.clocks.now()
        status = TenantStatus(
            observed_generation=generation,
            conditions=conditions.merge(tenant.status.conditions, self._findings(), generation, now),
            licenses=self._licenses() or tenant.status.licenses,
            users=self._users(),
            directory=self._directory(tenant.status.directory),
            bulk_jobs=tuple(self._memory.jobs.values()),
            findings=self._oddities(),
            unconfirmed_until=self._memory.in_doubt.status(),
            deprovisioning=self._memory.leavers.status(),
        )
        return bounds.tenant_status(status)

    def _oddities(self) -> tuple[str, ...]:
        """What the server does otherwise than it should."""
        directory = self._memory.directory
        found = [*self._memory.capabilities.findings, *self._lacking()]
        if directory.unreadable:
            found.append(
                f"{directory.unreadable} entries of CXone's list of users could not be understood (no id or userName); "
                "correct or delete them in CXone; until then nobody counts as gone who was not asked for by name and id"
            )
        elif not directory.whole:
            found.append(
                "The pages of CXone's list of users did not fit together, as when somebody is deleted meanwhile; "
                "nobody counts as gone who was not asked for by name and id"
            )
        return tuple(found)

    def _lacking(self) -> list[str]:
        """Attributes that resources declare, and that the server does not have."""
        memory = self._memory
        lacking = sorted(memory.capabilities.unmanaged, key=list(Field).index)
        return [
            f"{declared_as(field)} is declared, but the tenant's API has no {field.value}, so it is left out; take it "
            "out of the resources, or correct spec.api if the server has it"
            for field in lacking
            if any(declares(user.spec, memory.spec.defaults, field) for user in memory.resources)
        ]

    def moved(self, tenant: CxoneTenant | None) -> bool:
        """Something that the status is counted from has changed; counting 100,000 users costs more than looking."""
        memory = self._memory
        now = (
            *(memory.resources.version, memory.directory.refreshed, len(memory.directory), tuple(memory.jobs)),
            *(memory.directory.whole, memory.directory.unreadable),
            *(
                memory.seats.quota,
                memory.seats.taken,
                memory.seats.reserved,
                memory.queues.depth(Lane.JOINERS),
                memory.leavers.version,
            ),
            tenant.metadata.generation if tenant is not None else 0,
            *(self._connection.problem, self._connection.authenticated, self._lasting_failure(), memory.spec.suspend),
            self._silence() is None,
        )
        moved, self._counted = now != self._counted, now
        if moved:
            self._without_resource = None
        return moved

    def count_again(self) -> None:
        """The status that was counted last has not reached the resource."""
        self._counted = ()

    def set_gauges(self) -> None:
        """Set the gauges of what is known; what is not, is taken back before (`metrics.forget_tenants`)."""
        name, memory = self._memory.name, self._memory
        for lane in (Lane.LEAVERS, Lane.UPDATES, Lane.JOINERS):
            metrics.queue_depth.labels(name, lane.label).set(memory.queues.depth(lane))
        metrics.rate_budget_remaining.labels(name).set(self._limiter.remaining)
        metrics.bulk_jobs.labels(name, "running").set(len(memory.jobs))
        metrics.bulk_jobs.labels(name, "abandoned").set(memory.abandoned_jobs)
        if memory.directory.refreshed is not None:
            metrics.directory_age.labels(name).set(memory.time - memory.directory.refreshed)
        self._show_licenses()
        metrics.circuit_open.labels(name).set(self._circuit().status == "True")
        metrics.deprovisioning_held.labels(name).set(memory.leavers.held)
        memory.resources.census.show(name)

    def _show_licenses(self) -> None:
        licenses = self._licenses()
        if licenses is None:
            return
        name = self._memory.name
        for kind in ("total", "used", "reserved", "waiting"):
            number = getattr(licenses, kind)
            metrics.licenses.labels(name, kind).set(float("inf") if number is None else number)
        metrics.license_utilization.labels(name).set(100 * licenses.used / licenses.total if licenses.total else 0)

    def _findings(self) -> list[Finding]:
        problem, failing = self._connection.problem, self._lasting_failure()
        if problem is not None:
            reason, message = problem.reason, problem.message
        elif self._memory.spec.suspend:
            reason, message = Reason.SUSPENDED, "spec.suspend is true; nothing is sent to CXone"
        elif failing is not None:
            reason, message = failing.reason, failing.message
        elif (silence := self._silence()) is not None:
            reason, message = Reason.RATE_LIMITED, silence
        elif not self._memory.directory.complete:
            reason, message = Reason.PROGRESSING, "The first snapshot of CXone's users is being read"
        else:
            reason, message = Reason.SUCCEEDED, self._pace()
        ready = Finding(READY, "True" if reason is Reason.SUCCEEDED else "False", reason, message)
        return [ready, self._accepted(), self._held(), self._circuit()]

    def _accepted(self) -> Finding:
        """What passes by itself says nothing of the credentials."""
        problem = self._connection.problem
        if problem is not None:
            return Finding(AUTHENTICATED, "Unknown" if problem.retryable else "False", problem.reason, problem.message)
        if not self._connection.authenticated:
            return Finding(AUTHENTICATED, "Unknown", Reason.PROGRESSING, _NO_ANSWER)
        return Finding(AUTHENTICATED, "True", Reason.SUCCEEDED, "CXone accepts the credentials")

    def _pace(self) -> str:
        """Users that wait for nothing but their turn are told nothing: it would be said N times, and be old at once."""
        waiting = sum(self._memory.queues.depth(lane) for lane in (Lane.LEAVERS, Lane.UPDATES, Lane.JOINERS))
        if not waiting or self._limiter.remaining:
            return "CXone is reached and its users are known"
        limit = self._memory.spec.rate_limit.requests_per_minute
        return f"CXone is reached; {waiting} users wait for their turn, at {limit} requests per minute"

    def _silence(self) -> str | None:
        """Why nobody is served, where that lasts."""
        if self._limiter.blocked > _LONG_SECONDS:
            until = conditions.timestamp(self._memory.clocks.after(self._limiter.blocked))
            return f"CXone wants no requests until {until}; leavers are tried once a minute all the same"
        if self._limiter.refusing > _LONG_REFUSED_SECONDS:
            return (
                "CXone refuses every request as one too many; see who else uses up what the API client is allowed, or "
                "lower spec.rateLimit.requestsPerMinute; it is tried again, leavers first"
            )
        return None

    def _circuit(self) -> Finding:
        """Refused credentials keep it open: they are probed by asking for a token."""
        failure = self._limiter.circuit.failure
        problem = self._connection.problem
        if failure is None and problem is not None and problem.reason is Reason.AUTHENTICATION_FAILED:
            failure = problem
        if failure is None and not self._connection.authenticated:
            return Finding(CIRCUIT_OPEN, "Unknown", Reason.PROGRESSING, _NO_ANSWER)
        if failure is None:
            return Finding(CIRCUIT_OPEN, "False", Reason.SUCCEEDED, "Requests to CXone are not held back")
        message = f"requests are held back and tried one at a time: {failure.message}"
        return Finding(CIRCUIT_OPEN, "True", failure.reason, message)

    def _held(self) -> Finding:
        leavers = self._memory.leavers
        if leavers.hold is None and leavers.since is not None:
            message = "Leavers were held before the operator started; they are judged again when CXone tells of them"
            return Finding(DEPROVISIONING_HELD, "Unknown", Reason.PROGRESSING, message)
        if leavers.hold is None:
            return Finding(DEPROVISIONING_HELD, "False", Reason.SUCCEEDED, "Nobody's deprovisioning is held")
        return Finding(DEPROVISIONING_HELD, "True", Reason.DEPROVISIONING_HELD, leavers.hold.message)

    def _lasting_failure(self) -> Failure | None:
        circuit, reading = self._limiter.circuit, self._memory.reading
        return circuit.failure or (reading.failure if reading.lasting else None)

    def _licenses(self) -> Licenses | None:
        seats = self._memory.seats
        quota = seats.quota
        if quota is None or self._memory.spec.license.mode == "None":
            return None
        used = quota.used + seats.taken
        percent = round(100 * used / quota.total) if quota.total else 0
        waiting = self._memory.queues.depth(Lane.JOINERS)
        return Licenses(quota.total, used, seats.reserved, waiting, percent)

    def _users(self) -> UserCounts:
        resources, census = self._memory.resources, self._memory.resources.census
        return UserCounts(len(resources), census.ready, census.waiting, census.stalled, self._unmanaged())

    def _unmanaged(self) -> int:
        """Accounts count by their id; by their name only for a resource that has none yet.

        As counted when the status has last moved: each bulk job writes it twice, and all are looked at for that.
        """
        if self._without_resource is None:
            resources = self._memory.resources
            self._without_resource = self._memory.directory.strangers(resources.links(), resources.unrecorded())
        return self._without_resource

    def _directory(self, old: DirectoryStatus | None) -> DirectoryStatus:
        """The time of the snapshot moves only together with the rest, so that an idle tenant is never written."""
        memory = self._memory
        if memory.directory.refreshed is None:
            return DirectoryStatus(len(memory.directory), None, complete=False)
        same = (
            old is not None and old.complete and old.users == len(memory.directory) and old.refreshed_time is not None
        )
        if same and old is not None:
            return old
        age = timedelta(seconds=memory.time - memory.directory.refreshed)
        return DirectoryStatus(len(memory.directory), conditions.timestamp(memory.clocks.now() - age), complete=True)

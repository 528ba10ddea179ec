"""What the loop of one tenant owns: every room of it, and the few facts that they share."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from cxone_operator.api.tenant import BulkJob, TenantSpec
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import RemoteAction
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.engine.clocks import Clocks
from cxone_operator.engine.departures import Departures
from cxone_operator.engine.directory import Directory
from cxone_operator.engine.doubts import Doubts
from cxone_operator.engine.inbox import Inbox
from cxone_operator.engine.lanes import Lanes
from cxone_operator.engine.ledger import Ledger
from cxone_operator.engine.pause import Pause


@dataclass(frozen=True, slots=True)
class Signature:
    """What must change before a stalled user is tried again."""

    generation: int
    epoch: int
    requested_at: str | None
    deleting: bool


@dataclass(slots=True)
class Record:
    """What is remembered of a user that is not settled. Losing it loses no intent, only patience."""

    pending_since: float
    deleting_since: float | None = None
    """When the deletion of the resource was first seen."""
    failures: int = 0
    failure: Failure | None = None
    retry_at: float = 0.0
    stalled: Signature | None = None
    alone: bool = False
    """A bulk job did not do it: send a request of its own, whose answer says why."""
    attempted: RemoteAction | None = None
    """Sent in a bulk job, and not yet read back."""
    job: str | None = None
    """The bulk job that is working on the user; None also for a leaver who did not wait for its end."""
    seat_released: bool | None = None
    """True after the seat was given back, False after a deactivation; None: as the status says."""
    told_at: float = float("-inf")
    """When the author was last told of a wait."""


class Alarms:
    """Moments at which a user wants to be looked at again."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []

    def set(self, at: float, uid: str) -> None:
        """Ring for this user at that moment of the loop's clock."""
        heapq.heappush(self._heap, (at, uid))

    def due(self, now: float) -> list[str]:
        """Whose moment has come; each rings once."""
        uids = []
        while self._heap and self._heap[0][0] <= now:
            uids.append(heapq.heappop(self._heap)[1])
        return uids

    def next(self) -> float | None:
        """The next moment, None where nobody waits."""
        return self._heap[0][0] if self._heap else None


@dataclass(slots=True)
class TenantState:
    """One tenant, in memory."""

    name: str
    """For people and metrics: namespace/name, or `environment`."""
    spec: TenantSpec
    clocks: Clocks
    inbox: Inbox = field(default_factory=Inbox)
    directory: Directory = field(default_factory=Directory)
    ledger: Ledger = field(default_factory=Ledger)
    lanes: Lanes = field(default_factory=Lanes)
    departures: Departures = field(init=False)
    doubts: Doubts = field(init=False)
    closing: bool = False
    """The tenant is being deleted: nobody gains access through it any more."""
    own_identities: frozenset[str] = frozenset()
    """Lower-case names and ids of the operator's own account in CXone."""
    alarms: Alarms = field(default_factory=Alarms)
    records: dict[str, Record] = field(default_factory=dict)
    busy: Counter[str] = field(default_factory=Counter)
    """Requests and writes under way for each user; it is looked at again when the last of them ends."""
    lookups: dict[str, tuple[str, Lane]] = field(default_factory=dict)
    """Natural key → userName and lane of those to be read from CXone."""
    jobs: dict[str, BulkJob] = field(default_factory=dict)
    abandoned_jobs: int = 0
    """How many were given up since this loop began."""
    left_job: set[tuple[str, str]] = field(default_factory=set)
    """(job, uid) of leavers who did not wait for the end of the job that they were in."""
    vanished: set[str] = field(default_factory=set)
    """Resources that are gone and whose users must still be deprovisioned; nothing can be written to them."""
    recovering: set[str] = field(default_factory=set)
    """Jobs of an earlier process that may still create users."""
    epoch: int = 0
    """Counts changes of the tenant, its Secret and its directory names: each frees stalled users."""
    reading: Pause = field(default_factory=Pause)
    """Closed after the directory could not be read, by look-ups or as a whole."""
    refresh_wanted: bool = True
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.departures = Departures(self.clocks)
        self.doubts = Doubts(self.clocks)

    @property
    def time(self) -> float:
        """Seconds of the loop's clock."""
        return self.clocks.monotonic()

    def record(self, uid: str) -> Record:
        """The record of a user, begun now where there is none."""
        found = self.records.get(uid)
        if found is None:
            found = self.records[uid] = Record(pending_since=self.time)
        return found

    def signature(self, user: CxoneUser) -> Signature:
        """The present state of everything that frees a stalled user."""
        metadata = user.metadata
        return Signature(metadata.generation, self.epoch, user.reconcile_requested_at, metadata.deleting)

    def begin(self, uid: str) -> None:
        """A request or write for this user is starting."""
        self.busy[uid] += 1

    def end(self, uid: str) -> None:
        """A request or write for this user has ended: look again after the last one."""
        self.busy[uid] -= 1
        if self.busy[uid] > 0:
            return
        del self.busy[uid]
        self.inbox.mark(uid)
        if self.inbox.get(uid) is None:
            self.forget_user(uid)
        self.wake.set()

    def leave_job(self, uid: str, record: Record) -> None:
        """A user is taken out of a running job, which may still do what it was asked for, and take the seat."""
        if record.job is not None:
            self.left_job.add((record.job, uid))
            if self.ledger.holds(uid):
                self.ledger.promise(record.job + uid)
            self.doubts.add(uid, float(self.spec.bulk.job_timeout_seconds))
            record.job = None
            self.end(uid)

    def free_stalled(self) -> None:
        """Something changed that may cure permanent failures of any user."""
        self.epoch += 1
        self.inbox.mark_everything()
        self.wake.set()

    def pause_reading(self, failure: Failure) -> None:
        """The directory could not be read."""
        self.reading.failed(failure, self.time, self.clocks.jitter())

    def outlive(self, user: CxoneUser) -> None:
        """The resource has vanished although it carried our finalizer, and nobody saw it being deleted.

        The API server lets a deletion win that was under way while the finalizer was stored (measured). What was done
        for the resource must be undone, so it goes on here as one that is being deleted.
        """
        metadata = msgspec.structs.replace(user.metadata, deletion_timestamp=self.clocks.now())
        self.vanished.add(user.metadata.uid)
        self.inbox.replace(CxoneUser(metadata, user.spec, user.status))
        self.wake.set()

    def forget_user(self, uid: str) -> None:
        """The resource is gone."""
        self.records.pop(uid, None)
        self.lanes.discard(uid)
        self.ledger.lose_sight(uid)
        self.departures.withdraw(uid)
        self.doubts.forget(uid)
        self.vanished.discard(uid)

"""The lease: of several processes one acts, and it knows by its own clock alone until when it may.

The holder renews a Lease object; `held` is true until a moment of the holder's monotonic clock that lies before the
moment at which anybody else may take the Lease over, so the old holder stops first: also one that was frozen and
wakes up, or that cannot reach the API server. Others call the Lease expired only after it has stood still for its
whole duration by their own clock, so clocks of different machines are never compared. Every change is a
compare-and-swap by resourceVersion.

Modelled on client-go's leader election; what differs is the fence, which is asked before every request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from cxone_operator.api.meta import ALL_NAMESPACES, WATCHES
from cxone_operator.cluster.errors import ClusterError, Conflicted, Forbidden, Gone
from cxone_operator.cluster.server import ApiServer, Body
from cxone_operator.telemetry.logging import Streak, get_logger

log = get_logger(__name__)

LEASE_LABELS = {"app.kubernetes.io/name": "cxone-operator"}
"""By which the Leases of operators are found among those of a cluster, which has one for each node."""


@dataclass(frozen=True, slots=True)
class Timing:
    """All times of a Lease follow from one."""

    seconds: float
    """How long a holder that is gone without a word blocks the next."""

    @property
    def renew_window(self) -> float:
        """How long one renewal lets the holder act; shorter than `seconds`, so that its fence closes first."""
        return self.seconds * 2 / 3

    @property
    def retry(self) -> float:
        """Between two looks, of the holder as of those who wait."""
        return self.seconds / 10

    @property
    def request(self) -> float:
        """The longest that one look may take; two fit into the renew window."""
        return min(3.0, self.seconds / 3)


class Holding(msgspec.Struct, frozen=True, rename="camel"):
    """The spec of a Lease (coordination.k8s.io/v1)."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class Stored(msgspec.Struct, frozen=True, rename="camel"):
    """A Lease as read, with the version that a change must name."""

    resource_version: str
    holding: Holding


class LeaseStore(Protocol):
    """Where one Lease is kept. Every method raises ClusterError."""

    async def read(self) -> Stored | None:
        """The Lease, None where there is none."""

    async def create(self, holding: Holding) -> None:
        """Make it; raises Conflicted where somebody else just has."""

    async def replace(self, holding: Holding, resource_version: str) -> None:
        """Change it; raises Conflicted where somebody has written since that version."""


class ClusterLease:
    """`LeaseStore` on the API server."""

    def __init__(self, server: ApiServer, namespace: str, name: str, watched: Sequence[str]) -> None:
        self._server = server
        self._name = name
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._says = {"labels": LEASE_LABELS, "annotations": {WATCHES: ",".join(watched) or ALL_NAMESPACES}}

    async def read(self) -> Stored | None:
        """GET the Lease; a malformed one counts as one that nobody holds."""
        try:
            body = await self._server.request("GET", f"{self._collection}/{self._name}")
        except Gone:
            return None
        return _stored(body)

    async def create(self, holding: Holding) -> None:
        """POST it."""
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name, **self._says},
            "spec": msgspec.to_builtins(holding),
        }
        await self._server.request("POST", self._collection, body=body)

    async def replace(self, holding: Holding, resource_version: str) -> None:
        """PATCH the spec, and what the holder watches, so that labels of others stay."""
        metadata = {"resourceVersion": resource_version, **self._says}
        patch = {"metadata": metadata, "spec": msgspec.to_builtins(holding)}
        await self._server.request("PATCH", f"{self._collection}/{self._name}", body=patch)


class Lease:
    """Leadership of one process."""

    def __init__(
        self,
        store: LeaseStore,
        identity: str,
        timing: Timing,
        clock: Callable[[], float],
        lost: Callable[[], None],
    ) -> None:
        self._store = store
        self._identity = identity
        self._timing = timing
        self._clock = clock
        self._lost = lost
        self._deadline = float("-inf")
        self._seen: Holding | None = None
        self._seen_at = 0.0
        self._renewal: asyncio.Task[None] | None = None
        self._unreachable = Streak(log, "lease_not_reached", "lease_reached")

    @property
    def held(self) -> bool:
        """This process may act."""
        return self._clock() < self._deadline

    def fence(self) -> None:
        """Raises asyncio.CancelledError where another process may act by now."""
        if not self.held:
            raise asyncio.CancelledError("the lease is not held")

    async def acquire(self) -> None:
        """Wait until the Lease is ours and renew it from then on.

        Raises Forbidden where we may not even try, and Gone where the namespace does not exist.
        """
        log.info("waiting_for_lease", identity=self._identity)
        ours = await self._try(hopeful=False)
        while not ours:
            await asyncio.sleep(self._pause())
            ours = await self._try(hopeful=False)
        log.info("lease_acquired", identity=self._identity)
        self._renewal = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._timing.retry)
            # A process that was frozen must not renew its way back: somebody may have acted since.
            if self.held:
                await self._try()
            if not self.held:
                log.error("lease_lost", identity=self._identity)
                self._lost()
                return

    async def release(self) -> None:
        """Give the Lease up at once, if it is still ours; failures only make the next holder wait."""
        self._deadline = float("-inf")
        if self._renewal is not None:
            self._renewal.cancel()
        try:
            async with asyncio.timeout(self._timing.request):
                stored = await self._store.read()
                if stored is not None and stored.holding.holder_identity == self._identity:
                    free = msgspec.structs.replace(stored.holding, holder_identity="", lease_duration_seconds=1)
                    await self._store.replace(free, stored.resource_version)
        except (ClusterError, TimeoutError) as error:
            log.warning("lease_not_released", error=str(error))

    async def _try(self, *, hopeful: bool = True) -> bool:
        """One look; whether the Lease is ours now. An error is no answer, so it neither gives nor takes anything."""
        started = self._clock()
        try:
            async with asyncio.timeout(self._timing.request):
                ours = await self._attempt()
        except Conflicted:
            return False
        except (ClusterError, TimeoutError) as error:
            if not hopeful and isinstance(error, Forbidden | Gone):
                raise
            self._unreachable.failed(error=str(error))
            return False
        self._unreachable.ended()
        # The clock was read before the request: whatever it took, the fence closes before the Lease can expire.
        self._deadline = started + self._timing.renew_window if ours else float("-inf")
        return ours

    async def _attempt(self) -> bool:
        stored = await self._store.read()
        if stored is None:
            await self._store.create(self._holding(None))
            return True
        if not self._free(stored.holding):
            return False
        await self._store.replace(self._holding(stored.holding), stored.resource_version)
        return True

    def _free(self, holding: Holding) -> bool:
        """Nobody's, ours, or standing still for its whole duration by our own clock."""
        if holding != self._seen:
            self._seen, self._seen_at = holding, self._clock()
        return holding.holder_identity in (None, "", self._identity) or self._expires() <= self._clock()

    def _expires(self) -> float:
        duration = self._seen.lease_duration_seconds if self._seen is not None else None
        return self._seen_at + (self._timing.seconds if duration is None else duration)

    def _pause(self) -> float:
        """Look again soon, and exactly when the Lease expires."""
        return max(0.01, min(self._timing.retry, self._expires() - self._clock()))

    def _holding(self, before: Holding | None) -> Holding:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        same = before is not None and before.holder_identity == self._identity
        transitions = (before.lease_transitions or 0) if before is not None else 0
        return Holding(
            holder_identity=self._identity,
            lease_duration_seconds=int(self._timing.seconds),
            acquire_time=before.acquire_time if before is not None and same else now,
            renew_time=now,
            lease_transitions=transitions if same or before is None else transitions + 1,
        )


def _stored(body: Body) -> Stored:
    metadata = body.get("metadata")
    version = str(metadata.get("resourceVersion", "")) if isinstance(metadata, dict) else ""
    try:
        return Stored(version, msgspec.convert(body.get("spec") or {}, Holding))
    except msgspec.ValidationError:
        return Stored(version, Holding())

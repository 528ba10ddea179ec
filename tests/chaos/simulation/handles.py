"""What one process holds of the two servers: the seams of the engine, over that process's wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from chaos.simulation.cluster_model import Body, ClusterModel
from chaos.simulation.journal import Origin
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.wire import Effect, Errors, Wire
from cxone_operator.api.meta import Reference
from cxone_operator.cluster.errors import ClusterError, Conflicted, Unreachable
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, RemoteUser, UserState
from cxone_operator.engine.budget import Budget
from cxone_operator.scim import bulk
from cxone_operator.scim.bulk import BulkOperation, JobState, Receipt
from cxone_operator.scim.client import Page, Written
from cxone_operator.scim.errors import CircuitOpen, ConnectionLost, ScimError, ServerError, Throttled, Unavailable

T = TypeVar("T")

_KUBERNETES = Errors(
    refused=lambda: Unreachable("connection refused"),
    failed=lambda: Unreachable("500"),
    lost=lambda: Unreachable("connection lost"),
    throttled=lambda _: Conflicted("somebody wrote first"),
)


def _errors(*, write: bool) -> Errors:
    return Errors(
        refused=lambda: Unavailable("connection refused", code="connect", write=write),
        failed=lambda: ServerError("CXone answered 503", code="503", write=write),
        lost=lambda: ConnectionLost("connection lost", code="lost", write=write),
        throttled=lambda seconds: Throttled("CXone answered 429", code="429", retry_after=seconds, write=write),
    )


_KINDS = {bulk.Create: "create", bulk.Patch: "patch", bulk.Delete: "delete"}
_READS, _WRITES = _errors(write=False), _errors(write=True)


class ClusterHandle:
    """`Cluster` for one process."""

    def __init__(self, wire: Wire, model: ClusterModel) -> None:
        self._wire = wire
        self._model = model

    async def list(self, plural: str, namespace: str | None) -> AsyncIterator[Body]:
        """All objects as of one moment."""
        for body in await self._call("kube_list", lambda _: self._model.all(plural)):
            yield body

    async def get(self, plural: str, ref: Reference) -> Body:
        """One object."""
        return await self._call("kube_get", lambda _: self._model.get(plural, ref))

    async def patch_status(self, plural: str, ref: Reference, status: Mapping[str, object]) -> Body:
        """Merge the status."""
        return await self._call("kube_status", lambda origin: self._model.patch_status(plural, ref, status, origin))

    async def patch_finalizers(
        self, plural: str, ref: Reference, finalizers: Sequence[str], resource_version: str
    ) -> Body:
        """Replace the finalizers."""

        def effect(origin: Origin) -> Body:
            return self._model.patch_finalizers(plural, ref, finalizers, resource_version, origin)

        return await self._call("kube_finalizers", effect)

    async def secret(self, namespace: str, name: str) -> Mapping[str, str]:
        """The Secret."""
        return await self._call("kube_secret", lambda _: self._model.secret())

    async def event(self, plural: str, kind: str, ref: Reference, reason: str, message: str) -> None:
        """Best effort, as the real one."""

        def effect(origin: Origin) -> None:
            self._model.journal.add(self._model.now, origin, "event", ref.name, f"{reason}: {message}")

        try:
            await self._call("kube_event", effect)
        except ClusterError:
            return

    async def _call(self, operation: str, effect: Effect[T]) -> T:
        return await self._wire.call(operation, effect, _KUBERNETES, self._wire.now)


class RemoteHandle:
    """`RemoteUsers` for one process."""

    def __init__(self, wire: Wire, model: RemoteModel, budget: Budget) -> None:
        self._wire = wire
        self._model = model
        self._budget = budget

    @property
    def lists(self) -> bool:
        """By the setting."""
        return self._model.setting.lists

    @property
    def takes_bulk(self) -> bool:
        """By the setting."""
        return self._model.setting.bulk != "Off"

    @property
    def identities(self) -> frozenset[str]:
        """The client's own names; it is no user here."""
        return frozenset()

    async def authenticate(self) -> None:
        """A token costs no place in the budget."""
        await self._wire.call("authenticate", self._model.authenticate, _READS, self._wire.now)

    async def list_users(self, lane: Lane, start: int, count: int) -> Page:
        """A page."""
        return await self._read("list", lane, lambda _: self._model.list_users(start, count))

    def look_up_chunks(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        """Three names at a time."""
        names = list(user_names)
        return [tuple(names[index : index + 3]) for index in range(0, len(names), 3)]

    async def look_up(self, user_names: Sequence[str], lane: Lane) -> tuple[RemoteUser, ...]:
        """Some users."""
        return await self._read("look_up", lane, lambda _: self._model.look_up(user_names))

    async def create(self, state: UserState, lane: Lane) -> Written[RemoteUser]:
        """POST."""
        return Written(await self._write("create", lane, lambda origin: self._model.create(state, origin)))

    async def patch(self, user_id: str, change: Change, lane: Lane) -> Written[RemoteUser | None]:
        """PATCH; some servers do not show what became of it."""
        changed = await self._write("patch", lane, lambda origin: self._model.patch(user_id, change, origin))
        return Written(changed if self._model.setting.shows_changes else None)

    async def delete(self, user_id: str, lane: Lane) -> Written[None]:
        """DELETE."""
        return Written(await self._write("delete", lane, lambda origin: self._model.delete(user_id, origin)))

    def pack(self, operations: Sequence[BulkOperation], most: int) -> list[list[BulkOperation]]:
        """By number."""
        return [list(operations[index : index + most]) for index in range(0, len(operations), most)]

    async def submit(self, operations: Sequence[BulkOperation], lane: Lane) -> Receipt:
        """A bulk request."""
        kinds = [_KINDS[type(operation)] for operation in operations]
        return await self._write("submit", lane, lambda origin: self._model.submit(operations, origin), kinds)

    async def job(self, job_id: str, lane: Lane) -> JobState:
        """Poll."""
        return await self._read("job", lane, lambda _: self._model.job(job_id))

    async def license_quota(self, lane: Lane) -> Quota:
        """Seats."""
        return await self._read("quota", lane, lambda _: self._model.quota())

    async def release_license(self, user_id: str, lane: Lane) -> Written[bool]:
        """Give a seat back."""
        return Written(
            await self._write("release_license", lane, lambda origin: self._model.release_license(user_id, origin))
        )

    async def _read(self, operation: str, lane: Lane, effect: Effect[T]) -> T:
        return await self._call(operation, lane, effect, _READS)

    async def _write(self, operation: str, lane: Lane, effect: Effect[T], kinds: Sequence[str] = ()) -> T:
        """`kinds`: what it is in one, where it is many."""
        return await self._call(operation, lane, effect, _WRITES, kinds or (operation,))

    async def _call(
        self, operation: str, lane: Lane, effect: Effect[T], errors: Errors, writes: Sequence[str] = ()
    ) -> T:
        asked = self._wire.now

        def authenticated(origin: Origin) -> Any:
            self._model.authenticate(origin)
            return effect(origin)

        try:
            async with self._budget.slot(lane):
                self._wire.writes.update(writes)
                answer: T = await self._wire.call(operation, authenticated, errors, asked)
        except CircuitOpen:
            raise
        except ScimError as error:
            self._budget.answered(error.failure)
            raise
        self._budget.answered(None)
        return answer

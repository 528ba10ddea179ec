"""What one process holds of the two servers: the seams of the engine, over that process's wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from chaos.simulation.cluster_model import Body, ClusterModel
from chaos.simulation.journal import Origin
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.wire import Effect, Errors, Wire
from cxone_operator.api.meta import Reference
from cxone_operator.cluster.errors import ClusterError, Conflicted, Unreachable
from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, Update
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.knowledge import UNKNOWN, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import RemoteUser
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.scim.errors import (
    CircuitOpen,
    ConnectionLost,
    Contradicted,
    MalformedAnswer,
    NotFound,
    NotOffered,
    ScimError,
    ServerError,
    Throttled,
    Unavailable,
)
from cxone_operator.scim.remote import Answered, Batch, Found, Item, Page, Receipt, Settled

T = TypeVar("T")

_KUBERNETES = Errors(
    refused=lambda: Unreachable("connection refused"),
    failed=lambda: Unreachable("500"),
    lost=lambda: Unreachable("connection lost"),
    throttled=lambda _: Conflicted("somebody wrote first"),
    garbled=lambda: Unreachable("not JSON"),
    contradicted=lambda: Unreachable("500"),
)


def _errors(*, write: bool) -> Errors:
    return Errors(
        refused=lambda: Unavailable("connection refused", code="connect", write=write),
        failed=lambda: ServerError("CXone answered 503", code="503", write=write),
        lost=lambda: ConnectionLost("connection lost", code="lost", write=write),
        throttled=lambda seconds: Throttled("CXone answered 429", code="429", retry_after=seconds, write=write),
        garbled=lambda: MalformedAnswer("CXone's answer is not JSON", code="malformed", write=write),
        contradicted=lambda: Contradicted("CXone answered 200 and says that it did nothing", code="200", write=write),
        lacking=_lacking,
    )


def _lacking(answer: object) -> object:
    """Without its first entry, which cannot be understood."""
    match answer:
        case Page(users, returned, total):
            return Page(users[1:], returned, total)
        case Found(users):
            return Found(users[1:], whole=not users)
    return answer


_KINDS = {Create: "create", Update: "patch", Deactivate: "patch", Delete: "delete"}
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
        self,
        plural: str,
        ref: Reference,
        finalizers: Sequence[str],
        resource_version: str,
        annotations: Mapping[str, str] | None = None,
    ) -> Body:
        """Replace the finalizers, and set annotations."""

        def effect(origin: Origin) -> Body:
            return self._model.patch_finalizers(plural, ref, finalizers, resource_version, annotations or {}, origin)

        return await self._call("kube_finalizers", effect)

    async def secret(self, namespace: str, name: str) -> Mapping[str, str]:
        """The Secret."""
        return await self._call("kube_secret", lambda _: self._model.secret(name))

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
    """`Remote` for one process."""

    def __init__(self, wire: Wire, model: RemoteModel, limiter: RateLimiter) -> None:
        self._wire = wire
        self._model = model
        self._limiter = limiter
        bulk = model.setting.bulk
        self.capabilities = Capabilities(
            lists=model.setting.lists, bulk=bulk in ("AsyncJob", "Synchronous"), lockouts=bulk == "Lockouts"
        )
        """As promised, without what was refused since."""

    @property
    def identities(self) -> frozenset[str]:
        """The client's own names; it is no user here."""
        return frozenset()

    @property
    def tenant_id(self) -> str:
        """Tokens say nothing here."""
        return ""

    async def connect(self) -> None:
        """A token costs no place in the rate limit."""
        await self._wire.call("authenticate", self._model.authenticate, _READS, self._wire.now, self._model.name)

    async def probe(self) -> None:
        """A page of one."""
        await self._read("list", Lane.LEAVERS, lambda _: self._model.list_users(1, 1))

    async def everybody(self, lane: Lane) -> AsyncIterator[Page]:
        """Page by page."""
        start = 1
        while True:
            page = await self._read("list", lane, lambda _, start=start: self._model.list_users(start, 500))
            yield page
            start += page.returned
            if not page.returned or start > (page.total or 0):
                return

    def pages(self, users: int) -> int:
        """As short as the server likes."""
        return users // self._model.setting.page + 1

    def portions(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        """A few names at a time."""
        names, most = list(user_names), self._model.setting.names
        return [tuple(names[index : index + most]) for index in range(0, len(names), most)]

    async def find(self, user_names: Sequence[str], lane: Lane) -> Found:
        """Some users."""
        return await self._read("look_up", lane, lambda _: Found(self._model.look_up(user_names)))

    async def get(self, user_id: str, lane: Lane) -> RemoteUser | None:
        """One account."""
        return await self._read("look_up", lane, lambda _: self._model.users.get(user_id))

    def batches(self, items: Sequence[Item], most: int) -> list[Batch]:
        """By number."""
        return [Batch(tuple(items[index : index + most]), shared=True) for index in range(0, len(items), most)]

    async def send(self, batch: Batch, lane: Lane) -> Receipt:
        """One request for all of it."""
        try:
            return await self._send(batch, lane)
        except NotOffered:
            lost = {"bulk": False, "lockouts": False} if batch.shared else {"deletes": False}
            self.capabilities = replace(self.capabilities, **lost)
            raise

    async def poll(self, job: str, lane: Lane) -> Settled | None:
        """Poll; a job that is not there any more has ended."""
        try:
            return await self._read("job", lane, lambda _: self._model.job(job))
        except NotFound:
            return Settled()

    async def seats(self, lane: Lane) -> Quota:
        """Seats."""
        return await self._read("quota", lane, lambda _: self._model.quota())

    async def _send(self, batch: Batch, lane: Lane) -> Receipt:
        if batch.shared:
            kinds = [_KINDS[type(item.action)] for item in batch.items]
            return await self._write("submit", lane, lambda origin: self._model.submit(batch.items, origin), kinds)
        (item,) = batch.items
        return Settled({item.uid: await self._change(item, lane)})

    async def _change(self, item: Item, lane: Lane) -> Answered:
        """Some servers do not show what became of a change."""
        model, action = self._model, item.action
        match action:
            case Create(state):
                return Answered(Present(await self._write("create", lane, lambda origin: model.create(state, origin))))
            case Update(remote) | Deactivate(remote):
                change = action.change
                changed = await self._write("patch", lane, lambda origin: model.patch(remote.id, change, origin))
                return Answered(Present(changed) if model.setting.shows_changes else UNKNOWN)
            case Delete(remote):
                await self._write("delete", lane, lambda origin: model.delete(remote.id, origin))
                return Answered()
            case Reclaim(remote):
                await self._write("release_license", lane, lambda origin: model.release_license(remote.id, origin))
                return Answered()

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
            async with self._limiter.slot(lane):
                self._wire.writes.update(writes)
                answer: T = await self._wire.call(operation, authenticated, errors, asked, self._model.name)
        except CircuitOpen:
            raise
        except ScimError as error:
            self._limiter.answered(error.failure)
            raise
        self._limiter.answered(None)
        return answer

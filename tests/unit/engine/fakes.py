"""The two servers, as far as the rooms of the engine see them: they do what they are told, and count."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from cxone_operator.api.meta import Reference
from cxone_operator.api.tenant import CxoneTenant
from cxone_operator.api.user import CxoneUser
from cxone_operator.cluster.errors import Gone
from cxone_operator.cluster.server import Body
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.scim.errors import BadRequest, ScimError, ServerError
from cxone_operator.scim.remote import Batch, Found, Item, Page, Receipt, Settled

T = TypeVar("T")


class FakeRemote:
    """CXone: everything is answered as the test has laid down, and at once, or when the test opens the gate."""

    def __init__(self, *users: RemoteUser) -> None:
        self.capabilities = Capabilities()
        self.identities: frozenset[str] = frozenset()
        self.tenant_id = ""
        self.users = {key_of(user.state.user_name): user for user in users}
        self.quota: Quota | ScimError = Quota(10, 4)
        self.problem: ScimError | BaseException | None = None
        """What every request raises."""
        self.receipts: deque[Receipt | BaseException] = deque()
        """Answers to `send`, one after the other; then that everything is over, without a result."""
        self.polls: deque[Settled | BaseException | None] = deque()
        """Answers to `poll`, one after the other; then that the job has ended."""
        self.gate = asyncio.Event()
        self.gate.set()
        self.hidden: set[str] = set()
        """Natural keys that no look-up by name finds."""
        self.whole = True
        """Look-ups by name show everybody."""
        self.knows_employees = True
        """Filters may name employeeIds."""
        self.stumbles: set[str] = set()
        """userNames and ids at which it fails, whoever else is asked for with them."""
        self.portion = 3
        """Names in one `find`, and users in one page."""
        self.asked: Counter[str] = Counter()
        """Requests, by operation."""
        self.lanes: list[Lane] = []
        """Of each request."""
        self.names: list[tuple[str, ...]] = []
        """Of each `find`."""
        self.sent: list[Batch] = []

    async def connect(self) -> None:
        await self._answer("connect", Lane.BACKGROUND)

    async def probe(self) -> None:
        await self._answer("probe", Lane.BACKGROUND)

    async def everybody(self, lane: Lane) -> AsyncIterator[Page]:
        for page in _portions(list(self.users.values()), self.portion) or [()]:
            await self._answer("everybody", lane)
            yield Page(page, len(page), len(self.users))

    def pages(self, users: int) -> int:
        return max(1, -(-users // self.portion))

    def portions(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        return _portions(list(user_names), self.portion)

    async def find(self, user_names: Sequence[str], lane: Lane) -> Found:
        self.names.append(tuple(user_names))
        await self._answer("find", lane)
        self._stumble(*user_names)
        names = [key_of(name) for name in user_names if key_of(name) not in self.hidden]
        return Found(tuple(self.users[name] for name in names if name in self.users), self.whole)

    async def find_employed(self, employee_id: str, lane: Lane) -> Found:
        await self._answer("find_employed", lane)
        if not self.knows_employees:
            raise BadRequest("externalId cannot be asked for", code="400", write=False)
        return Found(tuple(user for user in self.users.values() if user.state.employee_id == employee_id))

    async def get(self, user_id: str, lane: Lane) -> RemoteUser | None:
        await self._answer("get", lane)
        self._stumble(user_id)
        return next((user for user in self.users.values() if user.id == user_id), None)

    def batches(self, items: Sequence[Item], most: int) -> list[Batch]:
        return [Batch(part, shared=True) for part in _portions(list(items), most)]

    async def send(self, batch: Batch, lane: Lane) -> Receipt:
        self.sent.append(batch)
        await self._answer("send", lane)
        receipt = self.receipts.popleft() if self.receipts else Settled()
        if isinstance(receipt, BaseException):
            raise receipt
        return receipt

    async def poll(self, job: str, lane: Lane) -> Settled | None:
        await self._answer("poll", lane)
        found = self.polls.popleft() if self.polls else Settled()
        if isinstance(found, BaseException):
            raise found
        return found

    async def seats(self, lane: Lane) -> Quota:
        await self._answer("seats", lane)
        if isinstance(self.quota, ScimError):
            raise self.quota
        return self.quota

    def _stumble(self, *asked: str) -> None:
        if self.stumbles & set(asked):
            raise ServerError("CXone answered 500: oops", code="500", write=False)

    async def _answer(self, operation: str, lane: Lane) -> None:
        self.asked[operation] += 1
        self.lanes.append(lane)
        await self.gate.wait()
        if self.problem is not None:
            raise self.problem


class FakeCluster:
    """Kubernetes: it keeps objects by uid, merges what is written, and counts."""

    def __init__(self, *objects: CxoneUser | CxoneTenant) -> None:
        self.bodies: dict[str, Body] = {}
        self.problems: deque[BaseException] = deque()
        """What the next writes raise, one after the other."""
        self.refuses: dict[str, BaseException] = {}
        """What every write to the object of that uid raises."""
        self.unreadable: BaseException | None = None
        """What every read raises."""
        self.gate = asyncio.Event()
        self.gate.set()
        self.writes: list[tuple[str, str]] = []
        """("status" or "finalizers", name) of each write that was tried."""
        self.reads = 0
        self.events: list[tuple[str, str]] = []
        """(name, reason) of each."""
        self.secrets: dict[tuple[str, str], Mapping[str, str]] = {}
        for item in objects:
            self.keep(item)

    def keep(self, item: CxoneUser | CxoneTenant) -> None:
        """Somebody else has written it."""
        body: Body = msgspec.to_builtins(item)
        self.bodies[item.metadata.uid] = body

    async def list(self, plural: str, namespace: str | None) -> AsyncIterator[Body]:
        for body in list(self.bodies.values()):
            yield body

    async def get(self, plural: str, ref: Reference) -> Body:
        self.reads += 1
        if self.unreadable is not None:
            raise self.unreadable
        return self._found(ref.uid)

    async def patch_status(self, plural: str, ref: Reference, status: Body) -> Body:
        return await self._write("status", ref, {"status": status}, {})

    async def patch_finalizers(
        self,
        plural: str,
        ref: Reference,
        finalizers: Sequence[str],
        resource_version: str,
        annotations: Mapping[str, str] | None = None,
    ) -> Body:
        kept: Body = self._found(ref.uid)["metadata"].get("annotations", {})  # type: ignore[attr-defined]
        changed: Body = {"finalizers": list(finalizers), "annotations": {**kept, **(annotations or {})}}
        return await self._write("finalizers", ref, {}, changed)

    async def secret(self, namespace: str, name: str) -> Mapping[str, str]:
        self.reads += 1
        if self.unreadable is not None:
            raise self.unreadable
        if (namespace, name) not in self.secrets:
            raise Gone("no such Secret")
        return self.secrets[namespace, name]

    async def event(self, plural: str, kind: str, ref: Reference, reason: str, message: str) -> None:
        self.events.append((ref.name, reason))

    async def _write(self, what: str, ref: Reference, changes: Body, metadata: Body) -> Body:
        self.writes.append((what, ref.name))
        await self.gate.wait()
        if ref.uid in self.refuses:
            raise self.refuses[ref.uid]
        if self.problems:
            raise self.problems.popleft()
        body = self._found(ref.uid)
        version = str(int(body["metadata"]["resourceVersion"]) + 1)  # type: ignore[index]
        metadata = {**body["metadata"], **metadata, "resourceVersion": version}  # type: ignore[dict-item]
        self.bodies[ref.uid] = {**body, **changes, "metadata": metadata}
        return self.bodies[ref.uid]

    def _found(self, uid: str) -> Body:
        if uid not in self.bodies:
            raise Gone("no such object")
        return self.bodies[uid]


def _portions(items: Sequence[T], most: int) -> list[tuple[T, ...]]:
    return [tuple(items[start : start + most]) for start in range(0, len(items), most)]

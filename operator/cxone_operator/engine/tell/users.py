"""Users' statuses and finalizers: what is written to a CxoneUser, only where a reader could notice the difference.

When a write ends, the new object is taken into the memory and the user looked at again. So a write that was refused
needs no queue of its own: the next look finds the same difference and writes again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from cxone_operator.api import user as user_api
from cxone_operator.api.conditions import READY, STALLED
from cxone_operator.api.meta import CLAIMED_AS, USER_FINALIZER, InvalidResource
from cxone_operator.api.user import CxoneUser, UserStatus, decode_user, encode_status
from cxone_operator.cluster.client import Cluster
from cxone_operator.cluster.errors import ClusterError, Conflicted, Gone, Unreachable
from cxone_operator.cluster.server import Body
from cxone_operator.core.desired import schedule
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.tell.writer import Urgency, Write, Writer
from cxone_operator.telemetry.logging import get_logger

_MINUTE = 60.0
_REFUSED_SECONDS = 60.0
"""After an answer that will not change by itself; a person has to look."""
_MOST_EVENTS = 20
"""Events in a minute: `kubectl describe` shows them to whoever looks at one user, and of a flood they are no record."""

log = get_logger(__name__)


class UserStatuses:
    """Status and finalizer writes of one tenant."""

    def __init__(self, memory: Memory, cluster: Cluster, writer: Writer, lose: Callable[[str], None]) -> None:
        self._memory = memory
        self._cluster = cluster
        self._writer = writer
        self._lose = lose
        self._refused: dict[str, float] = {}
        """uid → until when nothing is written to it, as the API server refuses it."""
        self._events: deque[float] = deque(maxlen=_MOST_EVENTS)
        """When the last Events were made."""

    def is_writing(self, uid: str) -> bool:
        """A write for this user is under way."""
        return self._writer.is_sending(uid)

    def is_refused(self, uid: str) -> bool:
        """A write for this user was refused a moment ago; nothing is written to it for a while."""
        return self._refused.get(uid, 0.0) > self._memory.time

    def withdraw(self, uid: str) -> None:
        """Whatever waits to be written to this user is decided anew."""
        self._writer.withdraw(uid)

    def tell(self, user: CxoneUser, status: UserStatus, *, interim: bool = False) -> bool:
        """Write the status, if a reader could notice the difference; whether it is written."""
        if status == user.status or user.metadata.uid in self._memory.vanished:
            return False
        set_ = self._cluster.patch_status
        self._put(user, lambda: set_(user_api.PLURAL, user.reference, encode_status(status)), interim=interim)
        return True

    def claim(self, user: CxoneUser) -> None:
        """Put our finalizer on, and write down the userName that the account is looked for by."""
        finalizers = tuple(dict.fromkeys((*user.metadata.finalizers, USER_FINALIZER)))
        claim = {CLAIMED_AS: user.spec.user_name}
        if user.metadata.uid in self._memory.vanished:
            metadata = msgspec.structs.replace(user.metadata, annotations={**user.metadata.annotations, **claim})
            self._memory.resources.replace(CxoneUser(metadata, user.spec, user.status))
            return
        self._set_finalizers(user, finalizers, claim)

    def release(self, user: CxoneUser) -> None:
        """Take our finalizer off."""
        if user.metadata.uid in self._memory.vanished:
            self._lose(user.metadata.uid)
            return
        self._set_finalizers(user, [name for name in user.metadata.finalizers if name != USER_FINALIZER])

    def _set_finalizers(
        self, user: CxoneUser, finalizers: Sequence[str], annotations: Mapping[str, str] | None = None
    ) -> None:
        version, set_ = user.metadata.resource_version, self._cluster.patch_finalizers
        self._put(user, lambda: set_(user_api.PLURAL, user.reference, finalizers, version, annotations))

    def _put(self, user: CxoneUser, write: Callable[[], Awaitable[Body]], *, interim: bool = False) -> None:
        leaves = user.metadata.deleting or not schedule(user.spec, self._memory.clocks.now()).active
        urgency = Urgency.LEAVER if leaves else Urgency.INTERIM if interim else Urgency.FINAL
        uid = user.metadata.uid
        if self.is_refused(uid):
            return
        self._writer.put(Write(self._memory.name, uid, urgency, lambda: self._write(user, write)))

    async def _write(self, user: CxoneUser, write: Callable[[], Awaitable[Body]]) -> None:
        uid, memory = user.metadata.uid, self._memory
        try:
            await self._write_or_look(user, write)
        except Unreachable:
            raise
        except (ClusterError, InvalidResource) as error:
            log.error("resource_refused", tenant=memory.name, resource=user.metadata.name, error=str(error))
            self._refused[uid] = memory.time + _REFUSED_SECONDS
            memory.alarms.set(memory.time + _REFUSED_SECONDS, uid)
        else:
            self._refused.pop(uid, None)
        memory.resources.mark(uid)
        memory.wake()

    async def _write_or_look(self, user: CxoneUser, write: Callable[[], Awaitable[Body]]) -> None:
        """Somebody who wrote first, or deleted the resource, knows more than we do."""
        try:
            written = decode_user(await write())
        except (Conflicted, Gone):
            await self._look_again(user)
        else:
            log_ready(self._memory.name, user, written.status)
            self._take_over(written)
            await self._warn(user, written.status)

    async def _warn(self, user: CxoneUser, status: UserStatus) -> None:
        """An Event where somebody is Stalled for another reason than before."""
        before, now, time = user.status.condition(STALLED), status.condition(STALLED), self._memory.time
        known = before is not None and now is not None and before.reason == now.reason
        many = len(self._events) == _MOST_EVENTS and time - self._events[0] < _MINUTE
        if now is not None and now.status == "True" and not known and not many:
            self._events.append(time)
            await self._cluster.event(user_api.PLURAL, user_api.KIND, user.reference, now.reason, now.message)

    def _take_over(self, user: CxoneUser) -> None:
        """A deleted resource whose last finalizer was taken off is gone, whenever the watch says so."""
        if user.metadata.deleting and not user.metadata.finalizers:
            self._lose(user.metadata.uid)
        else:
            self._memory.resources.absorb(user)

    async def _look_again(self, user: CxoneUser) -> None:
        try:
            self._memory.resources.put(decode_user(await self._cluster.get(user_api.PLURAL, user.reference)))
        except Gone:
            self._miss(user)
        except Conflicted as error:
            raise Unreachable(str(error)) from error

    def _miss(self, user: CxoneUser) -> None:
        """A resource that is gone before its first status was written may have lost its claim to a deletion."""
        known = self._memory.looked_after(user.metadata.uid)
        if known is not None and not known.status.written:
            self._memory.outlive(known)
        else:
            self._lose(user.metadata.uid)


def log_ready(tenant: str, user: CxoneUser, status: UserStatus) -> None:
    """One line where Ready, which sums a user up, has another status or reason than before."""
    before, now = user.status.condition(READY), status.condition(READY)
    if now is None or (before is not None and (before.status, before.reason) == (now.status, now.reason)):
        return
    tell = log.warning if now.status == "False" else log.info
    resource = f"{user.metadata.namespace}/{user.metadata.name}"
    tell("user_changed", tenant=tenant, resource=resource, ready=now.status, reason=now.reason, message=now.message)

"""The snapshot: walks through CXone's users, page by page, and hands each page to the directory.

Doing this once per period and comparing locally is the whole drift detection.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.memory.directory import Refresh
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.read.names import INCOMPLETE, accounts_of, find_all
from cxone_operator.scim.errors import Incomplete, ScimError
from cxone_operator.scim.remote import Remote
from cxone_operator.telemetry.logging import Streak, get_logger

log = get_logger(__name__)


class Snapshot:
    """Refreshes the directory of one tenant."""

    def __init__(self, memory: Memory, tasks: Tasks) -> None:
        self._memory = memory
        self._tasks = tasks
        self._next = float("-inf")
        self._unread = Streak(log, "directory_not_refreshed", "directory_refreshed_again")

    def refresh_if_due(self, remote: Remote) -> None:
        """Start a walk if one is wanted or the period has passed."""
        memory = self._memory
        if memory.walking_since is not None or memory.reading.remaining(memory.time) > 0:
            return
        if memory.refresh_wanted or memory.time >= self._next:
            lane = Lane.UPDATES if memory.refresh_wanted else Lane.BACKGROUND
            memory.walking_since = memory.time
            memory.refresh_wanted = False
            self._tasks.start(self._refresh(remote, lane))

    async def _refresh(self, remote: Remote, lane: Lane) -> None:
        """`lane`: people wait for a walk that is wanted, and nobody for one that is only due."""
        memory = self._memory
        names_before = self._names()
        lists = remote.capabilities.lists
        declared = {} if lists else self._declared()
        refresh = memory.directory.begin_refresh(memory.time, None if lists else declared)
        try:
            changed = await self._read(remote, lane, refresh, declared)
            memory.learn(remote.capabilities)
        except ScimError as error:
            self._unread.failed(tenant=memory.name, error=str(error))
            memory.refresh_wanted = True
            memory.reading.failed(error.failure, memory.time, memory.clocks.jitter())
        else:
            self._take_over(refresh, changed, names_before)
        finally:
            memory.walking_since = None
            memory.wake()

    def _declared(self) -> dict[str, str]:
        """All names that say something of a resource's account, by natural key: also what it was made under."""
        users = self._memory.resources
        names = (name for user in users for name in (user.spec.user_name, user.claimed_as))
        return {key_of(name): name for name in names}

    async def _read(self, remote: Remote, lane: Lane, refresh: Refresh, declared: dict[str, str]) -> int:
        """All who can be listed; where nobody can be, all whom resources name."""
        changed = 0
        if refresh.asked is None:
            async for page in remote.everybody(lane):
                refresh.note(page.returned, page.unreadable, page.total)
                changed += self._mark(self._memory.directory.take_page(refresh, page.users))
        else:
            for names in remote.portions(declared.values()):
                found = await find_all(remote, names, lane)
                if not found.whole or found.untold:
                    raise Incomplete(next(iter(found.untold.values()), INCOMPLETE), code="incomplete", write=False)
                changed += self._mark(self._memory.directory.take_page(refresh, found.users))
                refresh.asked -= self._open(names, found.users)
                accounts = await accounts_of(remote, self._ids_of(names), found.users, lane)
                self._memory.directory.learn_accounts(accounts.found, refresh.started)
                known = (user for user in accounts.found.values() if user is not None)
                refresh.seen |= {key_of(user.state.user_name) for user in known}
        return changed

    def _open(self, names: Sequence[str], found: Iterable[RemoteUser]) -> set[str]:
        """Whom their employeeIds may still find: that is for a look-up of their own."""
        seen = {key_of(user.state.user_name) for user in found}
        return {key_of(name) for name in names if self._memory.second_keys((name,), seen)}

    def _ids_of(self, names: Iterable[str]) -> set[str]:
        """The accounts of those of them who had one."""
        users = (user for name in names for user in self._memory.resources.named(key_of(name)))
        return {user.status.user_id for user in users if user.status.user_id is not None}

    def _take_over(self, refresh: Refresh, changed: int, names_before: frozenset[str]) -> None:
        """Whoever has waited for a complete snapshot is looked at: absences may have come into doubt on the way."""
        memory = self._memory
        first = not memory.directory.complete
        memory.reading.succeeded()
        self._unread.ended(tenant=memory.name)
        changed += self._mark(memory.directory.finish_refresh(refresh))
        if first:
            memory.resources.mark_everything()
        if self._names() - names_before:
            memory.free_stalled()
        period = memory.spec.sync_period_seconds
        self._next = memory.time + period * (0.95 + 0.1 * memory.clocks.jitter())
        tell = log.info if first or changed else log.debug
        tell(
            "directory_refreshed",
            tenant=memory.name,
            users=len(memory.directory),
            changed=changed,
            whole=memory.directory.whole,
        )

    def _mark(self, keys: set[str]) -> int:
        for key in keys:
            self._memory.resources.mark_key(key)
        return len(keys)

    def _names(self) -> frozenset[str]:
        """Role and group names in use: a new one may be what a stalled user misses."""
        directory, offers = self._memory.directory, self._memory.capabilities
        return frozenset(directory.roles() | directory.groups()) | offers.roles | offers.groups

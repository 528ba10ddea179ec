"""The snapshot: walks through CXone's users, page by page, and hands the result to the directory.

Doing this once per period and comparing locally is the whole drift detection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.engine.directory import Refresh
from cxone_operator.engine.dispatcher import PAGE
from cxone_operator.engine.state import TenantState
from cxone_operator.engine.tasks import Tasks
from cxone_operator.scim.client import RemoteUsers
from cxone_operator.scim.errors import ScimError
from cxone_operator.telemetry.logging import Streak, get_logger

_MOST_PAGES = 10_000
"""A server that never ends its list is stopped here."""

log = get_logger(__name__)


class Snapshot:
    """Refreshes the directory of one tenant."""

    def __init__(self, state: TenantState, tasks: Tasks) -> None:
        self._state = state
        self._tasks = tasks
        self._running = False
        self._next = float("-inf")
        self._unread = Streak(log, "directory_not_refreshed", "directory_refreshed_again")

    def refresh_if_due(self, client: RemoteUsers) -> None:
        """Start a walk if one is wanted or the period has passed."""
        if self._running or self._state.reading.remaining(self._state.time) > 0:
            return
        if not (self._state.refresh_wanted or self._state.time >= self._next):
            return
        self._running = True
        self._state.refresh_wanted = False
        self._tasks.start(self._refresh(client))

    async def _refresh(self, client: RemoteUsers) -> None:
        names_before = self._names()
        names = None if client.lists else self._declared()
        refresh = self._state.directory.begin_refresh(self._state.time, names)
        first = not self._state.directory.complete
        try:
            if names is None:
                await self._walk(client, refresh.add)
            else:
                await self._look_up(client, names.values(), refresh.add)
        except ScimError as error:
            self._unread.failed(tenant=self._state.name, error=str(error))
            self._state.refresh_wanted = True
            self._state.pause_reading(error.failure)
        else:
            self._take_over(refresh, first=first, names_before=names_before)
        finally:
            self._running = False
            self._state.wake.set()

    def _take_over(self, refresh: Refresh, *, first: bool, names_before: frozenset[str]) -> None:
        state = self._state
        state.reading.succeeded()
        self._unread.ended(tenant=state.name)
        changed = state.directory.finish_refresh(refresh)
        if first:
            state.inbox.mark_everything()
        else:
            for key in changed:
                state.inbox.mark_key(key)
        if self._names() - names_before:
            state.free_stalled()
        period = state.spec.sync_period_seconds
        self._next = state.time + period * (0.95 + 0.1 * state.clocks.jitter())
        tell = log.info if first or changed else log.debug
        tell("directory_refreshed", tenant=state.name, users=len(state.directory), changed=len(changed))

    async def _walk(self, client: RemoteUsers, add: Callable[[tuple[RemoteUser, ...]], None]) -> None:
        """Advance by what came, not by what was asked for; end at the total or at an empty page (RFC 7644 3.4.2.4)."""
        start = 1
        for _ in range(_MOST_PAGES):
            page = await client.list_users(Lane.BACKGROUND, start, PAGE)
            add(page.users)
            start += page.returned
            if not page.returned or (page.total is not None and start > page.total):
                return

    def _declared(self) -> dict[str, str]:
        """Natural key → userName of all resources."""
        return {key_of(user.spec.user_name): user.spec.user_name for user in self._state.inbox}

    async def _look_up(
        self, client: RemoteUsers, names: Iterable[str], add: Callable[[tuple[RemoteUser, ...]], None]
    ) -> None:
        for chunk in client.look_up_chunks(names):
            add(await client.look_up(chunk, Lane.BACKGROUND))

    def _names(self) -> frozenset[str]:
        """Role and group names in use: a new one may be what a stalled user misses."""
        return frozenset(self._state.directory.roles() | self._state.directory.groups())

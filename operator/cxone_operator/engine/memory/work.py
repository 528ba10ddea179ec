"""The works: what is under way for each user that is not at rest, and the moments at which one wants another look.

This is the one place that calls `core.phase.advance`. A user without an entry is at rest, so that a hundred thousand
settled users cost nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace

from cxone_operator.core.phase import advance
from cxone_operator.core.work import Effect, Event, Moment, Work


class Works:
    """Works of one tenant, by uid."""

    def __init__(self) -> None:
        self._works: dict[str, Work] = {}

    def __len__(self) -> int:
        return len(self._works)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._works))

    def get(self, uid: str) -> Work | None:
        """The work for a user, None where it is at rest."""
        return self._works.get(uid)

    def open(self, uid: str, now: float) -> Work:
        """The work for a user, begun now where there is none."""
        found = self._works.get(uid)
        if found is None:
            found = self._works[uid] = Work(since=now, entered=now)
        return found

    def see_deletion(self, uid: str, now: float) -> float:
        """Seconds since the deletion of the resource was first seen."""
        work = self.open(uid, now)
        if work.deleting_since is None:
            work = self._works[uid] = replace(work, deleting_since=now)
        return now - (work.deleting_since if work.deleting_since is not None else now)

    def advance(self, uid: str, event: Event, moment: Moment) -> tuple[Effect, ...]:
        """Something has happened to a user; what must be done now."""
        work, effects = advance(self.open(uid, moment.now), event, moment)
        if work is None:
            del self._works[uid]
        else:
            self._works[uid] = work
        return effects

    def rest(self, uid: str) -> None:
        """Nothing is left to do; a write whose end was not seen yet keeps its work."""
        work = self._works.get(uid)
        if work is not None and work.attempt is None:
            del self._works[uid]


class Alarms:
    """Moments at which a user wants to be looked at again."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []
        self._at: dict[str, float] = {}
        """The earliest alarm of each user; later ones in the heap are set again when that has rung."""

    def set(self, at: float, uid: str) -> None:
        """Ring for this user at that moment of the loop's clock, or before."""
        if at < self._at.get(uid, float("inf")):
            self._at[uid] = at
            heapq.heappush(self._heap, (at, uid))

    def due(self, now: float, most: int = 1_000_000) -> list[str]:
        """Whose moment has come, at most so many; each rings once."""
        uids: list[str] = []
        while self._heap and self._heap[0][0] <= now and len(uids) < most:
            at, uid = heapq.heappop(self._heap)
            if self._at.get(uid) == at:
                del self._at[uid]
                uids.append(uid)
        return uids

    def next(self) -> float | None:
        """The next moment, None where nobody waits."""
        return self._heap[0][0] if self._heap else None

"""The queues: users whose next step is a request, each lane oldest first.

A lane has two queues: for users that may share a bulk job, and for those that must be sent alone. Joiners are served in
the order of their resources' age, so that where seats are short the oldest gets one; everybody else first come, first
served. Keeping a queue sorted costs a shift of pointers for each entry (40 µs in one of 100,000), and looking at its
head or its tail costs nothing.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice

from cxone_operator.core.lane import Lane

Order = tuple[str, str]
"""Sorts a queue; the second part makes it unique."""
FRONT: Order = ("", "")
"""Before everybody."""
Place = tuple[Lane, bool]
"""Lane, and whether alone."""


@dataclass(slots=True)
class _Queue:
    entries: list[tuple[Order, str]] = field(default_factory=list)
    since: dict[str, float] = field(default_factory=dict)
    """uid → when it came, in that order."""


class Queues:
    """Who waits in which lane."""

    def __init__(self) -> None:
        self._queues: dict[Place, _Queue] = {(lane, alone): _Queue() for lane in Lane for alone in (False, True)}
        self._places: dict[str, tuple[Place, Order]] = {}
        self._arrivals = count()

    def put(self, uid: str, lane: Lane, now: float, *, alone: bool, age: Order = FRONT) -> None:
        """Wait in that lane; somebody who waits there already keeps the place. `age` sorts joiners."""
        place = (lane, alone)
        if uid in self._places and self._places[uid][0] == place:
            return
        self.discard(uid)
        order = age if lane is Lane.JOINERS else (f"{next(self._arrivals):012}", uid)
        self._places[uid] = place, order
        insort(self._queues[place].entries, (order, uid))
        self._queues[place].since[uid] = now

    def discard(self, uid: str) -> float | None:
        """Stop waiting; since when it had waited."""
        found = self._places.pop(uid, None)
        if found is None:
            return None
        place, order = found
        queue = self._queues[place]
        del queue.entries[bisect_left(queue.entries, (order, uid))]
        return queue.since.pop(uid)

    def lane_of(self, uid: str) -> Lane | None:
        """Where somebody waits."""
        found = self._places.get(uid)
        return None if found is None else found[0][0]

    def first(self, lane: Lane, most: int, *, alone: bool) -> list[str]:
        """The first in a queue; they stay in it."""
        return [uid for _, uid in islice(self._queues[lane, alone].entries, max(0, most))]

    def depth(self, lane: Lane) -> int:
        """How many wait in both queues of a lane."""
        return sum(len(self._queues[lane, alone].entries) for alone in (False, True))

    def shared(self, lane: Lane) -> int:
        """How many may share a bulk job."""
        return len(self._queues[lane, False].entries)

    def newest_wait(self, lane: Lane, now: float) -> float:
        """Seconds since the last one came that may share a job."""
        since = self._queues[lane, False].since
        return now - next(reversed(since.values())) if since else 0.0

    def oldest_wait(self, lane: Lane, now: float) -> float:
        """Seconds since the first one came that may share a job."""
        since = self._queues[lane, False].since
        return now - next(iter(since.values())) if since else 0.0

    def order_at(self, lane: Lane, place: int) -> Order | None:
        """The order of whoever stands there among those who may share a job, 0 being the first; None behind the end."""
        entries = self._queues[lane, False].entries
        return entries[place][0] if place < len(entries) else None

    def between(self, lane: Lane, first: Order, end: Order | None) -> Iterator[str]:
        """Everybody in a lane from the order `first` on, and before `end`, where there is one."""
        for alone in (False, True):
            entries = self._queues[lane, alone].entries
            start = bisect_left(entries, (first, ""))
            stop = len(entries) if end is None else bisect_left(entries, (end, ""))
            yield from (uid for _, uid in islice(entries, start, stop))

    def is_behind(self, uid: str, order: Order) -> bool:
        """Somebody stands at that order or behind it, among those who may share a job."""
        found = self._places.get(uid)
        return found is not None and not found[0][1] and found[1] >= order

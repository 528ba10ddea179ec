"""Lanes: users whose next step is a request, waiting for the budget, first come first served.

Each lane has two queues: for users that may share a bulk job, and for those that must be sent alone.
"""

from __future__ import annotations

from itertools import islice

from cxone_operator.core.lane import Lane

Queue = dict[str, float]
"""uid → since when it waits, in seconds of the loop's clock."""


class Lanes:
    """Who waits in which lane."""

    def __init__(self) -> None:
        self._queues: dict[tuple[Lane, bool], Queue] = {(lane, alone): {} for lane in Lane for alone in (False, True)}
        self._place: dict[str, tuple[Lane, bool]] = {}

    def put(self, uid: str, lane: Lane, now: float, *, alone: bool) -> None:
        """Wait in that lane; somebody who waits there already keeps the place."""
        place = (lane, alone)
        if self._place.get(uid) == place:
            return
        self.discard(uid)
        self._place[uid] = place
        self._queues[place][uid] = now

    def discard(self, uid: str) -> float | None:
        """Stop waiting; since when it had waited."""
        place = self._place.pop(uid, None)
        return None if place is None else self._queues[place].pop(uid)

    def lane_of(self, uid: str) -> Lane | None:
        """Where somebody waits."""
        place = self._place.get(uid)
        return None if place is None else place[0]

    def first(self, lane: Lane, most: int, *, alone: bool) -> list[str]:
        """The first in a queue; they stay in it."""
        return list(islice(self._queues[lane, alone], most))

    def depth(self, lane: Lane) -> int:
        """How many wait in both queues of a lane."""
        return sum(len(self._queues[lane, alone]) for alone in (False, True))

    def shared(self, lane: Lane) -> int:
        """How many may share a bulk job."""
        return len(self._queues[lane, False])

    def newest_wait(self, lane: Lane, now: float) -> float:
        """Seconds since the last one came that may share a job."""
        queue = self._queues[lane, False]
        return now - next(reversed(queue.values())) if queue else 0.0

    def oldest_wait(self, lane: Lane, now: float) -> float:
        """Seconds since the first one came that may share a job."""
        queue = self._queues[lane, False]
        return now - next(iter(queue.values())) if queue else 0.0

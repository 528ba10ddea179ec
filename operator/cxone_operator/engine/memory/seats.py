"""Seat reservations: seats promised, taken and vacated, and when the quota must be read again.

A seat is promised before its create is sent. It is confirmed when CXone shows the active user, and counts against our
last reading of the quota until a reading that began later includes it; it is returned when the create failed.

A user that was locked out vacates a seat. Where few do, each is released by a request of its own; where many do, the
next reading tells whether CXone gave them back by itself, as it promises to, and releases are for what it did not.
"""

from __future__ import annotations

from cxone_operator.core.seats import Quota, Seats

FRESH_SECONDS = 30.0
"""A reading this young is good enough to admit users by: what others took since is refused by CXone, and waits."""
SHORT_SECONDS = 10.0
"""How often the quota is read while somebody waits for a seat."""
FEW = 10
"""So many releases cost less than the doubt whether somebody else has moved as many seats meanwhile."""
SETTLE_SECONDS = 2.0
"""How long CXone gets to give seats back by itself."""


class SeatReservations:
    """The seats of one tenant."""

    def __init__(self) -> None:
        self.quota: Quota | None = None
        self.short = False
        """Somebody was turned away the last time."""
        self._read_at: float = float("-inf")
        self._as_of: float = float("-inf")
        """When the reading that we have was asked for; `_read_at` also says whether it is good enough."""
        self._promised: set[str] = set()
        self._taken: dict[str, float] = {}
        self._vacated: dict[str, float] = {}
        """uid → when it was locked out, of those whose seat nobody has seen free."""
        self._kept: set[str] = set()
        """Of those, whose seat CXone has not given back by itself."""
        self._free: set[str] = set()
        """Whose seat CXone has given back by itself."""

    @property
    def reserved(self) -> int:
        """Seats promised to users whose creation has not been confirmed."""
        return len(self._promised)

    @property
    def taken(self) -> int:
        """Seats that were taken after the last reading."""
        return len(self._taken)

    def seats(self, reserve: int) -> Seats:
        """What the gate decides by."""
        return Seats(self.quota, len(self._promised) + len(self._taken), reserve)

    def most_free(self, reserve: int) -> int:
        """Seats that may turn out to be free: those that are promised may be counted as used by CXone already."""
        return Seats(self.quota, len(self._taken), reserve).free or 0

    def read_due(self, now: float) -> bool:
        """The last reading is too old to admit anybody by."""
        return now - self._read_at >= (SHORT_SECONDS if self.short else FRESH_SECONDS)

    def age(self, now: float) -> float:
        """Seconds since the reading that we have was asked for; endless where there is none."""
        return now - self._as_of

    def learn(self, quota: Quota, sent: float) -> tuple[str, ...]:
        """A reading that was asked for at `sent`: it includes all that was taken before; whose seat is settled by it.

        One that a newer reading has overtaken says nothing: what that one counted is free in this one.
        """
        if sent < self._as_of:
            return ()
        settled = self._settle_vacated(quota, sent)
        self.quota = quota
        self._read_at = self._as_of = sent
        self._taken = {uid: time for uid, time in self._taken.items() if time >= sent}
        return settled

    def recount(self) -> None:
        """Seats have moved without us (a release, a refusal): read before admitting anybody else."""
        self._read_at = float("-inf")

    def promise(self, uid: str) -> None:
        """A create is about to be sent."""
        self._promised.add(uid)
        self._forget_vacated(uid)

    def holds(self, uid: str) -> bool:
        """A seat is promised to the user."""
        return uid in self._promised

    def confirm(self, uid: str, now: float) -> None:
        """CXone shows the user active: the seat is taken."""
        if uid in self._promised:
            self._promised.remove(uid)
            self._taken[uid] = now

    def vacate(self, uid: str, now: float) -> None:
        """CXone shows the user inactive: the seat is about to be free."""
        if uid not in self._free:
            self._vacated.setdefault(uid, now)

    def release_due(self, uid: str) -> bool:
        """The seat of this leaver is worth a request of its own."""
        return self.short or len(self._vacated) <= FEW or uid in self._kept or uid not in self._vacated

    def is_free(self, uid: str) -> bool:
        """CXone has given the seat of this leaver back by itself."""
        return uid in self._free

    def doubted(self, now: float) -> bool:
        """Many have left, and long enough ago to read what became of their seats."""
        waiting = len(self._vacated) - len(self._kept)
        return waiting > FEW and now - next(reversed(self._vacated.values())) >= SETTLE_SECONDS

    def distrust(self) -> tuple[str, ...]:
        """The quota cannot be read: nobody knows what CXone does by itself, so all who wait for that are released."""
        waiting = tuple(self._vacated.keys() - self._kept)
        self._kept.update(waiting)
        return waiting

    def lose_sight(self, uid: str) -> None:
        """The resource is gone before anybody knew what became of the promise: count the seats again."""
        self._forget_vacated(uid)
        if uid in self._promised:
            self.give_back(uid)
            self.recount()

    def give_back(self, uid: str) -> None:
        """The create has failed for certain."""
        self._promised.discard(uid)

    def settle(self, uid: str) -> None:
        """The seat of a leaver was released by us."""
        self._forget_vacated(uid)

    def _forget_vacated(self, uid: str) -> None:
        self._vacated.pop(uid, None)
        self._kept.discard(uid)
        self._free.discard(uid)

    def _settle_vacated(self, quota: Quota, sent: float) -> tuple[str, ...]:
        """What we took and what was vacated since the last reading explains the new one, or not all is given back."""
        left = [uid for uid, time in self._vacated.items() if time < sent and uid not in self._kept]
        if not left:
            return ()
        taken = sum(time < sent for time in self._taken.values())
        if self.quota is not None and len(left) > FEW and quota.used <= self.quota.used + taken - len(left):
            for uid in left:
                del self._vacated[uid]
            self._free.update(left)
        else:
            self._kept.update(left)
        return tuple(left)

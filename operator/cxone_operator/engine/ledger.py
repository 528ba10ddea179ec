"""The licence ledger: seats promised, seats taken, and when the quota must be read again.

A seat is promised before its create is sent. It is confirmed when CXone shows the active user, and counts against our
last reading of the quota until a reading that began later includes it; it is returned when the create failed.
"""

from __future__ import annotations

from cxone_operator.core.seats import Quota, Seats

FRESH_SECONDS = 30.0
"""A reading this young is good enough to admit users by: what others took since is refused by CXone, and waits."""
SHORT_SECONDS = 10.0
"""How often the quota is read while somebody waits for a seat."""


class Ledger:
    """The seats of one tenant."""

    def __init__(self) -> None:
        self.quota: Quota | None = None
        self._read_at: float = float("-inf")
        self._as_of: float = float("-inf")
        """When the reading that we have was asked for; `_read_at` also says whether it is good enough."""
        self._promised: set[str] = set()
        self._taken: dict[str, float] = {}

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

    def read_due(self, now: float, *, short: bool) -> bool:
        """The last reading is too old to admit anybody by."""
        return now - self._read_at >= (SHORT_SECONDS if short else FRESH_SECONDS)

    def age(self, now: float) -> float:
        """Seconds since the reading that we have was asked for; endless where there is none."""
        return now - self._as_of

    def learn(self, quota: Quota, sent: float) -> None:
        """A reading that was asked for at `sent`: it includes all seats that were taken before.

        One that a newer reading has overtaken says nothing: what that one counted is free in this one.
        """
        if sent < self._as_of:
            return
        self.quota = quota
        self._read_at = self._as_of = sent
        self._taken = {uid: time for uid, time in self._taken.items() if time >= sent}

    def doubt(self) -> None:
        """Seats have moved without us (a release, a refusal): read before admitting anybody else."""
        self._read_at = float("-inf")

    def promise(self, uid: str) -> None:
        """A create is about to be sent."""
        self._promised.add(uid)

    def holds(self, uid: str) -> bool:
        """A seat is promised to the user."""
        return uid in self._promised

    def confirm(self, uid: str, now: float) -> None:
        """CXone shows the user active: the seat is taken."""
        if uid in self._promised:
            self._promised.remove(uid)
            self._taken[uid] = now

    def lose_sight(self, uid: str) -> None:
        """The resource is gone before anybody knew what became of the promise: count the seats again."""
        if uid in self._promised:
            self.give_back(uid)
            self.doubt()

    def give_back(self, uid: str) -> None:
        """The create has failed for certain."""
        self._promised.discard(uid)

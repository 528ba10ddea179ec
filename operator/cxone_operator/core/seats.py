"""The licence gate: who may take a seat now. Reserved and used together never exceed the total."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """Seats as CXone counts them."""

    total: int | None
    """None where there is no limit."""
    used: int


@dataclass(frozen=True, slots=True)
class Seats:
    """What is known of seats: the last reading, and what we have promised or taken since.

    `quota` None means that the number of seats is not asked for.
    """

    quota: Quota | None
    promised: int = 0
    """Reservations in flight, and seats taken after the reading was made."""
    reserve: int = 0
    """Seats that are kept free for others."""

    @property
    def free(self) -> int | None:
        """Seats that may still be promised; None means any number."""
        if self.quota is None or self.quota.total is None:
            return None
        return max(0, self.quota.total - self.quota.used - self.promised - self.reserve)


def admit(waiting: int, seats: Seats, *, hold_batch: bool) -> int:
    """How many of the `waiting`, oldest first, may take a seat; a held batch goes whole or not at all."""
    free = seats.free
    if free is None or waiting <= free:
        return waiting
    return 0 if hold_batch else free

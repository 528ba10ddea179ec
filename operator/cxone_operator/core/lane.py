"""Lanes: who goes first when requests are scarce."""

from __future__ import annotations

from enum import IntEnum


class Lane(IntEnum):
    """Order of service, lowest first: a leaver is locked out before anybody is let in."""

    LEAVERS = 0
    UPDATES = 1
    JOINERS = 2
    BACKGROUND = 3
    """Directory refresh and licence quota where nobody waits for them."""

    @property
    def label(self) -> str:
        """The lane's name in metrics and logs."""
        return self.name.lower()

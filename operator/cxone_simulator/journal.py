"""The journal: every effect, once, in order. What it says cannot be unsaid, so tests can prove what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One effect on one user."""

    seq: int
    time: float
    effect: str
    """created, updated, activated, deactivated, deleted, licenseAssigned or licenseReleased."""
    id: str
    user_name: str
    actor: str
    """`request`, `job:<id>`, `outside` or `clock`."""
    changes: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        """The entry on the wire."""
        return {
            "seq": self.seq,
            "time": self.time,
            "effect": self.effect,
            "id": self.id,
            "userName": self.user_name,
            "actor": self.actor,
            "changes": dict(self.changes),
        }


class Journal:
    """Append-only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: list[Entry] = []

    def write(
        self, effect: str, id_: str, user_name: str, actor: str, changes: Mapping[str, object] | None = None
    ) -> None:
        """Add an effect."""
        self._entries.append(Entry(len(self._entries), self._clock(), effect, id_, user_name, actor, changes or {}))

    def __len__(self) -> int:
        return len(self._entries)

    def since(self, seq: int) -> list[Entry]:
        """Everything from that number on."""
        return self._entries[max(0, seq) :]

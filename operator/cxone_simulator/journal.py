"""The journal: every effect, once, in order. What it says cannot be unsaid, so tests can prove what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

REQUEST_ID: ContextVar[str] = ContextVar("REQUEST_ID", default="")
"""The id of the request that is being carried out, as its answer has it in X-Request-Id."""


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
    request_id: str
    """The request that asked for it, that of a job the one that submitted it; empty for `outside` and `clock`."""
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
            "requestId": self.request_id,
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
        number, now, asked = len(self._entries), self._clock(), REQUEST_ID.get() if _is_asked(actor) else ""
        self._entries.append(Entry(number, now, effect, id_, user_name, actor, asked, changes or {}))

    def __len__(self) -> int:
        return len(self._entries)

    def since(self, seq: int) -> list[Entry]:
        """Everything from that number on."""
        return self._entries[max(0, seq) :]


def _is_asked(actor: str) -> bool:
    return actor == "request" or actor.startswith("job:")

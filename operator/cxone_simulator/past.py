"""The past: what the tenant had a moment ago, for whoever reads from a copy that is behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from cxone_simulator.attributes import Json

BEHIND_SECONDS = 2.0
"""How old what such a copy shows is; real ones say "less than a second, usually"."""


class Past:
    """Changes of the last moment."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changes: deque[tuple[float, str, Json | None]] = deque()

    def note(self, id_: str, before: Json | None) -> None:
        """A user is about to be another one; `before` None where there is none."""
        self._forget()
        self._changes.append((self._clock(), id_, before))

    def users(self, now: Iterable[Json]) -> list[Json]:
        """Everybody as they were, oldest first, and at the end whoever is gone since."""
        before, present = self._before(), list(now)
        shown = [before.get(user["id"], user) for user in present]
        gone = before.keys() - {user["id"] for user in present}
        return [user for user in (*shown, *(before[id_] for id_ in gone)) if user is not None]

    def user(self, id_: str, now: Json | None) -> Json | None:
        """One user as it was."""
        return self._before().get(id_, now)

    def _before(self) -> dict[str, Json | None]:
        """Those who have changed, as they were before the first of their changes."""
        self._forget()
        return {id_: before for _, id_, before in reversed(self._changes)}

    def _forget(self) -> None:
        while self._changes and self._changes[0][0] <= self._clock() - BEHIND_SECONDS:
            self._changes.popleft()

"""Which resources there are for which person: names by userName in lower case, fed by a watch.

The API server finds a resource by userName only in the exact case, and by looking at all of them. The roster finds it
at once and in any case. It is a hint: what it names is read before anything is decided, and its silence counts only
while the watch is known to be live.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from cxone_operator.cluster.bodies import mapping, metadata
from cxone_operator.cluster.server import Body
from cxone_operator.core.users import key_of

_LIVE_SECONDS = 1.0
"""A watch that has delivered something within this time delivers everything: the server sends events in order."""


class Roster:
    """The resources of one namespace (a `Follower`)."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}
        self._keys: dict[str, str] = {}
        self._spoke_at = float("-inf")
        self.problem: str | None = "the CxoneUsers have not been listed yet"
        """Why the roster is not up to date, None where it is."""
        self.followed_once = False
        """The roster has been up to date at some time."""

    def names(self, user_name: str) -> tuple[str, ...]:
        """The resources of that userName, in whatever case, in every tenant."""
        return tuple(sorted(self._names.get(key_of(user_name), ())))

    @property
    def live(self) -> bool:
        """Whom the roster does not name, has no resource."""
        return self.problem is None and time.monotonic() - self._spoke_at < _LIVE_SECONDS

    def listed(self, items: Iterable[Body]) -> None:
        """Begin anew with these."""
        self._names.clear()
        self._keys.clear()
        for item in items:
            self.changed("ADDED", item)
        self.problem = None

    def changed(self, kind: str, body: Body) -> None:
        """One resource came, changed or went."""
        name, key = metadata(body, "name"), key_of(str(mapping(body.get("spec")).get("userName", "")))
        self._forget(name)
        if kind != "DELETED" and key:
            self._keys[name] = key
            self._names.setdefault(key, set()).add(name)

    def spoke(self) -> None:
        """The watch is live."""
        self._spoke_at = time.monotonic()
        self.followed_once = True

    def lost(self, why: str) -> None:
        """Nothing is known for certain until the next list."""
        self.problem = f"the CxoneUsers cannot be watched: {why}"

    def _forget(self, name: str) -> None:
        key = self._keys.pop(name, None)
        if key is not None:
            self._names[key].discard(name)
            if not self._names[key]:
                del self._names[key]

"""The census: how many resources there are of each kind, kept by adding and taking away: asking costs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from cxone_operator.api.conditions import READY, RECONCILING, STALLED
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.telemetry import metrics

_DELETING = "Deleting"
"""No condition of the resource, but counted like one: a deletion that does not end must be seen by somebody."""
_ACTIVE = {None: "unknown", True: "true", False: "false"}

Kind = tuple[str, ...]
"""(ready, active), or (condition, status, reason)."""


class Census:
    """Resources of one tenant, counted."""

    def __init__(self, users: Iterable[CxoneUser] = ()) -> None:
        self._counts: Counter[Kind] = Counter()
        for user in users:
            self.add(user)

    def add(self, user: CxoneUser) -> None:
        """One more."""
        for kind in _kinds(user):
            self._counts[kind] += 1

    def remove(self, user: CxoneUser) -> None:
        """One less; the version that was added."""
        for kind in _kinds(user):
            self._counts[kind] -= 1
            if not self._counts[kind]:
                del self._counts[kind]

    @property
    def ready(self) -> int:
        """Resources that say Ready=True."""
        return self._sum(READY)

    @property
    def waiting(self) -> int:
        """Resources that say Reconciling."""
        return self._sum(RECONCILING)

    @property
    def stalled(self) -> int:
        """Resources that say Stalled."""
        return self._sum(STALLED)

    def show(self, tenant: str) -> None:
        """Set the gauges."""
        for kind, count in self._counts.items():
            gauge = metrics.users if len(kind) == 2 else metrics.user_conditions
            gauge.labels(tenant, *kind).set(count)

    def _sum(self, type_: str) -> int:
        return sum(
            count for kind, count in self._counts.items() if len(kind) == 3 and kind[0] == type_ and kind[1] == "True"
        )


def _kinds(user: CxoneUser) -> Iterator[Kind]:
    ready = user.status.condition(READY)
    yield ready.status if ready else "Unknown", _ACTIVE[user.status.active]
    for item in user.status.conditions:
        yield item.type, item.status, item.reason
    if user.metadata.deleting and user.claimed:
        yield _DELETING, "True", ready.reason if ready else Reason.PENDING.value

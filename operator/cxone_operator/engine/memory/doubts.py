"""In-doubt writes: users whom a request may still create although CXone shows none of that name.

A create may take effect after its connection broke, after the process that sent it died, or whenever a bulk job gets
to it. Until no such request can be under way, an absent user proves nothing, and a resource is not let go on the
strength of it: the user would appear a moment later, active and nobody's.
"""

from __future__ import annotations

from cxone_operator.api.conditions import timestamp
from cxone_operator.core.work import REQUEST_SECONDS
from cxone_operator.engine.base.clocks import Clocks, moment_of
from cxone_operator.engine.memory.work import Alarms


class InDoubt:
    """What may still happen to the users of one tenant."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._until: dict[str, float] = {}
        """Of requests of this process, by uid."""
        self._inherited_until: dict[str, float] = {}
        """Of requests for resources that are gone."""
        self._ends = Alarms()
        """Of what is in `_until`, each until it was told."""
        self._ours: set[str] = set()
        self._inherited: str | None = None
        self._earlier = clocks.monotonic() + REQUEST_SECONDS
        """Until when requests of an earlier process may take effect."""
        self._submissions: dict[int, str] = {}

    def until(self, uid: str) -> float:
        """The moment, in seconds of the loop's clock, from which on an absence of this user proves something."""
        earlier = float("-inf") if uid in self._ours else self._earlier
        return max(self.own(uid), self._inherited_until.get(uid, float("-inf")), earlier)

    def own(self, uid: str) -> float:
        """The same of requests that this process has sent for the resource itself."""
        return self._until.get(uid, float("-inf"))

    def add(self, uid: str, seconds: float) -> None:
        """A request that may create this user has ended without certainty."""
        until = max(self._clocks.monotonic() + seconds, self.own(uid))
        self._until[uid] = until
        self._ends.set(until, uid)

    def ended(self) -> list[str]:
        """Those of whom a doubt of this process has ended, each once."""
        now = self._clocks.monotonic()
        due = [uid for uid in self._ends.due(now) if uid in self._until]
        for uid in due:
            if self._until[uid] > now:
                self._ends.set(self._until[uid], uid)
        return [uid for uid in due if self._until[uid] <= now]

    def claimed(self, uid: str) -> None:
        """This process is the first that does anything for the user."""
        if self._clocks.monotonic() < self._earlier:
            self._ours.add(uid)

    def inherit(self, heir: str, until: float) -> None:
        """The heir's user is that of a resource that is gone: what may happen to one may happen to the other."""
        if until > self.until(heir):
            self._inherited_until[heir] = until

    def forget(self, uid: str) -> None:
        """The resource is gone."""
        self._until.pop(uid, None)
        self._inherited_until.pop(uid, None)
        self._ours.discard(uid)

    def begin_submission(self, seconds: float) -> int:
        """A bulk request is about to be sent: its job, not known yet, ends within that time."""
        number = max(self._submissions, default=0) + 1
        self._submissions[number] = timestamp(self._clocks.after(seconds))
        return number

    def end_submission(self, number: int) -> None:
        """The job is known, or there is none."""
        self._submissions.pop(number, None)

    def extend(self, until: float) -> None:
        """Something that an earlier process began may last until then."""
        self._earlier = max(self._earlier, until)

    def load(self, unconfirmed_until: str, longest: float) -> None:
        """An earlier process died while it sent a bulk request, whose job ends within `longest` seconds of that.

        More than that is left only where its clock was wrong.
        """
        left = min(longest, (moment_of(unconfirmed_until) - self._clocks.now()).total_seconds())
        if left > 0:
            self._inherited = timestamp(self._clocks.after(left))
            self.extend(self._clocks.monotonic() + left)

    def status(self) -> str | None:
        """For the tenant's status: until when a job may run of which nobody knows the id."""
        if self._inherited is not None and moment_of(self._inherited) <= self._clocks.now():
            self._inherited = None
        inherited = [self._inherited] if self._inherited is not None else []
        return max([*self._submissions.values(), *inherited], default=None)

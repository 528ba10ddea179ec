"""Pending deprovisionings: who is about to lose access, who may, and how many did lately. The guard decides on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cxone_operator.api.conditions import timestamp
from cxone_operator.api.tenant import AdmissionStatus, DeprovisioningStatus
from cxone_operator.core.deprovisioning import Admission, Admissions, Leaver
from cxone_operator.engine.base.clocks import Clocks, moment_of

_MOST_REMEMBERED = 2000
"""Released users on the tenant's status: the CRD's limit. Beyond it a crash makes the rest ask for a new approval."""
_SAMPLE = 50


@dataclass(frozen=True, slots=True)
class Hold:
    """A set of leavers that nobody has approved yet."""

    since: str
    plan_hash: str
    message: str
    user_names: tuple[str, ...]
    """Of exactly those whom the hash stands for; who has come since is told with the next one."""


class PendingDeprovisionings:
    """The leavers of one tenant."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._remembered: set[str] = set()
        self.waiting: dict[str, Leaver] = {}
        self.suspects: set[str] = set()
        """Users that are to be inactive and have not been looked up yet: they may be leavers."""
        self.released: set[str] = set()
        self.admissions = Admissions()
        self.hold: Hold | None = None
        self.since: str | None = None
        """When holding began, also in an earlier process; part of the plan's hash."""
        self.version = 0
        """Moves with every change of anything here."""
        self.began = self.arrived = float("-inf")
        """When the first and the newest of those who wait came."""
        self.withdrawn = float("-inf")
        """When somebody who waited was last found not to leave any more."""

    @property
    def held(self) -> int:
        """How many wait for an approval."""
        return len(self.hold.user_names) if self.hold is not None else 0

    def is_released(self, uid: str) -> bool:
        """The guard has let this user through, in this process or an earlier one."""
        return uid in self.released or _short(uid) in self._remembered

    @property
    def under_way(self) -> int:
        """Users that were let through and have not been seen deprovisioned."""
        return len(self.released) + len(self._remembered)

    def wait(self, leaver: Leaver) -> None:
        """Somebody is about to lose access, and the guard has not been asked."""
        self.suspects.discard(leaver.uid)
        if self.waiting.get(leaver.uid) == leaver:
            return
        self.arrived = self._clocks.monotonic()
        if not self.waiting:
            self.began = self.arrived
        self.waiting[leaver.uid] = leaver
        self.version += 1

    def suspect(self, uid: str) -> None:
        """Somebody may be about to lose access: nobody knows before the look-up."""
        if not self.is_released(uid):
            self.suspects.add(uid)

    def pass_over(self, uid: str) -> None:
        """CXone does not tell of somebody, and is asked again later: the others do not wait for that."""
        self.suspects.discard(uid)

    def withdraw(self, uid: str) -> None:
        """Not leaving any more, or gone."""
        self.suspects.discard(uid)
        if uid in self.waiting:
            self.withdrawn = self._clocks.monotonic()
        if uid in self.waiting or self.is_released(uid):
            self.waiting.pop(uid, None)
            self.released.discard(uid)
            self._remembered.discard(_short(uid))
            self.version += 1

    def release(self, uids: Iterable[str], admission: Admission | None) -> None:
        """These may go; `admission` None where somebody has approved it."""
        for uid in uids:
            del self.waiting[uid]
            self.released.add(uid)
        if admission is not None:
            self.admissions = self.admissions.plus(admission)
        self.version += 1

    def take_back(self, leavers: Iterable[Leaver], admissions: Admissions, hold: Hold | None) -> None:
        """An admission could not be written down: whoever still wants to leave waits again, as before."""
        self.admissions = admissions
        self.keep_hold(hold)
        for leaver in leavers:
            if self.is_released(leaver.uid):
                self.withdraw(leaver.uid)
                self.wait(leaver)

    def count_within(self, seconds: float) -> int:
        """How many were let through within that window; forgets those that count no more."""
        kept = self.admissions.within(seconds, self._clocks.monotonic())
        if kept != self.admissions:
            self.admissions = kept
            self.version += 1
        return kept.users

    def keep_hold(self, hold: Hold | None) -> None:
        """Everybody who waits is held, or (None) nobody is."""
        if hold != self.hold:
            self.hold = hold
            self.since = hold.since if hold is not None else None
            self.version += 1

    def forget_strangers(self, uids: Iterable[str]) -> None:
        """Whoever was let through by an earlier process and has no resource any more is gone."""
        if self._remembered:
            self._remembered &= {_short(uid) for uid in uids}

    def load(self, status: DeprovisioningStatus) -> None:
        """Go on where an earlier process ended."""
        entries = [
            Admission(self._clocks.moment(moment_of(item.time)), item.time, item.users) for item in status.admissions
        ]
        self.admissions = Admissions(tuple(entries))
        self._remembered = set(status.released)
        self.since = status.held_since
        if self.since is not None:
            self.withdrawn = self._clocks.monotonic()

    def status(self) -> DeprovisioningStatus:
        """All of it, for the tenant's status."""
        entries = self.admissions.entries
        hold = self.hold
        return DeprovisioningStatus(
            held=self.held,
            plan_hash=hold.plan_hash if hold is not None else None,
            sample=hold.user_names[:_SAMPLE] if hold is not None else (),
            held_since=self.since,
            window_start=entries[0].time if entries else None,
            used=self.admissions.users,
            admissions=tuple(AdmissionStatus(entry.time, entry.users) for entry in entries),
            released=tuple(sorted({*map(_short, self.released), *self._remembered})[:_MOST_REMEMBERED]),
        )

    def admission(self, users: int) -> Admission:
        """So many are let through now."""
        return Admission(self._clocks.monotonic(), timestamp(self._clocks.now()), users)


def _short(uid: str) -> str:
    """Enough of a random uid to know it again."""
    return uid[:8]

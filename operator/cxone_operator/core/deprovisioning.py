"""The deprovisioning guard's decision: may these people lose access now, or must somebody agree first?

Whatever makes people leave (a spec, a deletion, an end date, a removed folder in Git, a flood of HR events), they meet
here. Leavers are gathered for a moment and judged together: either all of them go, or none goes before somebody has
approved exactly this set. Admissions without approval are counted in a sliding window, so that no stretch of
windowSeconds ever sees more than the allowance; approved ones are not counted, as a person has looked at them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cxone_operator.api.tenant import Deprovisioning

MOST_ADMISSIONS = 100
"""Entries that are remembered; beyond it the oldest two become one, which counts as long as the younger."""
_HASH_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who is about to lose access."""

    uid: str
    generation: int
    user_name: str


@dataclass(frozen=True, slots=True)
class Admission:
    """So many users were let through at that moment, without approval."""

    at: float
    """Seconds of the loop's clock."""
    time: str
    """The same moment for people and for the next process."""
    users: int


@dataclass(frozen=True, slots=True)
class Admissions:
    """What was let through lately."""

    entries: tuple[Admission, ...] = ()

    def within(self, seconds: float, now: float) -> Admissions:
        """Without those that count no more."""
        return Admissions(tuple(entry for entry in self.entries if now - entry.at < seconds))

    def plus(self, admission: Admission) -> Admissions:
        """With one more."""
        entries = (*self.entries, admission)
        if len(entries) > MOST_ADMISSIONS:
            first, second, *rest = entries
            entries = (replace(second, users=first.users + second.users), *rest)
        return Admissions(entries)

    @property
    def users(self) -> int:
        """All who were let through."""
        return sum(entry.users for entry in self.entries)


def allowance(policy: Deprovisioning, active: int) -> int:
    """How many users one window lets through, of so many managed active ones."""
    return max(policy.min_users, min(policy.max_users, active * policy.max_percent // 100))


def plan_hash(leavers: Iterable[Leaver], since: str) -> str:
    """Names exactly this set in this state, held since then: no other set, nor the same people another time."""
    lines = [since, *sorted(f"{leaver.uid} {leaver.generation}" for leaver in leavers)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_HASH_LENGTH]


def admits(leavers: Sequence[Leaver], used: int, allowed: int) -> bool:
    """All of them fit into what is left of the allowance."""
    return used + len(leavers) <= allowed

"""Conditions in the standard form of Kubernetes (metav1.Condition), and the one rule for writing them.

`lastTransitionTime` moves only when the *status* of a condition changes; everything else may change beneath it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

import msgspec

from cxone_operator.api.reasons import Reason

Status = Literal["True", "False", "Unknown"]

READY = "Ready"
"""The summary. CxoneUser: CXone agrees with the spec. CxoneTenant: CXone is reached and its users are known."""
SYNCED = "Synced"
"""CxoneUser: the last comparison with CXone found no declared field that differs."""
LICENSED = "Licensed"
"""CxoneUser: the user holds a seat."""
RECONCILING = "Reconciling"
"""CxoneUser, present only while True: work is going on or is being retried."""
STALLED = "Stalled"
"""CxoneUser, present only while True: nothing more happens until somebody changes something."""
AUTHENTICATED = "Authenticated"
"""CxoneTenant: CXone accepts the credentials."""
DEPROVISIONING_HELD = "DeprovisioningHeld"
"""CxoneTenant: too many people would lose access at once, and none of them does before somebody has approved it."""
CIRCUIT_OPEN = "CircuitOpen"
"""CxoneTenant: CXone as a whole fails and is tried with one request at a time."""

_MESSAGE_LIMIT = 1024
"""Characters; long remote answers add nothing to the first thousand."""


class Condition(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One condition as it stands on a resource."""

    type: str
    status: Status
    reason: str
    message: str = ""
    observed_generation: int | None = None
    last_transition_time: str = ""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """A condition as a decision wants it, before it is merged with what the resource already says."""

    type: str
    status: Status
    reason: Reason
    message: str = ""


@lru_cache(maxsize=4096)
def shared(condition: Condition) -> Condition:
    """One object for all conditions that are equal: most users say the same, and each would keep 1 kB of text."""
    return condition


def find(conditions: Iterable[Condition], type_: str) -> Condition | None:
    """The condition of that type, or None."""
    return next((condition for condition in conditions if condition.type == type_), None)


def merge(
    old: Iterable[Condition], findings: Iterable[Finding | Condition], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """The complete new list, in the order of the findings; a Condition among them is kept as it is."""
    known = {condition.type: condition for condition in old}
    return tuple(
        finding if isinstance(finding, Condition) else _merged(known.get(finding.type), finding, generation, now)
        for finding in findings
    )


def _merged(old: Condition | None, finding: Finding, generation: int, now: datetime) -> Condition:
    unchanged = old is not None and old.status == finding.status
    return Condition(
        type=finding.type,
        status=finding.status,
        reason=finding.reason.value,
        message=finding.message[:_MESSAGE_LIMIT],
        observed_generation=generation,
        last_transition_time=old.last_transition_time if old is not None and unchanged else timestamp(now),
    )


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as Kubernetes writes its times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

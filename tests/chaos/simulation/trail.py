"""The audit trail against what was really asked of CXone, process by process.

A process that lives, or was stopped as a cluster stops it, has exactly one line for each write that it sent: that is
counted at its wire. One that crashed may miss the lines of what it had under way, so nothing is expected of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from chaos.simulation.journal import ADMINISTRATOR, Journal
from chaos.simulation.remote_model import PARTLY
from cxone_operator.telemetry.audit import Act, AuditLine, Result

_WRITES = {
    Act.CREATE: "create",
    Act.ADOPT: "patch",
    Act.UPDATE: "patch",
    Act.DEACTIVATE: "patch",
    Act.DELETE: "delete",
    Act.RECLAIM: "release_license",
}
_EFFECTS = {
    "create": "create",
    "update": "patch",
    "activate": "patch",
    "deactivate": "patch",
    "delete": "delete",
    "reclaim": "release_license",
}
_SENT = (Result.SUCCESS, Result.FAILURE, Result.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Trail:
    """What one process wrote, and what it sent."""

    actor: str
    lines: list[AuditLine]
    writes: Counter[str]
    """By kind; each operation of a bulk request is one."""


def complaints_about_trails(trails: Iterable[Trail], journal: Journal, cxone: Mapping[str, str]) -> list[str]:
    """Writes without a line, lines without a write, and effects that no line admits; `cxone` of each tenant."""
    crashed = {entry.origin.actor for entry in journal if entry.verb == "crash"}
    found: list[str] = []
    for trail in trails:
        if trail.actor not in crashed:
            found += _about_requests(trail)
            found += _about_effects(trail, journal, cxone)
    return found


def _about_requests(trail: Trail) -> Iterator[str]:
    written = Counter(_WRITES[line.action] for line in trail.lines if _is_sent(line))
    for kind in sorted(written.keys() | trail.writes.keys()):
        lines, sent = written[kind], trail.writes[kind]
        if lines != sent:
            yield f"{trail.actor} sent {sent} {kind} and has {lines} audit lines of it"


def _about_effects(trail: Trail, journal: Journal, cxone: Mapping[str, str]) -> Iterator[str]:
    """Whatever took effect is told as done, or as unknown; not so where an administrator had a hand in it,
    or where it took effect in part only.

    What one user got from a bulk job is seen by looking at that user, and then it is as if the job had done nothing.
    """
    touched = {(entry.tenant, entry.subject) for entry in journal if entry.origin.actor == ADMINISTRATOR}
    admitted = Counter(
        (cxone.get(name := line.tenant.partition("/")[2], name), line.user_name.lower(), _WRITES[line.action])
        for line in trail.lines
        if _is_sent(line) and line.result is not Result.FAILURE
    )
    effects = Counter(
        (entry.tenant, entry.subject, _EFFECTS[entry.verb])
        for entry in journal
        if entry.origin.actor == trail.actor and entry.verb in _EFFECTS and PARTLY not in entry.detail
        if (entry.tenant, entry.subject) not in touched
    )
    for (tenant, key, kind), number in effects.items():
        told = admitted[tenant, key, kind]
        if told < number:
            yield f"{trail.actor} did {kind} {number} times for {key}, and {told} audit lines admit it"


def _is_sent(line: AuditLine) -> bool:
    return line.action in _WRITES and line.result in _SENT

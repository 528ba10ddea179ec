"""The journal: everything that took effect in the models, in order, with who asked for it and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chaos.simulation.schedule import DEFAULT

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""The wall clock at virtual second 0."""

PEOPLE = "people"
"""Who edits resources."""
ADMINISTRATOR = "administrator"
"""Who works in CXone by hand."""


def wall_clock(time: float) -> datetime:
    """The date at that second of the loop."""
    return START + timedelta(seconds=time)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an effect comes from."""

    actor: str
    """`operator 1`, `people`, `administrator`."""
    asked: float
    """When the actor decided to ask; the effect may come much later."""
    job: str = ""
    """The bulk job that carries it out."""
    heeded: bool = True
    """False: CXone accepts it, and does nothing."""

    @property
    def operator(self) -> bool:
        """A process of the operator, dead by now or not."""
        return self.actor.startswith("operator")


@dataclass(frozen=True, slots=True)
class Entry:
    """One effect."""

    time: float
    origin: Origin
    verb: str
    """In CXone create, update, activate, deactivate, delete, reclaim, submit, ignored, refused, seats; in Kubernetes
    status, finalizers, apply, remove, event; of the operator start, crash, stop, clock."""
    subject: str
    """A user's natural key, or the name of a resource."""
    detail: str = ""
    tenant: str = ""
    """Where it happened, empty where it concerns no tenant."""

    def __str__(self) -> str:
        asked = f" (asked {self.origin.asked:.3f})" if self.time - self.origin.asked > 0.0005 else ""
        where = "" if self.tenant in ("", DEFAULT) else f" in {self.tenant}"
        what = f"{self.verb:<10} {self.subject} {self.detail}"
        return f"{self.time:9.3f} {self.origin.actor:<13} {what}{asked}{where}".rstrip()


REMOTE_WRITES = ("create", "update", "activate", "deactivate", "delete", "reclaim", "submit")
KUBERNETES_WRITES = ("status", "finalizers")


@dataclass(slots=True)
class Journal:
    """Effects in the order in which they came."""

    entries: list[Entry] = field(default_factory=list)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def add(self, time: float, origin: Origin, verb: str, subject: str, detail: str = "", tenant: str = "") -> None:
        """Note an effect."""
        self.entries.append(Entry(time, origin, verb, subject, detail, tenant))

    def of(self, *tenants: str) -> Journal:
        """What concerns those tenants."""
        return Journal([entry for entry in self.entries if entry.tenant in ("", *tenants)])

    def written_since(self, time: float) -> list[Entry]:
        """Writes of the operator from that moment on."""
        wanted = REMOTE_WRITES + KUBERNETES_WRITES
        return [
            entry for entry in self.entries if entry.time >= time and entry.origin.operator and entry.verb in wanted
        ]

    def __str__(self) -> str:
        return "\n".join(map(str, self.entries))

"""Time and chance, from outside: tests bring their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of one process."""

    monotonic: Callable[[], float]
    """Seconds; only differences mean anything."""
    now: Callable[[], datetime]
    """Wall-clock time with zone, for schedules and conditions."""
    jitter: Callable[[], float]
    """A random number from 0 to 1."""

    def after(self, seconds: float) -> datetime:
        """The wall-clock time that many seconds from now."""
        return self.now() + timedelta(seconds=seconds)

    def moment(self, time: datetime) -> float:
        """A past wall-clock time in seconds of the monotonic clock; what lies in the future has just happened."""
        return self.monotonic() - max(0.0, (self.now() - time).total_seconds())


def moment_of(text: str) -> datetime:
    """A time as Kubernetes writes it; one without a zone is taken for UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

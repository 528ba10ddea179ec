"""A check: one line of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_SHOWN = 3
"""Names in one line."""


class Outcome(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    """The operator works, and not as somebody expects."""
    FAILED = "failed"
    """The operator, or a part of its work, stands still."""
    SKIPPED = "skipped"
    """Nobody looked: something else has failed, or we may not."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and what to do."""

    name: str
    outcome: Outcome
    seen: str
    remedy: str = ""


def ok(name: str, seen: str) -> Check:
    """As it should be."""
    return Check(name, Outcome.OK, seen)


def warning(name: str, seen: str, remedy: str) -> Check:
    """Worth a look."""
    return Check(name, Outcome.WARNING, seen, remedy)


def failed(name: str, seen: str, remedy: str) -> Check:
    """To be mended."""
    return Check(name, Outcome.FAILED, seen, remedy)


def skipped(name: str, why: str, remedy: str = "") -> Check:
    """Nobody looked."""
    return Check(name, Outcome.SKIPPED, why, remedy)


def told(name: str, outcome: Outcome, message: str, remedy: str = "") -> Check:
    """From a message of the operator's, whose remedy stands behind its first semicolon; else `remedy`."""
    seen, _, own = message.partition("; ")
    return Check(name, outcome, seen, own or remedy)


def some(names: Sequence[str]) -> str:
    """The first of them and how many more: who has seen three knows what is up."""
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")

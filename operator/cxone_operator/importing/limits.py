"""Limits: what a field of a CxoneUser may be, as the CRD has it, each with the words that say so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cxone_operator.core.naming import is_user_name

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_DIGIT = re.compile(r"[0-9]")
MOST_ROLES = 50
"""Besides the primary one."""
MOST_GROUPS = 200
MOST_CONTACTS = 10
"""Addresses, or telephone numbers."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a value, without blanks at its ends, may be."""

    fits: Callable[[str], bool]
    must_be: str
    """What it must be, as it follows after "must be"."""


def _text(most: int, what: str) -> Limit:
    return Limit(lambda value: 0 < len(value) <= most, f"{what} of at most {most} characters")


USER_NAME = Limit(is_user_name, "an e-mail address of at most 254 characters, for example jane.smith@example.com")
NAME = _text(128, "a name")
ROLE = _text(128, "the name of a role")
GROUP = _text(256, "the name of a group")
DISPLAY_NAME = _text(256, "a name")
TEAM = _text(256, "the name of a team")
EMPLOYEE_ID = _text(256, "an id")
TYPE = _text(64, "a word, for example work,")
TIMEZONE = Limit(
    lambda value: len(value) <= 64 and _ZONE.fullmatch(value) is not None,
    "an IANA name, for example America/New_York or UTC",
)
ADDRESS = Limit(
    lambda value: 3 <= len(value) <= 254 and _ADDRESS.fullmatch(value) is not None,
    "an e-mail address, for example jane.smith@example.com",
)
NUMBER = Limit(
    lambda value: 0 < len(value) <= 64 and _DIGIT.search(value) is not None,
    "a telephone number, for example +14155550100",
)

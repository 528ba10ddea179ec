"""Names that nobody has given: that of a resource, and a person's, as well as an address tells it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from cxone_operator.core.users import key_of

_LONGEST = 40
"""Characters of the readable part."""
_SUFFIXES = (8, 16, 32, 64)
"""Hexadecimal digits of the hash. Eight tell 10,000 people of one readable part apart; the others are for the rest."""
_PART = re.compile(r"[^\W_]+")
_LONGEST_NAME = 128
_LONGEST_ADDRESS = 254
_LABEL = r"[^\W_]((?:[^\W_]|-)*[^\W_])?"
_ADDRESS = re.compile(rf"[^@\s<>(),;:\"\[\]\\]+@{_LABEL}(\.{_LABEL})+")


def is_user_name(text: str) -> bool:
    """It has the form that `spec.userName` takes, that of an e-mail address."""
    return len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def resource_names(user_name: str, employee_id: str | None = None) -> Iterator[str]:
    """DNS-safe names for a person's resource, the first the best: by employeeId, else by address in any spelling.

    As everybody makes the same name, two replicas cannot make two resources for one person.
    """
    key = employee_id or key_of(user_name)
    digest = hashlib.sha256(key.encode()).hexdigest()
    local = key if employee_id else key.partition("@")[0]
    readable = re.sub(r"[^a-z0-9]+", "-", local.lower())[:_LONGEST].strip("-") or "user"
    return (f"{readable}-{digest[:length]}" for length in _SUFFIXES)


def person_name(email: str) -> tuple[str, str]:
    """Given and family name, neither ever empty: Jane, Smith from jane.smith@x.com, and Jane, X from jane@x.com."""
    local, _, domain = email.partition("@")
    words = _PART.findall(local.partition("+")[0]) or _PART.findall(local)
    given = _capital(words[0]) if words else "User"
    family = " ".join(map(_capital, words[1:] or _PART.findall(domain)[:1]))
    return given[:_LONGEST_NAME], family[:_LONGEST_NAME].strip() or "User"


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]

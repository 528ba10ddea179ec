"""Which users are never changed."""

from __future__ import annotations

from collections.abc import Iterable

from cxone_operator.core.users import key_of


def is_protected(user_name: str, patterns: Iterable[str]) -> bool:
    """A pattern is a whole userName, or the beginning of one followed by `*`; case does not matter."""
    key = key_of(user_name)
    return any(_matches(key, key_of(pattern)) for pattern in patterns)


def _matches(key: str, pattern: str) -> bool:
    return key.startswith(pattern[:-1]) if pattern.endswith("*") else key == pattern

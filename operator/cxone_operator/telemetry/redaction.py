"""Redaction: values under secret-sounding keys and credentials by their form are dropped, addresses are masked."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache

_SECRET_KEYS = re.compile(r"secret|token|password|authorization|credential", re.IGNORECASE)
_CREDENTIALS = re.compile(r"\b(Bearer|Basic)\s+(?=[\w.~+/=-]*\d)[\w.~+/=-]{6,}", re.IGNORECASE)
"""What follows the scheme of an Authorization header (RFC 9110 section 11.4); a word of prose has no digit."""
_ADDRESS = re.compile(r"(?<!\S)\S+(?:@|%40)\S+")
"""The whole word around an @, also where it is percent-encoded: the CRD takes every character but blanks."""


def redact(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Drop secrets by key or form, and mask addresses (a structlog processor)."""
    for key, value in event.items():
        event[key] = "[redacted]" if _is_secret(key) else _masked(value)
    return event


def without_credentials(text: str) -> str:
    """For a text from outside, which may quote what it was sent."""
    return _CREDENTIALS.sub(r"\1 [redacted]", text)


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return _SECRET_KEYS.search(key) is not None


def _masked(value: object) -> object:
    """Numbers as they are; everything else as text, or text within lists and mappings, without addresses."""
    if isinstance(value, str):
        return _masked_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): "[redacted]" if _is_secret(str(key)) else _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    return _masked_text(str(value))


def _masked_text(text: str) -> str:
    # A search for one character costs a tenth of what the expression costs, and few texts have an address.
    safe = without_credentials(text)
    return _ADDRESS.sub("[address]", safe) if "@" in safe or "%40" in safe else safe

"""Redaction: values under secret-sounding keys and credentials by their form are dropped, addresses are masked."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping

_SECRET_KEYS = re.compile(r"secret|token|password|authorization|credential", re.IGNORECASE)
_CREDENTIALS = re.compile(r"\b(Bearer|Basic)\s+(?=[\w.~+/=-]*\d)[\w.~+/=-]{6,}", re.IGNORECASE)
"""What follows the scheme of an Authorization header (RFC 9110 section 11.4); a word of prose has no digit."""
_ADDRESS = re.compile(r"(?<!\S)\S+(?:@|%40)\S+")
"""The whole word around an @, also where it is percent-encoded: the CRD takes every character but blanks."""


def redact(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Drop secrets by key or form, and mask addresses (a structlog processor)."""
    for key, value in event.items():
        event[key] = "[redacted]" if _SECRET_KEYS.search(key) else _masked(value)
    return event


def without_credentials(text: str) -> str:
    """For a text from outside, which may quote what it was sent."""
    return _CREDENTIALS.sub(r"\1 [redacted]", text)


def _masked(value: object) -> object:
    """Numbers as they are; everything else as text, or text within lists and mappings, without addresses."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {
            str(key): "[redacted]" if _SECRET_KEYS.search(str(key)) else _masked(item) for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    return _ADDRESS.sub("[address]", without_credentials(str(value)))

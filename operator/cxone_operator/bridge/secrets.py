"""The secrets that HR systems sign with, one to a file, in the form of Standard Webhooks: `whsec_` and base64."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64
"""Bytes (Standard Webhooks, "Signature scheme")."""


class SecretError(ValueError):
    """A file holds no usable secret; the message names the file and the remedy, never what is in it."""


def read_secrets(paths: Sequence[Path]) -> tuple[bytes, ...]:
    """The keys, in the order of the files. Raises SecretError."""
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> bytes:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SecretError(f"the secret file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        text = ""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except binascii.Error:
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise SecretError(
            f"the secret file {path} must hold {PREFIX} and base64 of {_SHORTEST} to {_LONGEST} random bytes; "
            f'make one with: echo "{PREFIX}$(openssl rand -base64 32)"'
        )
    return key

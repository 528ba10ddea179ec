"""What a log must not say: secrets and tokens nowhere, addresses in the audit trail only."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

_TOKEN = re.compile(r"simulated-token-[\w-]+|\b(?:bearer|basic) +(?=\S*\d)[\w.~+/=-]{6,}", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+-]+(?:@|%40)[\w.-]+")
_AUDIT = '{"log":"audit"'


def leaks(logs: Iterable[Path], secrets: Iterable[str], client_id: str) -> list[str]:
    """Every line that says too much, with what it says."""
    known = [form for secret in secrets if secret for form in _forms(secret, client_id)]
    return [
        f"{log.name}:{number}: {found}"
        for log in logs
        for number, line in enumerate(log.read_text(encoding="utf-8").splitlines(), 1)
        for found in _found(line, known)
    ]


def _found(line: str, known: list[str]) -> Iterator[str]:
    yield from (f"a secret: {line}" for form in known if form in line)
    if _TOKEN.search(line):
        yield f"a token: {line}"
    if not line.startswith(_AUDIT) and _ADDRESS.search(line):
        yield f"an address: {line}"


def _forms(secret: str, client_id: str) -> list[str]:
    """As it is, and as it is sent (RFC 7617 section 2)."""
    return [secret, b64encode(secret.encode()).decode(), b64encode(f"{client_id}:{secret}".encode()).decode()]

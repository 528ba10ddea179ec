"""The check of the logs of all integration tests finds what it is there for."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from support.secrecy import leaks

SECRET = "canary-secret"
AUDIT = '{"log":"audit","userName":"jane@example.com","error":"%s"}'


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ('{"event": "authenticated", "tenant": "workforce/default"}', []),
        (AUDIT % "userName jane@example.com is taken", []),
        ('{"event": "userName [address] is taken"}', []),
        ('{"event": "sent Bearer [redacted]"}', []),
        ("a basic mistake", []),
        ('{"event": "userName jane@example.com is taken"}', ["an address"]),
        ("GET /Users?filter=userName%20eq%20%22jane%40example.com%22", ["an address"]),
        (f"secret {SECRET}", ["a secret"]),
        (AUDIT % SECRET, ["a secret"]),
        (f"sent {b64encode(f'demo:{SECRET}'.encode()).decode()}", ["a secret"]),
        ("Authorization: Bearer eyJhbGciOi.J9", ["a token"]),
        (AUDIT % "simulated-token-abc_-1", ["a token"]),
    ],
)
def test_leaks(line: str, kinds: list[str], tmp_path: Path) -> None:
    """Secrets and tokens anywhere, addresses outside of the audit trail."""
    log = tmp_path / "operator.log"
    log.write_text(f"first\n{line}\n")
    found = leaks([log], [SECRET, ""], "demo")
    assert [entry.split(": ")[:2] for entry in found] == [["operator.log:2", kind] for kind in kinds]

"""The audit trail: one JSON line on standard output for each remote write, whatever became of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

Result = Literal["success", "failure", "refused", "held", "abandoned"]


class AuditLine(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Who asked for what, on whose account, and how it ended. Carries userName, never a secret."""

    tenant: str
    action: str
    result: Result
    user_name: str = ""
    resource: Mapping[str, str] = {}
    changes: Mapping[str, str] = {}
    """Field → "old → new"."""
    requested_by: str = ""
    """The field manager that last changed the spec."""
    webhook_id: str = ""
    """The HR event behind it, if there is one."""
    error: str = ""
    duration_seconds: float | None = None


Audit = Callable[[AuditLine], None]


def write_audit(line: AuditLine) -> None:
    """Print the line at once; `log=audit` tells it from every other line."""
    head = {"log": "audit", "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    sys.stdout.write(msgspec.json.encode({**head, **msgspec.to_builtins(line)}).decode() + "\n")
    sys.stdout.flush()

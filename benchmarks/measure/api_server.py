"""What the API server itself says of the writes it got: its audit log names who wrote what, its metrics count all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from controlplane.plane import ControlPlane
from measure.client import Client

_OPERATOR = b'"userAgent":"cxone-operator/'
_TOTAL = re.compile(r'^apiserver_request_total\{(.*resource="cxoneusers".*)\} (\S+)$', re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class _Target(msgspec.Struct):
    resource: str = ""


class _Response(msgspec.Struct):
    code: int = 0


class _Line(msgspec.Struct, rename="camel"):
    verb: str
    request_received_timestamp: str
    object_ref: _Target = msgspec.field(default_factory=_Target)
    response_status: _Response = msgspec.field(default_factory=_Response)


_DECODER = msgspec.json.Decoder(_Line)


@dataclass(frozen=True, slots=True)
class Writes:
    """The operator's writes to one kind of resource in a while."""

    succeeded: int
    failed: int


def now() -> str:
    """A moment as the audit log has them; such texts compare as the moments do."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def operator_writes(plane: ControlPlane, since: str, resource: str = "cxoneusers") -> Writes:
    """What the operator has written since that moment."""
    codes = [
        line.response_status.code
        for line in _lines(plane)
        if line.object_ref.resource == resource and line.request_received_timestamp >= since
    ]
    failed = sum(code >= 400 for code in codes)
    return Writes(len(codes) - failed, failed)


async def patches(client: Client) -> int:
    """Patches of CxoneUsers and their status that the API server has counted so far, ours excluded."""
    text = (await client.request("GET", "/metrics")).decode()
    total: Counter[str] = Counter()
    for labels, value in _TOTAL.findall(text):
        total[dict(_LABEL.findall(labels))["verb"]] += int(float(value))
    return total["PATCH"] - client.patches


def _lines(plane: ControlPlane) -> Iterator[_Line]:
    """The operator's; a log of 100 MB is continued in a new file, and what is told apart by bytes is not decoded."""
    log = plane.audit_log
    for path in sorted(log.parent.glob(f"{log.stem}*{log.suffix}"), key=lambda path: (path == log, path)):
        with path.open("rb") as lines:
            for line in lines:
                if _OPERATOR in line:
                    yield _DECODER.decode(line)

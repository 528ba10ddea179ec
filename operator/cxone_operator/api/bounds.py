"""Bounds: what CXone says is brought into the bounds of our CRDs before it is written.

One value that the API server refuses would keep back a whole status, and with it whatever waits for that to be written.
A test compares the numbers here with the CRDs.
"""

from __future__ import annotations

import msgspec

from cxone_operator.api.tenant import BulkJob, Licenses, TenantStatus
from cxone_operator.api.user import Difference, UserStatus

LONGEST_ID = 256
"""Characters of the id of an account or a bulk job."""
LONGEST_VALUE = 1024
"""Characters of a value of CXone's in a difference; nobody reads more, and 64 of them must fit into an object."""
LONGEST_FINDING = 1024
MOST_DIFFERENCES = 64
MOST_JOBS = 64
MOST_FINDINGS = 16
LARGEST = 2**31 - 1
"""Of any count (int32)."""


def user_status(status: UserStatus) -> UserStatus:
    """An id that does not fit is left out: a part of it would name somebody else."""
    fits = status.user_id is not None and len(status.user_id) <= LONGEST_ID
    differences = tuple(_difference(item) for item in status.differences[:MOST_DIFFERENCES])
    return msgspec.structs.replace(status, user_id=status.user_id if fits else None, differences=differences)


def tenant_status(status: TenantStatus) -> TenantStatus:
    """Of jobs that are too many the youngest stay: they may go on for longest."""
    return msgspec.structs.replace(
        status,
        licenses=None if status.licenses is None else _licenses(status.licenses),
        bulk_jobs=_jobs(status.bulk_jobs),
        findings=tuple(finding[:LONGEST_FINDING] for finding in status.findings[:MOST_FINDINGS]),
    )


def _difference(item: Difference) -> Difference:
    return Difference(item.field, _clipped(item.desired), _clipped(item.actual))


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _licenses(licenses: Licenses) -> Licenses:
    total = None if licenses.total is None else _count(licenses.total)
    counts = (licenses.used, licenses.reserved, licenses.waiting, licenses.utilization_percent)
    return Licenses(total, *map(_count, counts))


def _count(number: int) -> int:
    return min(max(0, number), LARGEST)


def _jobs(jobs: tuple[BulkJob, ...]) -> tuple[BulkJob, ...]:
    return tuple(job for job in jobs if 0 < len(job.id) <= LONGEST_ID)[-MOST_JOBS:]

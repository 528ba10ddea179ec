"""Every value of CXone's that is written fits into the CRD, at its bound and beyond."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cxone_operator.api import bounds
from cxone_operator.api.tenant import BulkJob, Licenses, TenantStatus
from cxone_operator.api.user import Difference, UserStatus

CRDS = Path(__file__).parents[3] / "crds"


def schema(plural: str, *path: str) -> Any:
    """Of a field of the status."""
    crd = yaml.safe_load((CRDS / f"{plural}.yaml").read_text())
    found = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    for name in path:
        found = found["items"] if name == "[]" else found["properties"][name]
    return found


def test_the_numbers_are_those_of_the_crds() -> None:
    """Nobody may move one of them alone."""
    assert schema("cxoneusers", "userId")["maxLength"] == bounds.LONGEST_ID
    assert schema("cxonetenants", "bulkJobs", "[]", "id")["maxLength"] == bounds.LONGEST_ID
    assert schema("cxonetenants", "bulkJobs")["maxItems"] == bounds.MOST_JOBS
    assert schema("cxoneusers", "differences")["maxItems"] == bounds.MOST_DIFFERENCES
    assert schema("cxoneusers", "differences", "[]", "actual")["maxLength"] >= bounds.LONGEST_VALUE
    assert schema("cxonetenants", "findings")["maxItems"] == bounds.MOST_FINDINGS
    assert schema("cxonetenants", "findings", "[]")["maxLength"] == bounds.LONGEST_FINDING
    assert {field["format"] for field in schema("cxonetenants", "licenses")["properties"].values()} == {"int32"}


@pytest.mark.parametrize(("length", "kept"), [(1, True), (256, True), (257, False), (3000, False)])
def test_an_id_is_whole_or_absent(length: int, kept: bool) -> None:
    """A part of it would name somebody else."""
    id_ = "x" * length
    assert bounds.user_status(UserStatus(user_id=id_)).user_id == (id_ if kept else None)
    jobs = TenantStatus(bulk_jobs=(BulkJob(id_, 1, "t"),))
    assert [job.id for job in bounds.tenant_status(jobs).bulk_jobs] == ([id_] if kept else [])


@pytest.mark.parametrize(("length", "shown"), [(0, 0), (1024, 1024), (1025, 1024), (10**6, 1024)])
def test_values_are_cut(length: int, shown: int) -> None:
    """With a sign that they are."""
    status = UserStatus(differences=(Difference("emails", "x" * length, "y" * length),) * 70)
    fitted = bounds.user_status(status).differences
    assert {(len(item.desired), len(item.actual)) for item in fitted} == {(shown, shown)}
    assert (len(fitted), fitted[0].actual.endswith("…")) == (64, length > 1024)


@pytest.mark.parametrize(
    ("number", "written"), [(-1, 0), (0, 0), (2**31 - 1, 2**31 - 1), (2**31, 2**31 - 1), (10**30, 2**31 - 1)]
)
def test_counts_are_int32(number: int, written: int) -> None:
    status = TenantStatus(licenses=Licenses(number, number, number, number, number))
    assert bounds.tenant_status(status).licenses == Licenses(written, written, written, written, written)
    assert bounds.tenant_status(TenantStatus(licenses=Licenses(None))).licenses == Licenses(None)


def test_lists_end() -> None:
    """The youngest jobs, which may go on for longest, and the first findings."""
    status = TenantStatus(
        bulk_jobs=tuple(BulkJob(str(number), 1, "t") for number in range(70)), findings=("f" * 2000,) * 20
    )
    fitted = bounds.tenant_status(status)
    assert [job.id for job in fitted.bulk_jobs] == [str(number) for number in range(6, 70)]
    assert [len(finding) for finding in fitted.findings] == [1024] * 16

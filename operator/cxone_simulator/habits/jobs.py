"""How bulk jobs that have ended are shown, and the results of bulk requests."""

from __future__ import annotations

from cxone_simulator.attributes import Json
from cxone_simulator.errors import missing


def in_other_words(job: Json) -> Json:
    """The word that other APIs have for it."""
    return {**job, "status": "Succeeded" if job["status"] == "COMPLETED" else "Error"}


def forgotten(job: Json) -> Json:
    """There is no such job any more."""
    raise missing(f"bulk job {job['id']}")


def in_capitals(body: Json) -> Json:
    """bulkIds, where results are shown."""
    results = [{**result, "bulkId": str(result.get("bulkId", "")).upper()} for result in body.get("Operations", ())]
    return {**body, "Operations": results} if results else body

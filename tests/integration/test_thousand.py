"""A thousand people join, move, leave and are deleted, with every write counted by the API server itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from support.cxone import Company
from support.kube import Json
from support.waiting import eventually

NUMBER = 1000
PATIENCE_SECONDS = 10.0
"""Nobody is told what they wait for before that."""
NAMES = [f"user-{number:04}" for number in range(NUMBER)]


def ready(company: Company) -> int:
    """How many resources are ready with their newest spec."""
    return sum(
        item.get("status", {}).get("observedGeneration") == item["metadata"]["generation"]
        and any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"]["conditions"])
        for item in company.users()
    )


def told_to_wait(company: Company) -> list[Json]:
    """What the operator logged of users who had to wait for long; a busy machine has some."""
    return [
        line for line in company.operator.lines() if line.get("event") == "user_changed" and line["ready"] != "True"
    ]


def settled_writes(company: Company) -> Counter[tuple[str, str]]:
    """The operator's, without those that only say what somebody waits for."""
    made = company.operator_writes()
    made["cxoneusers", "status"] -= len(told_to_wait(company))
    return made


def seconds_before_told(company: Company) -> list[float]:
    """How long each of those had waited since it was created; the API server tells that in whole seconds."""
    born = {body["metadata"]["name"]: body["metadata"]["creationTimestamp"] for body in company.users()}
    moments = [(line["timestamp"], born[line["resource"].partition("/")[2]]) for line in told_to_wait(company)]
    return [(datetime.fromisoformat(told) - datetime.fromisoformat(made)).total_seconds() for told, made in moments]


def everybody_ready(company: Company) -> None:
    eventually(lambda: ready(company) == NUMBER, 90, every=0.5)


@pytest.mark.usefixtures("installed")
@pytest.mark.timeout(280)
def test_a_thousand_users(own_company: Company) -> None:
    """Two writes for a created user, one for a changed, deactivated or deleted one, none for a restart."""
    own_company.operator.start()
    own_company.open()

    def each(work: Callable[[str], None]) -> None:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, NAMES))

    def writes_since(before: Counter[tuple[str, str]]) -> dict[str, int]:
        made = settled_writes(own_company) - before
        return {"main": made["cxoneusers", ""], "status": made["cxoneusers", "status"]}

    def change(**spec: object) -> None:
        each(lambda name: own_company.change(name, **spec))

    each(own_company.create)
    everybody_ready(own_company)
    assert Counter(own_company.effects()) == {"created": NUMBER, "licenseAssigned": NUMBER}
    assert writes_since(Counter()) == {"main": NUMBER, "status": NUMBER}
    assert min(seconds_before_told(own_company), default=PATIENCE_SECONDS) >= PATIENCE_SECONDS - 1
    # No rate limit to save for: the operator gathers little. The benchmark has the figure under a limit.
    assert own_company.stats()["total"] <= NUMBER // 4

    before = settled_writes(own_company)
    change(role="Supervisor")
    everybody_ready(own_company)
    assert Counter(own_company.effects())["updated"] == NUMBER
    assert writes_since(before) == {"main": 0, "status": NUMBER}

    before = settled_writes(own_company)
    own_company.operator.stop()
    own_company.operator.start()
    eventually(lambda: "cxone_operator_directory_age_seconds{" in own_company.operator.metrics() or None)
    everybody_ready(own_company)
    assert sum((settled_writes(own_company) - before).values()) == 0

    change(active=False)
    everybody_ready(own_company)
    assert Counter(own_company.effects())["deactivated"] == NUMBER
    assert own_company.stats()["licenses"]["used"] == 0
    assert writes_since(before) == {"main": 0, "status": NUMBER}

    before = settled_writes(own_company)
    each(own_company.delete)
    eventually(lambda: not own_company.users(), 60, every=0.5)
    assert writes_since(before) == {"main": NUMBER, "status": 0}
    assert own_company.stats()["users"] == {"total": NUMBER, "active": 0}

"""A thousand people join, move, leave and are deleted, with every write counted by the API server itself."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.cxone import Company
from support.resources import user
from support.waiting import eventually

NUMBER = 1000
NAMES = [f"user-{number:04}" for number in range(NUMBER)]


def ready(company: Company) -> int:
    """How many resources are ready with their newest spec."""
    return sum(
        item.get("status", {}).get("observedGeneration") == item["metadata"]["generation"]
        and any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"]["conditions"])
        for item in company.users()
    )


def everybody_ready(company: Company) -> None:
    eventually(lambda: ready(company) == NUMBER, 90, every=0.5)


@pytest.mark.usefixtures("installed")
@pytest.mark.timeout(280)
def test_a_thousand_users(company: Company) -> None:
    """Two writes for a created user, one for a changed, deactivated or deleted one, none for a restart."""
    company.open()

    def each(work: object) -> None:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, NAMES))  # type: ignore[arg-type]

    def writes_since(before: Counter[tuple[str, str]]) -> dict[str, int]:
        made = company.operator_writes() - before
        return {"main": made["cxoneusers", ""], "status": made["cxoneusers", "status"]}

    def change(**spec: object) -> None:
        each(lambda name: company.kube.patch("CxoneUser", company.namespace, name, {"spec": spec}).accepted())

    each(lambda name: company.kube.create(user(company.namespace, name, role="Agent")).accepted())
    everybody_ready(company)
    assert Counter(company.effects()) == {"created": NUMBER, "licenseAssigned": NUMBER}
    made = writes_since(Counter())
    assert made["main"] == NUMBER
    # On a busy machine some wait for more than ten seconds, and are told so.
    assert NUMBER <= made["status"] <= NUMBER + NUMBER // 5
    # No rate limit to save for: the operator gathers little. The benchmark has the figure under a limit.
    assert company.simulator.get("stats")["total"] <= NUMBER // 4

    before = company.operator_writes()
    change(role="Supervisor")
    everybody_ready(company)
    assert Counter(company.effects())["updated"] == NUMBER
    assert writes_since(before) == {"main": 0, "status": NUMBER}

    before = company.operator_writes()
    company.stop()
    company.start()
    eventually(lambda: "cxone_operator_directory_age_seconds{" in company.metrics() or None)
    everybody_ready(company)
    assert sum((company.operator_writes() - before).values()) == 0

    change(active=False)
    everybody_ready(company)
    assert Counter(company.effects())["deactivated"] == NUMBER
    assert company.simulator.get("stats")["licenses"]["used"] == 0
    assert writes_since(before) == {"main": 0, "status": NUMBER}

    before = company.operator_writes()
    each(lambda name: company.kube.delete("CxoneUser", company.namespace, name).accepted())
    eventually(lambda: not company.users(), 60, every=0.5)
    assert writes_since(before) == {"main": NUMBER, "status": 0}
    assert company.simulator.get("stats")["users"] == {"total": NUMBER, "active": 0}

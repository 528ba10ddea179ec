"""What a scrape of the real operator shows: the names that dashboards and alerts rely on, with true values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from controlplane.plane import ControlPlane
from integration.conftest import MakeCompany
from support.bridge import Bridge
from support.cxone import Company
from support.waiting import eventually

PREFIX = "cxone_operator_"
TENANT = frozenset({"tenant"})
CONTRACT: dict[str, tuple[str, frozenset[str]]] = {
    "users": ("gauge", TENANT | {"ready", "active"}),
    "user_conditions": ("gauge", TENANT | {"type", "status", "reason"}),
    "users_provisioned": ("counter", TENANT | {"result"}),
    "time_to_ready_seconds": ("histogram", frozenset()),
    "drift": ("counter", TENANT | {"field"}),
    "deprovisioning_held": ("gauge", TENANT),
    "tenant_status_refused": ("counter", TENANT),
    "licenses": ("gauge", TENANT | {"state"}),
    "license_utilization_percent": ("gauge", TENANT),
    "api_requests": ("counter", TENANT | {"operation", "code"}),
    "api_request_duration_seconds": ("histogram", TENANT | {"operation"}),
    "api_throttled": ("counter", TENANT),
    "rate_budget_remaining": ("gauge", TENANT),
    "circuit_open": ("gauge", TENANT),
    "directory_age_seconds": ("gauge", TENANT),
    "queue_depth": ("gauge", TENANT | {"lane"}),
    "queue_wait_seconds": ("histogram", frozenset({"lane"})),
    "bulk_jobs": ("gauge", TENANT | {"state"}),
    "bulk_batch_size": ("histogram", frozenset()),
    "kubernetes_writes": ("counter", frozenset({"kind", "code"})),
    "leader": ("gauge", frozenset()),
    "build_info": ("gauge", frozenset({"version"})),
    "bridge_events": ("counter", frozenset({"action", "result"})),
    "bridge_event_duration_seconds": ("histogram", frozenset()),
}
"""Everything that people build on; a counter's name ends in `_total` where it is exposed."""
ONLY_OF_THE_BRIDGE = {"bridge_events"}


class Scrape:
    """One answer of /metrics."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families: list[Metric] = list(text_string_to_metric_families(text))

    def value(self, name: str, **labels: str) -> float | None:
        found = [sample for sample in self._samples(PREFIX + name) if sample.labels.items() >= labels.items()]
        assert len(found) <= 1, found
        return found[0].value if found else None

    def all(self, name: str, label: str, **labels: str) -> dict[str, float]:
        samples = [sample for sample in self._samples(PREFIX + name) if sample.labels.items() >= labels.items()]
        return {sample.labels[label]: sample.value for sample in samples}

    def of(self, tenant: str) -> set[str]:
        """Which metrics say something of a tenant as of now."""
        gauges = [family for family in self.families if family.type == "gauge"]
        return {item.name for item in gauges if any(sample.labels.get("tenant") == tenant for sample in item.samples)}

    def _samples(self, name: str) -> Iterator[Any]:
        return (sample for family in self.families for sample in family.samples if sample.name == name)


def scrape(company: Company) -> Scrape:
    return Scrape(company.operator.metrics())


def make_busy(company: Company) -> None:
    """Three seats for four people, a misspelt role, a throttled request, a change by hand."""
    company.open(bulk={"minOperations": 2})
    eventually(lambda: scrape(company).value("licenses", state="total"))
    company.create("zoe", role="Agnet")
    company.until_reason("zoe", "RoleNotFound")
    company.fault(kind="status", status=429, retryAfter=0, times=1)
    company.join("ann", "bob", "cid")
    company.create("dan")
    company.until_reason("dan", "LicenseUnavailable")
    company.change_outside("bob@example.com", roles=[{"value": "Administrator"}])
    company.compare_now("bob")


def test_a_scrape_keeps_its_promises(make_own_company: MakeCompany) -> None:
    """True values; the promised names, types and labels and no other; and nobody is on a label."""
    company = make_own_company("--seats", "3")
    make_busy(company)
    tells_the_truth(company, scrape(company))
    eventually(lambda: sum(map(_requests, scrape(company).families)) == company.stats()["total"])
    keeps_the_contract(scrape(company))
    names_nobody(company, scrape(company))


def tells_the_truth(company: Company, found: Scrape) -> None:
    tenant = f"{company.namespace}/default"
    assert found.value("users", tenant=tenant, ready="True", active="true") == 3
    assert found.value("users", tenant=tenant, ready="False", active="unknown") == 2
    reasons = found.all("user_conditions", "reason", tenant=tenant, type="Ready", status="False")
    assert reasons == {"RoleNotFound": 1, "LicenseUnavailable": 1}
    assert found.all("licenses", "state") == {"total": 3, "used": 3, "reserved": 0, "waiting": 1}
    assert found.value("license_utilization_percent") == 100
    assert found.all("users_provisioned_total", "result") == {"success": 3, "failure": 1}
    assert found.value("time_to_ready_seconds_count") == 3
    assert found.all("drift_total", "field") == {"roles": 1}
    assert found.value("api_throttled_total") == 1
    assert found.value("api_requests_total", operation="token", code="200") == 1
    assert found.all("api_requests_total", "code", operation="create")["400"] == 1
    jobs = company.stats()["requests"].get("POST /scim/v2/Bulk", {})
    assert found.value("bulk_batch_size_count") == jobs.get("202", 0) + jobs.get("429", 0)
    assert found.all("queue_depth", "lane") == {"leavers": 0, "updates": 0, "joiners": 1}
    assert found.all("bulk_jobs", "state") == {"running": 0, "abandoned": 0}
    assert (found.value("circuit_open"), found.value("deprovisioning_held")) == (0, 0)
    assert 0 < (found.value("directory_age_seconds") or 0) < 60
    assert (found.value("kubernetes_writes_total", kind="cxoneusers", code="200") or 0) >= 9
    assert found.value("leader") == 1


def keeps_the_contract(found: Scrape) -> None:
    shown = {family.name.removeprefix(PREFIX): (family.type, _labels(family)) for family in found.families}
    unused = {name: (kind, frozenset()) for name, (kind, _) in CONTRACT.items() if name in ONLY_OF_THE_BRIDGE}
    assert shown == {**CONTRACT, **unused}
    assert all(family.documentation for family in found.families)


def names_nobody(company: Company, found: Scrape) -> None:
    """Neither by name and address nor by id, on either side."""
    resources = [item["metadata"] for item in company.users()]
    known_by = ["example.com", *(item["name"] for item in resources), *(item["uid"] for item in resources)]
    known_by += [str(item["id"]) for item in company.remote_users()]
    text = found.text.replace(company.namespace, "")
    assert [word for word in known_by if f'"{word}' in text or f'{word}"' in text] == []


def _labels(family: Metric) -> frozenset[str]:
    return frozenset(label for sample in family.samples for label in sample.labels) - {"le"}


def _requests(family: Metric) -> float:
    """All requests but those for tokens, which go to another service."""
    if family.name != f"{PREFIX}api_requests":
        return 0.0
    return sum(sample.value for sample in family.samples if sample.labels["operation"] != "token")


def test_whatever_has_no_tenant_any_more_is_not_shown(company: Company) -> None:
    """A tenant that was deleted; and users of one that never was are counted all the same."""
    company.open()
    spare, missing = f"{company.namespace}/spare", f"{company.namespace}/missing"
    company.create_tenant("spare")
    company.create("ann", tenantRef={"name": "missing"})
    eventually(lambda: f"{PREFIX}directory_age_seconds" in scrape(company).of(spare))
    company.until_reason("ann", "TenantNotReady")
    eventually(lambda: scrape(company).value("user_conditions", tenant=missing, type="Ready", reason="TenantNotReady"))
    assert scrape(company).of(missing) == {f"{PREFIX}users", f"{PREFIX}user_conditions"}

    company.delete_tenant("spare")
    company.delete("ann")
    eventually(lambda: not scrape(company).of(spare) and not scrape(company).of(missing))
    assert f"{PREFIX}directory_age_seconds" in scrape(company).of(f"{company.namespace}/default")


def test_a_standby_shows_no_tenant(own_company: Company) -> None:
    """So nothing is counted twice, and nobody takes it for a leader of nothing."""
    own_company.open()
    own_company.operator.until_leading()
    standby = own_company.start_another()
    standby.until_standing_by()
    found = Scrape(standby.metrics())
    assert found.value("leader") == 0
    assert not [line for line in found.text.splitlines() if "tenant=" in line]


def test_the_bridge_shows_what_is_its_own(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    """Its events, with none of what they say of people; and no leader, since it never stands for election."""
    bridge = Bridge(control_plane.kubeconfig, tmp_path, namespace)
    try:
        assert bridge.send("hire", "ann@example.com", role="Agent").status == 202
        assert bridge.post(b"{}").status == 401
        found = Scrape(bridge.metrics())
    finally:
        bridge.close()
    assert found.all("bridge_events_total", "result") == {"applied": 1, "unauthorized": 1}
    assert found.value("bridge_event_duration_seconds_count") == 2
    assert found.value("build_info") == 1
    shown = {family.name.removeprefix(PREFIX): (family.type, _labels(family)) for family in found.families}
    assert shown["bridge_events"] == CONTRACT["bridge_events"]
    assert shown.keys() == CONTRACT.keys() - {"leader"}
    assert "ann" not in found.text

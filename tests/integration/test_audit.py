"""The audit trail against what CXone itself recorded: a whole scenario on real parts."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from integration.conftest import MakeCompany
from support.cxone import UNLIMITED, Company
from support.waiting import until_the_next_second

CREW = [f"crew-{number}" for number in range(6)]
EFFECTS = {
    "create": "created",
    "adopt": "updated",
    "update": "updated",
    "deactivate": "deactivated",
    "delete": "deleted",
    "reclaim": "licenseReleased",
}
"""Action of the trail → effect in CXone's journal."""
SINGLE = {
    "POST /scim/v2/Users": ("create",),
    "PATCH /scim/v2/Users/{id}": ("adopt", "update", "deactivate"),
    "DELETE /scim/v2/Users/{id}": ("delete",),
    "DELETE /api/v2/license/assignments/{id}": ("reclaim",),
}
"""Requests as CXone counts them → actions of the trail."""


class Story:
    """Everything that the operator can do to a person, and everything that can come in between."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def tell(self) -> None:
        self._crew_joins()
        self._single_joiner_moves_and_leaves()
        self._adopted_and_deleted()
        self._refused()
        self._broken_connections()
        self._held()

    def _crew_joins(self) -> None:
        """Enough for one bulk job."""
        for name in CREW:
            self.company.apply(name, "argocd")
        self.company.change_tenant(suspend=False)
        for name in CREW:
            self.company.until_ready(name)

    def _single_joiner_moves_and_leaves(self) -> None:
        """Each step asked for by somebody else."""
        for manager, spec in (
            ("hr-bridge", {}),
            ("team-lead", {"role": "Supervisor"}),
            ("workforce", {"role": "Supervisor", "groups": ["Sales-Team", "QA-Team"]}),
            ("hr-bridge", {"role": "Supervisor", "groups": ["Sales-Team", "QA-Team"], "active": False}),
        ):
            self.company.apply("jane", manager, **spec)
            self.company.until_ready("jane")
            until_the_next_second()

    def _adopted_and_deleted(self) -> None:
        name, roles = {"givenName": "John", "familyName": "S"}, [{"value": "Evaluator"}]
        emails = [{"value": "john@example.com"}]
        self.company.change_outside("john@example.com", name=name, roles=roles, emails=emails)
        self.company.apply("john", "argocd", deletionPolicy="Delete")
        self.company.until_ready("john")
        self.company.delete("john")
        self.company.until_gone("john")

    def _refused(self) -> None:
        """By CXone, and by the operator itself."""
        self.company.apply("misspelt", "argocd", role="Agnet")
        self.company.until_reason("misspelt", "RoleNotFound")
        self.company.apply("ceo", "argocd")
        self.company.until_reason("ceo", "ProtectedUser")
        self.company.apply("jane-again", "argocd", userName="JANE@example.com")
        self.company.until_reason("jane-again", "OwnershipConflict")

    def _broken_connections(self) -> None:
        """A server error that is tried again, and an answer that is lost after CXone has done it."""
        for name, fault in (("unlucky", {"kind": "status", "status": 503}), ("lost", {"kind": "drop"})):
            match = {"method": "POST", "path": "/Users$", "userName": f"{name}@example.com"}
            self.company.fault(**fault, match=match, times=1)
            self.company.apply(name, "argocd")
            self.company.until_ready(name)

    def _held(self) -> None:
        """The allowance is used up by the two who have left."""
        until_the_next_second()
        self.company.apply("crew-0", "hr-bridge", active=False)
        self.company.until_reason("crew-0", "DeprovisioningHeld")


@pytest.fixture
def told(make_own_company: MakeCompany) -> Company:
    """A company that has been through all of it."""
    company = make_own_company("--allow-delete", "--reclaim-delay-seconds", "600")
    limits = {"maxUsers": 2, "minUsers": 2, "maxPercent": 100}
    safety = {"deprovisioning": limits, "protectedUsers": ["ceo@*"], "allowDelete": True}
    company.open(**{**UNLIMITED, "safety": safety}, suspend=True)
    Story(company).tell()
    return company


def test_one_line_for_each_write_and_each_refusal(told: Company) -> None:
    """By CXone's own count and names of its requests, with who asked for it."""
    trail = told.trail()
    sent = [line for line in trail if line["result"] in ("success", "failure", "unknown")]
    _compare_with_requests(sent, told.stats()["requests"])
    _compare_with_effects(sent, told.journal())
    assert [_short(line) for line in trail if line not in sent] == [
        ("ceo", "provision", "refused", "ProtectedUser"),
        ("jane-again", "provision", "refused", "OwnershipConflict"),
        ("crew-0", "deactivate", "held", "DeprovisioningHeld"),
    ]
    _compare_with_resources(trail, told)
    assert _asked(trail) == {
        **{name: ["argocd"] for name in (*CREW, "misspelt", "ceo", "jane-again", "lost")},
        "crew-0": ["argocd", "hr-bridge"],
        "jane": ["hr-bridge", "team-lead", "workforce", "hr-bridge", "hr-bridge"],
        "john": ["argocd", "argocd", "argocd", "argocd"],  # found to exist, adopted, deactivated, deleted
        "unlucky": ["argocd", "argocd"],
    }
    by_name = {(line["resource"]["name"], line["action"]): line for line in trail}
    assert by_name["jane", "create"]["changes"]["roles"] == "(none) → Agent"
    assert by_name["jane", "deactivate"]["changes"] == {"active": "true → false"}
    assert by_name["john", "adopt"]["changes"] == {
        "groups": "(none) → Support-Team",
        "name.familyName": "S → Smith",
        "name.givenName": "John → Jane",
        "roles": "Evaluator → Agent",
    }
    assert "Agnet" in by_name["misspelt", "create"]["error"]


def _short(line: dict[str, Any]) -> tuple[str, ...]:
    return line["resource"]["name"], line["action"], line["result"], line["reason"]


def _asked(trail: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Who asked for each line of a resource."""
    found: dict[str, list[str]] = {}
    for line in trail:
        found.setdefault(line["resource"]["name"], []).append(line["requestedBy"])
    return found


def _compare_with_requests(sent: list[dict[str, Any]], requests: dict[str, dict[str, int]]) -> None:
    """As many lines as CXone has counted answers, one by one status."""
    alone = Counter((line["action"], _status(line)) for line in sent if "bulkJob" not in line)
    for route, actions in SINGLE.items():
        lines: Counter[str] = Counter()
        for (action, status), number in alone.items():
            if action in actions:
                lines[status] += number
        assert dict(lines) == requests[route], route
    assert requests["POST /scim/v2/Bulk"] == {"202": 1}
    assert Counter(line["action"] for line in sent if "bulkJob" in line) == {"create": len(CREW)}


def _status(line: dict[str, Any]) -> str:
    """What CXone must have counted; 499 is a connection that was cut."""
    done = {"create": "201", "delete": "204", "reclaim": "204"}.get(line["action"], "200")
    code = str(line.get("errorCode", done))
    return "499" if code == "connection" else code


def _compare_with_effects(sent: list[dict[str, Any]], journal: list[dict[str, Any]]) -> None:
    """Each effect belongs to one request and to one line; only the lost answer could not name its request."""
    done = {_effect(entry) for entry in journal if entry["requestId"]}
    told = [(line["remoteRequestId"], line["userName"], line["action"]) for line in sent if line["result"] == "success"]
    assert len(told) == len(set(told))
    lost = {effect for effect in done if effect[1] == "lost@example.com"}
    assert {(request, name, EFFECTS[action]) for request, name, action in told} == done - lost
    assert len(lost) == 1
    (unknown,) = [line for line in sent if line["userName"] == "lost@example.com"]
    assert (unknown["action"], unknown["result"], unknown["errorCode"]) == ("create", "unknown", "connection")
    jobs = {entry["actor"] for entry in journal if entry["userName"].startswith("crew")}
    assert {f"job:{line['bulkJob']}" for line in sent if "bulkJob" in line} == jobs


def _effect(entry: dict[str, Any]) -> tuple[str, str, str]:
    """What one request did to one user; a seat that comes or goes with the user itself is part of that."""
    by_seat = {"licenseAssigned": "created", "licenseReleased": "licenseReleased"}
    if entry["userName"] == "john@example.com":
        by_seat["licenseReleased"] = "deleted"
    return entry["requestId"], entry["userName"], by_seat.get(entry["effect"], entry["effect"])


def _compare_with_resources(trail: list[dict[str, Any]], told: Company) -> None:
    """Every line has what the contract promises, and means the resource that there is."""
    uids = {body["metadata"]["name"]: body["metadata"]["uid"] for body in told.users()}
    for line in trail:
        assert line.keys() >= {"log", "time", "tenant", "resource", "userName", "action", "requestedBy", "result"}
        assert line["tenant"] == f"{told.namespace}/default"
        assert line["resource"]["namespace"] == told.namespace
        assert line["resource"]["uid"] == uids.get(line["resource"]["name"], line["resource"]["uid"])
        if line["result"] in ("success", "failure", "unknown"):
            assert 0 <= line["durationSeconds"] < 30

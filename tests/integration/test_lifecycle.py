"""What happens to one person, under every policy, on real parts."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.cxone import Company
from support.resources import user
from support.waiting import eventually

JANE = "jane@example.com"


def create(company: Company, name: str = "jane", /, **spec: Any) -> None:
    base = {"role": "Agent", "groups": ["Support-Team"]}
    company.kube.create(user(company.namespace, name, **{**base, **spec})).accepted()


def change(company: Company, name: str = "jane", /, **spec: Any) -> None:
    company.kube.patch("CxoneUser", company.namespace, name, {"spec": spec}).accepted()


def annotate(company: Company, name: str, **annotations: str) -> None:
    body = {"metadata": {"annotations": {f"cxone.dev/{key.replace('_', '-')}": v for key, v in annotations.items()}}}
    company.kube.patch("CxoneUser", company.namespace, name, body).accepted()


def delete(company: Company, name: str = "jane") -> None:
    company.kube.delete("CxoneUser", company.namespace, name).accepted()


def until_gone(company: Company, name: str = "jane") -> None:
    eventually(lambda: company.kube.get("CxoneUser", company.namespace, name).code == 404)


def outside(company: Company, user_name: str = JANE, **attributes: Any) -> None:
    base = {"name": {"givenName": "Jane", "familyName": "Smith"}, "emails": [{"value": user_name}], "active": True}
    company.simulator.send("POST", "outside", {"userName": user_name, "set": {**base, **attributes}})


@pytest.mark.usefixtures("installed")
def test_joiner_mover_leaver_rehire_and_goodbye(company: Company) -> None:
    """One person's whole working life, with an audit line for each remote write."""
    company.open()
    create(company, displayName="Jane S.", timezone="Europe/Berlin", employeeId="4711")
    body = company.until_ready("jane")
    remote = company.remote(JANE)
    assert remote is not None
    assert (remote["displayName"], remote["timezone"], remote["externalId"]) == ("Jane S.", "Europe/Berlin", "4711")
    assert (body["status"]["userId"], body["status"]["active"]) == (remote["id"], True)
    assert company.reason("jane", "Licensed") == "True/Licensed"
    assert company.reason("jane", "Synced") == "True/Succeeded"

    change(
        company, role="Supervisor", secondaryRoles=["Evaluator"], groups=["Sales-Team"], name={"familyName": "Jones"}
    )
    company.until_ready("jane")
    remote = company.remote(JANE)
    assert remote is not None
    assert [role["value"] for role in remote["roles"]] == ["Supervisor", "Evaluator"]
    assert remote["name"]["familyName"] == "Jones"

    change(company, active=False)
    company.until_ready("jane")
    assert company.reason("jane", "Licensed") == "False/Released"
    change(company, active=True)
    company.until_ready("jane")
    delete(company)
    until_gone(company)
    assert company.effects() == [
        *("created", "licenseAssigned", "updated", "deactivated", "licenseReleased"),
        *("activated", "licenseAssigned", "deactivated", "licenseReleased"),
    ]
    audit = [line for line in company.log() if line.get("log") == "audit"]
    actions = [line["action"] for line in audit]
    assert actions == ["create", "update", "deactivate", "reclaim", "update", "deactivate", "reclaim"]
    assert {line["userName"] for line in audit} == {JANE}
    assert audit[1]["changes"]["groups"] == "Support-Team → Sales-Team"


def test_an_existing_user_is_adopted(company: Company) -> None:
    """By userName in any case; what differs is changed, nobody is created."""
    outside(company, "JANE@example.com", roles=[{"value": "Supervisor"}], groups=[{"value": "Support-Team"}])
    company.open()
    create(company)
    company.until_ready("jane")
    assert company.effects() == ["created", "licenseAssigned", "updated"]
    assert any(line.get("action") == "adopt" for line in company.log())


def test_a_user_that_appears_behind_our_back_is_adopted(company: Company) -> None:
    """The snapshot does not show it, the create is refused with 409, and the look-up finds it."""
    company.open()
    create(company, "john")
    company.until_ready("john")
    outside(company, roles=[{"value": "Agent"}], groups=[{"value": "Support-Team"}])
    create(company)
    company.until_ready("jane")
    assert company.effects(JANE) == ["created", "licenseAssigned"]


def test_adoption_can_be_forbidden(company: Company) -> None:
    """Then the resource stalls and says how to go on, and CXone is not touched."""
    outside(company)
    company.open()
    create(company, adoptionPolicy="Never")
    assert "adoptionPolicy: Adopt" in company.until_reason("jane", "AlreadyExists")
    assert company.reason("jane", "Stalled") == "True/AlreadyExists"
    create(company, "john", adoptionPolicy="Never")
    company.until_ready("john")
    assert company.effects(JANE) == ["created", "licenseAssigned"]
    change(company, adoptionPolicy="Adopt")
    company.until_ready("jane")


def test_what_was_refused_is_not_deprovisioned(company: Company) -> None:
    """Deleting a resource that never was allowed to adopt leaves the other's account alone; nor does a 409 adopt it."""
    company.open()
    create(company, "john")
    company.until_ready("john")
    outside(company)
    create(company, adoptionPolicy="Never")
    company.until_reason("jane", "AlreadyExists")
    assert "userId" not in company.user("jane")["status"]
    annotate(company, "jane", reconcile_requested_at="1")
    eventually(lambda: company.user("jane")["status"].get("lastHandledReconcileAt") == "1")
    assert company.reason("jane") == "False/AlreadyExists"
    delete(company)
    until_gone(company)
    assert company.effects(JANE) == ["created", "licenseAssigned"]


def test_what_was_only_watched_is_not_ours(company: Company) -> None:
    """ObserveOnly with adoptionPolicy Never, then Full: still refused."""
    outside(company, roles=[{"value": "Supervisor"}])
    company.open()
    create(company, managementPolicy="ObserveOnly", adoptionPolicy="Never")
    company.until_reason("jane", "DifferencesFound")
    change(company, managementPolicy="Full")
    company.until_reason("jane", "AlreadyExists")
    delete(company)
    until_gone(company)
    assert company.effects(JANE) == ["created", "licenseAssigned"]


def test_retaining_leaves_one_audit_line_and_one_write(company: Company) -> None:
    """Somebody may want to know whom the resource left behind; once."""
    company.open()
    create(company, deletionPolicy="Retain")
    company.until_ready("jane")
    delete(company)
    until_gone(company)
    audit = [line["action"] for line in company.log() if line.get("log") == "audit"]
    assert audit == ["create", "retain"]


def test_a_tenant_that_was_deleted_while_nobody_watched(company: Company) -> None:
    """It is let go at the next start, and nobody is provisioned through it any more."""
    company.open()
    create(company)
    company.until_ready("jane")
    company.stop()
    company.kube.delete("CxoneTenant", company.namespace, "default").accepted()
    body = {"metadata": {"finalizers": []}}
    company.kube.patch("CxoneUser", company.namespace, "jane", body).accepted()
    delete(company)
    company.start()
    eventually(lambda: company.kube.get("CxoneTenant", company.namespace, "default").code == 404)
    create(company, "john")
    company.until_reason("john", "TenantNotReady")
    assert company.remote("john@example.com") is None


@pytest.mark.parametrize(
    ("policy", "safety", "expected"),
    [
        ("Retain", {}, []),
        ("Deactivate", {}, ["deactivated", "licenseReleased"]),
        ("Delete", {}, ["deactivated", "licenseReleased"]),
        ("Delete", {"allowDelete": True}, ["licenseReleased", "deleted"]),
    ],
)
def test_deletion_by_policy(make_company: Any, policy: str, safety: dict[str, bool], expected: list[str]) -> None:
    """Delete counts only where the tenant allows it; otherwise the reversible way is taken."""
    company = make_company("--allow-delete")
    company.open(safety=safety)
    create(company, deletionPolicy=policy)
    company.until_ready("jane")
    delete(company)
    until_gone(company)
    assert company.effects()[2:] == expected


def test_observing_changes_nothing(company: Company) -> None:
    """The differences are on the resource, field by field; CXone is only read."""
    outside(company, roles=[{"value": "Supervisor"}], groups=[{"value": "Support-Team"}])
    company.open()
    create(company, managementPolicy="ObserveOnly")
    company.until_reason("jane", "DifferencesFound")
    found = {item["field"]: (item["desired"], item["actual"]) for item in company.user("jane")["status"]["differences"]}
    assert found["roles"] == ("Agent", "Supervisor")
    assert "cxone.dev/user" not in company.user("jane")["metadata"].get("finalizers", [])
    delete(company)
    until_gone(company)
    assert company.effects() == ["created", "licenseAssigned"]


def test_suspension_holds_changes_but_not_deletion(company: Company) -> None:
    """An ex-employee left active would be the worse failure."""
    company.open()
    create(company)
    company.until_ready("jane")
    change(company, suspend=True, role="Supervisor")
    company.until_reason("jane", "Suspended")
    assert "updated" not in company.effects()
    delete(company)
    until_gone(company)
    assert "deactivated" in company.effects()


def test_a_suspended_tenant_sends_nothing(company: Company) -> None:
    """Not even for leavers, until it is resumed."""
    company.open(suspend=True)
    create(company)
    assert "suspended" in company.until_reason("jane", "Suspended")
    assert company.simulator.get("stats")["total"] == 0
    company.kube.patch("CxoneTenant", company.namespace, "default", {"spec": {"suspend": False}}).accepted()
    company.until_ready("jane")


def test_the_clock_activates_and_deactivates(company: Company) -> None:
    """Nobody is created before activeFrom, and nobody stays active after activeUntil."""
    company.open()
    start, end = (datetime.now(UTC) + timedelta(seconds=seconds) for seconds in (6, 12))
    form = "%Y-%m-%dT%H:%M:%SZ"
    create(company, activeFrom=start.strftime(form), activeUntil=end.strftime(form))
    company.until_reason("jane", "Scheduled", 5)
    assert company.remote(JANE) is None
    eventually(lambda: company.effects(JANE)[-1:] == ["licenseReleased"], 25)
    assert company.effects(JANE) == ["created", "licenseAssigned", "deactivated", "licenseReleased"]
    entries = company.simulator.get("journal")["entries"]
    assert 4 < entries[2]["time"] - entries[0]["time"] < 8


def test_drift_is_corrected_or_reported(company: Company) -> None:
    """Somebody else's change is undone at once when asked for; under driftPolicy Report it is shown."""
    company.open()
    create(company)
    company.until_ready("jane")
    outside(company, roles=[{"value": "Administrator"}])
    annotate(company, "jane", reconcile_requested_at="1")
    eventually(lambda: company.user("jane")["status"].get("lastHandledReconcileAt") == "1")
    remote = company.remote(JANE)
    assert remote is not None
    assert remote["roles"] == [{"value": "Agent"}]
    assert 'cxone_operator_drift_total{field="roles"' in company.metrics()

    company.kube.patch("CxoneTenant", company.namespace, "default", {"spec": {"driftPolicy": "Report"}}).accepted()
    outside(company, roles=[{"value": "Administrator"}])
    annotate(company, "jane", reconcile_requested_at="2")
    company.until_reason("jane", "DifferencesFound")
    assert company.user("jane")["status"]["differences"][0]["actual"] == "Administrator"
    change(company, role="Supervisor")
    company.until_ready("jane")


def test_drift_is_found_by_itself(company: Company) -> None:
    """One walk through the directory each period, nothing else."""
    company.open(syncPeriodSeconds=30)
    create(company)
    company.until_ready("jane")
    outside(company, active=False)
    eventually(lambda: company.effects()[-2:] == ["activated", "licenseAssigned"], 40)


def test_additive_groups_stay(company: Company) -> None:
    """groupsPolicy Additive adds, and removes nothing."""
    outside(company, roles=[{"value": "Agent"}], groups=[{"value": "QA-Team"}])
    company.open(groupsPolicy="Additive")
    create(company)
    company.until_ready("jane")
    remote = company.remote(JANE)
    assert remote is not None
    assert [group["value"] for group in remote["groups"]] == ["QA-Team", "Support-Team"]


def test_two_resources_for_one_person(company: Company) -> None:
    """The older one owns; when it goes the younger takes over without a deactivation in between."""
    company.open()
    create(company)
    company.until_ready("jane")
    time.sleep(1.0)  # a creationTimestamp has whole seconds
    create(company, "second", userName="JANE@example.com")
    assert "'jane'" in company.until_reason("second", "OwnershipConflict")
    delete(company)
    until_gone(company)
    company.until_ready("second")
    assert "deactivated" not in company.effects()


def test_protected_users_are_never_changed(company: Company) -> None:
    """Not by a change, and not by a deletion."""
    outside(company)
    company.open(safety={"protectedUsers": ["jane@*"]})
    create(company, active=False)
    company.until_reason("jane", "ProtectedUser")
    assert company.effects() == ["created", "licenseAssigned"]


def test_defaults_of_the_tenant(company: Company) -> None:
    """Role, groups and time zone of users that leave them out."""
    company.open(defaults={"role": "Evaluator", "groups": ["QA-Team"], "timezone": "Europe/Paris"})
    create(company, role=None, groups=None)
    company.until_ready("jane")
    remote = company.remote(JANE)
    assert remote is not None
    assert (remote["roles"], remote["timezone"]) == ([{"value": "Evaluator"}], "Europe/Paris")


def test_seats_run_out_and_come_back(make_company: Any) -> None:
    """The oldest get them, the rest wait and say so, and go on by themselves when a leaver frees one."""
    company = make_company("--seats", "2")
    company.open()
    for name in ("first", "second", "third"):
        create(company, name)
        time.sleep(1.1)  # a resource's age is told in whole seconds
    company.until_ready("second")
    assert "all 2 seats" in company.until_reason("third", "LicenseUnavailable")
    assert company.reason("third", "Licensed") == "False/LicenseUnavailable"
    change(company, "first", active=False)
    company.until_ready("third", 30)
    assert company.simulator.get("stats")["licenses"] == {"total": 2, "used": 2}


def test_a_refused_user_gives_its_seat_to_the_next(make_company: Any) -> None:
    """A seat that was promised to a user whom CXone refuses for good is free again."""
    company = make_company("--seats", "1")
    company.open()
    create(company, "wrong", role="Agnet")
    company.until_reason("wrong", "RoleNotFound")
    create(company)
    company.until_ready("jane")


def test_a_held_batch_goes_whole_or_not_at_all(make_company: Any) -> None:
    """onShortage HoldBatch takes no seat unless all fit."""
    company = make_company("--seats", "2")
    company.open(license={"onShortage": "HoldBatch"}, suspend=True)
    for name in ("first", "second", "third"):
        create(company, name)
    company.kube.patch("CxoneTenant", company.namespace, "default", {"spec": {"suspend": False}}).accepted()
    company.until_reason("first", "LicenseUnavailable")
    assert company.effects() == []
    company.simulator.send("PATCH", "settings", {"seats": 3})
    company.until_ready("third", 30)


def test_the_environment_can_be_the_tenant(company: Company) -> None:
    """Without a CxoneTenant `default` the CXONE_ variables describe it."""
    company.start(
        CXONE_BASE_URL=company.simulator.url,
        CXONE_CLIENT_ID="demo",
        CXONE_CLIENT_SECRET=company.secret,
        CXONE_RATE_LIMIT__REQUESTS_PER_MINUTE="100000",
        CXONE_DEFAULTS__ROLE="Supervisor",
    )
    create(company, role=None)
    company.until_ready("jane")
    remote = company.remote(JANE)
    assert remote is not None
    assert remote["roles"] == [{"value": "Supervisor"}]


def test_a_tenant_outlives_its_users(company: Company) -> None:
    """Deleting it first still deprovisions them."""
    company.open()
    create(company)
    company.until_ready("jane")
    company.kube.delete("CxoneTenant", company.namespace, "default").accepted()
    assert company.kube.get("CxoneTenant", company.namespace, "default").code == 200
    delete(company)
    until_gone(company)
    eventually(lambda: company.kube.get("CxoneTenant", company.namespace, "default").code == 404)
    assert "deactivated" in company.effects()


def test_the_operators_own_account_is_never_changed(make_company: Any) -> None:
    """Whatever somebody declares of it."""
    company = make_company("--client-id", JANE)
    company.put_secret(company.secret, clientId=JANE)
    outside(company)
    company.create_tenant()
    company.start()
    create(company, active=False)
    assert "itself works with" in company.until_reason("jane", "ProtectedUser")
    assert company.effects() == ["created", "licenseAssigned"]

"""What happens to one person, under every policy, on real parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integration.conftest import MakeCompany
from support.cxone import Company
from support.waiting import eventually, until_the_next_second

JANE = "jane@example.com"


@pytest.mark.usefixtures("installed")
def test_joiner_mover_leaver_rehire_and_goodbye(own_company: Company) -> None:
    """One person's whole working life, with an audit line for each remote write."""
    own_company.open()
    own_company.create("jane", displayName="Jane S.", timezone="Europe/Berlin", employeeId="4711")
    body = own_company.until_ready("jane")
    remote = own_company.known(JANE)
    assert (remote["displayName"], remote["timezone"], remote["externalId"]) == ("Jane S.", "Europe/Berlin", "4711")
    assert (body["status"]["userId"], body["status"]["active"]) == (remote["id"], True)
    assert own_company.reason("jane", "Licensed") == "True/Licensed"
    assert own_company.reason("jane", "Synced") == "True/Succeeded"

    own_company.change(
        "jane", role="Supervisor", secondaryRoles=["Evaluator"], groups=["Sales-Team"], name={"familyName": "Jones"}
    )
    own_company.until_ready("jane")
    remote = own_company.known(JANE)
    assert [role["value"] for role in remote["roles"]] == ["Supervisor", "Evaluator"]
    assert remote["name"]["familyName"] == "Jones"

    own_company.change("jane", active=False)
    own_company.until_ready("jane")
    assert own_company.reason("jane", "Licensed") == "False/Released"
    own_company.change("jane", active=True)
    own_company.until_ready("jane")
    own_company.delete("jane")
    own_company.until_gone("jane")
    assert own_company.effects() == [
        *("created", "licenseAssigned", "updated", "deactivated", "licenseReleased"),
        *("activated", "licenseAssigned", "deactivated", "licenseReleased"),
    ]
    audit = own_company.trail()
    actions = [line["action"] for line in audit]
    assert actions == ["create", "update", "deactivate", "reclaim", "update", "deactivate", "reclaim"]
    assert {line["userName"] for line in audit} == {JANE}
    assert audit[1]["changes"]["groups"] == "Support-Team → Sales-Team"


def test_an_existing_user_is_adopted(company: Company) -> None:
    """By userName in any case; what differs is changed, nobody is created."""
    company.make_outside("JANE@example.com", roles=[{"value": "Supervisor"}], groups=[{"value": "Support-Team"}])
    company.open()
    company.join("jane")
    assert company.effects() == ["created", "licenseAssigned", "updated"]
    assert any(line.get("action") == "adopt" for line in company.trail())


def test_a_user_that_appears_behind_our_back_is_adopted(company: Company) -> None:
    """The snapshot does not show it, the create is refused with 409, and the look-up finds it."""
    company.open()
    company.join("john")
    company.make_outside(JANE, roles=[{"value": "Agent"}], groups=[{"value": "Support-Team"}])
    company.join("jane")
    assert company.effects(JANE) == ["created", "licenseAssigned"]


def test_adoption_can_be_forbidden(company: Company) -> None:
    """Then the resource stalls and says how to go on, and CXone is not touched."""
    company.make_outside(JANE)
    company.open()
    company.create("jane", adoptionPolicy="Never")
    assert "adoptionPolicy: Adopt" in company.until_reason("jane", "AlreadyExists")
    assert company.reason("jane", "Stalled") == "True/AlreadyExists"
    company.join("john", adoptionPolicy="Never")
    assert company.effects(JANE) == ["created", "licenseAssigned"]
    company.change("jane", adoptionPolicy="Adopt")
    company.until_ready("jane")


def test_what_was_refused_is_not_deprovisioned(company: Company) -> None:
    """Deleting a resource that never was allowed to adopt leaves the other's account alone; nor does a 409 adopt it."""
    company.open()
    company.join("john")
    company.make_outside(JANE)
    company.create("jane", adoptionPolicy="Never")
    company.until_reason("jane", "AlreadyExists")
    assert "userId" not in company.user("jane")["status"]
    company.compare_now("jane")
    assert company.reason("jane") == "False/AlreadyExists"
    company.delete("jane")
    company.until_gone("jane")
    assert company.effects(JANE) == ["created", "licenseAssigned"]


def test_what_was_only_watched_is_not_ours(company: Company) -> None:
    """ObserveOnly with adoptionPolicy Never, then Full: still refused."""
    company.make_outside(JANE, roles=[{"value": "Supervisor"}])
    company.open()
    company.create("jane", managementPolicy="ObserveOnly", adoptionPolicy="Never")
    company.until_reason("jane", "DifferencesFound")
    company.change("jane", managementPolicy="Full")
    company.until_reason("jane", "AlreadyExists")
    company.delete("jane")
    company.until_gone("jane")
    assert company.effects(JANE) == ["created", "licenseAssigned"]


def test_retaining_leaves_one_audit_line_and_one_write(company: Company) -> None:
    """Somebody may want to know whom the resource left behind; once."""
    company.open()
    company.join("jane", deletionPolicy="Retain")
    company.delete("jane")
    company.until_gone("jane")
    audit = [line["action"] for line in company.trail()]
    assert audit == ["create", "retain"]


def test_a_tenant_that_was_deleted_while_nobody_watched(own_company: Company) -> None:
    """It is let go at the next start, and nobody is provisioned through it any more."""
    own_company.open()
    own_company.join("jane")
    own_company.operator.stop()
    own_company.delete_tenant()
    own_company.kube.patch("CxoneUser", own_company.namespace, "jane", {"metadata": {"finalizers": []}}).accepted()
    own_company.delete("jane")
    own_company.operator.start()
    own_company.until_gone("default", kind="CxoneTenant")
    own_company.create("john")
    own_company.until_reason("john", "TenantNotReady")
    assert own_company.remote("john@example.com") is None


@pytest.mark.parametrize(
    ("policy", "safety", "expected"),
    [
        ("Retain", {}, []),
        ("Deactivate", {}, ["deactivated", "licenseReleased"]),
        ("Delete", {}, ["deactivated", "licenseReleased"]),
        ("Delete", {"allowDelete": True}, ["deactivated", "licenseReleased", "deleted"]),
    ],
)
def test_deletion_by_policy(
    make_company: MakeCompany, policy: str, safety: dict[str, bool], expected: list[str]
) -> None:
    """Delete counts only where the tenant allows it; otherwise the reversible way is taken."""
    company = make_company("--allow-delete")
    company.open(safety=safety)
    company.join("jane", deletionPolicy=policy)
    company.delete("jane")
    company.until_gone("jane")
    assert company.effects()[2:] == expected


def test_observing_changes_nothing(company: Company) -> None:
    """The differences are on the resource, field by field; CXone is only read."""
    company.make_outside(JANE, roles=[{"value": "Supervisor"}], groups=[{"value": "Support-Team"}])
    company.open()
    company.create("jane", managementPolicy="ObserveOnly")
    company.until_reason("jane", "DifferencesFound")
    found = {item["field"]: (item["desired"], item["actual"]) for item in company.user("jane")["status"]["differences"]}
    assert found["roles"] == ("Agent", "Supervisor")
    assert "cxone.dev/user" not in company.user("jane")["metadata"].get("finalizers", [])
    company.delete("jane")
    company.until_gone("jane")
    assert company.effects() == ["created", "licenseAssigned"]


def test_suspension_holds_changes_but_not_deletion(company: Company) -> None:
    """An ex-employee left active would be the worse failure."""
    company.open()
    company.join("jane")
    company.change("jane", suspend=True, role="Supervisor")
    company.until_reason("jane", "Suspended")
    assert "updated" not in company.effects()
    company.delete("jane")
    company.until_gone("jane")
    assert "deactivated" in company.effects()


def test_a_suspended_tenant_sends_nothing(company: Company) -> None:
    """Not even for leavers, until it is resumed."""
    company.open(suspend=True)
    company.create("jane")
    eventually(lambda: company.reason("default", kind="CxoneTenant") == "False/Suspended" or None)
    assert company.stats()["total"] == 0
    company.change_tenant(suspend=False)
    company.until_ready("jane")


def test_the_clock_activates_and_deactivates(company: Company) -> None:
    """Nobody is created before activeFrom, and nobody stays active after activeUntil."""
    start, end = (datetime.now(UTC) + timedelta(seconds=seconds) for seconds in (6, 12))
    form = "%Y-%m-%dT%H:%M:%SZ"
    company.create("jane", activeFrom=start.strftime(form), activeUntil=end.strftime(form))
    company.open()
    company.until_reason("jane", "Scheduled", 5)
    assert company.remote(JANE) is None
    eventually(lambda: company.effects(JANE)[-1:] == ["licenseReleased"], 25)
    assert company.effects(JANE) == ["created", "licenseAssigned", "deactivated", "licenseReleased"]
    entries = company.journal()
    assert 4 < entries[2]["time"] - entries[0]["time"] < 8


def test_drift_is_corrected_or_reported(company: Company) -> None:
    """Somebody else's change is undone at once when asked for; under driftPolicy Report it is shown."""
    company.open()
    company.join("jane")
    company.change_outside(JANE, roles=[{"value": "Administrator"}])
    company.compare_now("jane")
    remote = company.known(JANE)
    assert remote["roles"] == [{"value": "Agent"}]
    tenant = f"{company.namespace}/default"
    assert company.operator.metric(f'cxone_operator_drift_total{{field="roles",tenant="{tenant}"}}') == 1

    company.change_tenant(driftPolicy="Report")
    company.change_outside(JANE, roles=[{"value": "Administrator"}])
    company.annotate("jane", reconcile_requested_at="2")
    company.until_reason("jane", "DifferencesFound")
    assert company.user("jane")["status"]["differences"][0]["actual"] == "Administrator"
    company.change("jane", role="Supervisor")
    company.until_ready("jane")


def test_drift_is_found_by_itself(company: Company) -> None:
    """One walk through the directory each period, nothing else."""
    company.open(syncPeriodSeconds=30)
    company.join("jane")
    company.change_outside(JANE, active=False)
    eventually(lambda: company.effects()[-2:] == ["activated", "licenseAssigned"], 40)


def test_additive_groups_stay(company: Company) -> None:
    """groupsPolicy Additive adds, and removes nothing."""
    company.make_outside(JANE, roles=[{"value": "Agent"}], groups=[{"value": "QA-Team"}])
    company.open(groupsPolicy="Additive")
    company.join("jane")
    remote = company.known(JANE)
    assert [group["value"] for group in remote["groups"]] == ["QA-Team", "Support-Team"]


def test_two_resources_for_one_person(company: Company) -> None:
    """The older one owns; when it goes the younger takes over without a deactivation in between."""
    company.open()
    company.join("jane")
    until_the_next_second()  # or both are of the same age
    company.create("second", userName="JANE@example.com")
    assert "'jane'" in company.until_reason("second", "OwnershipConflict")
    company.delete("jane")
    company.until_gone("jane")
    company.until_ready("second")
    assert "deactivated" not in company.effects()


def test_protected_users_are_never_changed(company: Company) -> None:
    """Not by a change, and not by a deletion."""
    company.make_outside(JANE)
    company.open(safety={"protectedUsers": ["jane@*"]})
    company.create("jane", active=False)
    company.until_reason("jane", "ProtectedUser")
    assert company.effects() == ["created", "licenseAssigned"]


def test_defaults_of_the_tenant(company: Company) -> None:
    """Role, groups and time zone of users that leave them out."""
    company.open(defaults={"role": "Evaluator", "groups": ["QA-Team"], "timezone": "Europe/Paris"})
    company.join("jane", role=None, groups=None)
    remote = company.known(JANE)
    assert (remote["roles"], remote["timezone"]) == ([{"value": "Evaluator"}], "Europe/Paris")


def test_seats_run_out_and_come_back(make_company: MakeCompany) -> None:
    """The oldest get them, the rest wait and say so, and go on by themselves when a leaver frees one."""
    company = make_company("--seats", "2")
    company.open()
    for name in ("first", "second", "third"):
        company.create(name)
        until_the_next_second()  # a resource's age is told in whole seconds
    company.until_ready("second")
    assert "all 2 seats" in company.until_reason("third", "LicenseUnavailable")
    assert company.reason("third", "Licensed") == "False/LicenseUnavailable"
    company.change("first", active=False)
    company.until_ready("third", 30)
    assert company.stats()["licenses"] == {"total": 2, "used": 2}


def test_a_refused_user_gives_its_seat_to_the_next(make_company: MakeCompany) -> None:
    """A seat that was promised to a user whom CXone refuses for good is free again."""
    company = make_company("--seats", "1")
    company.open()
    company.create("wrong", role="Agnet")
    company.until_reason("wrong", "RoleNotFound")
    company.join("jane")


def test_a_held_batch_goes_whole_or_not_at_all(make_company: MakeCompany) -> None:
    """onShortage HoldBatch takes no seat unless all fit."""
    company = make_company("--seats", "2")
    company.open(license={"onShortage": "HoldBatch"}, suspend=True)
    for name in ("first", "second", "third"):
        company.create(name)
    company.change_tenant(suspend=False)
    company.until_reason("first", "LicenseUnavailable")
    assert company.effects() == []
    company.simulator.send("PATCH", "settings", {"seats": 3})
    company.until_ready("third", 30)


def test_the_environment_can_be_the_tenant(own_company: Company) -> None:
    """Without a CxoneTenant `default` the CXONE_ variables describe it."""
    own_company.operator.start(
        CXONE_BASE_URL=own_company.simulator.url,
        CXONE_CLIENT_ID="demo",
        CXONE_CLIENT_SECRET=own_company.secret,
        CXONE_RATE_LIMIT__REQUESTS_PER_MINUTE="100000",
        CXONE_DEFAULTS__ROLE="Supervisor",
    )
    own_company.join("jane", role=None)
    remote = own_company.known(JANE)
    assert remote["roles"] == [{"value": "Supervisor"}]


def test_a_tenant_outlives_its_users(company: Company) -> None:
    """Deleting it first still deprovisions them."""
    company.open()
    company.join("jane")
    company.delete_tenant()
    assert company.kube.get("CxoneTenant", company.namespace, "default").code == 200
    company.delete("jane")
    company.until_gone("jane")
    company.until_gone("default", kind="CxoneTenant")
    assert "deactivated" in company.effects()


def test_the_operators_own_account_is_never_changed(make_company: MakeCompany) -> None:
    """Whatever somebody declares of it."""
    company = make_company("--client-id", JANE)
    company.put_secret(company.secret, clientId=JANE)
    company.make_outside(JANE)
    company.create_tenant()
    company.serve()
    company.create("jane", active=False)
    assert "itself works with" in company.until_reason("jane", "ProtectedUser")
    assert company.effects() == ["created", "licenseAssigned"]

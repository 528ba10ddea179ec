"""A person is an account, not a spelling: renames on both sides, names that are taken, what a restore leaves."""

from __future__ import annotations

from support.cxone import Company, Json
from support.waiting import eventually

JANE, JONES, JOHN = "jane@example.com", "jones@example.com", "john@example.com"
MATCHES = ["userName", "employeeId"]


def accounts(company: Company) -> dict[str, Json]:
    """All of CXone's users by userName."""
    return {user["userName"]: user for user in company.remote_users()}


def until_named(company: Company, id_: str, name: str) -> None:
    """The account of that id is called so in CXone."""
    eventually(lambda: accounts(company).get(name, {}).get("id") == id_)


def test_a_rename_in_git_is_one_of_the_account(company: Company) -> None:
    """It keeps its id, its seat and its history; back and forth, and out of it at once."""
    company.open()
    company.join("jane")
    account = company.known(JANE)["id"]
    company.change("jane", userName=JONES)
    until_named(company, account, JONES)
    company.until_ready("jane")
    company.change("jane", userName=JANE)
    until_named(company, account, JANE)
    company.change("jane", userName=JONES, active=False)
    until_named(company, account, JONES)
    body = company.until_ready("jane")
    assert (body["status"]["userId"], body["status"]["active"]) == (account, False)
    assert list(accounts(company)) == [JONES]
    assert company.effects().count("created") == 1
    company.change("jane", userName="JONES@Example.com")
    company.until_ready("jane")
    assert list(accounts(company)) == [JONES], "another spelling is no other name"


def test_a_rename_in_cxone_is_set_back(company: Company) -> None:
    """It is drift of a declared field, never a reason for a second account."""
    company.open()
    company.join("jane")
    account = company.known(JANE)["id"]
    company.change_outside(JANE, userName="by-hand@example.com")
    company.compare_now("jane")
    until_named(company, account, JANE)
    company.until_ready("jane")
    assert company.effects().count("created") == 1


def test_a_rename_in_cxone_is_reported(company: Company) -> None:
    """Under driftPolicy Report the account stays as it is, and a deletion acts on it all the same."""
    company.open(driftPolicy="Report")
    company.join("jane")
    account = company.known(JANE)["id"]
    company.change_outside(JANE, userName="by-hand@example.com")
    company.annotate("jane", **{"reconcile-requested-at": "1"})
    company.until_reason("jane", "DifferencesFound")
    differences = company.user("jane")["status"]["differences"]
    assert {"field": "userName", "desired": JANE, "actual": "by-hand@example.com"} in differences
    company.delete("jane")
    company.until_gone("jane")
    left = accounts(company)
    assert {name: (user["id"], user["active"]) for name, user in left.items()} == {
        "by-hand@example.com": (account, False)
    }


def test_names_change_hands(company: Company) -> None:
    """Two people swap names: each keeps the account, and the circle opens by itself."""
    company.open()
    company.join("jane", "john")
    jane, john = company.known(JANE)["id"], company.known(JOHN)["id"]
    company.change("jane", userName=JOHN)
    assert "CxoneUser 'john'" in company.until_reason("jane", "OwnershipConflict")
    company.change("john", userName=JANE)
    until_named(company, jane, JOHN)
    until_named(company, john, JANE)
    for name in ("jane", "john"):
        company.until_ready(name)
    assert {user["active"] for user in company.remote_users()} == {True}
    assert (company.effects().count("created"), len(accounts(company))) == (2, 2)


def test_a_name_that_is_taken(company: Company) -> None:
    """The resource names both accounts and the remedy; nobody is locked out; it goes on when the name is free."""
    company.make_outside(JONES)
    company.open()
    company.join("jane")
    jane, jones = company.known(JANE)["id"], company.known(JONES)["id"]
    company.change("jane", userName=JONES)
    said = company.until_reason("jane", "AmbiguousMatch")
    assert jane in said
    assert jones in said
    assert company.reason("jane", "Stalled") == "True/AmbiguousMatch"
    assert {user["active"] for user in company.remote_users()} == {True}
    company.change("jane", active=False)
    eventually(lambda: not company.known(JANE)["active"])
    assert company.known(JONES)["active"]
    company.change_outside(JONES, userName="somebody-else@example.com")
    company.compare_now("jane")
    until_named(company, jane, JONES)


def test_the_address_of_somebody_who_was_renamed_is_free(company: Company) -> None:
    """A new person with the old address is another person, whatever comes first."""
    company.open()
    company.join("jane")
    account = company.known(JANE)["id"]
    company.change("jane", userName=JONES)
    company.create("newcomer", userName=JANE)
    body = company.until_ready("newcomer")
    company.until_ready("jane")
    assert company.known(JONES)["id"] == account
    assert company.known(JANE)["id"] == body["status"]["userId"] != account


def test_a_restore_without_status(company: Company) -> None:
    """The employeeId on the account says whose it is, under another address and under adoptionPolicy Never."""
    company.open()
    company.join("jane", employeeId="4711", adoptionPolicy="Never", deletionPolicy="Retain")
    account = company.known(JANE)["id"]
    company.delete("jane")
    company.until_gone("jane")
    company.create("jane", employeeId="4711", adoptionPolicy="Never")
    assert "matchBy" in company.until_reason("jane", "AlreadyExists")
    company.change_tenant(matchBy=MATCHES)
    assert company.until_ready("jane")["status"]["userId"] == account
    company.change("jane", deletionPolicy="Retain")
    company.until_ready("jane")
    company.delete("jane")
    company.until_gone("jane")
    company.create("married", userName=JONES, employeeId="4711")
    assert company.until_ready("married")["status"]["userId"] == account
    until_named(company, account, JONES)
    assert company.effects().count("created") == 1


def test_an_employee_whom_no_list_shows(company: Company) -> None:
    """Where the API lists nobody, the employeeId is asked for, and nobody is made a second time."""
    company.make_outside(JONES, externalId="4711")
    account = company.known(JONES)["id"]
    company.open(matchBy=MATCHES, api={"list": "Filter"})
    company.create("jane", employeeId="4711")
    company.create("john", employeeId="4712")
    assert company.until_ready("jane")["status"]["userId"] == account
    company.until_ready("john")
    assert sorted(accounts(company)) == [JANE, JOHN]
    company.leave("jane")
    company.until_ready("jane")
    assert company.known(JANE)["active"] is False


def test_two_accounts_of_one_employee(company: Company) -> None:
    """Nothing is written while somebody has to choose."""
    company.make_outside(JANE)
    company.make_outside(JONES, externalId="4711")
    company.open(matchBy=MATCHES)
    company.create("jane", employeeId="4711")
    said = company.until_reason("jane", "AmbiguousMatch")
    assert all(company.known(name)["id"] in said for name in (JANE, JONES))
    assert company.effects() == ["created", "licenseAssigned"] * 2


def test_an_account_that_is_gone_and_one_that_has_its_name(company: Company) -> None:
    """Gone is what CXone says when it is asked for the id; then the name counts again."""
    company.open()
    company.join("jane")
    first = company.known(JANE)["id"]
    company.simulator.send("POST", "outside", {"userName": JANE, "delete": True})
    company.make_outside(JANE)
    company.annotate("jane", **{"reconcile-requested-at": "1"})
    second = company.known(JANE)["id"]
    eventually(lambda: company.user("jane")["status"]["userId"] == second != first)
    company.until_ready("jane")

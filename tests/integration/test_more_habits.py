"""Further habits of real servers, on real parts: a working life with each, and what it must come to.

Somebody has an account before, somebody gets one by hand a moment before, others join; one changes, is renamed, leaves
and comes again, the loop begins anew, and the resources are deleted. Whatever the server is like, nobody is made twice,
no stranger is touched, nobody stays active whom no resource wants, and nothing is asked for ever. What a server makes
impossible is told. The simulator counts where a habit makes a difference, so each case proves that it met its habit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest

from integration.conftest import MakeCompany
from support.cxone import TENANT, Company
from support.waiting import eventually

JANE, JOHN, JUDY = "jane@example.com", "john@example.com", "judy@example.com"
TOLD: dict[str, Any] = {
    "name": {"givenName": "Zoë", "familyName": "Møller"},
    "displayName": "Zoë",
    "emails": [{"value": "z@example.com", "primary": True}, {"value": "a@example.com", "type": "home"}],
}
PATIENCE_SECONDS = 60.0
"""Servers that slow us down, or show the past, take their time."""
MOST_REQUESTS = 90
"""Of a working life of four; a server that is asked again for ever gets hundreds."""


@dataclass(frozen=True)
class Life:
    """What a working life needs so that the habit is met."""

    habit: str
    also: tuple[str, ...] = ()
    """Habits that it needs."""
    at: str = "@example.com"
    """The end of everybody's userName."""
    spelled: str = ""
    """The end of the userNames of accounts that are there before, where it is another one."""
    strangers: tuple[str, ...] = ("stranger@example.com",)
    returns: bool = True
    """Whoever left can come back to the account: it can be seen."""

    def __str__(self) -> str:
        return self.habit

    @property
    def habits(self) -> tuple[str, ...]:
        return (self.habit, *self.also)


def of_pages(habit: str) -> Life:
    """A list of several pages."""
    return Life(habit, also=("shortPages",), strangers=tuple(f"stranger-{number}@example.com" for number in range(6)))


LIVES = [
    *(Life("inactiveIsGone", returns=False), Life("listsLate"), Life("readsLate"), Life("patchShowsOld")),
    *(Life("tokenRipens"), Life("firstOperationOnly")),
    *(of_pages("startsAtZero"), of_pages("ignoresStartIndex"), of_pages("overlapsPages"), of_pages("totalOfPage")),
    *(Life("caseExactFilter", spelled="@Example.com"), Life("plusIsBlank", at="+cx@example.com")),
    Life("prefixFilter", at="@example.co", strangers=tuple(f"{who}@example.com" for who in ("ada", "eve", "jane"))),
    *(Life("ignoresFilter"), Life("oneResource"), Life("revives", also=("hidesInactive",))),
    *(Life("refusesLargeCounts"), Life("setsCookies"), Life("pathIds"), Life("allPrimary"), Life("rolesAsText")),
    *(Life("qualifiedNames"), Life("briefLists"), Life("briefAnswers"), Life("totalAsText"), Life("tokenLifeZero")),
    *(Life("byteOrderMark"), Life("latinLetters"), Life("takenIs400"), Life("takenIs500")),
]
"""Habits with which everything is reached."""


def switch(company: Company, *habits: str) -> None:
    company.simulator.send("PATCH", "habits", dict.fromkeys(habits, True))


def heal(company: Company) -> None:
    """CXone has no habits any more."""
    company.simulator.send("DELETE", "habits", {})


def assert_met(company: Company, *habits: str) -> None:
    """Each has made a difference."""
    met = {item["name"]: item["met"] for item in company.simulator.get("habits")["habits"]}
    assert [habit for habit in habits if not met[habit]] == []


def assert_quiet(company: Company) -> None:
    """Nobody is asked for what is there already."""
    settled = company.stats()["total"]
    time.sleep(1.0)
    assert company.stats()["total"] - settled <= 2


def active(company: Company) -> set[str]:
    """Who can work."""
    return {user["userName"] for user in company.remote_users() if user["active"]}


def begin_anew(company: Company) -> None:
    """What is sent where has changed: a new loop, which knows nothing and reads everything."""
    before = company.stats()["tokens"]
    company.change_tenant(baseURL=f"{company.simulator.url}/")
    eventually(lambda: company.stats()["tokens"] > before)


@pytest.mark.parametrize("life", LIVES, ids=str)
def test_a_working_life(company: Company, life: Life) -> None:
    """From the first list to the last leaver; each account is one, and its own."""
    ada, eve, jane, john, jones = (f"{who}{life.at}" for who in ("ada", "eve", "jane", "john", "jones"))
    before, later = (f"{who}{life.spelled or life.at}" for who in ("ada", "eve"))
    for name in (*life.strangers, before):
        company.make_outside(name)
    switch(company, *life.habits)
    company.open()
    company.create("ada", userName=ada)
    company.create("jane", userName=jane, **TOLD)
    company.create("john", userName=john)
    for name in ("ada", "jane", "john"):
        company.until_ready(name, PATIENCE_SECONDS)
    company.make_outside(later)
    company.create("eve", userName=eve)
    company.change("jane", userName=jones, displayName="Z. M.", timezone="Europe/Berlin")
    for name in ("eve", "jane"):
        company.until_ready(name, PATIENCE_SECONDS)
    assert company.known(jones).items() >= {"displayName": "Z. M.", "timezone": "Europe/Berlin"}.items()
    assert_quiet(company)
    account = company.known(jones)["id"]
    company.leave("ada")
    company.delete("john")
    company.until_ready("ada", PATIENCE_SECONDS)
    eventually(lambda: company.is_gone("john"), PATIENCE_SECONDS)
    assert active(company) == {jones, later, *life.strangers}
    begin_anew(company)
    company.compare_now("jane", seconds=PATIENCE_SECONDS)
    for name in ("ada", "eve", "jane"):
        company.until_ready(name)
    company.delete("ada", "eve", "jane")
    for name in ("ada", "eve", "jane"):
        eventually(lambda name=name: company.is_gone(name), PATIENCE_SECONDS)
    assert active(company) == set(life.strangers)
    if life.returns:
        company.create("again", userName=jones)
        assert company.until_ready("again", PATIENCE_SECONDS)["status"]["userId"] == account
        assert active(company) == {jones, *life.strangers}
    assert len(company.remote_users()) == 4 + len(life.strangers), "nobody is made twice"
    touched = {entry["userName"] for entry in company.journal() if entry["actor"] != "outside"}
    assert touched & set(life.strangers) == set()
    assert company.stats()["total"] <= MOST_REQUESTS
    assert_met(company, *life.habits)


@pytest.mark.parametrize(
    ("habit", "reason", "words", "remedy"),
    [
        ("groupsReadOnly", "InvalidSpec", "Attribute groups is read-only; set spec.api.memberships", "memberships"),
        ("opsCapitalised", "RemoteRejected", "'replace' is not supported; set spec.api.patch to Replace", "patch"),
    ],
)
def test_changes_that_no_user_takes(company: Company, habit: str, reason: str, words: str, remedy: str) -> None:
    """The resource names the setting; who could not be let go is locked out as soon as it is right."""
    company.open()
    company.join("john")
    switch(company, habit)
    company.create("jane")
    company.change("john", displayName="J", groups=["Sales-Team"])
    assert words in company.until_reason("john", reason)
    asked = company.stats()["total"]
    time.sleep(3.0)
    assert company.stats()["total"] - asked <= 2
    company.delete("john")
    if habit == "opsCapitalised":
        assert words in company.until_reason("john", reason)
        assert not company.is_gone("john")
    company.change_tenant(api={remedy: {"memberships": "None", "patch": "Replace"}[remedy]})
    company.until_ready("jane")
    company.until_gone("john")
    assert active(company) == {JANE}
    assert_met(company, habit)


def test_a_lock_out_that_cxone_does_not_show(company: Company) -> None:
    """Nobody is let go on trust; the resource says that nothing is shown, and what was sent."""
    company.open()
    company.join("jane", "john")
    switch(company, "hidesFalse")
    before = company.stats()["total"]
    company.leave("jane")
    company.delete("john")
    for name in ("jane", "john"):
        message = company.until_reason(name, "DifferencesFound")
        assert "active: sent false, CXone shows (none)" in message
    time.sleep(8.0)
    assert company.stats()["total"] - before <= 80, "with pauses, also where a busy machine takes its time"
    assert not company.is_gone("john")
    assert active(company) == set()
    heal(company)
    company.until_ready("jane", PATIENCE_SECONDS)
    eventually(lambda: company.is_gone("john"), PATIENCE_SECONDS)
    assert_met(company, "hidesFalse")


def test_a_field_that_cxone_derives_stops_nothing_else(company: Company) -> None:
    """Neither a rename nor leaving."""
    company.open()
    company.join("jane", "john")
    switch(company, "derivesDisplayName")
    account = company.known(JANE)["id"]
    company.change("jane", displayName="J", userName="jones@example.com", timezone="Europe/Berlin")
    eventually(lambda: company.remote("jones@example.com"))
    assert "displayName: sent J, CXone shows Jane Smith" in company.until_reason("jane", "DifferencesFound")
    assert company.known("jones@example.com").items() >= {"id": account, "timezone": "Europe/Berlin"}.items()
    company.delete("jane")
    company.until_gone("jane")
    assert active(company) == {JOHN}
    assert_met(company, "derivesDisplayName")


def test_leavers_who_lose_their_names(company: Company) -> None:
    """They are told of, come back to the same account under their name, and go with the resource."""
    company.open()
    company.join("jane", "john")
    account = company.known(JANE)["id"]
    switch(company, "renamesLeavers")
    company.leave("jane")
    company.delete("john")
    company.until_gone("john")
    assert "userName: sent jane@example.com, CXone shows left-" in company.until_reason("jane", "DifferencesFound")
    assert active(company) == set()
    company.change("jane", active=True)
    assert company.until_ready("jane", PATIENCE_SECONDS)["status"]["userId"] == account
    assert active(company) == {JANE}
    company.delete("jane")
    company.until_gone("jane")
    assert (active(company), len(company.remote_users())) == (set(), 2)
    assert_met(company, "renamesLeavers")


def test_who_is_gone_for_cxone_says_what_is_in_the_way(company: Company) -> None:
    """An inactive account that nothing shows has the name."""
    company.open()
    company.join("jane")
    switch(company, "inactiveIsGone")
    company.leave("jane")
    company.until_ready("jane")
    company.change("jane", active=True)
    message = company.until_reason("jane", "AlreadyExists", PATIENCE_SECONDS)
    eventually(lambda: "activate or delete it in CXone" in company.condition("jane")["message"], PATIENCE_SECONDS)
    assert "taken" in message
    assert company.effects(JANE).count("created") == 1
    company.change_outside(JANE, active=True)
    company.until_ready("jane", PATIENCE_SECONDS)
    assert_met(company, "inactiveIsGone")


@pytest.mark.parametrize("habit", ["nobodyIs404", "failsForMissing"])
def test_accounts_that_somebody_deletes(company: Company, habit: str) -> None:
    """Where CXone says so, one is made anew and the others go; where it stumbles, they are told of and kept."""
    company.open()
    company.join("jane", "john", "judy")
    switch(company, habit)
    before = company.stats()["total"]
    for name in (JANE, JOHN, JUDY):
        company.simulator.send("POST", "outside", {"userName": name, "delete": True})
    company.annotate("jane", reconcile_requested_at="1")
    company.delete("john")
    company.leave("judy")
    if habit == "failsForMissing":
        for name in ("jane", "john", "judy"):
            assert "500: Error in getting user" in company.until_reason(name, "RemoteUnavailable", PATIENCE_SECONDS)
        assert company.stats()["total"] - before <= 60
        assert company.remote(JANE) is None
        heal(company)
    company.until_gone("john") if habit == "nobodyIs404" else eventually(lambda: company.is_gone("john"), 90)
    company.until_ready("judy", 90)
    company.until_ready("jane", 90)
    assert [user["userName"] for user in company.remote_users()] == [JANE]
    assert_met(company, habit)


@pytest.mark.parametrize("habit", ["jobsSkip", "jobsSucceed", "jobsForgotten", "bulkIdCapitals"])
def test_many_at_once(make_company: MakeCompany, habit: str) -> None:
    """By bulk jobs, whose end is seen on their users, whatever is said of them."""
    company = make_company("--bulk-results", "--job-seconds", "2.5")
    switch(company, habit)
    names = [f"user-{number}" for number in range(10)]
    company.create(*names)
    company.open()
    for name in names:
        company.until_ready(name, PATIENCE_SECONDS)
    company.change_tenant(suspend=True)
    for name in names:
        company.change(name, displayName="J")
    company.change_tenant(suspend=False)
    for name in names:
        company.until_ready(name, PATIENCE_SECONDS)
    assert {user["displayName"] for user in company.remote_users()} == {"J"}
    company.leave(*names[:5])
    company.delete(*names[5:])
    for name in names[5:]:
        eventually(lambda name=name: company.is_gone(name), PATIENCE_SECONDS)
    for name in names[:5]:
        company.until_ready(name, PATIENCE_SECONDS)
    assert (active(company), len(company.remote_users())) == (set(), 10)
    assert company.effects().count("created") == 10
    assert company.stats()["total"] <= 150
    assert_met(company, habit)


@pytest.mark.parametrize("habit", ["retryAfterPast", "retryAfterGarbage"])
def test_one_refusal_after_the_other(company: Company, habit: str) -> None:
    """The tenant says so, as everybody waits for it; whoever waits is served when it ends, leavers too."""
    company.open()
    company.join("john", "judy")
    switch(company, habit)
    before = company.stats()["total"]
    company.create("jane")
    company.leave("john")
    company.delete("judy")
    eventually(lambda: company.tenant_reason() == "False/RateLimited", PATIENCE_SECONDS)
    assert "refuses every request" in company.condition("default", kind=TENANT)["message"]
    assert company.stats()["total"] - before <= 80, "with pauses, also where a busy machine takes its time"
    assert_met(company, habit)
    heal(company)
    for name in ("john", "jane"):
        company.until_ready(name, PATIENCE_SECONDS)
    company.until_gone("judy")
    assert active(company) == {JANE}
    eventually(lambda: company.tenant_reason() == "True/Succeeded")


@pytest.mark.parametrize("habit", ["retryAfterAbsent", "throttlesWith403"])
def test_every_third_request_is_one_too_many(company: Company, habit: str) -> None:
    """Which is no reason to ask more often, or to say that CXone is away."""
    company.open()
    company.join("john")
    switch(company, habit)
    company.create("jane")
    company.change("john", displayName="J")
    for name in ("jane", "john"):
        company.until_ready(name, PATIENCE_SECONDS)
    company.leave("jane")
    company.delete("john")
    company.until_ready("jane", PATIENCE_SECONDS)
    eventually(lambda: company.is_gone("john"), PATIENCE_SECONDS)
    assert (active(company), company.effects().count("created")) == (set(), 2)
    assert (company.tenant_reason(), company.tenant_reason("CircuitOpen")) == ("True/Succeeded", "False/Succeeded")
    assert company.stats()["total"] <= 30
    assert_met(company, habit)

"""Habits on the other two APIs, where lists, groups, roles and refusals are others: a working life with each."""

from __future__ import annotations

from typing import Any

import pytest

from demo.stage import CLIENT_ID
from integration.conftest import MakeCompany
from support.cxone import UNLIMITED, Company
from support.waiting import eventually

ADA, JONES, STRANGER = "ada@example.com", "jones@example.com", "stranger@example.com"
ACCESS_KEY = "canary-access-key-secret"
PATIENCE_SECONDS = 60.0
MOST_REQUESTS = 90
STANDARD = (
    *("refusesLargeCounts", "htmlErrors", "listedErrors", "takenIs400", "takenIs500", "firstOperationOnly", "pathIds"),
    *("ignoresFilter", "patchShowsOld", "rolesAsText", "briefLists", "briefAnswers", "totalAsText"),
    "retryAfterAbsent",
)
"""On a server of the standard; all of them are met there, and everything is reached."""
HUB = (
    *("refusesOr", "setsCookies", "lowerCase", "firstOperationOnly", "pathIds", "ignoresFilter", "derivesDisplayName"),
    *("patchShowsOld", "rolesAsText", "qualifiedNames", "briefLists", "briefAnswers", "allPrimary"),
)
"""On User Hub."""


DECLARED: dict[str, dict[str, Any]] = {"RFC7644": {}, "UserHub": {"groups": None, "team": "Support-Team"}}
"""What people are declared with."""


def open_(company: Company, preset: str) -> None:
    """The tenant."""
    if preset == "RFC7644":
        company.open(api={"preset": preset})
        return
    key = {"accessKeyId": "demo-key", "accessKeySecret": ACCESS_KEY}
    api = {"baseURL": company.simulator.url, "api": {"preset": preset}}
    company.open_on({**UNLIMITED, **api}, {"clientId": CLIENT_ID, "clientSecret": company.secret, **key})


@pytest.mark.parametrize(
    ("preset", "habit"),
    [*(("RFC7644", habit) for habit in STANDARD), *(("UserHub", habit) for habit in HUB)],
)
def test_a_working_life(make_company: MakeCompany, preset: str, habit: str) -> None:
    """Somebody is there, joins, changes, is renamed and leaves; nobody is made twice, and no stranger is touched.

    The tenant comes last, so that those who wait for it are looked for together.
    """
    company = make_company("--preset", preset, *(("--access-key-secret", ACCESS_KEY) if preset == "UserHub" else ()))
    for name in (ADA, STRANGER):
        company.make_outside(name)
    company.simulator.send("PATCH", "habits", {habit: True})
    declared = DECLARED[preset]
    company.create("ada", "jane", "john", **declared)
    company.serve()
    for name in ("ada", "jane", "john"):
        company.until_reason(name, "TenantNotReady", PATIENCE_SECONDS)
    open_(company, preset)
    for name in ("ada", "jane", "john"):
        company.until_ready(name, PATIENCE_SECONDS)
    account = company.known("jane@example.com")["id"]
    company.make_outside("eve@example.com")
    company.create("eve", **declared)
    company.change("jane", userName=JONES, name={"givenName": "Zo", "familyName": "Jones"})
    for name in ("eve", "jane"):
        company.until_ready(name, PATIENCE_SECONDS)
    found = company.known(JONES)
    assert (found["id"], found["name"]["familyName"]) == (account, "Jones")
    company.leave("ada")
    company.delete("john")
    company.until_ready("ada", PATIENCE_SECONDS)
    eventually(lambda: company.is_gone("john"), PATIENCE_SECONDS)
    assert {user["userName"] for user in company.remote_users() if user["active"]} == {
        *("eve@example.com", JONES, STRANGER)
    }
    company.delete("ada", "eve", "jane")
    for name in ("ada", "eve", "jane"):
        eventually(lambda name=name: company.is_gone(name), PATIENCE_SECONDS)
    assert [user["userName"] for user in company.remote_users() if user["active"]] == [STRANGER]
    assert len(company.remote_users()) == 5
    assert STRANGER not in {entry["userName"] for entry in company.journal() if entry["actor"] != "outside"}
    assert company.stats()["total"] <= MOST_REQUESTS
    met = {item["name"]: item["met"] for item in company.simulator.get("habits")["habits"]}
    assert met[habit] > 0


def test_a_leaver_whose_version_was_read_from_a_copy_that_is_behind(make_company: MakeCompany) -> None:
    """Locked out by the version that CXone has, as soon as it shows it."""
    company = make_company("--preset", "RFC7644")
    open_(company, "RFC7644")
    company.join("jane")
    company.compare_now("jane")  # a list shows versions
    company.simulator.send("PATCH", "habits", {"listsLate": True})
    company.change_outside("jane@example.com", displayName="by hand")
    company.leave("jane")
    eventually(lambda: not company.known("jane@example.com")["active"], 30)
    company.until_ready("jane", PATIENCE_SECONDS)
    assert company.stats()["requests"]["PATCH /scim/v2/Users/{id}"]["412"] >= 1

"""The habits of real servers, on real parts: what is wanted is reached or the resource says why, and leavers go.

Each case is a working life in a namespace of its own: somebody joins, moves and leaves, and somebody leaves with the
resource. What a server does otherwise than it should must neither make that fail silently nor cost requests for ever.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from support.cxone import Company
from support.waiting import eventually

JANE, JOHN = "jane@example.com", "john@example.com"
DECLARED: dict[str, Any] = {
    "timezone": "Asia/Calcutta",
    "phoneNumbers": [{"value": "+49 171 2345678"}],
    "displayName": "Jane S.",
}
REACHED = (
    *("zoneAlias", "phoneDigits", "roleCase", "groupCase", "addsAddress", "dropsTypes", "rolesById"),
    *("activeAsNumber", "activeAsText", "lowerCase", "nullLists", "nullResources", "numericIds", "longIds"),
    *("hidesInactive", "deletesBetweenPages", "movesBetweenPages", "unreadableEntry", "shortPages", "totalTooHigh"),
    *("hugePages", "refusesOr", "emptyAnswers", "htmlAnswers", "quotaUnlimited", "quotaNull", "quotaAbsurd"),
)
"""Habits with which everything is reached."""
MOST_REQUESTS = 70
"""Of a working life; a server that is asked again for ever gets hundreds."""


def switch(company: Company, **habits: bool) -> None:
    company.simulator.send("PATCH", "habits", habits)


def active(company: Company, name: str) -> bool | None:
    """As CXone has it, whatever it shows."""
    found = company.remote(name)
    return None if found is None else bool(found["active"])


@pytest.mark.parametrize("habit", REACHED)
def test_a_working_life_with_a_habit(company: Company, habit: str) -> None:
    """From the first list on."""
    for number in range(4):
        company.make_outside(f"old-{number}@example.com")
    switch(company, **{habit: True})
    company.open()
    company.join("jane", "john", **DECLARED)
    company.change("jane", displayName="Jane Smith")
    eventually(lambda: company.known(JANE).get("displayName") == "Jane Smith")
    company.until_ready("jane")
    settled = company.stats()["total"]
    time.sleep(1.5)
    assert company.stats()["total"] - settled <= 2, "nobody is asked for what is there already"
    company.leave("jane")
    company.delete("john")
    company.until_gone("john")
    company.until_ready("jane")
    assert (active(company, JANE), active(company, JOHN)) == (False, False)
    company.delete("jane")
    company.until_gone("jane")
    assert company.stats()["total"] <= MOST_REQUESTS
    assert "turn_failed" not in company.operator.text()


@pytest.mark.parametrize(
    ("habit", "words"),
    [
        ("ignoresChanges", "displayName: sent Jane Smith, CXone shows Jane S."),
        ("errorIn200", "try later"),
        ("successFalse", "did nothing"),
    ],
)
def test_a_change_that_is_not_made(company: Company, habit: str, words: str) -> None:
    """The resource says what was sent and what CXone shows, or says; it is done when it can be."""
    company.open()
    company.join("jane", **DECLARED)
    switch(company, **{habit: True})
    company.change("jane", displayName="Jane Smith")
    eventually(lambda: words in company.condition("jane").get("message", ""), 40)
    assert company.reason("jane").startswith("False/")
    assert "success" not in [line["result"] for line in company.trail() if "displayName" in line["changes"]][1:]
    company.simulator.send("DELETE", "habits", {})
    company.until_ready("jane", 60)
    assert company.known(JANE)["displayName"] == "Jane Smith"


@pytest.mark.parametrize("habit", ["html", "redirects", "errorIn200", "successFalse", "ignoresDeactivations"])
def test_a_leaver_whom_a_server_does_not_lock_out_is_not_let_go(company: Company, habit: str) -> None:
    """The resource stays and says why, as long as it takes, and no audit line calls it done."""
    company.open()
    company.join("john", **DECLARED)
    switch(company, **{habit: True})
    before = company.stats()["total"]
    company.delete("john")
    time.sleep(12)
    assert not company.is_gone("john")
    assert company.stats()["total"] - before <= 25
    assert "success" not in [line["result"] for line in company.trail() if line["action"] == "deactivate"]
    told = {company.reason("john"), company.tenant_reason("Ready"), company.tenant_reason("CircuitOpen")}
    assert told & {
        "False/DifferencesFound",
        "False/RemoteUnavailable",
        "True/RemoteUnavailable",
        "False/RemoteRejected",
    }
    company.simulator.send("DELETE", "habits", {})
    eventually(lambda: company.is_gone("john"), 60)
    assert active(company, JOHN) is False


def test_a_quota_that_cannot_be_read_stops_no_leaver(company: Company) -> None:
    """Joiners wait, and say for what."""
    company.open()
    company.join("john")
    switch(company, quotaUnreadable=True)
    company.create("jane")
    time.sleep(31)
    company.create("judy")
    company.delete("john")
    company.until_gone("john")
    assert active(company, JOHN) is False
    company.simulator.send("DELETE", "habits", {})
    company.until_ready("jane", 60)


def test_what_could_not_be_understood_is_on_the_tenant(company: Company) -> None:
    """Counted, with what follows from it; and no more when the entry is gone."""
    switch(company, unreadableEntry=True)
    company.open()
    eventually(lambda: "1 entries" in " ".join(company.tenant().get("status", {}).get("findings", [])))


@pytest.mark.parametrize(
    "habits",
    [
        ("hidesInactive",),
        ("refusesOr", "shortPages"),
        ("unreadableEntry", "totalTooHigh"),
        ("numericIds", "lowerCase", "activeAsNumber", "nullLists"),
        ("deletesBetweenPages", "shortPages", "hidesInactive"),
    ],
    ids="-".join,
)
def test_many_at_once_with_habits(company: Company, habits: tuple[str, ...]) -> None:
    """By bulk jobs, whose end is seen on their users only; half of them leave with their resources."""
    names = [f"user-{number:02}" for number in range(12)]
    switch(company, **dict.fromkeys(habits, True))
    company.open()
    company.create(*names)
    for name in names:
        company.until_ready(name, 40)
    company.leave(*names[:6])
    company.delete(*names[6:])
    company.until_gone(*names[6:])
    for name in names[:6]:
        company.until_ready(name, 40)
    assert [active(company, f"{name}@example.com") for name in names] == [False] * 12
    assert len(company.remote_users()) == 12
    assert company.stats()["total"] <= 200


@pytest.mark.parametrize("asked", ["7200", "99999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_tenant_says_until_when_cxone_wants_no_requests(company: Company, asked: str) -> None:
    """However long that is, it is asked again after an hour; users are not told, as they wait for it all alike."""
    company.open()
    company.join("john")
    company.fault(kind="status", status=429, retryAfter=asked, times=1)
    company.create("jane")
    eventually(lambda: company.tenant_reason() == "False/RateLimited")
    until = re.search(r"no requests until (\S+);", company.condition("default", kind="CxoneTenant")["message"])
    assert until is not None
    assert 3500 < (datetime.fromisoformat(until[1]) - datetime.now(UTC)).total_seconds() <= 3600
    assert company.remote(JANE) is None


def test_a_leaver_is_tried_once_a_minute_while_cxone_wants_no_requests(company: Company) -> None:
    """For 3,000 years as for a minute."""
    company.open()
    company.join("john")
    switch(company, retryAfterHuge=True)
    company.create("jane")
    eventually(lambda: company.tenant_reason() == "False/RateLimited")
    asked = company.stats()["total"]
    company.leave("john")
    switch(company, retryAfterHuge=False)
    eventually(lambda: active(company, JOHN) is False, 70)
    assert company.stats()["total"] - asked <= 2


@pytest.mark.parametrize("asked", ["Sun, 06 Nov 1994 08:49:37 GMT", "soon", "-5", "0"])
def test_a_time_that_has_passed_keeps_nobody_waiting(company: Company, asked: str) -> None:
    """Nor one that is none."""
    company.open()
    company.fault(kind="status", status=429, retryAfter=asked, times=1)
    company.join("jane")

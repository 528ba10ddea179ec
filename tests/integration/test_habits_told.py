"""Habits that leave something unreached, on real parts: the resource says what, whose name it is, and what helps."""

from __future__ import annotations

import pytest

from integration.test_more_habits import (
    JANE,
    JOHN,
    JUDY,
    MOST_REQUESTS,
    PATIENCE_SECONDS,
    active,
    assert_met,
    begin_anew,
    switch,
)
from support.cxone import Company


@pytest.mark.parametrize(
    ("habit", "role", "group"),
    [
        ("htmlErrors", "RemoteRejected: CXone answered 400", "RemoteRejected: CXone answered 400"),
        ("wrappedErrors", "RoleNotFound: role 'Agnet' does not exist", "GroupNotFound: group 'Suport' does not exist"),
        ("listedErrors", "RoleNotFound: role 'Agnet' does not exist", "GroupNotFound: group 'Suport' does not exist"),
    ],
)
def test_refusals_in_other_words(company: Company, habit: str, role: str, group: str) -> None:
    """The resource says what is wrong as far as CXone does; nobody else is kept, and whoever leaves goes."""
    switch(company, habit)
    company.open()
    company.create("jane", role="Agnet")
    company.create("john", groups=["Suport"])
    company.join("judy")
    for name, told in (("jane", role), ("john", group)):
        reason, words = told.split(": ")
        assert words in company.until_reason(name, reason)
    company.change("jane", role="Agent")
    company.until_ready("jane")
    company.delete("jane", "john", "judy")
    company.until_gone("jane", "john", "judy")
    assert active(company) == set()
    assert company.stats()["total"] <= MOST_REQUESTS
    assert_met(company, habit)


@pytest.mark.parametrize("habit", ["takenIs400", "takenIs500"])
def test_a_new_name_that_somebody_has(company: Company, habit: str) -> None:
    """The resource says whose it is; everything else of it goes on."""
    company.open()
    company.join("judy")
    switch(company, habit)
    company.make_outside(JANE)
    account = company.known(JANE)["id"]
    company.change("judy", userName=JANE, displayName="J")
    assert account in company.until_reason("judy", "AmbiguousMatch")
    company.delete("judy")
    company.until_gone("judy")
    assert active(company) == {JANE}
    assert company.known(JUDY)["displayName"] == "J"
    assert_met(company, habit)


def test_a_name_at_which_cxone_stumbles(company: Company) -> None:
    """Who is in the list is changed, renamed and locked out; whoever is not is told of, and keeps nobody waiting."""
    ohara, obrien = "ada.o'hara@example.com", "jane.o'brien@example.com"
    company.make_outside(ohara)
    switch(company, "refusesApostrophes")
    company.open()
    company.create("ada", userName=ohara)
    company.create("jane", userName=obrien)
    for name in ("ada", "jane"):
        company.until_ready(name)
    company.make_outside("eve.o'neill@example.com")
    company.create("eve", userName="eve.o'neill@example.com")
    company.change("jane", displayName="J")
    company.until_ready("jane")
    company.join("john")
    company.delete("ada", "jane")
    company.until_gone("ada", "jane")
    assert "500: Error occurred" in company.until_reason("eve", "RemoteUnavailable", PATIENCE_SECONDS)
    assert active(company) == {JOHN, "eve.o'neill@example.com"}
    begin_anew(company)
    company.until_ready("eve", PATIENCE_SECONDS)
    assert len(company.remote_users()) == 4
    assert company.stats()["total"] <= MOST_REQUESTS
    assert_met(company, "refusesApostrophes")


def test_an_id_that_cannot_be_recorded(company: Company) -> None:
    """Nobody is renamed who would not be known again, and the resource says so; everything else goes on."""
    switch(company, "longIds")
    company.open()
    company.join("jane")
    company.change("jane", userName="jones@example.com", displayName="J")
    assert "rename it in CXone" in company.until_reason("jane", "Unsupported")
    assert company.known(JANE)["displayName"] == "J"
    company.change_outside(JANE, userName="jones@example.com")
    company.compare_now("jane")
    company.until_ready("jane")
    company.delete("jane")
    company.until_gone("jane")
    assert (active(company), len(company.remote_users())) == (set(), 1)
    assert_met(company, "longIds")

"""CXone: scopes, presets, seats, limits, clocks, names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from demo.stage import CLIENT_ID
from support.cxone import Company
from support.doctor import Doctor, Open
from support.gateway import gateway

MakeCompany = Callable[..., Company]


def test_a_healthy_server_of_the_standard(make_own_company: MakeCompany) -> None:
    """Which describes itself, and tells all of its groups."""
    company = make_own_company("--preset", "RFC7644", "--users", "3")
    company.put_secret(company.secret)
    company.create_tenant(api={"preset": "RFC7644"})
    company.create("jane", groups=["Sales-Team"])
    lines = Doctor(company).lines()
    assert [lines[name][0][0] for name in ("scopes", "description", "users", "licences", "groups")] == ["ok"] * 5


def test_a_healthy_user_hub(make_own_company: MakeCompany) -> None:
    """Whose hosts are found by discovery, and which lists nobody."""
    company = make_own_company("--preset", "UserHub", "--access-key-secret", "canary-of-a-key")
    key = {"accessKeyId": "demo-key", "accessKeySecret": "canary-of-a-key"}
    company.store_secret({"clientId": CLIENT_ID, "clientSecret": company.secret, **key})
    company.create_tenant(api={"preset": "UserHub"})
    company.create("jane", groups=None)
    lines = Doctor(company).lines()
    assert [lines[name][0][0] for name in ("scope openid", "description", "users", "licences")] == ["ok"] * 4
    assert lines["roles and groups"] == [("skipped", "this API does not list its users -> ")]


def test_a_preset_of_another_api(open_company: Open) -> None:
    """There is no discovery where User Hub would have it."""
    company, doctor = open_company(api={"preset": "UserHub"})
    company.store_secret({"clientId": "x", "clientSecret": company.secret, "accessKeyId": "y", "accessKeySecret": "z"})
    outcome, text = doctor.line("token")
    assert (outcome, "set spec.api.discovery to false" in text) == ("failed", True), text


@pytest.mark.parametrize("scope", ["SCIM.ReadWrite", "User.ReadWrite", "License.ReadWrite"])
def test_a_scope_that_is_not_granted(open_company: Open, scope: str) -> None:
    """Each by its name, also one that only a write would need."""
    company, doctor = open_company()
    scopes = ["SCIM.ReadWrite", "User.ReadWrite", "License.Read", "License.ReadWrite"]
    company.set_cxone(scopes=[name for name in scopes if name != scope])
    lines = doctor.lines()
    assert lines[f"scope {scope}"] == [("failed", "asked for, and not granted -> add it to the API client in CXone")]
    assert [lines[f"scope {name}"][0][0] for name in scopes].count("ok") == 3
    if scope == "SCIM.ReadWrite":
        assert "lacks scope SCIM.ReadWrite" in lines["users"][0][1]


def test_a_scope_that_nobody_asks_for(open_company: Open) -> None:
    """The tenant's own list has a hole."""
    _, doctor = open_company(scopes=["SCIM.ReadWrite", "License.Read"])
    outcome, text = doctor.line("scope License.ReadWrite")
    assert (outcome, "add it to spec.scopes" in text) == ("failed", True)


def test_a_preset_that_contradicts_the_server(make_own_company: MakeCompany) -> None:
    """Platform would write groups on users, and the server says that it does not take them."""
    company = make_own_company("--preset", "RFC7644", "--licenses")
    company.put_secret(company.secret)
    company.create_tenant()
    outcome, text = Doctor(company).line("description")
    assert (outcome, "set spec.api.memberships to Group" in text) == ("warning", True)


def test_a_setting_that_contradicts_the_server(make_own_company: MakeCompany) -> None:
    """It has no bulk requests."""
    company = make_own_company("--preset", "RFC7644", "--bulk-mode", "off")
    company.put_secret(company.secret)
    company.create_tenant(api={"preset": "RFC7644", "bulk": "Synchronous"})
    outcome, text = Doctor(company).line("description")
    assert (outcome, "leave spec.api.bulk out" in text) == ("warning", True)


def test_no_token_endpoint(open_company: Open) -> None:
    """A path of another API."""
    _, doctor = open_company(api={"tokenPath": "/auth/token"})
    outcome, text = doctor.line("token")
    assert (outcome, "correct spec.api.tokenPath" in text) == ("failed", True)


def test_no_users_where_they_should_be(open_company: Open) -> None:
    """The path leads nowhere."""
    _, doctor = open_company(api={"usersPath": "/elsewhere/Users"})
    outcome, text = doctor.line("users")
    assert (outcome, "correct spec.baseURL, or spec.api.usersPath" in text) == ("failed", True), text


def test_no_licence_api(make_own_company: MakeCompany) -> None:
    """Joiners would wait for seats for ever."""
    company = make_own_company("--preset", "RFC7644")
    company.put_secret(company.secret)
    company.create_tenant(api={"preset": "RFC7644"}, license={"mode": "Quota"})
    outcome, text = Doctor(company).line("licences")
    assert (outcome, "set spec.license.mode to None" in text) == ("failed", True)


def test_no_seat_is_free(open_company: Open) -> None:
    """Everybody works, and nobody can join."""
    _, doctor = open_company("--seats", "3")
    assert doctor.line("licences")[0] == "warning"


def test_a_rate_limit_above_that_of_the_server(open_company: Open) -> None:
    """As far as its answers tell."""
    company, doctor = open_company(rateLimit={"requestsPerMinute": 100})
    with gateway(company.simulator.url, {"RateLimit-Policy": '"default";q=60;w=60, "hour";q=6000;w=3600'}) as url:
        company.change_tenant(baseURL=url)
        assert doctor.line("rate limit") == (
            "warning",
            "spec.rateLimit.requestsPerMinute is 100, and CXone lets 60 through in a minute -> "
            "set spec.rateLimit.requestsPerMinute to 60 or less",
        )


def test_somebody_else_uses_up_the_rate_limit(open_company: Open) -> None:
    """A few requests are too many."""
    company, doctor = open_company()
    company.fault(kind="status", status=429, retryAfter=60)
    lines = doctor.lines()
    assert lines["rate limit"][0][0] == "warning"
    assert doctor.code == 1


@pytest.mark.parametrize(("minutes", "word"), [(-9, "behind"), (9, "ahead of")])
def test_a_clock_that_is_wrong(open_company: Open, minutes: int, word: str) -> None:
    """Ours or theirs."""
    company, doctor = open_company()
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    with gateway(company.simulator.url, {"Date": date}) as url:
        company.change_tenant(baseURL=url)
        outcome, text = doctor.line("clock")
    assert (outcome, word in text, "NTP" in text) == ("warning", True, True)


def test_a_group_and_a_role_that_nobody_has(open_company: Open) -> None:
    """With the name that may be meant."""
    company, doctor = open_company()
    company.create("jane", role="Agnet", groups=["Suport-Team"])
    lines = doctor.lines()
    assert lines["roles"] == [("warning", "nobody in CXone has role 'Agnet' (jane) -> did you mean 'Agent'?")]
    assert "did you mean 'Support-Team'?" in lines["groups"][0][1]


def test_a_group_that_the_server_does_not_have(make_own_company: MakeCompany) -> None:
    """Which is certain where it tells all of them."""
    company = make_own_company("--preset", "RFC7644")
    company.put_secret(company.secret)
    company.create_tenant(api={"preset": "RFC7644"})
    company.create("jane", role=None, groups=["Salse-Team"])
    outcome, text = Doctor(company).line("groups")
    assert (outcome, "did you mean 'Sales-Team'?" in text) == ("failed", True)

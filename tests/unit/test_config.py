"""The tenant of the environment."""

from __future__ import annotations

import pytest

from cxone_operator.config import SettingsError, environment_tenant, unknown_fields

BASE = {"CXONE_BASE_URL": "http://x", "CXONE_CLIENT_ID": "a", "CXONE_CLIENT_SECRET": "canary"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"CXONE_SYNC_PERIOD_SECONDS": "60"}, {"syncPeriodSeconds": "60"}),
        ({"CXONE_RATE_LIMIT__REQUESTS_PER_MINUTE": "9"}, {"rateLimit": {"requestsPerMinute": "9"}}),
        ({"CXONE_SCOPES": "a, b"}, {"scopes": ["a", "b"]}),
        ({"CXONE_SAFETY__PROTECTED_USERS": "a@x.com"}, {"safety": {"protectedUsers": ["a@x.com"]}}),
        ({"CXONE_DEFAULTS__ROLE": ""}, {}),
        ({"OTHER": "1"}, {}),
    ],
)
def test_fields_by_their_paths(more: dict[str, str], expected: dict[str, object]) -> None:
    """Words by one underscore, levels by two, lists by commas; empty means not given."""
    tenant = environment_tenant({**BASE, **more})
    assert tenant is not None
    assert tenant.spec == {"baseURL": "http://x", **expected}
    assert "canary" not in repr(tenant)


def test_the_bridge_may_share_the_environment() -> None:
    """Its variables are not those of a tenant."""
    tenant = environment_tenant({**BASE, "CXONE_BRIDGE_LISTEN": "127.0.0.1:8080"})
    assert tenant is not None
    assert tenant.spec == {"baseURL": "http://x"}


def test_no_tenant() -> None:
    """Without a base URL there is none."""
    assert environment_tenant({"CXONE_CLIENT_ID": "a"}) is None


@pytest.mark.parametrize("missing", ["CXONE_CLIENT_ID", "CXONE_CLIENT_SECRET"])
def test_a_part_is_missing(missing: str) -> None:
    """The variable is named; only those count that the grant needs."""
    tenant = environment_tenant({name: value for name, value in BASE.items() if name != missing})
    assert tenant is not None
    with pytest.raises(SettingsError, match=missing):
        tenant.checked(("clientId", "clientSecret"))
    assert tenant.checked(()) == tenant.credentials


def test_a_value_and_fields_below_it() -> None:
    """Contradict each other."""
    with pytest.raises(SettingsError, match="license"):
        environment_tenant({**BASE, "CXONE_LICENSE": "x", "CXONE_LICENSE__MODE": "Quota"})


def test_unknown_fields_are_named_by_their_paths() -> None:
    """So that a misspelt variable is found."""
    assert unknown_fields({"a": 1, "b": {"c": 1, "d": 2}, "e": 1}, {"a": 0, "b": {"c": 0}}) == ["b.d", "e"]

"""The names under which the operator's own account could appear."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.scim.identity import identities_of, tenant_of


def jwt(**claims: object) -> str:
    payload = urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=")
    return f"e30.{payload}.signature"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("opaque", {"svc@example.com"}),
        (jwt(sub="user:1234-ABCD"), {"svc@example.com", "user:1234-abcd", "1234-abcd"}),
        (jwt(email="Operator@Example.com", sub=7, scope="SCIM"), {"svc@example.com", "operator@example.com"}),
        ("a.b.c", {"svc@example.com"}),
        ("a.e30.c.d", {"svc@example.com"}),
        ("e30.W10.c", {"svc@example.com"}),
    ],
)
def test_from_the_client_id_and_the_claims(token: str, expected: set[str]) -> None:
    assert identities_of("Svc@example.com", token) == expected


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("opaque", ""),
        (jwt(sub="user:1"), ""),
        (jwt(tenantId="11eb-0504"), "11eb-0504"),
        (jwt(tenant_id="11eb-0504", tenantId=7), "11eb-0504"),
    ],
)
def test_which_tenant_a_token_is_for(token: str, expected: str) -> None:
    assert tenant_of(token) == expected


@given(st.text(), st.text())
def test_no_token_can_raise(client_id: str, token: str) -> None:
    identities_of(client_id, token)
    identities_of(client_id, f"a.{token}.c")
    tenant_of(f"a.{token}.c")

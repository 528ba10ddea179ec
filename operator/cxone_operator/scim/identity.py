"""Who we are in CXone, and in which: the names under which the operator's own account could appear among the users.

An operator that deactivated its own account would lock itself out. The client id names it on some tenants; where the
access token is a JSON Web Token, its claims do (RFC 7519 section 4, RFC 9068 section 2.2). They are only compared with
users, so the signature is not checked.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping

from cxone_operator.scim.answers import decode_object
from cxone_operator.scim.errors import MalformedAnswer

_TENANTS = ("tenantId", "tenant_id", "tenantid")
_CLAIMS = ("sub", "client_id", "email", "username", "user_name", "preferred_username", "user_id", "userId")


def identities_of(client_id: str, token: str) -> frozenset[str]:
    """Lower-case names and ids; a subject like `user:1234` counts with and without what is before the colon."""
    claims = _claims(token)
    names = [client_id, *(value for key in _CLAIMS if isinstance(value := claims.get(key), str))]
    return frozenset(part.lower() for name in names for part in (name, name.rpartition(":")[2]) if part)


def tenant_of(token: str) -> str:
    """The tenant that a JSON Web Token names; empty where it names none, or is no such token."""
    claims = _claims(token)
    return next((value for key in _TENANTS if isinstance(value := claims.get(key), str)), "")


def _claims(token: str) -> Mapping[str, object]:
    """The payload of a JSON Web Token; empty for any other token."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        return decode_object(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, MalformedAnswer):
        return {}

"""`RFC7644`: any server that keeps to the standard, and says of itself what it can do (RFC 7643 section 5)."""

from __future__ import annotations

from cxone_operator.scim.dialects.dialect import BulkMode, Dialect, Memberships

RFC7644 = Dialect(
    client_encoded=True,
    config_path="/scim/v2/ServiceProviderConfig",
    bulk_users_path="/Users",
    bulk=BulkMode.DISCOVER,
    memberships=Memberships.GROUP,
    team=False,
    license="None",
    scim_scope="",
)

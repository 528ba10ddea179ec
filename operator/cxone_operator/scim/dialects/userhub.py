"""`UserHub`: the API that the vendor publishes. Users are found by filter only, roles are ids, no bulk."""

from __future__ import annotations

from cxone_operator.scim.dialects.dialect import BulkMode, Dialect, Grant, ListMode, Memberships, RoleForm

USER_HUB = Dialect(
    grant=Grant.ACCESS_KEY,
    discovery=True,
    token_path="/auth/token",  # noqa: S106 - a path, not a token
    roles_path="/authorization/v1/roles/search",
    teams_path="/user-management/v4/teams/search",
    bulk=BulkMode.OFF,
    list=ListMode.FILTER,
    memberships=Memberships.NONE,
    roles=RoleForm.IDS,
    external_id=False,
    deletes=False,
    license="CountUsers",
    scim_scope="",
    scopes=("openid",),
)

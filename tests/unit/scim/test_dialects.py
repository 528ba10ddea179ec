"""Dialects: what each preset says, that a tenant can override every setting, and that nobody else knows of presets."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest

import cxone_operator
from cxone_operator.api.tenant import Api, Auth, TenantSpec
from cxone_operator.core.users import Field
from cxone_operator.scim.dialects import PRESETS, dialect_of, settled
from cxone_operator.scim.dialects.dialect import (
    BulkMode,
    ClientAuthentication,
    Deactivation,
    Dialect,
    Grant,
    ListMode,
    Memberships,
    PatchMode,
    RoleForm,
)

PACKAGE = Path(next(iter(cxone_operator.__path__)))

# What differs from `Dialect()`, by the vendor's documents and the standard.
PRESET_SETTINGS = {
    "Platform": {"scopes": ("SCIM.ReadWrite", "User.ReadWrite", "License.Read", "License.ReadWrite")},
    "UserHub": {
        "grant": Grant.ACCESS_KEY,
        "discovery": True,
        "token_path": "/auth/token",
        "roles_path": "/authorization/v1/roles/search",
        "teams_path": "/user-management/v4/teams/search",
        "bulk": BulkMode.OFF,
        "list": ListMode.FILTER,
        "memberships": Memberships.NONE,
        "roles": RoleForm.IDS,
        "external_id": False,
        "deletes": False,
        "license": "CountUsers",
        "scim_scope": "",
        "scopes": ("openid",),
    },
    "RFC7644": {
        "client_encoded": True,
        "config_path": "/scim/v2/ServiceProviderConfig",
        "bulk_users_path": "/Users",
        "bulk": BulkMode.DISCOVER,
        "memberships": Memberships.GROUP,
        "team": False,
        "license": "None",
        "scim_scope": "",
    },
}
UNMANAGED = {
    "Platform": frozenset(),
    "UserHub": frozenset({Field.GROUPS, Field.EMPLOYEE_ID}),
    "RFC7644": frozenset({Field.TEAM}),
}

# A value for each setting that is not that of any preset.
OVERRIDES = {
    "discovery": ("discovery", False, False),
    "tokenPath": ("token_path", "/other/", "/other"),
    "usersPath": ("users_path", "/u", "/u"),
    "groupsPath": ("groups_path", "/g/", "/g"),
    "bulkPath": ("bulk_path", "/b", "/b"),
    "rolesPath": ("roles_path", "/r/", "/r"),
    "teamsPath": ("teams_path", "/t", "/t"),
    "configPath": ("config_path", "/c/", "/c"),
    "licenseQuotaPath": ("license_quota_path", "/q", "/q"),
    "licenseAssignmentsPath": ("license_assignments_path", "/a", "/a"),
    "bulk": ("bulk", "Synchronous", BulkMode.SYNCHRONOUS),
    "list": ("list", "Filter", ListMode.FILTER),
    "patch": ("patch", "WithoutOp", PatchMode.WITHOUT_OP),
    "deactivation": ("deactivation", "Batch", Deactivation.BATCH),
    "memberships": ("memberships", "None", Memberships.NONE),
    "roles": ("roles", "None", RoleForm.NONE),
    "roleAttribute": ("role_attribute", "entitlements", "entitlements"),
}
AUTH_OVERRIDES = {
    "grant": ("grant", "Basic", Grant.BASIC),
    "clientAuthentication": ("client_authentication", "Body", ClientAuthentication.BODY),
    "tokenURL": ("token_url", "https://x/token/", "https://x/token"),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset(preset: str) -> None:
    """Says this, and leaves the rest as it is everywhere."""
    dialect = dialect_of(msgspec.convert({"preset": preset}, Api))
    assert dialect == PRESETS[preset] == replace(Dialect(), **PRESET_SETTINGS[preset])  # type: ignore[arg-type]
    assert dialect.unmanaged == UNMANAGED[preset]


def test_the_presets_are_those_that_a_tenant_can_name() -> None:
    """No more, and no less."""
    assert set(get_args(get_type_hints(Api)["preset"])) == set(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", OVERRIDES)
def test_an_override(preset: str, name: str) -> None:
    """Replaces that setting, and nothing else; a path may end with a slash."""
    setting, written, meant = OVERRIDES[name]
    dialect = dialect_of(msgspec.convert({"preset": preset, name: written}, Api))
    assert dialect == replace(PRESETS[preset], **{setting: meant})  # type: ignore[arg-type]
    assert type(getattr(dialect, setting)) is type(meant)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", AUTH_OVERRIDES)
def test_an_override_of_the_credentials(preset: str, name: str) -> None:
    """The same."""
    setting, written, meant = AUTH_OVERRIDES[name]
    dialect = dialect_of(msgspec.convert({"preset": preset, "auth": {name: written}}, Api))
    assert dialect == replace(PRESETS[preset], **{setting: meant})  # type: ignore[arg-type]


def test_every_setting_has_its_case() -> None:
    """One that is added is not forgotten here, and none is read and then ignored."""
    assert {field.encode_name for field in msgspec.structs.fields(Api)} - {"preset", "auth"} == set(OVERRIDES)
    assert {field.encode_name for field in msgspec.structs.fields(Auth)} == set(AUTH_OVERRIDES)
    named = {setting for setting, _, _ in (*OVERRIDES.values(), *AUTH_OVERRIDES.values())}
    assert named <= {field.name for field in fields(Dialect)}


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        *(("bulk", BulkMode), ("list", ListMode), ("patch", PatchMode), ("deactivation", Deactivation)),
        *(("memberships", Memberships), ("roles", RoleForm)),
    ],
)
def test_a_tenant_can_write_each_word(setting: str, kind: type) -> None:
    """And no other."""
    (words, _) = get_args(get_type_hints(Api)[setting])
    assert set(get_args(words)) == {str(word) for word in kind}


@pytest.mark.parametrize("preset", PRESETS)
def test_where_seats_come_from(preset: str) -> None:
    """The preset says it where the tenant does not."""
    tenant = {"baseURL": "https://x", "api": {"preset": preset}}
    assert settled(msgspec.convert(tenant, TenantSpec)).license.mode == PRESETS[preset].license
    given = msgspec.convert({**tenant, "license": {"mode": "CountUsers", "limit": 7}}, TenantSpec)
    assert settled(given) == given


@pytest.mark.parametrize("grant", Grant)
def test_a_message_names_all_keys(grant: Grant) -> None:
    """Of whichever grant."""
    assert re.split(", | and ", grant.named) == list(grant.keys)


def test_nothing_else_names_a_preset() -> None:
    """Whatever differs between APIs is a setting; only what people type has the names."""
    names = re.compile(rf"\b({'|'.join(PRESETS)}|PLATFORM|USER_HUB|PRESETS|presets\.\w+)\b")
    dialects, typed = PACKAGE / "scim" / "dialects", PACKAGE / "api" / "tenant.py"
    modules = [path for path in PACKAGE.rglob("*.py") if path != typed and dialects not in path.parents]
    assert len(modules) > 100
    assert names.search(typed.read_text()), "the names are looked for in the right form"
    assert [str(path.relative_to(PACKAGE)) for path in modules if names.search(path.read_text())] == []

"""Surfaces: what one preset has must not leak into another."""

from __future__ import annotations

from dataclasses import fields

import pytest
from click.testing import CliRunner

from contract.simulator.stage import stage_of
from cxone_simulator.cli import main
from cxone_simulator.settings import PRESETS, Settings, preset_of, settings_of

ROUTES = [
    ("POST", "/oauth/token", {"Platform", "RFC7644"}),
    ("GET", "/api/v2/license/quotas", {"Platform"}),
    ("GET", "/api/v2/license/assignments/x", {"Platform"}),
    ("POST", "/scim/v2/Bulk", {"Platform", "RFC7644"}),
    ("GET", "/scim/v2/Groups", {"Platform", "RFC7644"}),
    ("GET", "/scim/v2/ServiceProviderConfig", {"Platform", "RFC7644"}),
    ("GET", "/scim/v2/ResourceTypes", {"Platform", "RFC7644"}),
    ("POST", "/scim/v2/.search", {"Platform", "RFC7644"}),
    ("GET", "/scim/v2/Schemas", {"Platform", "UserHub", "RFC7644"}),
    ("POST", "/scim/v2/Users", {"Platform", "UserHub", "RFC7644"}),
    ("POST", "/auth/token", {"UserHub"}),
    ("POST", "/authentication/v1/token/access-key", {"UserHub"}),
    ("GET", "/.well-known/openid-configuration", {"UserHub"}),
    ("GET", "/.well-known/cxone-configuration", {"UserHub"}),
    ("POST", "/authorization/v1/roles/search", {"UserHub"}),
    ("POST", "/user-management/v4/teams/search", {"UserHub"}),
    ("POST", "/user-management/v1/users/deactivate", {"UserHub"}),
    ("GET", "/user-management/v1/users/x/revive", {"UserHub"}),
]


@pytest.mark.parametrize("preset", PRESETS)
async def test_each_serves_its_own_routes_only(preset: str):
    """A route of another preset is 404."""
    async with stage_of(settings_of(preset, requests_per_minute=0)) as stage:
        for method, path, presets in ROUTES:
            answer = await stage.call(method, path)
            assert (answer.status != 404) == (preset in presets), f"{method} {path}: {answer.status}"


@pytest.mark.parametrize("preset", PRESETS)
async def test_each_has_its_own_settings_only(preset: str):
    """The setting of another preset is refused as one that does not exist; which preset it is cannot be changed."""
    async with stage_of(settings_of(preset, requests_per_minute=0)) as stage:
        foreign = [item.name for item in fields(Settings) if preset_of(item.name) not in (None, preset)]
        assert foreign
        for name in [*foreign, "preset"]:
            head, *rest = name.split("_")
            wire = head + "".join(word.capitalize() for word in rest)
            answer = await stage.call("PATCH", "/_simulator/settings", {wire: getattr(stage.world.settings, name)})
            assert answer.status == 400
            assert f"there is no setting '{wire}'" in answer.body["error"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--no-etags"], "--etags is an option of --preset RFC7644, not of Platform"),
        (["--preset", "RFC7644", "--teams", "A"], "--teams is an option of --preset UserHub, not of RFC7644"),
    ],
)
def test_an_option_of_another_preset_is_a_mistake(options: list[str], named: str):
    """Code 2, and the message says whose it is."""
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 2
    assert named in result.output

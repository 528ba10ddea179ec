"""Settings that do not fit the server: the tenant says which to change, at once, and N users do not fail one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controlplane.plane import ControlPlane
from support.cxone import Employer
from support.operator import SharedOperators
from support.strangers import Stranger, simulated
from support.waiting import eventually

SECONDS = 20.0
"""One attempt to connect, and the tenant's status after it, on a machine that does other work as well."""
Case = tuple[tuple[str, ...], dict[str, Any], str]
CASES: dict[str, Case] = {
    "no bulk": (("--bulk-mode", "off"), {"api": {"bulk": "Synchronous"}}, "leave spec.api.bulk out"),
    "no PATCH": (("--no-patch-supported",), {"api": {"patch": "WithoutOp"}}, "leave spec.api.patch out"),
    "no filters": (("--no-filter-supported",), {"api": {"list": "Filter"}}, "set spec.api.list to Paged"),
    "not described": ((), {"api": {"configPath": "/elsewhere/ServiceProviderConfig"}}, "set spec.api.configPath"),
    "no groups": ((), {"api": {"groupsPath": "/elsewhere/Groups"}}, "set spec.api.groupsPath"),
    "no users": ((), {"api": {"usersPath": "/elsewhere/Users"}}, "correct spec.baseURL, or spec.api.usersPath"),
    "groups of users": ((), {"api": {"memberships": "User"}}, "set spec.api.memberships to Group"),
    "entitlements": (("--roles-form", "entitlements"), {}, "set spec.api.roleAttribute to entitlements"),
    "no licence API": ((), {"license": {"mode": "Quota"}}, "set spec.license.mode to None"),
    "another grant": ((), {"api": {"auth": {"grant": "AccessKey"}}}, "set spec.api.auth.grant"),
    "no token endpoint": ((), {"api": {"tokenPath": "/auth/token"}}, "correct spec.api.tokenPath"),
    "no discovery": ((), {"api": {"discovery": True}}, "set spec.api.discovery to false"),
    "another Secret": ((), {"api": {"auth": {"grant": "Token"}}}, "lacks the key token"),
}


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stranger]:
    """A server that does not fit."""
    options, _, _ = CASES[request.param]
    started = simulated(tmp_path, *options)
    started.secret |= {"accessKeyId": "key", "accessKeySecret": "canary-of-a-key"}
    yield started
    started.stop()


@pytest.fixture
def employer(control_plane: ControlPlane, shared_operators: SharedOperators, tmp_path: Path) -> Iterator[Employer]:
    """Somebody with a tenant to open."""
    operator, namespace = shared_operators.next()
    employer = Employer(control_plane, namespace, tmp_path / "employer", operator)
    yield employer
    employer.kube.vacate(namespace)
    employer.close()


@pytest.mark.parametrize(("server", "case"), [(name, name) for name in CASES], indirect=["server"])
def test_the_tenant_says_what_to_change(server: Stranger, employer: Employer, case: str) -> None:
    """In its findings where it works without, else in its Ready condition."""
    _, settings, remedy = CASES[case]
    spec = {**server.spec, **settings, "api": {**server.spec["api"], **settings.get("api", {})}}
    employer.open_on(spec, server.secret)
    employer.create("jane", role=None, groups=None)

    def told() -> str:
        status = employer.tenant().get("status", {})
        ready = [found["message"] for found in status.get("conditions", []) if found["type"] == "Ready"]
        return " | ".join([*status.get("findings", []), *ready])

    eventually(lambda: remedy in told(), SECONDS)

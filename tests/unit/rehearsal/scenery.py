"""Copies for rehearsals: resources and accounts by a word each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from cxone_operator.core.seats import Quota
from cxone_operator.core.users import RemoteUser
from cxone_operator.rehearsal.rehearsal import Ending, Scene, rehearse
from cxone_operator.rehearsal.remote import Accounts
from unit.builders import a_user
from unit.engine.fakes import FakeRemote
from unit.engine.tenant_scene import a_resource

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECRETS = {("workforce", "cxone"): {"clientId": "id", "clientSecret": "secret"}}


def body(kind: str, resource: object) -> dict[str, Any]:
    """As the API server has it."""
    return {"kind": kind, **msgspec.to_builtins(resource)}


def accounts(*users: RemoteUser, quota: Quota | None = None, jobs: bool = False, most: int = 1000) -> Accounts:
    """What was read of CXone."""
    source = FakeRemote()
    source.portion = most
    return Accounts(users, quota, jobs, source)


def scene(users: list[Any], there: Accounts, **spec: Any) -> Scene:
    """One tenant, with its resources and accounts."""
    tenant = a_resource(credentialsSecretRef={"name": "cxone"}, **spec)
    bodies = [body("CxoneTenant", tenant), *(body("CxoneUser", user) for user in users)]
    return Scene(bodies, {"workforce/default": there}, NOW, secrets=SECRETS)


def ended(*users: Any, there: Accounts | None = None, **spec: Any) -> Ending:
    """A rehearsal's end."""
    return rehearse(scene(list(users), there or accounts(), **spec))


def fresh(name: str = "jane", **spec: Any) -> Any:
    """A resource that nobody has looked at."""
    return a_user(name, metadata={"finalizers": []}, **spec)

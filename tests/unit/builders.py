"""Small valid values to start a test from; each test says only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cxone_operator.api.tenant import TenantSpec
from cxone_operator.api.user import CxoneUser, decode_user
from cxone_operator.core.users import Email, RemoteUser, UserState
from cxone_operator.scim.dialects import settled

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_user(name: str = "jane", /, *, claimed: bool = True, deleting: bool = False, **spec: Any) -> CxoneUser:
    """A CxoneUser called `name`@example.com; keywords are fields of the spec, or `status` and `metadata`."""
    status = spec.pop("status", {})
    metadata = {
        "name": name,
        "namespace": "workforce",
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": "2026-11-01T00:00:00Z",
        "finalizers": ["cxone.dev/user"] if claimed else [],
        **({"deletionTimestamp": "2026-11-20T00:00:00Z"} if deleting else {}),
        **spec.pop("metadata", {}),
    }
    body = {
        "userName": f"{name}@example.com",
        "name": {"givenName": name.capitalize(), "familyName": "Smith"},
        "role": "Agent",
        "groups": ["Support-Team"],
        **spec,
    }
    return decode_user({"metadata": metadata, "spec": body, "status": status})


def a_tenant(**spec: Any) -> TenantSpec:
    """A tenant with default policies but for the keywords."""
    import msgspec

    return settled(msgspec.convert({"baseURL": "http://127.0.0.1:1", **spec}, TenantSpec))


def a_state(name: str = "jane", **changes: Any) -> UserState:
    """The state that `a_user(name)` asks for."""
    state = UserState(
        user_name=f"{name}@example.com",
        given_name=name.capitalize(),
        family_name="Smith",
        active=True,
        emails=(Email(f"{name}@example.com", "work", primary=True),),
        roles=("Agent",),
        groups=("Support-Team",),
    )
    return replace(state, **changes)


def a_remote(name: str = "jane", **changes: Any) -> RemoteUser:
    """CXone's user that agrees with `a_user(name)` but for the keywords."""
    return RemoteUser(f"id-{name}", a_state(name, **changes))


def account(user_id: str) -> RemoteUser:
    """Somebody of that id."""
    return RemoteUser(user_id, a_state())


def condition(type_: str, status: str, reason: str, generation: int = 1) -> dict[str, Any]:
    """A condition as it stands on a resource."""
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": "",
        "observedGeneration": generation,
        "lastTransitionTime": "2026-11-01T00:00:00Z",
    }

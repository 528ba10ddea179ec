"""Explaining: gathers what one person's page needs, without reading everybody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.api.user import CxoneUser, decode_user
from cxone_operator.cli.options import Place
from cxone_operator.cli.processes.planning import Bodies, live_bodies, scene_of
from cxone_operator.cli.processes.session import Session, SessionError
from cxone_operator.core.suggestion import did_you_mean
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.rehearsal.rehearsal import Scene


@dataclass(frozen=True, slots=True)
class Person:
    """One resource, its account, and a scene with nobody in it who has nothing to do with it."""

    user: CxoneUser
    account: RemoteUser | None
    scene: Scene
    tenant: str
    spec: TenantSpec


async def gather_person(session: Session, place: Place, name: str) -> Person:
    """Whose resource, or whose userName, has that name; raises SessionError, ClusterError, ScimError."""
    bodies = await live_bodies(session)
    user = _chosen(bodies, name, session.namespace)
    tenant = Place(place.context, place.namespace, user.spec.tenant_ref.name)
    near = {key: body for key, body in bodies.items() if key[0] == tenant_api.KIND or _concerns(body, user)}
    gathered = await scene_of(session, tenant, near, everybody=False)
    accounts = gathered.scene.accounts[gathered.tenant].users
    account = next((found for found in accounts if found.id == user.status.user_id), None)
    named = (found for found in accounts if key_of(found.state.user_name) == key_of(user.spec.user_name))
    return Person(user, account or next(named, None), gathered.scene, gathered.tenant, gathered.spec)


def _chosen(bodies: Bodies, name: str, namespace: str) -> CxoneUser:
    users = {key[2]: body for key, body in bodies.items() if key[0] == user_api.KIND}
    if name in users:
        return decode_user(users[name])
    for body in users.values():
        if key_of(str(body["spec"].get("userName"))) == key_of(name):
            return decode_user(body)
    near = did_you_mean(name, users)
    hint = f"; did you mean {near}?" if near is not None else "; choose --namespace"
    raise SessionError(f"there is no CxoneUser '{name}' in namespace {namespace}{hint}")


def _concerns(body: dict[str, Any], user: CxoneUser) -> bool:
    """The same userName or the same account: one of them owns it."""
    same_name = key_of(str(body["spec"].get("userName"))) == key_of(user.spec.user_name)
    account = (body.get("status") or {}).get("userId")
    return same_name or (account is not None and account == user.status.user_id)

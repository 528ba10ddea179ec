"""`approve`: reads what the guard of a tenant holds, and writes the approval of just that."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.meta import APPROVE_DEPROVISIONING, Reference
from cxone_operator.api.tenant import CxoneTenant
from cxone_operator.api.user import CxoneUser, known_user
from cxone_operator.cli.processes.session import Session, SessionError
from cxone_operator.cluster.pages import collection
from cxone_operator.core.departure import Departure, departure, is_held, leaver
from cxone_operator.core.deprovisioning import plan_hash

MANAGER = "cxone-approve"
"""The field manager of an approval; the audit trail names it."""
_LOOKS = 5
_LOOK_SECONDS = 1.0
"""The tenant's status tells of a hold before all of its users do: for that long we wait for the rest."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is held, and by which name an approval calls them."""

    tenant: Reference
    hash: str
    held: int
    since: str
    people: tuple[Departure, ...]
    whole: bool
    """The people are exactly those whom the hash names."""


async def held(session: Session) -> Plan | None:
    """None where nobody is held; raises SessionError without the tenant, ClusterError."""
    for _ in range(_LOOKS):
        plan = await _look(session)
        if plan is None or plan.whole:
            return plan
        await asyncio.sleep(_LOOK_SECONDS)
    return plan


async def approve(session: Session, plan: Plan) -> None:
    """Raises SessionError where others are held by now, ClusterError."""
    now = await _look(session)
    if now is None or now.hash != plan.hash:
        raise SessionError("others are held by now, or nobody; nothing was approved, so look again")
    if session.server is None:
        raise SessionError("an approval is written into the cluster")
    path = f"{collection(tenant_api.PLURAL, plan.tenant.namespace)}/{plan.tenant.name}"
    annotations = {APPROVE_DEPROVISIONING: plan.hash}
    body = {"metadata": {"uid": plan.tenant.uid, "annotations": annotations}}
    await session.server.request("PATCH", path, body=body, params={"fieldManager": MANAGER})


async def _look(session: Session) -> Plan | None:
    tenant = await session.tenant()
    if tenant is None:
        raise SessionError(f"{session.lacking}; see: kubectl get cxonetenants -A")
    status = tenant.status.deprovisioning
    if status is None or not status.held or status.plan_hash is None:
        return None
    users = await _held_users(session, tenant)
    since, now = status.held_since or "", datetime.now(UTC)
    return Plan(
        tenant=tenant.reference,
        hash=status.plan_hash,
        held=status.held,
        since=since,
        people=tuple(departure(user, now) for user in users),
        whole=plan_hash(map(leaver, users), since) == status.plan_hash,
    )


async def _held_users(session: Session, tenant: CxoneTenant) -> list[CxoneUser]:
    """By userName."""
    found = filter(None, map(known_user, await session.bodies(user_api.PLURAL)))
    mine = [user for user in found if user.spec.tenant_ref.name == tenant.metadata.name and is_held(user)]
    return sorted(mine, key=lambda user: user.spec.user_name)

"""Departures: why somebody is about to lose access, in words for whoever has to approve it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cxone_operator.api.conditions import READY, timestamp
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.deprovisioning import Leaver


@dataclass(frozen=True, slots=True)
class Departure:
    """One person whom the guard holds."""

    resource: str
    user_name: str
    why: str
    requested_by: str
    """The field manager; empty where Kubernetes keeps no record, as of a deletion."""
    webhook_id: str
    """The event of the HR system behind it, empty where there is none."""


def is_held(user: CxoneUser) -> bool:
    """The operator has said so, of this very spec."""
    ready = user.status.condition(READY)
    return (
        ready is not None
        and ready.reason == Reason.DEPROVISIONING_HELD
        and user.status.observed_generation == user.metadata.generation
    )


def leaver(user: CxoneUser) -> Leaver:
    """As the hash of a plan names it."""
    return Leaver(user.metadata.uid, user.metadata.generation, user.spec.user_name)


def departure(user: CxoneUser, now: datetime) -> Departure:
    """Of somebody who is held."""
    deleted, metadata = user.metadata.deleting, user.metadata
    return Departure(
        resource=metadata.name,
        user_name=user.spec.user_name,
        why=_why(user, now),
        requested_by="" if deleted else metadata.requested_by,
        webhook_id="" if deleted else metadata.webhook_id,
    )


def _why(user: CxoneUser, now: datetime) -> str:
    spec = user.spec
    if user.metadata.deleting:
        return "deleted"
    if not spec.active:
        return "active: false"
    if spec.active_until is not None and now >= spec.active_until:
        return f"activeUntil {timestamp(spec.active_until)} has passed"
    if spec.active_from is not None and now < spec.active_from:
        return f"activeFrom {timestamp(spec.active_from)} has not come"
    return "not any more: the resource says active"

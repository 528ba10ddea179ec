"""Drift: what somebody else has changed in CXone since a user last agreed with its spec.

A step is caused by drift where the status says of this very spec that CXone agreed. What the clock changes
(`activeFrom`, `activeUntil`) is none: there the status says that the user was not yet, or still, active.
"""

from __future__ import annotations

from collections.abc import Mapping

from cxone_operator.api.conditions import READY, RECONCILING, SYNCED
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Action, Create, Deactivate, Report, Update
from cxone_operator.core.diff import differences
from cxone_operator.core.users import Field

_WHOLE_USER = ("userName",)
"""The field that stands for an account that is gone."""
NOBODY = "(none)"
"""What is shown as the actual userName of an account that is gone."""


def drifted_fields(user: CxoneUser, action: Action) -> tuple[str, ...]:
    """The fields, by their SCIM paths, that were changed without us and that the action is about."""
    if user.metadata.deleting or not _agreed(user):
        return ()
    match action:
        case Create():
            return _WHOLE_USER if user.status.user_id is not None else ()
        case Update(remote, change):
            return _changed_by_others(user, {item.field: item.desired for item in differences(change, remote.state)})
        case Deactivate():
            return _changed_by_others(user, {Field.ACTIVE.value: "false"})
        case Report(found):
            return _changed_by_others(user, {item.field: item.desired for item in found})
    return ()


def only_drifted(user: CxoneUser, *, active: bool) -> bool:
    """Whatever differs was changed by others: neither the spec nor the clock asks for anything that is new.

    `active`: what the clock asks for now.
    """
    return (_agreed(user) or _was_reported(user)) and _was_to_be_active(user) is active


def is_settled(user: CxoneUser) -> bool:
    """The status says of this very spec that CXone agrees."""
    ready = user.status.condition(READY)
    agrees = ready is not None and ready.status == "True" and ready.observed_generation == user.metadata.generation
    return agrees and not user.metadata.deleting


def _agreed(user: CxoneUser) -> bool:
    synced = user.status.condition(SYNCED)
    return synced is not None and synced.status == "True" and synced.observed_generation == user.metadata.generation


def _was_reported(user: CxoneUser) -> bool:
    """Differences from this very spec were listed, by policy: not because CXone did not heed a request."""
    synced, pending = user.status.condition(SYNCED), user.status.condition(RECONCILING)
    if synced is None or synced.observed_generation != user.metadata.generation:
        return False
    retries = pending is not None and pending.reason == Reason.PROGRESSING_WITH_RETRY
    return synced.reason == Reason.DIFFERENCES_FOUND and not retries


def _was_to_be_active(user: CxoneUser) -> bool:
    """When the status was written: as it shows the user, unless it lists just that as different."""
    listed = {difference.field: difference.desired for difference in user.status.differences}
    if any(item.field == _WHOLE_USER[0] and item.actual == NOBODY for item in user.status.differences):
        return True
    return listed.get(Field.ACTIVE.value, str(user.status.active).lower()) == "true"


def _changed_by_others(user: CxoneUser, desired: Mapping[str, str]) -> tuple[str, ...]:
    def is_drift(field: str) -> bool:
        return field != Field.ACTIVE.value or desired[field] == str(user.status.active).lower()

    return tuple(filter(is_drift, desired))

"""Adoption: whether an account that is there may be managed by a resource."""

from __future__ import annotations

from collections.abc import Sequence

from cxone_operator.api.conditions import SYNCED
from cxone_operator.api.meta import CLAIMED_AS
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.users import RemoteUser

_NOT_OURS = "the user exists in CXone and adoptionPolicy is Never; set adoptionPolicy: Adopt to take it over"
_RESTORED = (
    "; where the resource was restored without its status and the account is its own, an employeeId on both and "
    "matchBy [userName, employeeId] on the tenant make it known again"
)


def is_ours(
    user: CxoneUser, remote: RemoteUser, match_by: Sequence[str] = ("userName",), *, doubted: bool = False
) -> bool:
    """It has adopted or created this account, is free to adopt it, or has left its employeeId on it.

    `doubted`: a request of ours whose end was not seen may have created it.
    """
    known = user.status.user_id == remote.id or _carries_our_key(user, remote, match_by)
    return known or doubted or may_adopt(user)


def not_ours(user: CxoneUser) -> str:
    """Why the account that is there is left alone, and the remedies; a restored resource has been claimed before."""
    return _NOT_OURS + (_RESTORED if CLAIMED_AS in user.metadata.annotations else "")


def may_adopt(user: CxoneUser) -> bool:
    """Whoever is there under its name is taken over."""
    return user.spec.adoption_policy == "Adopt" or started_creating(user)


def started_creating(user: CxoneUser) -> bool:
    """The status records that we set out to create this user, so one that exists now is ours."""
    synced = user.status.condition(SYNCED)
    return synced is not None and synced.reason == Reason.PROGRESSING


def _carries_our_key(user: CxoneUser, remote: RemoteUser, match_by: Sequence[str]) -> bool:
    """A restore loses the status, but not what is on the account; where the tenant says that it identifies people."""
    declared = user.spec.employee_id
    return "employeeId" in match_by and declared is not None and remote.state.employee_id == declared

"""Which users are never changed."""

from __future__ import annotations

from collections.abc import Iterable

from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Refuse
from cxone_operator.core.knowledge import Knowledge, Present
from cxone_operator.core.users import key_of


def refusal(user: CxoneUser, known: Knowledge, own_identities: frozenset[str], tenant: TenantSpec) -> Refuse | None:
    """Why this user is not changed, None where it may be; `own_identities`: lower-case names and ids of ourselves."""
    remote_id = known.user.id.lower() if isinstance(known, Present) else None
    if not own_identities.isdisjoint({key_of(user.spec.user_name), remote_id}):
        return Refuse(
            Reason.PROTECTED_USER,
            "this is the account that the operator itself works with, so it is never changed; "
            "annotate the resource cxone.dev/abandon=true to delete only that",
        )
    if not is_protected(user.spec.user_name, tenant.safety.protected_users):
        return None
    return Refuse(
        Reason.PROTECTED_USER,
        f"tenant {user.spec.tenant_ref.name} protects this user, so it is never changed; "
        "take it out of safety.protectedUsers, or annotate the resource cxone.dev/abandon=true to delete only that",
    )


def is_protected(user_name: str, patterns: Iterable[str]) -> bool:
    """A pattern is a whole userName, or the beginning of one followed by `*`; case does not matter."""
    key = key_of(user_name)
    return any(_matches(key, key_of(pattern)) for pattern in patterns)


def _matches(key: str, pattern: str) -> bool:
    return key.startswith(pattern[:-1]) if pattern.endswith("*") else key == pattern

"""Which users are never changed."""

from __future__ import annotations

from collections.abc import Iterable

from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Refuse
from cxone_operator.core.knowledge import Ambiguous, Knowledge, Present
from cxone_operator.core.users import key_of


def refusal(user: CxoneUser, known: Knowledge, own_identities: frozenset[str], tenant: TenantSpec) -> Refuse | None:
    """Why this user is not changed, by its declared name, or by its account's present one; None where it may be.

    `own_identities`: lower-case names and ids of ourselves.
    """
    account = known.own if isinstance(known, Ambiguous) else known
    remote = account.user if isinstance(account, Present) else None
    names = {user.spec.user_name, *([remote.state.user_name] if remote is not None else [])}
    ids = {remote.id.lower()} if remote is not None else set()
    if not own_identities.isdisjoint({*map(key_of, names), *ids}):
        return Refuse(
            Reason.PROTECTED_USER,
            "this is the account that the operator itself works with, so it is never changed; "
            "annotate the resource cxone.dev/abandon=true to delete only that",
        )
    if not any(is_protected(name, tenant.safety.protected_users) for name in names):
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

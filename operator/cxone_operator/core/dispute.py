"""Disputes: what is said, and done, where a userName leads to another account than the one that a resource has."""

from __future__ import annotations

from cxone_operator.api.reasons import Reason
from cxone_operator.core import actions
from cxone_operator.core.actions import Action, Refuse, Update
from cxone_operator.core.identity import stand_in
from cxone_operator.core.knowledge import Ambiguous
from cxone_operator.core.users import Change, Field

LOOK_AGAIN_SECONDS = 30.0
"""Whoever waits for another resource is woken by what happens to its account; this is for what happens to it alone."""
_REASONS = (Reason.OWNERSHIP_CONFLICT, Reason.AMBIGUOUS_MATCH)


def settle(known: Ambiguous) -> Action:
    """Nothing is written while somebody has to choose; names that only change hands do so one after the other."""
    if known.own is not None and known.gives_way:
        return Update(known.own.user, Change(stand_in(known.own.user), (Field.USER_NAME,)), takes_seat=False)
    if known.holder and known.passing:
        text = f"CxoneUser '{known.holder}' still has the account of this userName, and is about to get another name"
        return actions.Wait(Reason.PROGRESSING, text, LOOK_AGAIN_SECONDS)
    return _refusal(known)


def is_dispute(action: Action) -> bool:
    """Somebody has to choose whose name it is."""
    return isinstance(action, Refuse) and action.reason in _REASONS and not action.by_cxone


def _refusal(known: Ambiguous) -> Refuse:
    ids = ", ".join(known.ids)
    if known.holder:
        return Refuse(
            Reason.OWNERSHIP_CONFLICT,
            f"the account of this userName ({known.ids[-1]}) belongs to CxoneUser '{known.holder}'; "
            "give one of the two another userName, or delete it",
        )
    if known.own is not None:
        others = ", ".join(id_ for id_ in known.ids if id_ != known.own.user.id)
        return Refuse(
            Reason.AMBIGUOUS_MATCH,
            f"this resource has the account {known.own.user.id}, but its userName is that of {others}; delete or "
            "rename that account in CXone, or set spec.userName back",
        )
    return Refuse(
        Reason.AMBIGUOUS_MATCH,
        f"CXone has {len(known.ids)} users that this resource could mean ({ids}); leave one of them",
    )

"""The evidence: what a later look at CXone says of a request whose own answer said nothing.

A bulk job of CXone ends without saying to whom it did what. Whether it did what one user needed is seen on that user.
"""

from __future__ import annotations

from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, Update
from cxone_operator.core.diff import change_between
from cxone_operator.core.knowledge import Absent, Ambiguous, Knowledge, Present, Proof, Unknown, account_in
from cxone_operator.core.users import Change
from cxone_operator.core.work import Work


def carried_out(action: RemoteAction, known: Knowledge) -> bool | None:
    """Whether CXone is as the action was to make it; None where that cannot be told, as by a list with a hole."""
    known = account_in(known)
    if isinstance(known, Unknown | Ambiguous) or (isinstance(known, Absent) and known.proof is not Proof.ASKED):
        return None
    match action:
        case Create():
            return isinstance(known, Present)
        case Delete():
            return isinstance(known, Absent) or known.user.id != action.remote.id
        case Update() | Deactivate():
            return isinstance(known, Present) and _has(known, action.change)
        case Reclaim():
            return None


def harmless(work: Work, *, locked_out: bool, deleting: bool) -> bool:
    """What a job is to do lets nobody in, and nobody who has access waits for its end."""
    action = work.attempt.action if work.attempt is not None else None
    if isinstance(action, Deactivate | Delete):
        return True
    return locked_out and not deleting and isinstance(action, Update) and not action.takes_seat


def _has(known: Present, change: Change) -> bool:
    rest = change_between(change.target, known.user.state)
    return rest is None or not set(rest.fields) & set(change.fields)

"""Failures: what a refusal means for the user it concerns, as an event, with the names that CXone does not know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cxone_operator.api.reasons import Reason
from cxone_operator.core.actions import Create, Delete, renames
from cxone_operator.core.desired import schedule
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.phase import QUICK_LOOKS, is_final
from cxone_operator.core.suggestion import did_you_mean
from cxone_operator.core.work import REQUEST_SECONDS, Attempt, Failed, Trigger
from cxone_operator.engine.memory.memory import Memory

_HIDDEN = "CXone does not show that account, perhaps as it is inactive; activate or delete it in CXone"


def failed(memory: Memory, attempt: Attempt, failure: Failure, doubt_seconds: float = REQUEST_SECONDS) -> Failed:
    """The request for this attempt was refused, or lost; `doubt_seconds`: how long it may still have its effect."""
    uid = attempt.user.metadata.uid
    _learn(memory, attempt, failure)
    doubtful, work = memory.in_doubt.until(uid) > memory.time, memory.works.get(uid)
    looked = work is not None and work.failures >= QUICK_LOOKS
    if not is_final(attempt.user, attempt.action, failure, doubtful=doubtful, looked=looked):
        return Failed(_unexplained(attempt, failure) if looked else failure, doubt_seconds)
    user = attempt.user  # as of the request: what was asked of the resource since may be the cure
    leaving = user.metadata.deleting or not schedule(user.spec, memory.clocks.now()).active
    trigger = Trigger(user.metadata.generation, memory.epoch, user.reconcile_requested_at, leaving)
    return Failed(failure, doubt_seconds, trigger, _message(memory, attempt, failure))


def _unexplained(attempt: Attempt, failure: Failure) -> Failure:
    """Somebody has the name, and it was looked for whom."""
    if not isinstance(attempt.action, Create) or failure.reason is not Reason.ALREADY_EXISTS:
        return failure
    return replace(failure, message=f"{failure.message}; {_HIDDEN}")


def _learn(memory: Memory, attempt: Attempt, failure: Failure) -> None:
    """A deletion that is not offered is offered to nobody; a bulk request that is not offered says nothing of it."""
    refused = failure.reason is Reason.UNSUPPORTED and failure.scope is Scope.USER
    if refused and isinstance(attempt.action, Delete):
        memory.capabilities = replace(memory.capabilities, deletes=False)


def _message(memory: Memory, attempt: Attempt, failure: Failure) -> str:
    """What CXone said, or better: which name it does not know, and which one was probably meant."""
    spec, defaults = attempt.user.spec, memory.spec.defaults
    if renames(attempt.action):
        return _not_renamed(failure)
    if failure.reason is Reason.ROLE_NOT_FOUND:
        roles = (spec.role, defaults.role, *(spec.secondary_roles or ()))
        return _missing("role", roles, memory.directory.roles() | memory.capabilities.roles, failure, memory.name)
    if failure.reason is Reason.GROUP_NOT_FOUND:
        groups = (*(spec.groups or ()), *(defaults.groups or ()))
        return _missing("group", groups, memory.directory.groups() | memory.capabilities.groups, failure, memory.name)
    return failure.message


def _not_renamed(failure: Failure) -> str:
    if failure.code == "409" or failure.reason is Reason.ALREADY_EXISTS:
        why, remedy = "another account has that name, perhaps one that it does not show", "free the name in CXone"
    else:
        why, remedy = "it does not let userName be changed", "rename the account in CXone"
    return (
        f"CXone refuses the new userName, as {why} ({failure.message}); {remedy}, or set spec.userName back to the "
        "name that the account has"
    )


def _missing(what: str, names: Iterable[str | None], known: set[str], failure: Failure, tenant: str) -> str:
    for name in names:
        if name is not None and f"'{name}'" in failure.message:
            close = did_you_mean(name, known - {name})
            suggestion = f"; did you mean '{close}'?" if close else ""
            return f"{what} '{name}' does not exist in tenant {tenant}{suggestion}"
    return failure.message

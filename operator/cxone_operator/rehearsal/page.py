"""The page of one person: what is declared, what CXone has, what is waited for, and what happens next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cxone_operator.api.conditions import READY, Condition
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.diff import introduced
from cxone_operator.core.users import Field, RemoteUser, UserState
from cxone_operator.rehearsal.forecast import Outcome, Step

NOTHING = "(none)"


@dataclass(frozen=True, slots=True)
class Line:
    """One field."""

    field: str
    declared: str
    """`(none)` where it is not declared, so not managed."""
    actual: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Page:
    """All of one person."""

    user: CxoneUser
    account: RemoteUser | None
    lines: tuple[Line, ...]
    conditions: tuple[Condition, ...]
    """As the operator has last said them, Ready first."""
    next: Step


def page_of(user: CxoneUser, desired: UserState, account: RemoteUser | None, following: Step) -> Page:
    """`desired`: with the tenant's defaults in it; `following`: what a rehearsal has brought.

    Whoever is held is so for a set of people that a rehearsal of one does not know.
    """
    ready = user.status.condition(READY)
    if ready is not None and ready.reason == Reason.DEPROVISIONING_HELD:
        following = replace(following, outcome=Outcome.HELD, note=ready.message)
    order = sorted(user.status.conditions, key=lambda condition: (condition.type != "Ready", condition.type))
    lines = _lines(desired, account.state if account is not None else None, following)
    return Page(user, account, tuple(lines), tuple(order), following)


def _lines(desired: UserState, actual: UserState | None, following: Step) -> Iterator[Line]:
    wanted, there = _values(desired), _values(actual) if actual is not None else {}
    for name in _ordered(wanted.keys() | there.keys()):
        declared, shown = wanted.get(name, NOTHING), there.get(name, NOTHING)
        yield Line(name, declared, shown, name in following.changes)


def _values(state: UserState) -> dict[str, str]:
    found = {difference.field: difference.desired for difference in introduced(state)}
    return {Field.USER_NAME.value: state.user_name, **found}


def _ordered(names: Iterable[str]) -> Sequence[str]:
    order = [field.value for field in Field]
    return sorted(names, key=order.index)

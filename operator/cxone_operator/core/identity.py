"""Whose account it is: what is known of a resource's id, of its names and of its second key becomes one answer.

An account that we have is known by its id; a userName is what it is called at the moment. Names count only while no id
is recorded: for a new user, after a restore without status, or where a crash came before the status.

| account of the recorded id | account of the declared userName | answer                                              |
|----------------------------|----------------------------------|-----------------------------------------------------|
| has the declared name      | the same one                     | as the name says                                    |
| has another name           | none                             | that account: its name is a field that differs      |
| has another name           | another one                      | Ambiguous: nothing is written, but to lock it out   |
| not seen                   | the same one                     | that account                                        |
| not seen                   | none, or another one             | Unknown, to be asked for by id                      |
| gone, as CXone said itself | any                              | as if no id were recorded                           |

| no id is recorded                                | answer                                                        |
|--------------------------------------------------|---------------------------------------------------------------|
| claimed under another userName                   | the account of that name, where there is one; never a second  |
| the name's account belongs to another resource   | Ambiguous, naming that                                        |
| a second key finds another account than the name | Ambiguous, naming all                                         |
| only the second key finds an account             | that account                                                  |
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cxone_operator.core.knowledge import UNKNOWN, Absent, Ambiguous, Knowledge, Present, Unknown
from cxone_operator.core.users import RemoteUser, UserState


@dataclass(frozen=True, slots=True)
class Traces:
    """What may lead to the account of one resource."""

    by_name: Knowledge
    """Of the declared userName."""
    account_id: str | None = None
    """The recorded one, None where there is none, or where it belongs to another resource."""
    account: Knowledge = UNKNOWN
    """Of that id: Present, Absent where CXone has said so itself, else Unknown."""
    first: Knowledge | None = None
    """Of the userName that the resource was claimed under, None where that is the declared one."""
    matches: tuple[RemoteUser, ...] = ()
    """Nobody's accounts that the second key finds."""
    holder: str = ""
    """The other resource that has the account of the declared userName; empty where none has."""
    passing: bool = False
    """That one is about to get another name."""
    gives_way: bool = False
    """All of a circle wait for each other's names, and it is this one that takes another name for a moment."""


def identify(traces: Traces) -> Knowledge:
    """The tables above."""
    if traces.account_id is not None and not isinstance(traces.account, Absent):
        return _by_id(traces, traces.account_id)
    if traces.first is not None:
        return _by_first_name(traces.first, traces.by_name)
    return _by_keys(traces)


def stand_in(account: RemoteUser) -> UserState:
    """The name that an account has for a moment while several change names in a circle; the same every time."""
    domain = account.state.user_name.rpartition("@")[2]
    return replace(account.state, user_name=f"moving-{account.id[:32]}@{domain}")


def _by_id(traces: Traces, account_id: str) -> Knowledge:
    by_name, own = traces.by_name, traces.account
    same = isinstance(by_name, Present) and by_name.user.id == account_id
    if isinstance(own, Present):
        match by_name:
            case Present(other) if not same:
                return _dispute(traces, own, (other.id,))
            case Ambiguous(ids) if account_id not in ids:
                return _dispute(traces, own, ids)
            case Ambiguous():
                return replace(by_name, own=own)
        return own if isinstance(by_name, Absent) else by_name
    return by_name if same or isinstance(by_name, Unknown | Ambiguous) else Unknown(itself=True)


def _dispute(traces: Traces, own: Present, others: tuple[str, ...]) -> Ambiguous:
    return Ambiguous((own.user.id, *others), own, traces.holder, traces.passing, traces.gives_way)


def _by_first_name(first: Knowledge, by_name: Knowledge) -> Knowledge:
    if not isinstance(first, Present) or isinstance(by_name, Absent):
        return first
    if isinstance(by_name, Present):
        return first if first.user.id == by_name.user.id else Ambiguous((first.user.id, by_name.user.id))
    return by_name


def _by_keys(traces: Traces) -> Knowledge:
    by_name = traces.by_name
    if isinstance(by_name, Unknown | Ambiguous):
        return by_name
    named = (by_name.user.id,) if isinstance(by_name, Present) else ()
    if named and traces.holder:
        return Ambiguous(named, None, traces.holder, traces.passing)
    ids = tuple(dict.fromkeys((*named, *(user.id for user in traces.matches))))
    if len(ids) > 1:
        return Ambiguous(ids)
    return Present(traces.matches[0], by_name.age) if ids and not named else by_name

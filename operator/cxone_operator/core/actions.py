"""The actions that a plan can ask for.

Four families: work in CXone (each with the lane that it waits in), writes to the resource (Claim, Release, Announce),
statements that only become conditions (Settle, Report, Refuse, Pause), and waiting for what comes by itself (Wait,
Stay, LeaveJob, Ignore).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import Difference
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Change, Field, RemoteUser, UserState


@dataclass(frozen=True, slots=True)
class LookUp:
    """Read this user from CXone before deciding anything."""

    itself: bool = False
    """No list of everybody answers that: the user is asked for by name and id."""


@dataclass(frozen=True, slots=True)
class Create:
    """Create the user; takes a seat."""

    state: UserState
    name: ClassVar[str] = "create"


@dataclass(frozen=True, slots=True)
class Update:
    """Change the fields that differ; takes a seat where it activates."""

    remote: RemoteUser
    change: Change
    takes_seat: bool
    name: ClassVar[str] = "update"


@dataclass(frozen=True, slots=True)
class Deactivate:
    """Lock the user out."""

    remote: RemoteUser
    name: ClassVar[str] = "deactivate"

    @property
    def change(self) -> Change:
        """`active` and nothing else, so that no other field can make the request fail."""
        return Change(replace(self.remote.state, active=False), (Field.ACTIVE,))


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the user for good."""

    remote: RemoteUser
    name: ClassVar[str] = "delete"


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Release the seat of an inactive user now rather than whenever CXone does it."""

    remote: RemoteUser
    name: ClassVar[str] = "reclaim"


@dataclass(frozen=True, slots=True)
class Claim:
    """Put our finalizer on the resource."""


@dataclass(frozen=True, slots=True)
class Release:
    """Take our finalizer off, so that the resource goes; `deprovisioned` tells whether the user was."""

    deprovisioned: bool


@dataclass(frozen=True, slots=True)
class Announce:
    """Write down what we are about to do: where adoption is forbidden, an account that exists later is ours.

    The id of an account that is about to be renamed is written down with it.
    """


@dataclass(frozen=True, slots=True)
class Settle:
    """CXone agrees with the spec; `remote` is None where, rightly, there is no such user."""

    remote: RemoteUser | None


@dataclass(frozen=True, slots=True)
class Report:
    """CXone differs, and policy says to report it only."""

    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nothing happens until somebody changes something."""

    reason: Reason
    message: str
    by_cxone: bool = False
    """CXone has refused a request: the audit trail has that already."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The resource is suspended."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done before something ends by itself."""

    reason: Reason
    message: str
    seconds: float | None = None
    """When it is worth another look at the latest, None where an event tells."""
    departing: bool = False
    """The user loses access when it is over: what the guard has let pass stays so."""
    retries: bool = False
    """It is the pause after an attempt that failed, and that failure is what is told."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A request for this user is under way; its answer decides."""


@dataclass(frozen=True, slots=True)
class LeaveJob:
    """A leaver does not wait for a bulk job that lets people in: it may hang for a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """The resource goes by itself; there is nothing of ours on it."""


RemoteAction = Create | Update | Deactivate | Delete | Reclaim
Action = (
    RemoteAction
    | LookUp
    | Claim
    | Release
    | Announce
    | Settle
    | Report
    | Refuse
    | Pause
    | Wait
    | Stay
    | LeaveJob
    | Ignore
)


def names_in(action: RemoteAction) -> tuple[str, ...]:
    """The userNames that the account may have once the request was made, the one that is asked for first."""
    match action:
        case Create(state):
            return (state.user_name,)
        case Update(remote, change) if renames(action):
            return (change.target.user_name, remote.state.user_name)
    return (action.remote.state.user_name,)


def lane_of(action: RemoteAction) -> Lane:
    """Whoever loses access goes first, whoever gains a seat goes last."""
    match action:
        case Deactivate() | Delete():
            return Lane.LEAVERS
        case Reclaim():
            return Lane.UPDATES
        case Update(takes_seat=False):
            return Lane.UPDATES
        case Update() | Create():
            return Lane.JOINERS


def renames(action: RemoteAction) -> bool:
    """The account gets another userName."""
    return isinstance(action, Update) and Field.USER_NAME in action.change.fields


def takes_seat(action: RemoteAction) -> bool:
    """The licence gate must admit it first."""
    return lane_of(action) is Lane.JOINERS

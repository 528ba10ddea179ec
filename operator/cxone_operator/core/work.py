"""The work for one user: its phase, what can happen to it, and what must be done then; see `core.phase`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import RemoteAction
from cxone_operator.core.failure import Failure
from cxone_operator.core.knowledge import UNKNOWN, Knowledge
from cxone_operator.telemetry.audit import Result

REQUEST_SECONDS = 35.0
"""How long a single request may take to have its effect: the client's timeout, and a margin for the server."""


class Phase(Enum):
    """Where a user's work stands."""

    IDLE = auto()
    """Nothing is under way; the next look decides."""
    LOOKING = auto()
    """To be read from CXone."""
    HELD = auto()
    """About to lose access; the guard has not let it pass."""
    QUEUED = auto()
    """Waits for its turn to be sent."""
    WAITING = auto()
    """Waits for something that ends by itself, as the plan says."""
    SENDING = auto()
    """A request is under way."""
    IN_JOB = auto()
    """A bulk job works on it."""
    VERIFYING = auto()
    """It was sent, and what CXone shows will tell."""
    BACKING_OFF = auto()
    """The last attempt failed in a way that passes."""
    STALLED = auto()
    """The last attempt failed for good."""


SENT = (Phase.SENDING, Phase.IN_JOB)
"""A request is under way whose answer decides."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A write whose end is not known yet."""

    user: CxoneUser
    """As of the request: what is asked of the resource since does not belong to it."""
    action: RemoteAction
    began: float
    job: str = ""
    request_id: str = ""
    shared: bool = False
    """It was sent together with others."""
    doubtful: bool = False
    """Its bulk job was given up, and may still carry it out."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """What must change before a stalled user is tried again."""

    generation: int
    epoch: int
    requested_at: str | None
    leaving: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What is remembered of a user that is not at rest. Losing it loses no intent, only patience."""

    since: float
    """When the work began, in seconds of the loop's clock, as all times here."""
    entered: float
    """When this phase began."""
    phase: Phase = Phase.IDLE
    attempt: Attempt | None = None
    alone: bool = False
    """A bulk job did not do it: send a request of its own, whose answer says why."""
    failures: int = 0
    failure: Failure | None = None
    until: float = 0.0
    """No request before that; but for a lock-out, unless it is one that has failed."""
    locks_out: bool = False
    """What has failed is a lock-out."""
    trigger: Trigger | None = None
    deleting_since: float | None = None
    """When the deletion of the resource was first seen."""
    seat_released: bool | None = None
    """True after the seat was given back, False after a deactivation; None: as the status says."""

    @property
    def sent(self) -> bool:
        """A request is under way whose answer decides."""
        return self.phase in SENT


# Events.


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan has been asked, and this is what the user waits for now."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class Sent:
    """A request sets out."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """It was not sent after all."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """CXone has taken a bulk request, and works on it."""

    job: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """CXone says that it has carried it out; `shown` is what the answer shows of the user."""

    shown: Knowledge = UNKNOWN
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """CXone has not carried it out, or not for certain."""

    failure: Failure
    doubt_seconds: float = REQUEST_SECONDS
    """How long a request without a certain end may still have its effect."""
    trigger: Trigger | None = None
    """What would have to change, where the failure is final."""
    message: str = ""
    """For the author, where the directory knows better what is wrong than the failure."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The bulk job has ended, or (`given_up`) nobody follows it any more."""

    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A leaver goes on without the bulk job that it is in, which may go on for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Seen:
    """CXone was looked at."""

    known: Knowledge


@dataclass(frozen=True, slots=True)
class Freed:
    """A new spec, or something else that may cure what failed."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The resource is gone, or goes."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The process ends."""


Event = Planned | Sent | Withdrawn | Accepted | Done | Failed | Ended | Left | Seen | Freed | Gone | Closed


# Effects.


@dataclass(frozen=True, slots=True)
class Audit:
    """Write down how an attempt ended."""

    attempt: Attempt
    result: Result
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Forget:
    """Nobody knows what became of the account: it is unknown until it was read."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A request may create the account for so many seconds more."""

    seconds: float


@dataclass(frozen=True, slots=True)
class PromiseSeat:
    """A seat is about to be taken."""


@dataclass(frozen=True, slots=True)
class ReturnSeat:
    """The seat that was promised is not taken."""


@dataclass(frozen=True, slots=True)
class RecountSeats:
    """Seats have moved: the last reading of the quota is too old to admit anybody by."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The creation is given up."""


Effect = Audit | Forget | Doubt | PromiseSeat | ReturnSeat | RecountSeats | GiveUp
Step = tuple[Work | None, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Moment:
    """When it happens, and how long pauses may grow."""

    now: float
    jitter: float = 0.0
    sync_period: float = 900.0
    """How often CXone is compared with anyway: what it does not heed is not asked for more often in the long run."""

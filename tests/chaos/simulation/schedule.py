"""Schedules: everything that happens in one run, as plain data (`drawing` draws them, and hypothesis shrinks them).

A schedule is a setting and a list of steps, each after a pause. Steps speak of people by number; what a step cannot
do when its moment comes (a second leave, a rehire of somebody who never left) is left out, so that every list of
steps is a valid schedule, and so is every shorter one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cxone_operator.core.users import Field

DEFAULT, SECOND = "default", "second"
"""The tenants; the second one is there where the setting says so."""


class Act(StrEnum):
    """What people do to resources."""

    JOIN = "join"
    MOVE = "move"
    LEAVE = "leave"
    REHIRE = "rehire"
    DELETE = "delete"
    RECREATE = "recreate"
    TRANSFER = "transfer"
    """Recreate in the other tenant: which one it is cannot be edited."""
    DUPLICATE = "duplicate"
    SUSPEND = "suspend"
    RESUME = "resume"
    OBSERVE = "observe"
    MANAGE = "manage"
    RETAIN = "retain"
    ERASE = "erase"
    ADOPT = "adopt"
    REQUEST = "request"
    TOUCH = "touch"
    RENAME = "rename"
    """To another name of the same person, and back."""
    TAKE = "take"
    """To the name of the next person, whether or not anybody has it."""


class Hand(StrEnum):
    """What an administrator does in CXone by hand."""

    DEACTIVATE = "deactivate"
    ACTIVATE = "activate"
    EDIT = "edit"
    DELETE = "delete"
    CREATE = "create"
    RENAME = "rename"
    OCCUPY = "occupy"
    """Somebody of whom no resource knows gets a seat, …"""
    VACATE = "vacate"
    """… and goes again."""


class TenantAct(StrEnum):
    """What becomes of the tenant."""

    SUSPEND = "suspend"
    RESUME = "resume"
    DELETE = "delete"
    READDRESS = "readdress"
    FEWER_SEATS = "fewer seats"
    MORE_SEATS = "more seats"
    NO_SECRET = "no secret"
    SECRET = "secret"
    REFUSED = "credentials refused"
    ACCEPTED = "credentials accepted"
    PROTECT = "protect"
    UNPROTECT = "protect nobody"
    DOWN = "down"
    """CXone cannot be reached; it stays so until the end where nobody brings it up."""
    UP = "up"


class Moment(StrEnum):
    """Where in a request the process dies."""

    BEFORE = "before it is sent"
    DURING = "under way"
    AFTER = "after its effect"


class InFlight(StrEnum):
    """What becomes of requests that a dead process had sent."""

    LOST = "lost"
    ARRIVES = "arrives"
    LATE = "arrives late"


class FaultKind(StrEnum):
    """How a request goes wrong."""

    REFUSE = "refused before"
    FAIL = "server error, no effect"
    FAIL_AFTER = "server error, but done"
    LOSE = "answer lost"
    LATE = "answer lost, done later"
    THROTTLE = "throttled"
    GARBLE = "done, but the answer cannot be understood"
    """A page of HTML, half an object, or something of another shape."""
    CONTRADICT = "a success that says that nothing was done"
    LACK = "an entry of the answer cannot be understood"
    """Of a list, or of a look-up."""
    IGNORE = "accepted without effect"
    """A create, a change or a deletion, alone or all in a bulk request."""


class JobEnd(StrEnum):
    """How the next bulk jobs end."""

    HALF = "half"
    FAILED = "failed"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody edits a resource."""

    act: Act
    who: int


@dataclass(frozen=True, slots=True)
class Dates:
    """Somebody says from when until when a person works, in seconds from now, and makes a resource where none is."""

    who: int
    begins: float | None
    ends: float | None


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody works in CXone by hand."""

    hand: Hand
    who: int
    tenant: str = DEFAULT


@dataclass(frozen=True, slots=True)
class Tenant:
    """Something happens to a tenant."""

    act: TenantAct
    tenant: str = DEFAULT


@dataclass(frozen=True, slots=True)
class Crash:
    """The process dies at a request of that operation, `calls` others later; another starts after `down` seconds."""

    operation: str
    calls: int
    moment: Moment
    in_flight: InFlight
    down: float


@dataclass(frozen=True, slots=True)
class Stop:
    """SIGTERM, and another process after `down` seconds."""

    down: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The watch breaks, and lists again after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ClockJump:
    """The wall clock of the operator's machine is wrong by so many seconds from now on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fault:
    """The next `count` requests of that operation go wrong."""

    kind: FaultKind
    operation: str
    count: int
    tenant: str | None = None
    """Only requests to this one."""


@dataclass(frozen=True, slots=True)
class Job:
    """The next bulk job ends so."""

    end: JobEnd
    tenant: str = DEFAULT


Event = Person | Dates | Outsider | Tenant | Crash | Stop | Cut | ClockJump | Fault | Job


@dataclass(frozen=True, slots=True)
class Step:
    """Something happens, so many seconds after the step before."""

    after: float
    event: Event


class Seats(StrEnum):
    """When the seat of a deactivated user becomes free."""

    AT_ONCE = "at once"
    ON_RELEASE = "when it is released"
    LATER = "after five seconds, or when it is released"


class Listing(StrEnum):
    """What a list of users shows, and what a look-up by name."""

    HONEST = "everybody"
    WITH_A_HOLE = "one fewer with the second page, as if somebody was deleted meanwhile"
    OVERLAPPING = "in another order from the second page on"
    ACTIVE_ONLY = "nobody who is inactive, not by name either"
    UNREADABLE = "an entry on the last page that nobody understands"


class Form(StrEnum):
    """How CXone keeps what it is given."""

    AS_SENT = "as sent"
    FOLDED = "names of users and roles and addresses in lower case"
    """The same in meaning: nothing differs."""
    CUT = "family names in four letters"
    """Another value: it differs, whatever is asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The deprovisioning limits of the tenant; the defaults never hold anybody."""

    max_users: int = 1000
    max_percent: int = 100
    min_users: int = 1000
    window_seconds: int = 3600

    @property
    def tight(self) -> bool:
        """Somebody can be held."""
        return self.min_users < 1000


@dataclass(frozen=True, slots=True)
class Setting:
    """What does not change in a run."""

    chance: int = 0
    """Seed of latencies and jitter."""
    license: str = "Quota"
    seats: int = 6
    seat_release: Seats = Seats.AT_ONCE
    bulk: str = "AsyncJob"
    """`AsyncJob`, `Synchronous`, `Lockouts` (many leavers in one request, all else alone), or `Off`."""
    min_operations: int = 2
    names_results: bool = False
    """Jobs say which operation failed."""
    lists: bool = True
    page: int = 500
    slowest_operation: float = 2.0
    """Seconds that a bulk job takes for one operation, at most."""
    names: int = 3
    """Names in one look-up."""
    shows_changes: bool = True
    unique: bool = True
    """CXone itself refuses a second user of the same userName."""
    requests_per_minute: int = 600
    population: int = 0
    """How many people have resources when the operator starts for the first time."""
    limits: Limits = Limits()
    approves: bool = True
    """In the end somebody approves what the deprovisioning limits hold."""
    never: tuple[int, ...] = ()
    """Whose resources say adoptionPolicy: Never."""
    on_shortage: str = "FillAvailable"
    protected: str = ""
    """The name or pattern that the tenant protects, at first and whenever somebody protects; nobody where empty."""
    tenants: int = 1
    shared: bool = False
    """All tenants mean the same CXone."""
    ignored: Field | None = None
    """CXone accepts changes of this field, and leaves it as it was."""
    form: Form = Form.AS_SENT
    listing: Listing = Listing.HONEST
    """By id everybody is found, whatever a list shows."""
    takes_bulk: bool = True
    """CXone has the bulk requests that its preset promises."""
    takes_deletes: bool = True
    overbooks: bool = False
    """CXone gives seats that are not there."""
    shows_quota: bool = True
    """The client may read the licence quota."""

    @property
    def unheeded(self) -> frozenset[Field]:
        """What stays as it is although CXone accepts the change."""
        cut = {Field.FAMILY_NAME} if self.form is Form.CUT else set[Field]()
        return frozenset(cut | ({self.ignored} if self.ignored is not None else set[Field]()))

    @property
    def tenant_names(self) -> tuple[str, ...]:
        """All of them."""
        return (DEFAULT, SECOND)[: self.tenants]

    def tenants_of(self, cxone: str) -> tuple[str, ...]:
        """Those that work on that CXone, which has the name of the first of them."""
        return self.tenant_names if self.shared else (cxone,)


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run."""

    setting: Setting
    steps: tuple[Step, ...]

    @property
    def undisturbed(self) -> bool:
        """Nobody but the operator and people's plain edits."""
        return all(isinstance(step.event, Person | Dates) for step in self.steps)

    @property
    def renames(self) -> bool:
        """Names change hands, so that they say little of who is who."""
        events = [step.event for step in self.steps]
        by_people = any(isinstance(event, Person) and event.act in (Act.RENAME, Act.TAKE) for event in events)
        return by_people or any(isinstance(event, Outsider) and event.hand is Hand.RENAME for event in events)

    @property
    def clock_jumps(self) -> bool:
        """The operator's clock goes wrong: what it remembers by date, over a restart, may be forgotten too early."""
        return any(isinstance(step.event, ClockJump) for step in self.steps)

    def __str__(self) -> str:
        return "\n".join([str(self.setting), *(f"  +{step.after:<5} {step.event}" for step in self.steps)])

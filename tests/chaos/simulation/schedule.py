"""Schedules: everything that happens in one run, as plain data, so that hypothesis can draw and shrink it.

A schedule is a setting and a list of steps, each after a pause. Steps speak of people by number; what a step cannot
do when its moment comes (a second leave, a rehire of somebody who never left) is left out, so that every list of
steps is a valid schedule, and so is every shorter one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hypothesis import strategies as st


class Act(StrEnum):
    """What people do to resources."""

    JOIN = "join"
    MOVE = "move"
    LEAVE = "leave"
    REHIRE = "rehire"
    DELETE = "delete"
    RECREATE = "recreate"
    DUPLICATE = "duplicate"
    SUSPEND = "suspend"
    RESUME = "resume"
    OBSERVE = "observe"
    MANAGE = "manage"
    RETAIN = "retain"
    ERASE = "erase"
    REQUEST = "request"
    TOUCH = "touch"


class Hand(StrEnum):
    """What an administrator does in CXone by hand."""

    DEACTIVATE = "deactivate"
    ACTIVATE = "activate"
    EDIT = "edit"
    DELETE = "delete"
    CREATE = "create"


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
class Outsider:
    """Somebody works in CXone by hand."""

    hand: Hand
    who: int


@dataclass(frozen=True, slots=True)
class Tenant:
    """Something happens to the tenant."""

    act: TenantAct


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


@dataclass(frozen=True, slots=True)
class Job:
    """The next bulk job ends so."""

    end: JobEnd


Event = Person | Outsider | Tenant | Crash | Stop | Cut | ClockJump | Fault | Job


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


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run."""

    setting: Setting
    steps: tuple[Step, ...]

    @property
    def undisturbed(self) -> bool:
        """Nobody but the operator and people's plain edits."""
        return all(isinstance(step.event, Person) for step in self.steps)

    @property
    def clock_jumps(self) -> bool:
        """The operator's clock goes wrong: what it remembers by date, over a restart, may be forgotten too early."""
        return any(isinstance(step.event, ClockJump) for step in self.steps)

    def __str__(self) -> str:
        return "\n".join([str(self.setting), *(f"  +{step.after:<5} {step.event}" for step in self.steps)])


PEOPLE = 5
_LIMITS = (Limits(), Limits(), Limits(1, 100, 1), Limits(50, 40, 1), Limits(2, 100, 0))
_PAUSES = (0.0, 0.0, 0.05, 0.3, 1.0, 3.0, 8.0)
_OPERATIONS = (
    *("create", "patch", "delete", "submit", "job", "look_up", "list", "quota", "release_license", "authenticate"),
    *("write", "write", "remote", "kube_status", "kube_finalizers", "kube_finalizers", "kube_get", "kube_list"),
)
"""`write` is any change in CXone, `remote` any request to it."""
_COMMON_ACTS = (Act.JOIN, Act.JOIN, Act.JOIN, Act.LEAVE, Act.DELETE, Act.DELETE, Act.MOVE, Act.REHIRE, Act.RECREATE)

_who = st.integers(0, PEOPLE - 1)
_common = st.builds(Person, st.sampled_from(_COMMON_ACTS), _who)
_any_person = st.builds(Person, st.sampled_from(Act), _who)
_crash = st.builds(
    Crash,
    st.sampled_from(("any", *_OPERATIONS)),
    st.one_of(st.just(0), st.integers(0, 12)),
    st.sampled_from(Moment),
    st.sampled_from((InFlight.LOST, InFlight.ARRIVES, InFlight.LATE)),
    st.sampled_from((0.5, 2.0, 5.0, 15.0)),
)
_fault = st.builds(Fault, st.sampled_from(FaultKind), st.sampled_from(_OPERATIONS), st.integers(1, 4))
_disturbance = st.one_of(
    _crash,
    _crash,
    _fault,
    _fault,
    st.builds(Outsider, st.sampled_from(Hand), _who),
    st.builds(Tenant, st.sampled_from(TenantAct)),
    st.builds(Cut, st.sampled_from((0.5, 5.0, 20.0))),
    st.builds(Stop, st.sampled_from((0.5, 5.0))),
    st.builds(ClockJump, st.sampled_from((-7200.0, -45.0, 45.0, 7200.0))),
    st.builds(Job, st.sampled_from(JobEnd)),
)
_event = st.one_of(_common, _common, _any_person, _disturbance)
_step = st.builds(Step, st.sampled_from(_PAUSES), _event)
_steps = st.one_of(*(st.lists(_step, min_size=least, max_size=30) for least in (0, 6, 10, 14)))
"""Long lists are drawn often, and shrink to short ones."""


@st.composite
def _settings(draw: st.DrawFn) -> Setting:
    license_mode = draw(st.sampled_from(("Quota", "Quota", "Quota", "CountUsers", "None")))
    release = draw(st.sampled_from(Seats)) if license_mode == "Quota" else Seats.AT_ONCE
    return Setting(
        chance=draw(st.integers(0, 2**16)),
        license=license_mode,
        seats=draw(st.integers(1, 6)),
        seat_release=release,
        bulk=draw(st.sampled_from(("AsyncJob", "AsyncJob", "Synchronous", "Off"))),
        min_operations=draw(st.sampled_from((1, 2, 5))),
        names_results=draw(st.booleans()),
        lists=draw(st.sampled_from((True, True, False))),
        page=draw(st.sampled_from((500, 2))),
        shows_changes=draw(st.booleans()),
        requests_per_minute=draw(st.sampled_from((600, 600, 60))),
        population=draw(st.integers(0, PEOPLE)),
        limits=draw(st.sampled_from(_LIMITS)),
    )


def schedules() -> st.SearchStrategy[Schedule]:
    """All schedules."""
    return st.builds(Schedule, _settings(), _steps.map(tuple))

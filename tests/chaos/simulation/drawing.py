"""How schedules are drawn: the common cases often, and each rare feature in a minority of schedules."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from functools import cache
from typing import Any

from hypothesis import strategies as st

from chaos.simulation.people import PEOPLE
from chaos.simulation.schedule import (
    SECOND,
    Act,
    ClockJump,
    Crash,
    Cut,
    Dates,
    Event,
    Fault,
    FaultKind,
    Hand,
    InFlight,
    Job,
    JobEnd,
    Limits,
    Listing,
    Moment,
    Outsider,
    Person,
    Schedule,
    Seats,
    Setting,
    Step,
    Stop,
    Tenant,
    TenantAct,
)
from cxone_operator.core.users import Field

_LIMITS = (Limits(), Limits(), Limits(1, 100, 1), Limits(50, 40, 1), Limits(2, 100, 0))
_PAUSES = (0.0, 0.0, 0.05, 0.3, 1.0, 3.0, 8.0)
_OPERATIONS = (
    *("create", "patch", "delete", "submit", "job", "look_up", "list", "quota", "release_license", "authenticate"),
    *("write", "write", "remote", "kube_status", "kube_finalizers", "kube_finalizers", "kube_get", "kube_list"),
)
"""`write` is any change in CXone, `remote` any request to it."""
_RARE_ACTS = (Act.TRANSFER, Act.ADOPT, Act.RENAME, Act.TAKE)
_COMMON_HANDS = [hand for hand in Hand if hand is not Hand.RENAME]
_RARE_TENANT_ACTS = (TenantAct.PROTECT, TenantAct.UNPROTECT, TenantAct.DOWN, TenantAct.UP)
_COMMON_ACTS = (Act.JOIN, Act.JOIN, Act.JOIN, Act.LEAVE, Act.DELETE, Act.DELETE, Act.MOVE, Act.REHIRE, Act.RECREATE)

_who = st.integers(0, PEOPLE - 1)
_common = st.builds(Person, st.sampled_from(_COMMON_ACTS), _who)
_any_person = st.builds(Person, st.sampled_from([act for act in Act if act not in _RARE_ACTS]), _who)
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
    st.builds(Outsider, st.sampled_from(_COMMON_HANDS), _who),
    st.builds(Tenant, st.sampled_from([act for act in TenantAct if act not in _RARE_TENANT_ACTS])),
    st.builds(Cut, st.sampled_from((0.5, 5.0, 20.0))),
    st.builds(Stop, st.sampled_from((0.5, 5.0))),
    st.builds(ClockJump, st.sampled_from((-7200.0, -45.0, 45.0, 7200.0))),
    st.builds(Job, st.sampled_from(JobEnd)),
)


class Feature(Enum):
    """What most schedules are without."""

    NEVER = auto()
    HOLD_BATCH = auto()
    DATES = auto()
    PROTECTED = auto()
    TENANTS = auto()
    IGNORED = auto()
    NOT_OFFERED = auto()
    LISTING = auto()
    NAMES = auto()


_features = st.one_of(st.just([]), st.lists(st.sampled_from(Feature), max_size=2, unique=True)).map(frozenset)
"""None of them in most schedules, and seldom two."""


def _acts(*acts: Act) -> st.SearchStrategy[Event]:
    return st.builds(Person, st.sampled_from(acts), _who)


_OWN_EVENTS: dict[Feature, st.SearchStrategy[Event]] = {
    Feature.NEVER: st.one_of(
        _acts(Act.JOIN, Act.DELETE, Act.RECREATE, Act.ADOPT, Act.TOUCH),
        st.builds(Outsider, st.sampled_from((Hand.CREATE, Hand.CREATE, Hand.DELETE)), _who),
    ),
    Feature.HOLD_BATCH: st.one_of(
        _acts(Act.JOIN, Act.REHIRE, Act.LEAVE),
        st.builds(Tenant, st.sampled_from((TenantAct.FEWER_SEATS, TenantAct.MORE_SEATS))),
    ),
    Feature.DATES: st.builds(
        Dates, _who, st.sampled_from((None, None, -5.0, 2.0, 6.0, 20.0)), st.sampled_from((None, 0.5, 3.0, 9.0, 45.0))
    ),
    Feature.PROTECTED: st.builds(Tenant, st.sampled_from((TenantAct.PROTECT, TenantAct.UNPROTECT))),
    Feature.TENANTS: st.one_of(
        _acts(Act.TRANSFER, Act.JOIN),
        st.builds(Tenant, st.sampled_from((TenantAct.DOWN, TenantAct.DOWN, TenantAct.UP))),
        st.builds(Tenant, st.sampled_from([act for act in TenantAct if act not in _RARE_TENANT_ACTS]), st.just(SECOND)),
        st.builds(
            Fault, st.sampled_from(FaultKind), st.sampled_from(_OPERATIONS[:13]), st.integers(1, 9), st.just(SECOND)
        ),
        st.builds(Outsider, st.sampled_from(_COMMON_HANDS), _who, st.just(SECOND)),
        st.builds(Job, st.sampled_from(JobEnd), st.just(SECOND)),
    ),
    Feature.IGNORED: st.one_of(
        _acts(Act.MOVE, Act.REHIRE, Act.LEAVE), st.builds(Outsider, st.sampled_from((Hand.EDIT, Hand.CREATE)), _who)
    ),
    Feature.LISTING: st.one_of(
        _acts(Act.DELETE, Act.LEAVE, Act.REHIRE, Act.RECREATE), st.builds(Outsider, st.just(Hand.DELETE), _who)
    ),
    Feature.NOT_OFFERED: _acts(Act.ERASE, Act.DELETE, Act.JOIN),
    Feature.NAMES: st.one_of(
        _acts(Act.RENAME, Act.RENAME, Act.TAKE, Act.JOIN, Act.LEAVE, Act.DELETE),
        _acts(Act.RENAME, Act.TAKE),
        st.builds(Outsider, st.sampled_from((Hand.RENAME, Hand.RENAME, Hand.CREATE)), _who),
    ),
}


@cache
def _steps(features: frozenset[Feature]) -> st.SearchStrategy[tuple[Step, ...]]:
    """Long lists are drawn often, and shrink to short ones."""
    own = [_OWN_EVENTS[feature] for feature in Feature if feature in features]
    step = st.builds(Step, st.sampled_from(_PAUSES), st.one_of(_common, _common, _any_person, _disturbance, *own))
    return st.one_of(*(st.lists(step, min_size=least, max_size=30) for least in (0, 6, 10, 14))).map(tuple)


def _settings(draw: st.DrawFn, features: frozenset[Feature]) -> Setting:
    license_mode = draw(st.sampled_from(("Quota", "Quota", "Quota", "CountUsers", "None")))
    release = draw(st.sampled_from(Seats)) if license_mode == "Quota" else Seats.AT_ONCE
    common = Setting(
        chance=draw(st.integers(0, 2**16)),
        license=license_mode,
        seats=draw(st.integers(1, 6)),
        seat_release=release,
        bulk=draw(st.sampled_from(("AsyncJob", "AsyncJob", "Synchronous", "Off"))),
        min_operations=draw(st.sampled_from((1, 2, 5))),
        names_results=draw(st.booleans()),
        lists=draw(st.sampled_from((True, True, False))),
        page=draw(st.sampled_from((500, 2))),
        slowest_operation=draw(st.sampled_from((2.0, 2.0, 6.0))),
        shows_changes=draw(st.booleans()),
        requests_per_minute=draw(st.sampled_from((600, 600, 60))),
        population=draw(st.integers(0, PEOPLE)),
        limits=draw(st.sampled_from(_LIMITS)),
    )
    for feature in Feature:
        if feature in features:
            common = replace(common, **_peculiar(draw, feature))
    return replace(common, shared=common.shared and not common.protected)


def _peculiar(draw: st.DrawFn, feature: Feature) -> dict[str, Any]:
    match feature:
        case Feature.NEVER:
            return {"never": draw(st.sampled_from(((0,), (0, 1, 2), tuple(range(PEOPLE)))))}
        case Feature.HOLD_BATCH:
            return {"on_shortage": "HoldBatch"}
        case Feature.PROTECTED:
            return {"protected": draw(st.sampled_from(("P0@example.com", "p1*", "p*")))}
        case Feature.TENANTS:
            return {"tenants": 2, "shared": draw(st.booleans())}
        case Feature.IGNORED:
            return {"ignored": Field.ROLES}
        case Feature.NOT_OFFERED:
            takes_bulk = draw(st.booleans())
            return {"takes_bulk": takes_bulk, "takes_deletes": not takes_bulk and draw(st.booleans())}
        case Feature.LISTING:
            return {
                "listing": draw(st.sampled_from([item for item in Listing if item is not Listing.HONEST])),
                "page": 2,
            }
        case Feature.DATES | Feature.NAMES:
            return {}


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """All schedules."""
    features = draw(_features)
    return Schedule(_settings(draw, features), draw(_steps(features)))

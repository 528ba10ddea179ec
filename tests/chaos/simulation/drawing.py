"""How schedules are drawn: the common cases often, and each rare feature in a minority of schedules."""

from __future__ import annotations

from collections.abc import Sequence
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
    Form,
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

_TIGHT_LIMITS = (Limits(1, 100, 1), Limits(50, 40, 1), Limits(2, 100, 0))
_LIMITS = (Limits(), Limits(), *_TIGHT_LIMITS)
_GARBLED = (FaultKind.GARBLE, FaultKind.GARBLE, FaultKind.CONTRADICT, FaultKind.LACK)
_PAUSES = (0.0, 0.0, 0.05, 0.3, 1.0, 3.0, 8.0)
_OPERATIONS = (
    *("create", "patch", "delete", "submit", "job", "look_up", "list", "quota", "release_license", "authenticate"),
    *("write", "write", "remote", "kube_status", "kube_finalizers", "kube_finalizers", "kube_get", "kube_list"),
)
"""`write` is any change in CXone, `remote` any request to it."""
_RARE_ACTS = (Act.TRANSFER, Act.ADOPT, Act.RENAME, Act.TAKE)
_COMMON_HANDS = [hand for hand in Hand if hand not in (Hand.RENAME, Hand.OCCUPY, Hand.VACATE)]
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
    SEATS = auto()
    GARBLED = auto()
    FORM = auto()
    UNAPPROVED = auto()


_HABITS = (Feature.IGNORED, Feature.SEATS, Feature.GARBLED, Feature.FORM, Feature.UNAPPROVED)
"""What CXone, or whoever is to approve, does where all else is as it should be."""
_OTHERS = [feature for feature in Feature if feature not in _HABITS]
_features = st.tuples(
    st.one_of(st.just([]), st.lists(st.sampled_from(_OTHERS), max_size=2, unique=True)),
    st.sampled_from([[]] * len(_HABITS) + [[habit] for habit in _HABITS]),
).map(lambda drawn: frozenset(drawn[0] + drawn[1]))
"""A habit in half of the schedules, none of the others in most, and seldom two of them."""


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
        _acts(Act.MOVE, Act.REHIRE, Act.LEAVE),
        st.builds(Outsider, st.sampled_from((Hand.EDIT, Hand.CREATE, Hand.DEACTIVATE)), _who),
        st.builds(
            Fault, st.just(FaultKind.IGNORE), st.sampled_from(("create", "patch", "patch", "delete")), st.integers(1, 9)
        ),
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
    Feature.SEATS: st.one_of(
        _acts(Act.JOIN, Act.JOIN, Act.LEAVE, Act.REHIRE, Act.DELETE),
        st.builds(Outsider, st.sampled_from((Hand.OCCUPY, Hand.OCCUPY, Hand.VACATE)), _who),
        st.builds(Tenant, st.sampled_from((TenantAct.FEWER_SEATS, TenantAct.MORE_SEATS))),
        st.builds(Fault, st.sampled_from((*_GARBLED, FaultKind.FAIL)), st.just("quota"), st.integers(1, 20)),
    ),
    Feature.GARBLED: st.one_of(
        _acts(Act.JOIN, Act.LEAVE, Act.DELETE, Act.MOVE),
        st.builds(Fault, st.sampled_from(_GARBLED), st.sampled_from(_OPERATIONS[:13]), st.integers(1, 30)),
    ),
    Feature.FORM: st.one_of(
        _acts(Act.MOVE, Act.LEAVE, Act.REHIRE), st.builds(Outsider, st.sampled_from((Hand.EDIT, Hand.CREATE)), _who)
    ),
    Feature.UNAPPROVED: _acts(Act.LEAVE, Act.LEAVE, Act.DELETE, Act.REHIRE, Act.JOIN),
}


_nothing: st.SearchStrategy[dict[str, Any]] = st.just({})


def _some(**values: Sequence[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """One value of each setting."""
    return st.fixed_dictionaries({name: st.sampled_from(options) for name, options in values.items()})


_OWN_SETTINGS: dict[Feature, st.SearchStrategy[dict[str, Any]]] = {
    Feature.NEVER: _some(never=((0,), (0, 1, 2), tuple(range(PEOPLE)))),
    Feature.HOLD_BATCH: _some(on_shortage=("HoldBatch",)),
    Feature.PROTECTED: _some(protected=("P0@example.com", "p1*", "p*")),
    Feature.TENANTS: _some(tenants=(2,), shared=(False, True)),
    Feature.IGNORED: _some(
        ignored=(Field.ROLES, Field.ACTIVE, Field.ACTIVE, None), form=(Form.AS_SENT, Form.AS_SENT, Form.CUT)
    ),
    Feature.NOT_OFFERED: st.one_of(
        _some(takes_bulk=(True,), takes_deletes=(False,)), _some(takes_bulk=(False,), takes_deletes=(False, True))
    ),
    Feature.LISTING: _some(listing=[item for item in Listing if item is not Listing.HONEST], page=(2,)),
    Feature.SEATS: st.one_of(
        _some(license=("Quota",), seats=(1, 2, 3), overbooks=(False, True), shows_quota=(True, True, True, False)),
        _some(license=("CountUsers",), seats=(1, 2, 3), seat_release=(Seats.AT_ONCE,)),
    ),
    Feature.FORM: _some(form=(Form.FOLDED, Form.CUT)),
    Feature.UNAPPROVED: _some(approves=(False,), limits=_TIGHT_LIMITS, population=(3, PEOPLE)),
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
        bulk=draw(st.sampled_from(("AsyncJob", "AsyncJob", "Synchronous", "Off", "Lockouts"))),
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
            common = replace(common, **draw(_OWN_SETTINGS.get(feature, _nothing)))
    return replace(common, shared=common.shared and not common.protected)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """All schedules."""
    features = draw(_features)
    return Schedule(_settings(draw, features), draw(_steps(features)))

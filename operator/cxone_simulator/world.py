"""The world: everything that one simulated tenant consists of, made together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cxone_simulator.faults import Faults, JobFaults
from cxone_simulator.groups import Groups
from cxone_simulator.habits import Habits
from cxone_simulator.jobs import Jobs
from cxone_simulator.journal import Journal
from cxone_simulator.operations import Resources
from cxone_simulator.paging import Cursors
from cxone_simulator.settings import Settings
from cxone_simulator.shapes import SHAPES
from cxone_simulator.tenant import Tenant
from cxone_simulator.throttle import Throttle
from cxone_simulator.tokens import Tokens


@dataclass(frozen=True, slots=True)
class World:
    """All rooms of the simulator."""

    settings: Settings
    clock: Callable[[], float]
    journal: Journal
    tenant: Tenant
    groups: Groups
    tokens: Tokens
    jobs: Jobs
    cursors: Cursors
    faults: Faults
    habits: Habits
    job_faults: JobFaults
    throttle: Throttle


def make_world(settings: Settings, clock: Callable[[], float]) -> World:
    """A tenant with nobody in it; `clock` gives seconds."""
    journal, job_faults, habits = Journal(clock), JobFaults(), Habits()
    tenant = Tenant(settings, journal, clock, habits, lambda: SHAPES[settings.preset](settings, groups.ids))
    groups = Groups(tenant)
    kinds: dict[str, Resources] = {"Users": tenant, "Groups": groups} if settings.strict else {"Users": tenant}
    return World(
        settings=settings,
        clock=clock,
        journal=journal,
        tenant=tenant,
        groups=groups,
        tokens=Tokens(settings, clock, habits),
        jobs=Jobs(settings, kinds, job_faults, clock, habits),
        cursors=Cursors(clock),
        faults=Faults(),
        habits=habits,
        job_faults=job_faults,
        throttle=Throttle(),
    )

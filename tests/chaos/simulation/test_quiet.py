"""What the log says over time: a line for each change of state, and nothing where nothing changes."""

from __future__ import annotations

import asyncio
import itertools
import logging

import pytest

from chaos.simulation import logs
from chaos.simulation.loop import VirtualLoop, run
from chaos.simulation.schedule import Act, Event, Fault, FaultKind, Person, Schedule, Setting, Step, Tenant, TenantAct
from chaos.simulation.world import World
from cxone_operator.engine.read.connection import CALM_SECONDS
from cxone_operator.engine.supervisor import RELIST_SECONDS

IDLE_SECONDS = 3 * RELIST_SECONDS
"""Long enough for 40 comparisons with CXone, and for everything to be listed again twice at least."""


def told(setting: Setting, *events: Event, idle: float = 0.0) -> tuple[list[str], list[str], World]:
    """What was logged until all had settled, and then in that many idle seconds."""
    worlds: list[World] = []
    with logs.captured(logging.INFO) as lines:

        async def main(loop: VirtualLoop) -> int:
            worlds.append(World(Schedule(setting, tuple(Step(6.0, event) for event in events)), loop))
            assert await worlds[0].play() == []
            await asyncio.sleep(
                2 * CALM_SECONDS
            )  # the world mends its Secret when all steps are played: noticed by now
            settled = len(lines)
            await asyncio.sleep(idle)
            return settled

        settled, _ = run(main)
    return lines[:settled], lines[settled:], worlds[0]


def test_an_idle_operator_says_nothing() -> None:
    """With users in sync, an inactive one, and one that was deleted, over many sync periods and relists."""
    people = (Person(Act.LEAVE, 0), Person(Act.DELETE, 1))
    before, idle, world = told(Setting(population=4), *people, idle=IDLE_SECONDS)
    process = world.processes[0]
    assert process.supervisor.listed_at is not None
    assert process.supervisor.listed_at > IDLE_SECONDS / 3
    assert any("directory_refreshed" in line for line in before)
    assert idle == []


def test_a_user_has_one_line_for_each_change_of_ready() -> None:
    """As many as there were different values of its status and reason, the first one after the default."""
    before, _, world = told(Setting(population=2, seats=1, min_operations=1), *[Person(Act.SUSPEND, 0)] * 2)
    for name in ("p0", "p1"):
        written = [entry for entry in world.journal if entry.verb == "status" and entry.subject == name]
        shown = [reason for reason, _ in itertools.groupby(entry.detail.partition(",")[0] for entry in written)]
        lines = [line for line in before if "'user_changed'" in line and f"/{name}'" in line]
        assert len(lines) == len(shown) > 0, (shown, lines)


@pytest.mark.parametrize(
    ("event", "begins", "ends"),
    [
        (Fault(FaultKind.REFUSE, "remote", 25), "'CircuitOpen', 'status': 'True'", "'CircuitOpen', 'status': 'False'"),
        (Fault(FaultKind.REFUSE, "kube_status", 9), "'resources_not_written'", "'resources_written_again'"),
        (Fault(FaultKind.THROTTLE, "list", 3), "'directory_not_refreshed'", "'directory_refreshed_again'"),
        (Tenant(TenantAct.NO_SECRET), "'Authenticated', 'status': 'False'", "'Authenticated', 'status': 'True'"),
    ],
)
def test_a_trouble_has_a_line_when_it_begins_and_one_when_it_ends(event: Event, begins: str, ends: str) -> None:
    """However often it is met in between, and whatever people do meanwhile."""
    meanwhile = (Person(Act.MOVE, 0), Person(Act.LEAVE, 1), *[Person(Act.TOUCH, 2)] * 12)
    before, _, _ = told(Setting(population=3), event, *meanwhile)
    began = [number for number, line in enumerate(before) if begins in line]
    assert len(began) == 1, before
    assert len([line for line in before[began[0] :] if ends in line]) == 1, before

"""Random schedules in which troubles come on top of faults. CHAOS_SEED repeats one, CHAOS_TROUBLED_SCHEDULES says how
many there are. The same seed makes the same people do the same, and the same things go wrong; only time itself differs.
"""

from __future__ import annotations

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chaos.processes.agreement import settle
from chaos.processes.campaign import SIDE_BY_SIDE, Outcome, Schedule, drawn, play
from chaos.processes.troubles import TROUBLES, Trouble
from chaos.processes.workload import Workload
from controlplane.plane import ControlPlane

SCHEDULES = int(os.environ.get("CHAOS_TROUBLED_SCHEDULES", "30"))


@dataclass(frozen=True)
class Troubled:
    """A schedule, and what else happens in it, in order: after how many seconds, and what."""

    schedule: Schedule
    troubles: tuple[tuple[float, Trouble], ...]


def troubled(seed: int) -> Troubled:
    """From its seed alone."""
    chance = random.Random(f"troubles {seed}")
    chosen = chance.sample(TROUBLES, chance.randint(1, 2))
    return Troubled(drawn(seed), tuple((chance.uniform(0.5, 2.5), trouble) for trouble in chosen))


def play_troubled(plane: ControlPlane, planned: Troubled, directory: Path) -> Outcome:
    """People act in a thread of their own: an operator must be started from one that lasts, or it ends with it."""
    schedule, problems = planned.schedule, list[str]()

    def act(work: Workload) -> None:
        with ThreadPoolExecutor(1) as people:
            acting = people.submit(work.run, schedule.people, schedule.steps, schedule.longest_pause)
            for pause, trouble in planned.troubles:
                time.sleep(pause)
                trouble.cause(work.world)
            acting.result()
        time.sleep(1.0)
        problems.extend(settle(work.world, work))

    outcome = play(plane, schedule, directory, act)
    return replace(outcome, complaints=(*problems, *outcome.complaints))


def test_a_seed_says_it_all() -> None:
    """Nothing else is drawn."""
    for seed in range(50):
        first, second = troubled(seed), troubled(seed)
        assert first.troubles == second.troubles
        assert list(map(str, first.schedule.faults)) == list(map(str, second.schedule.faults))


@pytest.mark.timeout(60 * SCHEDULES + 120)
def test_troubled_schedules(control_plane: ControlPlane, tmp_path: Path) -> None:
    """Whatever breaks, and however much of it: in the end everything is as people wanted."""
    seed = os.environ.get("CHAOS_SEED")
    seeds = [int(seed)] if seed else [random.SystemRandom().randrange(10**9) for _ in range(SCHEDULES)]
    plans = [troubled(number) for number in seeds]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        playing = [
            pool.submit(play_troubled, control_plane, plan, tmp_path / str(plan.schedule.seed)) for plan in plans
        ]
        outcomes = [future.result() for future in playing]
    bad = [
        f"{outcome} with {', '.join(trouble.name for _, trouble in plan.troubles)}"
        for outcome, plan in zip(outcomes, plans, strict=True)
        if outcome.complaints
    ]
    assert not bad, "\n".join(bad)

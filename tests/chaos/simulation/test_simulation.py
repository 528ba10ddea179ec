"""Thousands of schedules against the whole engine in virtual time.

`chaos.seeds` says which; CHAOS_SCHEDULES says how many. A part that fails names both, and they repeat just that part.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import warnings

import pytest

from chaos.seeds import seeds
from chaos.simulation.campaign import in_own_process
from chaos.simulation.loop import Livelock, VirtualLoop, run
from chaos.simulation.schedule import (
    Act,
    Crash,
    InFlight,
    Moment,
    Person,
    Schedule,
    Setting,
    Step,
)
from chaos.simulation.world import Verdict, simulate

SCHEDULES = int(os.environ.get("CHAOS_SCHEDULES", "3000"))
_PART = 500
"""Schedules of one test, so that they can run on several processors."""


def _parts() -> list[tuple[int, int]]:
    """The seed of each, and how many schedules it has; a seed that was asked for has all of them."""
    wanted = seeds(math.ceil(SCHEDULES / _PART), first=20261124)
    return [(seed, math.ceil(SCHEDULES / len(wanted))) for seed in wanted]


@pytest.mark.campaign
@pytest.mark.timeout(300 + SCHEDULES)
@pytest.mark.parametrize(("seed", "schedules"), _parts())
def test_every_schedule_ends_well(seed: int, schedules: int) -> None:
    """Whatever people do and whatever breaks: no duplicate, nobody lost, nobody locked out, and then peace."""
    done = in_own_process(str(seed), str(schedules))
    assert done.returncode == 0, f"CHAOS_SEED={seed} CHAOS_SCHEDULES={schedules}\n{done.stdout}\n{done.stderr}"


def test_a_seed_repeats_a_run_to_the_step() -> None:
    """Two processes with the same seed write the same journal, down to the microsecond and the last status."""
    first, second = in_own_process("7"), in_own_process("7")
    assert first.returncode == 0, first.stderr
    assert "operator 1    start" in first.stdout
    assert first.stdout == second.stdout


def test_a_schedule_repeats_within_one_process() -> None:
    """Nothing is left over from one run to the next."""
    assert str(lively().journal) == str(lively().journal)


def test_an_hour_takes_no_time_and_a_circle_is_found() -> None:
    """The loop jumps over sleep, and gives up on work that never lets time pass."""

    async def sleeper(_loop: VirtualLoop) -> None:
        await asyncio.sleep(3600)

    async def circle(_loop: VirtualLoop) -> None:
        for _ in itertools.count():
            await asyncio.sleep(0)

    assert run(sleeper)[1] == pytest.approx(3600, abs=0.01)
    with pytest.raises(Livelock):
        run(circle)


def lively() -> Verdict:
    """A run with joiners, a leaver, and a crash in the middle of a bulk job."""
    crash = Crash("job", 1, Moment.AFTER, InFlight.ARRIVES, 0.5)
    events = [crash, Person(Act.LEAVE, 0), Person(Act.DELETE, 1), Person(Act.MOVE, 2)]
    return simulate(Schedule(Setting(population=4), tuple(Step(1.0, event) for event in events)))


def test_a_crash_ends_everything_of_a_process() -> None:
    """After its death a process writes nothing; the next one finishes the work."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = lively()
    died = next(entry.time for entry in verdict.journal if entry.verb == "crash")
    assert not [
        entry
        for entry in verdict.journal
        if entry.time > died and entry.origin.actor == "operator 1" and not entry.origin.job
    ]
    assert any(entry.origin.actor == "operator 2" for entry in verdict.journal)
    assert verdict.complaints == ()

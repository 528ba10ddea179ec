"""Thousands of schedules against the whole engine in virtual time.

CHAOS_SEED repeats a campaign, CHAOS_SCHEDULES says how many schedules it has. Without a seed every run is the same, so
that a change is judged by what it changes; CHAOS_SEED=random draws a new one and shows it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import warnings

import pytest

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

SCHEDULES = os.environ.get("CHAOS_SCHEDULES", "3000")


@pytest.mark.timeout(300 + int(SCHEDULES))
def test_every_schedule_ends_well(capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever people do and whatever breaks: no duplicate, nobody lost, nobody locked out, and then peace."""
    number = os.environ.get("CHAOS_SEED", "20261124")
    if number == "random":
        number = str(random.SystemRandom().randrange(2**32))
    with capfd.disabled():
        os.write(1, f"\nCHAOS_SEED={number} CHAOS_SCHEDULES={SCHEDULES} ".encode())
    done = in_own_process(number, SCHEDULES)
    assert done.returncode == 0, f"CHAOS_SEED={number} CHAOS_SCHEDULES={SCHEDULES}\n{done.stdout}\n{done.stderr}"


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

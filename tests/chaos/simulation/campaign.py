"""A campaign: many schedules from one seed, the first that fails shrunk to the smallest that still does.

    python -m chaos.simulation.campaign SEED SCHEDULES     find a schedule that fails
    python -m chaos.simulation.campaign SEED               print the journal of one run, for comparing runs

Python hashes strings differently in each process unless PYTHONHASHSEED is set, and sets are walked in that order; so
a campaign always runs in a process of its own, with that variable fixed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from chaos.simulation.drawing import schedules
from chaos.simulation.schedule import Schedule
from chaos.simulation.world import simulate

TESTS = Path(__file__).parents[2]
_NICE = 10
"""Virtual time does not mind being late; real processes that are tested at the same time have deadlines."""


def run_campaign(number: int, most: int) -> None:
    """Raises AssertionError with the smallest schedule that fails."""

    @seed(number)
    @settings(
        max_examples=most,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(schedules())
    def holds(schedule: Schedule) -> None:
        verdict = simulate(schedule)
        assert not verdict.complaints, explained(schedule, verdict.complaints, str(verdict.journal))

    holds()


def explained(schedule: Schedule, complaints: tuple[str, ...], journal: str) -> str:
    """A failure, to the step."""
    return "\n".join(["", *complaints, "", str(schedule), "", journal])


def example(number: int) -> Schedule:
    """One schedule for a seed, as rich as they come."""
    richest: list[Schedule] = []

    @seed(number)
    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(schedules())
    def collect(schedule: Schedule) -> None:
        richest.append(schedule)

    collect()
    return max(richest, key=lambda schedule: len(schedule.steps))


def in_own_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this module with the hash of strings fixed."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join([str(TESTS), *_paths()])}
    command = [sys.executable, "-m", "chaos.simulation.campaign", *arguments]
    return subprocess.run(command, env=environment, cwd=TESTS, capture_output=True, text=True, check=False)


def _paths() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def main() -> int:
    """The command line."""
    if os.environ.get("PYTHONHASHSEED") in (None, "random"):
        done = in_own_process(*sys.argv[1:])
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        return done.returncode
    os.nice(_NICE)
    number = int(sys.argv[1])
    if len(sys.argv) > 2:
        try:
            run_campaign(number, int(sys.argv[2]))
        except AssertionError as error:
            sys.stdout.write(f"CHAOS_SEED={number} fails:\n{error}\n")
            return 1
        return 0
    schedule = example(number)
    verdict = simulate(schedule)
    sys.stdout.write(f"{schedule}\n{verdict.journal}\n{verdict.complaints}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

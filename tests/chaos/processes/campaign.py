"""Schedules: a world, a workload and faults from a seed, played to the end and checked."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from chaos.processes.agreement import disagreements
from chaos.processes.checker import complaints
from chaos.processes.proxy import Fault
from chaos.processes.steps import KUBERNETES, PRESETS
from chaos.processes.troubles import TROUBLES, Trouble
from chaos.processes.workload import Workload
from chaos.processes.world import World
from controlplane.plane import ControlPlane

_LATE_SECONDS = 1.0
"""What has not gone wrong yet has that long to do so."""
_POLL_SECONDS = 0.2
_JOB_SECONDS = 0.3
"""Done when the operator looks at its users for the first time, so that it is not polled."""
_SLOW_JOB_SECONDS = 2.5
_SETTLE_SECONDS = 90.0
_ASK_SECONDS = 6.0
_QUIET_SECONDS = 8.0
_LIVES = 5
_QUIET = ("watch", "list", "secret", "token")


@dataclass(frozen=True)
class Schedule:
    """What happens in one world."""

    name: str
    seed: int
    faults: tuple[Fault, ...]
    people: int = 4
    steps: int = 10
    longest_pause: float = 0.5
    troubles: tuple[tuple[float, Trouble], ...] = ()
    """What else happens, in order: after how many seconds, and what."""
    preset: str = "Platform"
    """The API that CXone speaks."""


@dataclass(frozen=True)
class Outcome:
    """How it ended."""

    schedule: Schedule
    complaints: tuple[str, ...]
    seconds: float
    directory: Path

    def __str__(self) -> str:
        wrong = [*map(str, self.schedule.faults), *(trouble.name for _, trouble in self.schedule.troubles)]
        faults = ", ".join(wrong)
        problems = "".join(f"\n    {problem}" for problem in self.complaints)
        return (
            f"CHAOS_SEED={self.schedule.seed} on {self.schedule.preset} ({faults}), logs in {self.directory}{problems}"
        )


Play = Callable[[Workload, Schedule], None]


def drawn(seed: int) -> Schedule:
    """A schedule from its seed alone; two of four are on the platform's API."""
    chance, preset = random.Random(seed), ("Platform", "Platform", "RFC7644", "UserHub")[seed % 4]
    faults = tuple(_fault(chance, preset) for _ in range(chance.randint(1, 3)))
    people, steps = chance.randint(2, 8), chance.randint(4, 14)
    chosen = chance.sample(TROUBLES, chance.choice((0, 0, 1, 2)))
    troubles = tuple((chance.uniform(0.5, 2.5), trouble) for trouble in chosen)
    return Schedule(f"seed {seed}", seed, faults, people, steps, troubles=troubles, preset=preset)


def play(plane: ControlPlane, schedule: Schedule, directory: Path, act: Play | None = None) -> Outcome:
    """Play it, stop all faults, wait until all is well, or say what is not."""
    started = time.monotonic()
    polled = any(fault.step == "poll" for fault in schedule.faults)
    world = World(
        plane,
        f"chaos-{random.SystemRandom().randrange(16**8):08x}",
        directory,
        job_seconds=_SLOW_JOB_SECONDS if polled else _JOB_SECONDS,
        preset=schedule.preset,
    )
    try:
        work = Workload(world, random.Random(schedule.seed))
        for fault in schedule.faults:
            world.order(fault)
        world.start()
        (act or _live)(work, schedule)
        if world.expects_faults:
            time.sleep(_LATE_SECONDS)
        found = _settle(world, work)
    finally:
        world.close()
    return Outcome(schedule, tuple(found), time.monotonic() - started, directory)


def quiet(work: Workload) -> None:
    """A moment in which nothing is under way, so that what comes next goes alone; a fault may keep it from coming."""
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline and complaints(work.world, work):
        work.world.keep_running()  # whoever loses the Lease on a busy machine ends
        time.sleep(_POLL_SECONDS)


def insist(work: Workload, schedule: Schedule) -> None:
    """On a busy machine a story may miss a step (two joiners become one bulk job): more people live their lives."""
    for number in range(_LIVES):
        if all(fault.struck for fault in schedule.faults):
            return
        _whole_life(work, f"late-{number}")


def _whole_life(work: Workload, name: str) -> None:
    """Somebody joins alone, moves, leaves and is deleted, and after that two join together."""
    work.join(name)
    person = work.people[f"{name}@example.com"]
    quiet(work)
    work.change(person, role="Evaluator" if person.role == "Agent" else "Agent")
    quiet(work)
    work.change(person, active=False)
    quiet(work)
    work.delete(person)
    for other in ("a", "b"):
        work.join(f"{name}-{other}")
    quiet(work)


def _live(work: Workload, schedule: Schedule) -> None:
    """People act in a thread of their own."""
    with ThreadPoolExecutor(1) as people:
        acting = people.submit(work.run, schedule.people, schedule.steps, schedule.longest_pause)
        for pause, trouble in schedule.troubles:
            time.sleep(pause)
            trouble.cause(work.world)
        acting.result()


def _settle(world: World, work: Workload) -> list[str]:
    """Until all is well, or for as long as it can take; what is not well then."""
    world.calm()
    deadline = time.monotonic() + _SETTLE_SECONDS
    next_ask = 0.0
    while True:
        world.keep_running()
        found = [*complaints(world, work), *disagreements(world, work)]
        if not found or time.monotonic() > deadline:
            return found
        if time.monotonic() >= next_ask:
            work.ask()
            next_ask = time.monotonic() + _ASK_SECONDS
        time.sleep(_POLL_SECONDS)


def _fault(chance: random.Random, preset: str) -> Fault:
    step = chance.choice([*KUBERNETES, *PRESETS[preset]])
    before, at = chance.random() < 0.5, chance.choice((1, 1, 2, 3, 5))
    if step == "watch":
        return Fault(step, chance.choice(("gone", "cut", "kill")), before=True, at=at)
    if step in _QUIET:
        return Fault(step, chance.choice(("kill", "status", "cut")), before, at)
    action = chance.choice(("kill", "kill", "kill", "freeze", "cut", "status", "truncate", "delay"))
    if action == "status":
        status, headers = chance.choice(
            ((503, {}), (503, {"Retry-After": "1"}), (429, {"Retry-After": "1"}), (429, {"Retry-After": _soon()}))
        )
        return Fault(step, "status", before, at, status, headers)
    return Fault(step, action, before, at, seconds=5.0 if action == "freeze" else chance.uniform(0.2, 2.0))


def _soon() -> str:
    """An HTTP date (RFC 9110 section 5.6.7) two seconds from now."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))

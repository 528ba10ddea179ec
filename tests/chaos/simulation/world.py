"""The world: one schedule from its first step until the dust has settled.

When the last step has been played everything that was broken is mended and the operator gets time. It must come to
rest in the right state: the checker finds nothing, and then for a whole sync period nothing is written.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from chaos.simulation import logs
from chaos.simulation.checker import complaints_about_requests, complaints_about_state, complaints_about_writes
from chaos.simulation.cluster_model import ClusterModel
from chaos.simulation.history import complaints_about_history
from chaos.simulation.journal import PEOPLE, Journal, Origin, wall_clock
from chaos.simulation.loop import Livelock, VirtualLoop, run
from chaos.simulation.names import complaints_about_accounts
from chaos.simulation.people import SYNC_SECONDS, People
from chaos.simulation.process import Process, adopt
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import (
    DEFAULT,
    Act,
    ClockJump,
    Crash,
    Cut,
    Dates,
    Event,
    Fault,
    InFlight,
    Job,
    Outsider,
    Person,
    Schedule,
    Stop,
    Tenant,
)
from chaos.simulation.trail import Trail, complaints_about_trails
from chaos.simulation.wire import Faults

SETTLE_SECONDS = 1500.0
"""Longer than a relist, a job's timeout and the longest backoff together."""
QUIET_SECONDS = SYNC_SECONDS * 1.05 + 4.0
_LOOK_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a schedule."""

    complaints: tuple[str, ...]
    journal: Journal
    trails: tuple[Trail, ...]
    """One for each process."""
    seconds: float
    """How much virtual time it took."""
    remotes: dict[str, RemoteModel]
    cluster: ClusterModel

    @property
    def remote(self) -> RemoteModel:
        """What the default tenant talks to."""
        return self.remotes[DEFAULT]


class World:
    """One run."""

    def __init__(self, schedule: Schedule, loop: VirtualLoop) -> None:
        self.schedule = schedule
        self.journal = Journal()
        self._loop = loop
        self._chance = random.Random(schedule.setting.chance)
        self.cluster = ClusterModel(self.journal, self._chance)
        setting = schedule.setting
        models = [RemoteModel(setting, self.journal, self._chance, name) for name in setting.tenant_names]
        self.remotes = {
            name: models[0] if setting.shared else model
            for name, model in zip(setting.tenant_names, models, strict=True)
        }
        self._people = People(schedule.setting, self.cluster, self.remotes)
        self._faults = Faults()
        self._process: Process | None = None
        self.processes: list[Process] = []
        self._started = 0
        self._crash: Crash | None = None
        self._clock_error = 0.0
        self.cluster.watcher = self._tell
        loop.on_task = adopt

    async def play(self) -> list[str]:
        """The steps, the dust, and what is wrong in the end."""
        for name in self.remotes:
            self._people.make_tenant(name)
        for who in range(self.schedule.setting.population):
            self._people.act(Act.JOIN, who)
        self._start()
        for step in self.schedule.steps:
            await asyncio.sleep(step.after)
            self._apply(step.event)
        await asyncio.sleep(1.0)
        self._heal()
        return await self._settle_in_turn()

    async def end(self) -> None:
        """The last process is stopped as a cluster stops it, so that what it had under way is written down, too."""
        process = self._process
        if process is not None and process.alive:
            process.stop()
            await process.over.wait()

    async def _settle_in_turn(self) -> list[str]:
        """First those tenants that can be reached, which must not notice an outage of others; then all."""
        up = {name: remote for name, remote in self.remotes.items() if not remote.down}
        if 0 < len(up) < len(self.remotes):
            found = await self._settle(up)
            if found:
                return found
        for remote in self.remotes.values():
            remote.down = False
        return await self._settle(self.remotes)

    def _apply(self, event: Event) -> None:
        match event:
            case Person() | Dates() | Outsider() | Tenant():
                self._people.play(event)
            case Fault():
                self._faults.arm(event)
            case Job(end, tenant):
                self.remotes[tenant].next_jobs.append(end)
            case ClockJump(seconds):
                self._set_clock(seconds)
            case Crash() if self._process is not None and self._process.alive:
                self._crash = event
                self._process.wire.arm(event)
            case Stop(down) if self._process is not None and self._process.alive:
                self._process.stop()
                self._restart(down)
            case Cut(seconds) if self._process is not None and self._process.alive:
                self._process.watch.cut()
                self._loop.call_later(seconds, self._process.watch.connect)

    def _set_clock(self, error: float) -> None:
        self._clock_error = error
        self.journal.add(self._loop.time(), Origin(PEOPLE, self._loop.time()), "clock", "", f"{error}")

    def _now(self) -> datetime:
        """The wall clock of the operator's machine."""
        return wall_clock(self._loop.time() + self._clock_error)

    def _heal(self) -> None:
        if self._clock_error:
            self._set_clock(0.0)
        self._faults.armed.clear()
        self._people.heal()
        if self._process is not None and self._process.alive:
            self._process.wire.disarm()

    async def _settle(self, remotes: dict[str, RemoteModel]) -> list[str]:
        deadline = self._loop.time() + SETTLE_SECONDS
        await asyncio.sleep(_LOOK_SECONDS)
        while True:
            if self.schedule.setting.approves:
                self._people.approve()
            began, found = self._loop.time(), self._complaints(remotes)
            before = self._requests()
            await asyncio.sleep(_LOOK_SECONDS if found else QUIET_SECONDS)
            if not found:
                found = self._complaints_about_rest(remotes, began, self._requests() - before)
                if not found:
                    return []
            if self._loop.time() > deadline:
                return found

    def _requests(self) -> Counter[str]:
        return self._process.wire.requests.copy() if self._process is not None else Counter()

    def _complaints_about_rest(
        self, remotes: dict[str, RemoteModel], since: float, requests: Counter[str]
    ) -> list[str]:
        found = complaints_about_writes(self.journal, remotes, since) or self._complaints(remotes)
        for remote in self._distinct(remotes):
            found += complaints_about_requests(self.schedule.setting, self.cluster, remote, requests[remote.name])
        return found

    @staticmethod
    def _distinct(remotes: dict[str, RemoteModel]) -> list[RemoteModel]:
        return list({id(remote): remote for remote in remotes.values()}.values())

    def _complaints(self, remotes: dict[str, RemoteModel]) -> list[str]:
        if self._process is None or not self._process.alive:
            return ["no operator runs"]
        return [complaint for remote in self._distinct(remotes) for complaint in self._complaints_about(remote)]

    def _complaints_about(self, remote: RemoteModel) -> list[str]:
        if self.schedule.renames:
            return complaints_about_accounts(self.schedule.setting, self.cluster, remote, self._loop.time())
        return complaints_about_state(self.schedule.setting, self.cluster, remote, self._loop.time())

    def _start(self) -> None:
        if self._process is not None and self._process.alive:
            return
        self._started += 1
        process = Process(
            self._started,
            self._loop,
            self.cluster,
            self.remotes[DEFAULT],
            self._faults,
            self._chance,
            now=self._now,
            restart=self._restart,
            die=self._die,
            others=self.remotes,
        )
        self._process = process
        self.processes.append(process)
        process.start()

    def _die(self) -> None:
        process, crash = self._process, self._crash
        if process is not None and process.alive:
            process.kill(crash.in_flight if crash is not None else InFlight.LOST)
            self._restart(crash.down if crash is not None else 1.0)

    def _restart(self, after: float) -> None:
        self._loop.call_later(after, self._start_when_dead)

    def _start_when_dead(self) -> None:
        """A process that is still stopping holds the Lease."""
        if self._process is not None and self._process.alive and self._process.stopping:
            self._restart(0.5)
        else:
            self._start()

    def _tell(self, plural: str, kind: str, body: dict[str, object]) -> None:
        if self._process is not None and self._process.alive:
            self._process.watch.tell(plural, kind, body)


def simulate(schedule: Schedule) -> Verdict:
    """Run a schedule and judge it."""
    worlds: list[World] = []

    async def main(loop: VirtualLoop) -> list[str]:
        worlds.append(World(schedule, loop))
        found = await worlds[0].play()
        await worlds[0].end()
        return [*found, *loop.problems]

    with logs.captured() as errors:
        try:
            found, seconds = run(main)
        except Livelock as error:
            found, seconds = [f"livelock: {error}"], 0.0
    world = worlds[0]
    trails = tuple(Trail(process.name, process.trail, process.wire.writes) for process in world.processes)
    history, told = list[str](), list[str]()
    if not schedule.renames:
        customers = {name: remote.name for name, remote in world.remotes.items()}
        history = complaints_about_history(schedule, world.cluster, world.journal, world.remotes.values())
        told = complaints_about_trails(trails, world.journal, customers)
    logged = (f"the operator logged {error}" for error in errors)
    complaints = tuple(dict.fromkeys([*history, *told, *found, *logged]))
    return Verdict(complaints, world.journal, trails, seconds, world.remotes, world.cluster)

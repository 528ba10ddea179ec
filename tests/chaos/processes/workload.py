"""The workload: people who join, move, leave, come back and are deleted, drawn from a seed."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

from chaos.processes.world import World
from support.resources import user

GROUP = "Support-Team"
"""Everybody's, where groups are kept apart from users."""
ROLES = ("Agent", "Supervisor", "Evaluator")


@dataclass
class Person:
    """What one person is to be."""

    resource: str
    active: bool = False
    role: str = "Agent"
    departures: int = 0
    meddled: int = 0
    """How often somebody in CXone activated or changed this person behind our back."""
    resources: int = 0


@dataclass
class Workload:
    """What was asked for, and by which resources."""

    world: World
    chance: random.Random
    people: dict[str, Person] = field(default_factory=dict)
    resources: set[str] = field(default_factory=set)

    def join(self, name: str) -> None:
        """A new resource; also for somebody whose old one was deleted, under another name."""
        key = f"{name}@example.com"
        person = self.people.setdefault(key, Person(name))
        person.resources += 1
        person.resource = name if person.resources == 1 else f"{name}-{person.resources}"
        person.active, person.role = True, self.chance.choice(ROLES)
        spec: dict[str, object] = {"userName": key, "role": person.role}
        if self.world.preset == "RFC7644":
            spec["groups"] = [GROUP]
        self.world.kube.create(user(self.world.namespace, person.resource, **spec)).accepted()
        self.resources.add(person.resource)

    def change(self, person: Person, *, active: bool | None = None, role: str | None = None) -> None:
        """A new spec."""
        if active is not None:
            person.departures += person.active and not active
            person.active = active
        person.role = role or person.role
        spec = {"spec": {"active": person.active, "role": person.role}}
        self.world.kube.patch("CxoneUser", self.world.namespace, person.resource, spec).accepted()

    def delete(self, person: Person) -> None:
        """The resource is deleted; it may stay for a while."""
        self.world.kube.delete("CxoneUser", self.world.namespace, person.resource).accepted()
        person.departures += person.active
        person.active = False
        self.resources.discard(person.resource)

    def meddle(self, key: str, person: Person) -> None:
        """An administrator changes the user in CXone."""
        if any(item["userName"].lower() == key for item in self.world.remote_users()):
            self.world.simulator.send("POST", "outside", {"userName": key, "set": {"active": not person.active}})
            person.meddled += 1

    def ask(self) -> None:
        """Have everybody compared with CXone now, rather than at the next period."""
        token = {"metadata": {"annotations": {"cxone.dev/reconcile-requested-at": str(time.time())}}}
        for name in sorted(self.resources):
            self.world.kube.patch("CxoneUser", self.world.namespace, name, token)

    def run(self, people: int, steps: int, longest_pause: float) -> None:
        """Some join together, as bulk jobs need it; then anything happens to anybody."""
        names = [f"p{number}" for number in range(people)]
        for name in names:
            self.join(name)
        for _ in range(steps):
            time.sleep(self.chance.uniform(0, longest_pause))
            self._step(self.chance.choice(names))

    def _step(self, name: str) -> None:
        key = f"{name}@example.com"
        person = self.people[key]
        alive = person.resource in self.resources
        if not alive:
            self.join(name)
            return
        match self.chance.choice(("move", "leave", "rehire", "delete", "meddle", "flip")):
            case "move":
                self.change(person, role=self.chance.choice(ROLES))
            case "leave":
                self.change(person, active=False)
            case "rehire":
                self.change(person, active=True)
            case "delete":
                self.delete(person)
            case "meddle":
                self.meddle(key, person)
            case "flip":
                self.change(person, active=not person.active)
                self.change(person, active=not person.active)

"""The checker itself: a good end has no complaint, and each single thing that is wrong with it is found.

A checker that cannot complain would let every schedule pass, so each of its rules is broken here once, without any
process.
"""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest

from chaos.processes.agreement import disagreements
from chaos.processes.checker import complaints
from chaos.processes.workload import Person

JANE, JOHN = "jane@example.com", "john@example.com"


def _user(id_: str, name: str, *, active: bool) -> dict[str, Any]:
    return {"id": id_, "userName": name, "active": active, "licensed": active, "roles": [{"value": "Agent"}]}


def _resource(name: str, id_: str, *, active: bool) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True"}, {"type": "Licensed", "status": str(active)}]
    return {
        "metadata": {"name": name, "generation": 2},
        "spec": {"userName": f"{name}@example.com", "active": active},
        "status": {"observedGeneration": 2, "userId": id_, "active": active, "conditions": conditions},
    }


def _entry(effect: str, name: str, actor: str = "request") -> dict[str, Any]:
    return {"effect": effect, "userName": name, "actor": actor}


class Scene:
    """The good end of a story: Jane works here, John has left."""

    def __init__(self) -> None:
        self.resources = [_resource("jane", "1", active=True), _resource("john", "2", active=False)]
        self.remote = [_user("1", JANE, active=True), _user("2", JOHN, active=False)]
        self.journal = [
            *(_entry(effect, name) for name in (JANE, JOHN) for effect in ("created", "licenseAssigned")),
            _entry("deactivated", JOHN),
            _entry("licenseReleased", JOHN),
        ]
        self.seats = 2
        self.remote_writes = [("create", 0), ("token", 1), ("patch", 1), ("list-users", 0)]
        self.cluster_writes = [("claim", 0), ("status", 0), ("status", 1), ("lease", 0)]
        self.leaders = [0, 1]
        self.people = {JANE: Person("jane", active=True), JOHN: Person("john", departures=1)}

    def found(self) -> str:
        """All that the checker says."""
        world: Any = SimpleNamespace(
            preset="Platform",
            seats=self.seats,
            users=lambda: self.resources,
            remote_users=lambda: self.remote,
            journal=lambda: self.journal,
            cxone_proxy=SimpleNamespace(senders=self.remote_writes),
            cluster_proxy=SimpleNamespace(senders=self.cluster_writes, leaders=self.leaders),
        )
        work: Any = SimpleNamespace(people=self.people, resources={"jane", "john"}, world=world)
        return "\n".join([*complaints(world, work), *disagreements(world, work)])


def test_a_good_end() -> None:
    """Nothing is said about it."""
    assert Scene().found() == ""


def _set(path: str, value: Any) -> Any:
    """Replace what a path of names and numbers leads to."""

    def change(scene: Scene) -> None:
        *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
        target: Any = vars(scene)
        for part in way:
            target = target[part]
        target[last] = copy.deepcopy(value)

    return change


def _add(where: str, value: Any) -> Any:
    return lambda scene: getattr(scene, where).append(value)


WRONG = {
    "a leaver still works": (_set("remote.1.active", True), "john@example.com is active"),
    "a leaver keeps a seat": (_set("remote.1.licensed", True), "holds a seat"),
    "somebody is locked out": (_set("remote.0.active", False), "jane@example.com is not active"),
    "somebody has no seat": (_set("remote.0.licensed", False), "lacks a seat"),
    "a mover did not move": (_set("remote.0.roles", [{"value": "Supervisor"}]), "jane@example.com has"),
    "a user is missing": (_set("remote", [_user("2", JOHN, active=False)]), "jane@example.com is not active"),
    "a user for nobody": (_add("remote", _user("3", "eve@example.com", active=True)), "created for nobody"),
    "a resource stays": (_add("resources", _resource("eve", "3", active=False)), "resources"),
    "a resource is lost": (_set("resources", [_resource("jane", "1", active=True)]), "resources"),
    "Ready is old": (_set("resources.0.status.observedGeneration", 1), "jane is True"),
    "Ready is false": (_set("resources.0.status.conditions.0.status", "False"), "jane is False"),
    "no status at all": (_set("resources.0.status", {}), "jane is None"),
    "the wrong user": (_set("resources.0.status.userId", "7"), "names the user 7"),
    "active is wrong": (_set("resources.0.status.active", False), "active=False"),
    "Licensed is wrong": (_set("resources.0.status.conditions.1.status", "False"), "Licensed is False"),
    "it is Stalled": (
        _set("resources.0.status.conditions.1", {"type": "Stalled", "status": "True"}),
        "jane still says Stalled",
    ),
    "it still differs": (_set("resources.0.status.differences", [{"field": "roles"}]), "still differs"),
    "a duplicate": (_add("journal", _entry("created", JANE)), "created 2 times"),
    "locked out for a moment": (_add("journal", _entry("deactivated", JANE)), "jane@example.com was deactivated 1"),
    "let in for a moment": (
        lambda scene: scene.journal.extend([_entry("activated", JOHN), _entry("activated", JOHN)]),
        "john@example.com was activated 2 times",
    ),
    "too many seats at one instant": (_set("seats", 1), "2 of 1 seats"),
    "a write of one that was replaced": (_add("remote_writes", ("patch", 0)), "operator 1 sent patch"),
    "a late write to the cluster": (_add("cluster_writes", ("status", 0)), "operator 1 sent status"),
    "a write of one that had the Lease before": (_set("leaders", [1, 0]), "operator 2 sent patch after operator 1"),
    "a write of one that never had the Lease": (_set("leaders", [0]), "operator 2 sent patch and never had"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_bad_end(name: str) -> None:
    """It is said."""
    spoil, expected = WRONG[name]
    scene = Scene()
    spoil(scene)
    assert expected in scene.found()

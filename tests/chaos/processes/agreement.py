"""Further checks at the end of a schedule: what the resources say agrees with CXone in every detail, and nobody was let
in or locked out more often than somebody asked for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from chaos.processes.workload import Workload
from chaos.processes.world import World

Json = dict[str, Any]


def disagreements(world: World, work: Workload) -> list[str]:
    """What is not as it must be in the end, over and above `complaints`."""
    remote = {user["userName"].lower(): user for user in world.remote_users()}
    found = [problem for item in world.users() for problem in _resource(item, remote)]
    return [*found, *_effects(world.journal(), work)]


def _resource(item: Json, remote: dict[str, Json]) -> list[str]:
    """One resource against its user."""
    name, status, spec = item["metadata"]["name"], item.get("status", {}), item["spec"]
    user = remote.get(spec["userName"].lower())
    found = []
    if user is not None and status.get("userId") != user["id"]:
        found.append(f"{name} names the user {status.get('userId')}, CXone has {user['id']}")
    if user is not None and status.get("active") is not user["active"]:
        found.append(f"{name} says active={status.get('active')}, CXone {user['active']}")
    if user is not None and user["active"] and _condition(status, "Licensed") != "True":
        found.append(f"{name} is active, and Licensed is {_condition(status, 'Licensed')}")
    found.extend(f"{name} still says {kind}" for kind in ("Stalled", "Reconciling") if _condition(status, kind))
    if status.get("differences"):
        found.append(f"{name} still differs: {status['differences']}")
    return found


def _condition(status: Json, kind: str) -> str | None:
    return next((item["status"] for item in status.get("conditions", []) if item["type"] == kind), None)


def _effects(journal: Iterable[Json], work: Workload) -> list[str]:
    """Whoever comes back must have gone before, by a resource or by the hand of an administrator."""
    back: Counter[str] = Counter()
    for entry in journal:
        if entry["effect"] == "activated" and entry["actor"] != "outside":
            back[entry["userName"].lower()] += 1
    return [
        f"{key} was activated {back[key]} times, left {person.departures} times"
        for key, person in work.people.items()
        if back[key] > person.departures + person.meddled
    ]

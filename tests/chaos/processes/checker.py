"""The checker: compares CXone and its journal with the resources, and knows nothing of the operator's code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from typing import Any

from chaos.processes.steps import CLUSTER_WRITES, REMOTE_WRITES
from chaos.processes.workload import GROUP, Workload
from chaos.processes.world import World

Json = dict[str, Any]


def complaints(world: World, work: Workload) -> list[str]:
    """What is not as it must be in the end; empty where all is well."""
    resources, remote = world.users(), {user["userName"].lower(): user for user in world.remote_users()}
    return [
        *_states(resources, remote, work),
        *_conditions(resources),
        *_history(world.journal(), world.seats, work),
        *_late_writes(world),
    ]


def _states(resources: list[Json], remote: dict[str, Json], work: Workload) -> list[str]:
    found = []
    names = {item["metadata"]["name"] for item in resources}
    if names != work.resources:
        found.append(f"resources {sorted(names)} instead of {sorted(work.resources)}")
    for key, person in work.people.items():
        user = remote.get(key)
        active = user is not None and user["active"]
        if active != person.active:
            found.append(f"{key} is {'active' if active else 'not active'} in CXone, wanted: {person}")
        if user is not None and user["licensed"] != person.active:
            found.append(f"{key} {'holds' if user['licensed'] else 'lacks'} a seat, wanted: {person}")
        if active and person.active and user is not None and user["roles"] != [{"value": person.role}]:
            found.append(f"{key} has {user['roles']}, wanted: {person}")
        if active and person.active and user is not None and user.get("groups", []) != _groups(work):
            found.append(f"{key} is in {user.get('groups')}, wanted: {_groups(work)}")
    found.extend(f"{key} was created for nobody" for key in remote.keys() - work.people.keys())
    return found


def _groups(work: Workload) -> list[Json]:
    return [{"value": GROUP}] if work.world.preset == "RFC7644" else []


def _conditions(resources: list[Json]) -> list[str]:
    found = []
    for item in resources:
        status, metadata = item.get("status", {}), item["metadata"]
        ready = next((c for c in status.get("conditions", []) if c["type"] == "Ready"), {})
        if status.get("observedGeneration") != metadata["generation"] or ready.get("status") != "True":
            found.append(f"{metadata['name']} is {ready.get('status')}/{ready.get('reason')}: {ready.get('message')}")
        if status.get("active") not in (None, item["spec"]["active"]):
            found.append(f"{metadata['name']} says active={status.get('active')}")
    return found


def _history(journal: list[Json], seats: int, work: Workload) -> list[str]:
    found = []
    effects: Counter[tuple[str, str]] = Counter()
    used = 0
    for entry in journal:
        key = entry["userName"].lower()
        if entry["actor"] != "outside":
            effects[entry["effect"], key] += 1
        used += {"licenseAssigned": 1, "licenseReleased": -1}.get(entry["effect"], 0)
        if used > seats:
            found.append(f"{used} of {seats} seats used")
    for key, person in work.people.items():
        if effects["created", key] > 1:
            found.append(f"{key} was created {effects['created', key]} times")
        if effects["deactivated", key] > person.departures + person.meddled:
            found.append(f"{key} was deactivated {effects['deactivated', key]} times, left {person.departures} times")
    return found


def _late_writes(world: World) -> list[str]:
    """Once an operator has changed something, none may that had the Lease before; and nobody may who never had it."""
    leaders = world.cluster_proxy.leaders
    sent = ((world.cxone_proxy, REMOTE_WRITES), (world.cluster_proxy, CLUSTER_WRITES))
    return [found for proxy, writes in sent for found in _out_of_turn(proxy.senders, writes, leaders)]


def _out_of_turn(senders: list[tuple[str, int]], writes: Set[str], leaders: list[int]) -> list[str]:
    newest = 0
    for step, number in [sent for sent in senders if sent[0] in writes]:
        if number not in leaders:
            return [f"operator {number + 1} sent {step} and never had the Lease"]
        turn = leaders.index(number)
        if turn < newest:
            return [f"operator {number + 1} sent {step} after operator {leaders[newest] + 1} had taken over"]
        newest = turn
    return []

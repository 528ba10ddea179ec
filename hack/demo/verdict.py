"""The verdict: is the end what it should be, in CXone and on the resources?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from demo import scenario
from demo.view import Resource, Simulator


def first_act_is_over(found: dict[str, Resource]) -> bool:
    """Everybody is ready, but for those who wait for a seat and those who are misspelt."""
    waiting = sum(resource.reason == "LicenseUnavailable" for resource in found.values())
    stalled = sum(resource.reason in ("RoleNotFound", "GroupNotFound") for resource in found.values())
    ready = sum(resource.is_ready for resource in found.values())
    return (waiting, stalled, ready) == (
        scenario.WAITING,
        len(scenario.MISSPELT),
        len(scenario.FIRST_ACT) - len(scenario.MISSPELT) - scenario.WAITING,
    )


def second_act_is_over(found: dict[str, Resource]) -> bool:
    """Everybody but the misspelt is ready."""
    return sum(resource.is_ready for resource in found.values()) == len(scenario.FIRST_ACT) - len(scenario.MISSPELT)


def newcomer_waits(found: dict[str, Resource]) -> bool:
    """Whom the HR system has hired finds no seat."""
    return sum(resource.reason == "LicenseUnavailable" for resource in found.values()) == 1


def third_act_is_over(found: dict[str, Resource]) -> bool:
    """As the second, with the two whom the HR system has sent."""
    return sum(resource.is_ready for resource in found.values()) == len(scenario.FIRST_ACT) - len(scenario.MISSPELT) + 2


def problems(found: dict[str, Resource], simulator: Simulator) -> list[str]:
    """What is not as expected; empty where all is well."""
    users = {user["userName"]: user for user in simulator.get("users")["users"]}
    stats = simulator.get("stats")
    return [
        *_resource_problems(found),
        *_user_problems(users),
        *_journal_problems(simulator.get("journal")["entries"]),
        *([f"CXone answered 429 {stats['throttled']} times"] if stats["throttled"] else []),
    ]


def _resource_problems(found: dict[str, Resource]) -> list[str]:
    expected = {
        "misspelt-role": ("RoleNotFound", "did you mean 'Agent'"),
        "misspelt-group": ("GroupNotFound", "did you mean 'Support-Team'"),
    }
    wrong = [
        f"{name}: {found[name].reason}: {found[name].message}"
        for name, (reason, words) in expected.items()
        if found[name].reason != reason or words not in found[name].message
    ]
    late = [name for name, resource in found.items() if name not in expected and not resource.is_ready]
    return wrong + [f"{name} is not Ready: {found[name].reason}" for name in late]


def _user_problems(users: dict[str, dict[str, Any]]) -> list[str]:
    wrong = []
    for person in (
        scenario.ADOPTED,
        scenario.MOVED,
        *scenario.GONE,
        *scenario.JOINING,
        scenario.LEFT,
        scenario.NEWCOMER,
    ):
        user = users.pop(person.user_name, None)
        if user is None:
            wrong.append(f"{person.name} is not in CXone")
        elif _shape(user) != (person.active, person.active, [person.role], list(person.groups)):
            wrong.append(f"{person.name} is in CXone as {_shape(user)}")
    return wrong + [f"{name} should not be in CXone" for name in users]


def _shape(user: dict[str, Any]) -> tuple[bool, bool, list[str], list[str]]:
    roles = [role["value"] for role in user.get("roles", [])]
    groups = [group["value"] for group in user.get("groups", [])]
    return user["active"], user["licensed"], roles, groups


def _journal_problems(entries: list[dict[str, Any]]) -> list[str]:
    created = Counter(entry["userName"] for entry in entries if entry["effect"] == "created")
    return [f"{name} was created {count} times" for name, count in created.items() if count > 1]

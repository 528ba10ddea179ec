"""The operator works with nothing but what the manifests grant, and with nothing less."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from controlplane.plane import ControlPlane
from manifests.conftest import Remote
from manifests.operator_scenario import ACCOUNT, STEPS, OperatorScenario
from manifests.place import Account, Place
from manifests.rendered import find, render
from manifests.rights import Permission, granted, without
from manifests.steps import Stuck
from support.kube import Kube
from support.waiting import eventually

SIDE_BY_SIDE = 5
SERVES = {permission: step for step, permissions in STEPS.items() for permission in permissions}


@dataclass(frozen=True)
class Ending:
    """How a scenario ended."""

    stuck: str
    """At which step; empty where it went through."""
    granted: list[Permission]
    account: Account


def play(place: Place, remote: Remote, taken: Permission | None = None) -> Ending:
    """The scenario, with all that the manifests grant or without one permission."""
    place.prepare(lambda role: without(role, taken) if taken is not None else role)
    scenario, stuck = OperatorScenario(place, remote.simulator, remote.secret), ""
    try:
        scenario.play(doomed=SERVES[taken] if taken is not None else "")
    except Stuck as error:
        if taken is None:
            raise
        stuck = error.step
    place.clear()
    return Ending(stuck, granted(place.roles_of(ACCOUNT)), scenario.account)


def assert_that_just_this_was_used(ending: Ending) -> None:
    """What was granted is what the API server has written down."""

    def unused() -> list[Permission]:
        made = ending.account.requests
        return [permission for permission in ending.granted if not any(map(permission.covers, made))]

    assert ending.granted
    eventually(lambda: not unused())
    made = ending.account.requests
    assert [request for request in made if not any(right.covers(request) for right in ending.granted)] == []
    assert ending.account.refused == []


@pytest.mark.timeout(180)
def test_the_operator_of_every_namespace_uses_just_what_it_is_granted(
    plane: ControlPlane, admin: Kube, remote: Remote, kubectl_path: Path, tmp_path: Path
) -> None:
    """The whole scenario with the ClusterRole."""
    ending = play(Place(plane, admin, render(kubectl_path, "base"), "everywhere-", tmp_path), remote)
    assert_that_just_this_was_used(ending)


def test_both_variants_grant_the_same(kubectl_path: Path) -> None:
    """Whatever is proved of the Role is true of the ClusterRole; and each permission has a step that needs it."""
    everywhere = find(render(kubectl_path, "base"), "ClusterRole", ACCOUNT)
    confined = render(kubectl_path, "overlays/namespaced")
    role, lease = (find(confined, "Role", name) for name in (ACCOUNT, f"{ACCOUNT}-lease"))
    assert role["rules"] == everywhere["rules"]
    assert sorted(SERVES) == granted([role, lease])


@pytest.fixture(scope="module")
def endings(
    plane: ControlPlane, admin: Kube, remote: Remote, kubectl_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[Permission | None, Ending]:
    """The scenario of one namespace with all permissions (None), and once without each; several side by side."""
    objects = render(kubectl_path, "overlays/namespaced")
    directory = tmp_path_factory.mktemp("rights")

    def play_one(taken: Permission | None) -> Ending:
        case = f"no-{taken}" if taken is not None else "all"
        (directory / case).mkdir()
        return play(Place(plane, admin, objects, f"{case}-", directory / case), remote, taken)

    cases = [None, *SERVES]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return dict(zip(cases, pool.map(play_one, cases), strict=True))


@pytest.mark.timeout(240)
def test_the_operator_of_one_namespace_uses_just_what_it_is_granted(endings: dict[Permission | None, Ending]) -> None:
    """The whole scenario with Roles only."""
    assert_that_just_this_was_used(endings[None])


@pytest.mark.timeout(240)
@pytest.mark.parametrize("taken", SERVES, ids=str)
def test_without(endings: dict[Permission | None, Ending], taken: Permission) -> None:
    """The step that needs the permission fails, because just this was refused; all steps before it succeed."""
    ending = endings[taken]
    assert ending.stuck == SERVES[taken]
    assert ending.account.refused
    assert [request for request in ending.account.refused if not taken.covers(request)] == []

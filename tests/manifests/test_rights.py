"""Operator and bridge work with nothing but what the manifests grant, and with nothing less."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from controlplane.plane import ControlPlane
from manifests import bridge_scenario, operator_scenario
from manifests.bridge_scenario import BridgeScenario
from manifests.conftest import Remote
from manifests.operator_scenario import OperatorScenario
from manifests.place import Account, Place
from manifests.rendered import find, render
from manifests.rights import Permission, granted, without
from manifests.steps import Stuck
from support.kube import Kube
from support.waiting import eventually

SIDE_BY_SIDE = 5


@dataclass(frozen=True)
class Case:
    """One run of a scenario, with all permissions or without one."""

    component: str
    taken: Permission | None = None

    def __str__(self) -> str:
        return f"{self.component}-{'all' if self.taken is None else f'no-{self.taken}'}"

    @property
    def account(self) -> str:
        """Whose permissions they are."""
        return ACCOUNTS[self.component]

    @property
    def doomed(self) -> str:
        """The step that must fail."""
        steps = STEPS[self.component]
        return next((step for step, permissions in steps.items() if self.taken in permissions), "")


ACCOUNTS = {"operator": operator_scenario.ACCOUNT, "bridge": bridge_scenario.ACCOUNT}
STEPS = {"operator": operator_scenario.STEPS, "bridge": bridge_scenario.STEPS}
LESS = [
    Case(component, permission)
    for component, steps in STEPS.items()
    for permissions in steps.values()
    for permission in permissions
]
ALL = [Case(component) for component in STEPS]


@dataclass(frozen=True)
class Ending:
    """How a scenario ended."""

    stuck: str
    """At which step; empty where it went through."""
    granted: list[Permission]
    account: Account


def play(place: Place, remote: Remote, case: Case) -> Ending:
    """The scenario at a place of its own."""
    roles = [body["metadata"]["name"] for body in place.roles_of(case.account)]
    place.prepare(lambda role: without(role, case.taken) if role["metadata"]["name"] in roles else role)
    scenario: OperatorScenario | BridgeScenario = (
        OperatorScenario(place, remote.simulator, remote.secret)
        if case.component == "operator"
        else BridgeScenario(place)
    )
    stuck = ""
    try:
        scenario.play(case.doomed)
    except Stuck as error:
        if case.taken is None:
            raise
        stuck = error.step
    place.clear()
    return Ending(stuck, granted(place.roles_of(case.account)), scenario.account)


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
    place = Place(plane, admin, render(kubectl_path, "base"), "everywhere-", tmp_path)
    assert_that_just_this_was_used(play(place, remote, Case("operator")))


def test_both_variants_grant_the_operator_the_same(kubectl_path: Path) -> None:
    """Whatever is proved of the Role is true of the ClusterRole."""
    everywhere = find(render(kubectl_path, "base"), "ClusterRole", ACCOUNTS["operator"])
    confined = find(render(kubectl_path, "overlays/namespaced"), "Role", ACCOUNTS["operator"])
    assert confined["rules"] == everywhere["rules"]


@pytest.mark.parametrize("component", STEPS)
def test_every_permission_has_its_case(plane: ControlPlane, admin: Kube, kubectl_path: Path, component: str) -> None:
    """None is granted that the cases below do not take away."""
    place = Place(plane, admin, render(kubectl_path, "overlays/namespaced"), "", Path())
    cases = [case.taken for case in LESS if case.component == component]
    assert sorted(filter(None, cases)) == granted(place.roles_of(ACCOUNTS[component]))


@pytest.fixture(scope="module")
def endings(
    plane: ControlPlane, admin: Kube, remote: Remote, kubectl_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[Case, Future[Ending]]:
    """Each scenario in one namespace, with all permissions and once without each; several side by side."""
    objects = render(kubectl_path, "overlays/namespaced")
    directory = tmp_path_factory.mktemp("rights")

    def play_one(case: Case) -> Ending:
        (directory / str(case)).mkdir()
        return play(Place(plane, admin, objects, f"{case}-", directory / str(case)), remote, case)

    cases = [*ALL, *LESS]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return {case: pool.submit(play_one, case) for case in cases}


@pytest.mark.timeout(280)
@pytest.mark.parametrize("case", ALL, ids=str)
def test_what_is_granted_in_one_namespace_is_used(endings: dict[Case, Future[Ending]], case: Case) -> None:
    """The whole scenario with Roles only."""
    assert_that_just_this_was_used(endings[case].result())


@pytest.mark.timeout(280)
@pytest.mark.parametrize("case", LESS, ids=str)
def test_without(endings: dict[Case, Future[Ending]], case: Case) -> None:
    """The step that needs the permission fails, because just this was refused; all steps before it succeed."""
    ending = endings[case].result()
    assert case.taken is not None
    assert ending.stuck == case.doomed
    assert ending.account.refused
    assert [request for request in ending.account.refused if not case.taken.covers(request)] == []

"""Operator and bridge work with nothing but what the manifests grant, and with nothing less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from controlplane.plane import ControlPlane
from manifests import bridge_scenario, operator_scenario
from manifests.bridge_scenario import BridgeScenario
from manifests.installation import Account, Installation
from manifests.operator_scenario import OperatorScenario
from manifests.rendered import ROOT, find, render
from manifests.rights import Permission, granted, without
from manifests.scenario import Scenario, Stuck
from support.waiting import eventually


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
SCENARIOS: dict[str, Callable[[Installation, str], Scenario]] = {
    "operator": OperatorScenario,
    "bridge": BridgeScenario,
}
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


def play(installed: Installation, case: Case) -> Ending:
    """The scenario with what an installation grants, less what the case takes away."""
    roles = [body["metadata"]["name"] for body in installed.roles_of(case.account)]
    installed.prepare(lambda role: without(role, case.taken) if role["metadata"]["name"] in roles else role)
    scenario = SCENARIOS[case.component](installed, case.doomed)
    stuck = ""
    try:
        scenario.play()
    except Stuck as error:
        if case.taken is None:
            raise
        stuck = error.step
    return Ending(stuck, granted(installed.roles_of(case.account)), scenario.account)


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
def test_the_operator_of_every_namespace_uses_just_what_it_is_granted(kubectl_path: Path, tmp_path: Path) -> None:
    """The whole scenario with the ClusterRole, where there is nobody else whom it would work for."""
    with ControlPlane.start(tmp_path / "plane", crds=ROOT / "crds") as plane:
        installed = Installation(plane, render(kubectl_path, "base"), "everywhere-", tmp_path)
        assert_that_just_this_was_used(play(installed, Case("operator")))


def test_both_variants_grant_the_operator_the_same(kubectl_path: Path) -> None:
    """Whatever is proved of the Role is true of the ClusterRole."""
    everywhere = find(render(kubectl_path, "base"), "ClusterRole", ACCOUNTS["operator"])
    confined = find(render(kubectl_path, "overlays/namespaced"), "Role", ACCOUNTS["operator"])
    assert confined["rules"] == everywhere["rules"]


@pytest.mark.parametrize("component", STEPS)
def test_every_permission_has_its_case(control_plane: ControlPlane, kubectl_path: Path, component: str) -> None:
    """None is granted that the cases below do not take away."""
    installed = Installation(control_plane, render(kubectl_path, "overlays/namespaced"), "", Path())
    cases = [case.taken for case in LESS if case.component == component]
    assert sorted(filter(None, cases)) == granted(installed.roles_of(ACCOUNTS[component]))


@pytest.fixture
def ending(control_plane: ControlPlane, kubectl_path: Path, case: Case, tmp_path: Path) -> Ending:
    """Of the scenario in one namespace, with Roles only."""
    objects = render(kubectl_path, "overlays/namespaced")
    return play(Installation(control_plane, objects, f"{case}-", tmp_path), case)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("case", ALL, ids=str)
def test_what_is_granted_in_one_namespace_is_used(ending: Ending) -> None:
    """The whole scenario."""
    assert_that_just_this_was_used(ending)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("case", LESS, ids=str)
def test_without(ending: Ending, case: Case) -> None:
    """The step that needs the permission fails, because just this was refused; all steps before it succeed."""
    assert case.taken is not None
    assert ending.stuck == case.doomed
    assert ending.account.refused
    assert [request for request in ending.account.refused if not case.taken.covers(request)] == []

"""The cases of health_test.yaml and action_test.yaml, in the format of Argo CD's own repository and with its rules."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import argocd
from support.argocd import CUSTOMIZATIONS, ScriptError

KINDS = sorted(path.parent for path in CUSTOMIZATIONS.glob("*/*/health.lua"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""Expected outputs carry this moment where an action writes the time."""


def load(folder: Path, path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((folder / path).read_text(encoding="utf-8"))
    return loaded


def cases(file: str, key: str) -> list[Any]:
    """Every case of a test file of every kind, with the folder that its paths begin at."""
    return [
        pytest.param((kind / file).parent, case, id=f"{kind.name}-{number}-{Path(case['inputPath']).stem}")
        for kind in KINDS
        for number, case in enumerate(load(kind, file)[key])
    ]


def test_both_kinds_are_there() -> None:
    """In the folders that Argo CD looks for them in: group, then kind."""
    assert [f"{kind.parent.name}/{kind.name}" for kind in KINDS] == ["cxone.dev/CxoneTenant", "cxone.dev/CxoneUser"]


@pytest.mark.parametrize(("folder", "case"), cases("health_test.yaml", "tests"))
def test_health(folder: Path, case: dict[str, Any]) -> None:
    """Status and message are the expected ones."""
    assert asdict(argocd.health(load(folder, case["inputPath"]))) == case["healthStatus"]


@pytest.mark.parametrize(("folder", "case"), cases("actions/action_test.yaml", "discoveryTests"))
def test_discovery(folder: Path, case: dict[str, Any]) -> None:
    """Exactly the expected actions, offered or not; Argo CD's runner would accept fewer."""
    found = argocd.discover(load(folder, case["inputPath"]))
    expected = [{"params": []} | action for action in case["result"]]
    assert sorted(map(asdict, found.values()), key=name_of) == sorted(expected, key=name_of)


@pytest.mark.parametrize(("folder", "case"), cases("actions/action_test.yaml", "actionTests"))
def test_action(folder: Path, case: dict[str, Any]) -> None:
    """The resource comes out as expected, or the action is refused with the expected message."""
    resource = load(folder, case["inputPath"])
    if "expectedErrorMessage" in case:
        with pytest.raises(ScriptError) as refused:
            argocd.act(resource, case["action"], case.get("parameters"), NOW)
        assert str(refused.value) == case["expectedErrorMessage"]
    else:
        assert argocd.act(resource, case["action"], case.get("parameters"), NOW) == load(
            folder, case["expectedOutputPath"]
        )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_nothing_is_left_untested(kind: Path) -> None:
    """Every action has a case, every action of the menu a script, and every file in testdata a reader."""
    health, actions = load(kind, "health_test.yaml"), load(kind, "actions/action_test.yaml")
    scripts = {path.parent.name for path in kind.glob("actions/*/action.lua")}
    assert {case["action"] for case in actions["actionTests"]} == scripts
    assert {action["name"] for case in actions["discoveryTests"] for action in case["result"]} == scripts
    read = {(kind / case["inputPath"]).resolve() for case in health["tests"]} | {
        (kind / "actions" / case[key]).resolve()
        for case in actions["discoveryTests"] + actions["actionTests"]
        for key in ("inputPath", "expectedOutputPath")
        if key in case
    }
    assert read == {path.resolve() for path in kind.rglob("testdata/*.yaml")}


@pytest.mark.parametrize(
    "script",
    [
        "return string.upper('x')",
        "return ('x'):upper()",
        "return math.floor(1)",
        "return os.date('!%Y')",
        "return require('string')",
        "return io.open('x')",
    ],
)
def test_the_machine_is_that_of_production(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Argo CD's tests would allow and production does not is an error here."""
    folder = tmp_path / "cxone.dev/CxoneUser"
    folder.mkdir(parents=True)
    (folder / "health.lua").write_text(script)
    monkeypatch.setattr(argocd, "CUSTOMIZATIONS", tmp_path)
    with pytest.raises(ScriptError):
        argocd.health({"apiVersion": "cxone.dev/v1alpha1", "kind": "CxoneUser", "metadata": {}})


def name_of(action: dict[str, Any]) -> str:
    return str(action["name"])

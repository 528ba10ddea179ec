"""Alerts: promtool takes them, they fire when they must and are silent when they must not, and each has its page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.monitoring.queries import GROUPS, ROOT, RULES

CASES = Path(__file__).parent / "rules"
RUNBOOKS = ROOT / "docs" / "runbooks"
PROMISED = {
    "CxoneOperatorDown",
    "CxoneOperatorAuthenticationFailing",
    "CxoneOperatorCircuitOpen",
    "CxoneOperatorReconcileErrors",
    "CxoneOperatorUsersStalled",
    "CxoneOperatorDeletionStuck",
    "CxoneOperatorDeprovisioningHeld",
    "CxoneOperatorSnapshotStale",
    "CxoneOperatorThrottled",
    "CxoneOperatorLicensesExhausted",
    "CxoneHRBridgeRejecting",
}
ALERTS = sorted({rule["alert"] for rule in RULES})
SECTIONS = ["What it means", "What it costs", "How to look", "What to do"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The rules as Prometheus reads them, without the resource around them."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": GROUPS}))
    return tmp_path


def cases(alert: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((CASES / f"{alert}.yaml").read_text())["tests"]
    return found


def test_the_promised_alerts_are_there() -> None:
    assert set(ALERTS) == PROMISED


def test_prometheus_takes_the_rules(promtool: Path, folder: Path) -> None:
    command = [promtool, "check", "rules", "--lint=all", "--lint-fatal", folder / "rules.yaml"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_it_fires_when_it_must_and_only_then(promtool: Path, folder: Path, alert: str) -> None:
    shutil.copy(CASES / f"{alert}.yaml", folder)
    command = [promtool, "test", "rules", folder / f"{alert}.yaml"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_its_cases_see_it_fire_and_be_silent(alert: str) -> None:
    """And say once word for word what it tells a person."""
    expected = [item for case in cases(alert) for item in case.get("alert_rule_test", [])]
    fires = [item["exp_alerts"] for item in expected if item["exp_alerts"]]
    assert {item["alertname"] for item in expected} == {alert}
    assert fires
    silent = [case for case in cases(alert) if not any(_fires(item) for item in case.get("alert_rule_test", []))]
    assert any(item["exp_samples"] == [] for case in silent for item in case.get("promql_expr_test", []))


def _fires(item: dict[str, Any]) -> bool:
    return bool(item["exp_alerts"])


def test_no_case_is_about_an_alert_that_is_gone() -> None:
    assert sorted(path.stem for path in CASES.iterdir()) == ALERTS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_it_tells_what_a_person_needs(rule: dict[str, Any]) -> None:
    """How urgent it is, what it is about, and which page says what to do."""
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"].endswith(f"/docs/runbooks/{rule['alert']}.md")
    assert re.fullmatch(r"\d+m", rule["for"])


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md") if path.stem != "README") == ALERTS


@pytest.mark.parametrize("alert", ALERTS)
def test_its_page_has_the_four_answers(alert: str) -> None:
    text = (RUNBOOKS / f"{alert}.md").read_text()
    assert text.startswith(f"# {alert}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS

"""What `kubectl apply -k manifests/monitoring` sends, and the examples of the page that explains it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlplane.binaries import Binaries
from manifests.monitoring.queries import DASHBOARD, MONITORING, ROOT, RULES

PAGE = (ROOT / "docs" / "how-to" / "observe.md").read_text()


@pytest.fixture(scope="module")
def kubectl_path(control_plane_binaries: Binaries) -> Path:
    """It renders kustomizations without an API server."""
    return control_plane_binaries.kubectl


def render(kubectl: Path, folder: Path) -> list[dict[str, Any]]:
    command = [kubectl, "kustomize", folder]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return list(yaml.safe_load_all(answer.stdout))


def of_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [body for body in objects if body["kind"] == kind]


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A folder of somebody's own, beside `manifests`."""
    shutil.copytree(MONITORING, tmp_path / "manifests" / "monitoring")
    (tmp_path / "monitoring").mkdir()
    return tmp_path / "monitoring"


def test_everything_is_where_the_operator_is(kubectl_path: Path) -> None:
    objects = render(kubectl_path, MONITORING)
    kinds = sorted((body["kind"], body["metadata"]["name"]) for body in objects)
    assert kinds == [
        ("ConfigMap", "cxone-operator-dashboard"),
        ("PodMonitor", "cxone-hr-bridge"),
        ("PodMonitor", "cxone-operator"),
        ("PrometheusRule", "cxone-operator"),
    ]
    assert {body["metadata"]["namespace"] for body in objects} == {"cxone-system"}


def test_grafana_finds_the_dashboard_and_can_read_it(kubectl_path: Path) -> None:
    (found,) = of_kind(render(kubectl_path, MONITORING), "ConfigMap")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found["data"]["cxone-operator.json"]) == DASHBOARD


def test_each_process_is_scraped_once(kubectl_path: Path) -> None:
    """By a label that only its pods have, on the port that health is served on."""
    monitors = of_kind(render(kubectl_path, MONITORING), "PodMonitor")
    selected = [body["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] for body in monitors]
    assert sorted(selected) == ["hr-bridge", "operator"]
    assert {endpoint["port"] for body in monitors for endpoint in body["spec"]["podMetricsEndpoints"]} == {"metrics"}


def example(name: str, word: str) -> str:
    (found,) = [
        body for body in re.findall(rf"```yaml\n# {re.escape(name)}\n(.+?)```", PAGE, re.DOTALL) if word in body
    ]
    return str(found)


def test_the_example_with_a_label_of_ones_own(kubectl_path: Path, beside: Path) -> None:
    (beside / "kustomization.yaml").write_text(example("monitoring/kustomization.yaml", "release:"))
    labels = [body["metadata"]["labels"].get("release") for body in render(kubectl_path, beside)]
    assert labels == ["kube-prometheus-stack"] * 4


def test_the_example_with_another_threshold(kubectl_path: Path, beside: Path, promtool: Path) -> None:
    (beside / "kustomization.yaml").write_text(example("monitoring/kustomization.yaml", "op: replace"))
    (rule,) = of_kind(render(kubectl_path, beside), "PrometheusRule")
    (changed,) = [item for item in rule["spec"]["groups"][0]["rules"] if item["alert"] == "CxoneOperatorSnapshotStale"]
    assert "> 4 * 7200" in changed["expr"]
    (beside / "rules.yaml").write_text(yaml.safe_dump(rule["spec"]))
    subprocess.run([promtool, "check", "rules", beside / "rules.yaml"], capture_output=True, check=True)


def test_the_example_for_prometheus_alone(promtool: Path, tmp_path: Path) -> None:
    """With the rules beside it that the command of the page writes."""
    rules = yaml.safe_load((MONITORING / "rules.yaml").read_text())["spec"]
    (tmp_path / "cxone-operator.rules.yaml").write_text(yaml.safe_dump(rules))
    (tmp_path / "prometheus.yml").write_text(example("prometheus.yml", "scrape_configs"))
    command = [promtool, "check", "config", tmp_path / "prometheus.yml"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "12 rules found" in answer.stdout + answer.stderr


def test_the_page_names_every_alert() -> None:
    assert set(re.findall(r"\[(\w+)\]\(\.\./runbooks/\1\.md\)", PAGE)) == {rule["alert"] for rule in RULES}

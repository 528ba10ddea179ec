"""What `kubectl apply -k manifests/monitoring` sends, and the examples of the page that explains it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from manifests.monitoring.queries import DASHBOARD, MONITORING, ROOT, RULES
from manifests.rendered import Object, of_kind, pods, render

PAGE = (ROOT / "docs" / "how-to" / "observe.md").read_text()


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A folder of somebody's own, beside `manifests`."""
    shutil.copytree(MONITORING, tmp_path / "manifests" / "monitoring")
    (tmp_path / "monitoring").mkdir()
    return tmp_path / "monitoring"


def test_everything_is_where_the_operator_is(kubectl_path: Path) -> None:
    objects = render(kubectl_path, "monitoring")
    kinds = sorted((body["kind"], body["metadata"]["name"]) for body in objects)
    assert kinds == [
        ("ConfigMap", "cxone-operator-dashboard"),
        ("PodMonitor", "cxone-hr-bridge"),
        ("PodMonitor", "cxone-operator"),
        ("PrometheusRule", "cxone-operator"),
    ]
    assert {body["metadata"]["namespace"] for body in objects} == {"cxone-system"}


def test_grafana_finds_the_dashboard_and_can_read_it(kubectl_path: Path) -> None:
    (found,) = of_kind(render(kubectl_path, "monitoring"), "ConfigMap")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found["data"]["cxone-operator.json"]) == DASHBOARD


def test_each_pod_is_scraped_by_one_monitor(kubectl_path: Path) -> None:
    """Of those that `manifests/base` makes: in their namespace, by their labels, on a port that they have."""
    monitors = of_kind(render(kubectl_path, "monitoring"), "PodMonitor")
    made = pods(render(kubectl_path, "base"))
    assert len(made) == 2
    for pod in made:
        (monitor,) = [body for body in monitors if selects(body, pod)]
        ports = {port["name"] for item in pod["spec"]["containers"] for port in item["ports"]}
        assert {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]} <= ports


def selects(monitor: Object, pod: Object) -> bool:
    here = monitor["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return here and monitor["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


def example(name: str, word: str) -> str:
    (found,) = [
        body for body in re.findall(rf"```yaml\n# {re.escape(name)}\n(.+?)```", PAGE, re.DOTALL) if word in body
    ]
    return str(found)


def test_the_example_with_a_label_of_ones_own(kubectl_path: Path, beside: Path) -> None:
    (beside / "kustomization.yaml").write_text(example("monitoring/kustomization.yaml", "release:"))
    labels = [body["metadata"]["labels"].get("release") for body in render(kubectl_path, str(beside))]
    assert labels == ["kube-prometheus-stack"] * 4


def test_the_example_with_another_threshold(kubectl_path: Path, beside: Path, promtool: Path) -> None:
    (beside / "kustomization.yaml").write_text(example("monitoring/kustomization.yaml", "op: replace"))
    (rule,) = of_kind(render(kubectl_path, str(beside)), "PrometheusRule")
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

"""Rules and dashboard ask only for what there is, and whatever there is is asked for by one of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from cxone_operator.api import conditions
from cxone_operator.api.reasons import Reason
from manifests.monitoring.queries import (
    DASHBOARD,
    OF_THE_TARGET,
    ROOT,
    Query,
    all_metrics,
    exposed,
    of_the_dashboard,
    of_the_rules,
    panels,
)

QUERIES = [*of_the_rules(), *of_the_dashboard()]
TYPES = {conditions.READY, conditions.LICENSED, conditions.SYNCED, conditions.RECONCILING, conditions.STALLED}
VALUES = {
    "reason": {reason.value for reason in Reason},
    "type": TYPES | {"Deleting"},
    "status": {"True", "False", "Unknown"},
    "ready": {"True", "False", "Unknown"},
    "operation": {"token"},
    "result": {"applied", "duplicate", "ignored", "invalid", "unauthorized", "conflict", "too_large", "unavailable"},
}
"""Labels whose values are words of ours: a misspelt one would never match, and nobody would notice."""

PAGE = (ROOT / "docs" / "how-to" / "observe.md").read_text()
DESCRIBED = {
    name: frozenset(filter(None, labels.split(",")))
    for name, labels in re.findall(
        r"`([a-z_]+)(?:\{([a-z,]+)\})?`", PAGE.partition("| question")[2].partition("\n\n")[0]
    )
}
"""The table of questions: metric and labels."""


def place(query: Query) -> str:
    return query.place


def test_prometheus_understands_every_panel(promtool: Path, tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": query.text} for number, query in enumerate(of_the_dashboard())]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    answer = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("query", QUERIES, ids=place)
def test_it_asks_for_metrics_and_labels_that_there_are(query: Query) -> None:
    known = exposed(*all_metrics())
    assert query.selectors
    assert [metric for metric, _ in query.selectors if metric not in known] == []
    for metric, matchers in query.selectors:
        assert set(matchers) <= known[metric] | OF_THE_TARGET, metric
    labels = OF_THE_TARGET.union(*(known[metric] for metric, _ in query.selectors))
    assert query.groupings <= labels


@pytest.mark.parametrize("query", QUERIES, ids=place)
def test_it_asks_for_values_that_there_are(query: Query) -> None:
    for _, matchers in query.selectors:
        for label in matchers.keys() & VALUES.keys():
            assert set(matchers[label].split("|")) <= VALUES[label], matchers


@pytest.mark.parametrize("metric", all_metrics(), ids=lambda metric: metric._name)
def test_every_metric_has_a_use(metric: MetricWrapperBase) -> None:
    """On the dashboard or in a rule, and in the page that says which question it answers."""
    series = exposed(metric)
    assert series.keys() & {name for query in QUERIES for name, _ in query.selectors}
    name, labels = min(
        (name.removesuffix("_count"), labels) for name, labels in series.items() if "_bucket" not in name
    )
    assert DESCRIBED.get(name.removeprefix("cxone_operator_")) == labels


def test_the_dashboard_has_its_rows() -> None:
    rows = [panel["title"] for panel in panels("row")]
    assert rows == ["Overview", "Reconcile", "CXone API", "Drift and snapshot", "Licences", "Bridge"]


def test_every_panel_says_what_it_shows_and_reads_the_chosen_source() -> None:
    source = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert all(item["datasource"] == source for item in (panel, *panel["targets"]))


def test_no_two_panels_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_legends_name_labels_that_are_kept() -> None:
    for panel in panels():
        for target in panel["targets"]:
            kept = Query("", target["expr"]).groupings
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept, panel["title"]

"""What the rules and the dashboard ask for, and what there is to be asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import Counter, Histogram, Info
from prometheus_client.metrics import MetricWrapperBase

from cxone_operator.telemetry import metrics

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "manifests" / "monitoring"
GROUPS: list[dict[str, Any]] = yaml.safe_load((MONITORING / "rules.yaml").read_text())["spec"]["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "dashboards" / "cxone-operator.json").read_text())
OF_THE_TARGET = frozenset({"namespace", "job", "pod"})
"""What Prometheus puts on every series that it scrapes from a PodMonitor."""
_VARIABLES = {"$__rate_interval": "5m", "$tenant": ".*"}

_SELECTOR = re.compile(r"\b(?P<metric>cxone_operator_\w+)\s*(?:\{(?P<matchers>[^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|on|ignoring|without)\s*\(([^)]*)\)")


@dataclass(frozen=True)
class Query:
    """One expression, and where it stands."""

    place: str
    text: str

    @property
    def selectors(self) -> list[tuple[str, dict[str, str]]]:
        """Each metric that is named, with the labels that it is asked for by."""
        return [(found["metric"], dict(_MATCHER.findall(found["matchers"] or ""))) for found in self._found]

    @property
    def _found(self) -> Iterator[re.Match[str]]:
        return _SELECTOR.finditer(self.text)

    @property
    def groupings(self) -> set[str]:
        """Labels that results are grouped or joined by."""
        return {label.strip() for found in _GROUPING.findall(self.text) for label in found.split(",")}


def panels(kind: str | None = None) -> list[dict[str, Any]]:
    """Those of a kind, or all that show something."""
    return [item for item in DASHBOARD["panels"] if (item["type"] == kind if kind else item["type"] != "row")]


def of_the_rules() -> list[Query]:
    """Every expression of every alert."""
    return [Query(rule["alert"], rule["expr"]) for rule in RULES]


def of_the_dashboard() -> list[Query]:
    """Every expression of every panel, as Grafana would send it."""
    return [
        Query(f"panel {panel['title']}", _substituted(target["expr"]))
        for panel in panels()
        for target in panel["targets"]
    ]


def exposed(*found: MetricWrapperBase) -> dict[str, frozenset[str]]:
    """Every series name of these metrics that a scrape can show, with its labels."""
    return {name: labels for metric in found for name, labels in _series(metric)}


def all_metrics() -> list[MetricWrapperBase]:
    """Everything that metrics.py defines, once."""
    return [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]


def _series(metric: MetricWrapperBase) -> Iterator[tuple[str, frozenset[str]]]:
    name, labels = next(iter(metric.describe())).name, frozenset(metric._labelnames)
    if isinstance(metric, Histogram):
        yield f"{name}_bucket", labels | {"le"}
        yield f"{name}_sum", labels
        yield f"{name}_count", labels
    elif isinstance(metric, Counter):
        yield f"{name}_total", labels
    elif isinstance(metric, Info):
        yield f"{name}_info", labels | {"version"}
    else:
        yield name, labels


def _substituted(expression: str) -> str:
    for variable, value in _VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression

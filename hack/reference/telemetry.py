"""The pages of what the operator tells: reasons, metrics and the audit trail."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from prometheus_client import Counter, Histogram, Info, Metric
from prometheus_client.metrics import MetricWrapperBase

from cxone_operator.api import conditions, meta
from cxone_operator.api.reasons import Reason
from cxone_operator.telemetry import audit, metrics
from cxone_operator.telemetry.audit import Act, AuditLine, Result
from reference.markdown import code, literal, one_line, page, section, table
from reference.source import meaning, meanings


def reasons(_root: Path) -> str:
    """Condition types and reasons."""
    types = [
        (literal(value), meaning(conditions, name))
        for name, value in vars(conditions).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str)
    ]
    return page(
        "Conditions and reasons",
        "What a condition of a CxoneUser or CxoneTenant says. A name never changes its meaning, so tools may match "
        "on it; the message beside it is for people, names the remedy where there is one, and may change.",
        section("Conditions", table(["type", "what it says"], types)),
        section("Reasons", table(["reason", "meaning"], [(literal(item.value), item.meaning) for item in Reason])),
    )


def metadata(_root: Path) -> str:
    """Finalizers and annotations."""
    rows = [
        (literal(value), meaning(meta, name))
        for name, value in vars(meta).items()
        if name.isupper() and isinstance(value, str) and value.startswith(f"{meta.GROUP}/")
    ]
    return page(
        "Finalizers and annotations",
        "What the operator puts into, and understands in, the metadata of its resources.",
        table(["name", "meaning"], rows),
    )


def metric_names(_root: Path) -> str:
    """Metrics."""
    rows = [(literal(_exposed(metric)), _family(metric).type, _labels(metric), _help(metric)) for metric in _metrics()]
    return page(
        "Metrics",
        "Served at `/metrics` in the Prometheus text format. No label carries a user's name, address or id.",
        table(["metric", "type", "labels", "meaning"], rows),
    )


def _metrics() -> Iterator[MetricWrapperBase]:
    seen: set[int] = set()
    for value in vars(metrics).values():
        if isinstance(value, MetricWrapperBase) and id(value) not in seen:
            seen.add(id(value))
            yield value


def _family(metric: MetricWrapperBase) -> Metric:
    return next(iter(metric.describe()))


def _exposed(metric: MetricWrapperBase) -> str:
    name = _family(metric).name
    return name + ("_total" if isinstance(metric, Counter) else "_info" if isinstance(metric, Info) else "")


def _labels(metric: MetricWrapperBase) -> str:
    return ", ".join(literal(label) for label in metric._labelnames)


def _help(metric: MetricWrapperBase) -> str:
    text = _family(metric).documentation
    if not isinstance(metric, Histogram):
        return text
    given = metric._kwargs.get("buckets", Histogram.DEFAULT_BUCKETS)
    bounds = ", ".join(f"{bound:g}" for bound in given if bound != math.inf)
    return f"{text} (buckets: {bounds})"


def audit_trail(_root: Path) -> str:
    """Audit lines."""
    paragraphs = (audit.__doc__ or "").split("\n\n")
    docs = meanings(AuditLine)
    rows = [
        (literal("log"), "Always `audit`: tells these lines from all others."),
        (literal("time"), "When the line was written, in UTC (RFC 3339)."),
        *((literal(item.encode_name), docs[item.name] or meaning(AuditLine, item.name)) for item in _line_fields()),
    ]
    return page(
        "The audit trail",
        *(one_line(paragraph) for paragraph in paragraphs),
        code(audit.encoded(_EXAMPLE, datetime(2026, 11, 24, 9, 30, 12, 345678, tzinfo=UTC)), "json"),
        section("Fields", "What does not apply is left out.", table(["field", "meaning"], rows)),
        section("Actions", table(["action", "meaning"], [(literal(act.value), act.meaning) for act in Act])),
        section("Results", table(["result", "meaning"], [(literal(item.value), item.meaning) for item in Result])),
    )


def _line_fields() -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(AuditLine)


_EXAMPLE = AuditLine(
    Act.UPDATE,
    Result.SUCCESS,
    tenant="workforce/default",
    user_name="jane.smith@example.com",
    resource={"namespace": "workforce", "name": "jane-smith", "uid": "0f0ab1ea-5a3c-4d0c-9b1e-3c1d3a1f6c55"},
    changes={"groups": "Support-Team → Sales-Team", "roles": "Agent → Supervisor"},
    requested_by="argocd-controller",
    remote_request_id="17af0fa1-f96c-4591-9c4c-b558c9ad2d40",
    duration_seconds=0.214,
)

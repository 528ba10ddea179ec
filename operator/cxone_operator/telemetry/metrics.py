"""Every metric, once, with its help text. No user names, e-mail addresses or ids as labels."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

REGISTRY = CollectorRegistry()
_PREFIX = "cxone_operator"

users_provisioned = Counter(
    "users_provisioned", "Users created in CXone, by result", ["tenant", "result"], namespace=_PREFIX, registry=REGISTRY
)
license_utilization = Gauge(
    "license_utilization_percent", "Used seats of all seats", ["tenant"], namespace=_PREFIX, registry=REGISTRY
)
licenses = Gauge(
    "licenses", "Seats: total, used, reserved, waiting", ["tenant", "state"], namespace=_PREFIX, registry=REGISTRY
)
users = Gauge("users", "CxoneUser resources", ["tenant", "ready", "active"], namespace=_PREFIX, registry=REGISTRY)
user_conditions = Gauge(
    "user_conditions",
    "CxoneUser resources by condition",
    ["tenant", "type", "status", "reason"],
    namespace=_PREFIX,
    registry=REGISTRY,
)
time_to_ready = Histogram(
    "time_to_ready_seconds",
    "From a new resource or spec to Ready",
    namespace=_PREFIX,
    registry=REGISTRY,
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
)
api_requests = Counter(
    "api_requests",
    "HTTP requests to CXone",
    ["tenant", "operation", "code"],
    namespace=_PREFIX,
    registry=REGISTRY,
)
api_request_duration = Histogram(
    "api_request_duration_seconds",
    "Duration of HTTP requests to CXone",
    ["tenant", "operation"],
    namespace=_PREFIX,
    registry=REGISTRY,
)
api_throttled = Counter("api_throttled", "Answers 429 from CXone", ["tenant"], namespace=_PREFIX, registry=REGISTRY)
rate_budget_remaining = Gauge(
    "rate_budget_remaining", "Requests left in the current window", ["tenant"], namespace=_PREFIX, registry=REGISTRY
)
queue_depth = Gauge(
    "queue_depth", "Users that wait in a lane", ["tenant", "lane"], namespace=_PREFIX, registry=REGISTRY
)
queue_wait = Histogram(
    "queue_wait_seconds",
    "From entering a lane to being sent",
    ["lane"],
    namespace=_PREFIX,
    registry=REGISTRY,
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600),
)
bulk_jobs = Gauge("bulk_jobs", "Bulk jobs of CXone", ["tenant", "state"], namespace=_PREFIX, registry=REGISTRY)
bulk_batch_size = Histogram(
    "bulk_batch_size",
    "Operations in a bulk request",
    namespace=_PREFIX,
    registry=REGISTRY,
    buckets=(5, 10, 25, 50, 75, 100, 250, 500, 1000),
)
directory_age = Gauge(
    "directory_age_seconds", "Age of the snapshot of CXone's users", ["tenant"], namespace=_PREFIX, registry=REGISTRY
)
drift = Counter(
    "drift", "Fields found changed in CXone by somebody else", ["tenant", "field"], namespace=_PREFIX, registry=REGISTRY
)
deprovisioning_held = Gauge(
    "deprovisioning_held",
    "Users whose deprovisioning waits for an approval",
    ["tenant"],
    namespace=_PREFIX,
    registry=REGISTRY,
)
circuit_open = Gauge(
    "circuit_open",
    "1 while CXone as a whole fails and is tried with one request at a time",
    ["tenant"],
    namespace=_PREFIX,
    registry=REGISTRY,
)
kubernetes_writes = Counter(
    "kubernetes_writes", "Writes to the API server", ["kind", "code"], namespace=_PREFIX, registry=REGISTRY
)
bridge_events = Counter(
    "bridge_events", "Requests to the HR bridge, by result", ["action", "result"], namespace=_PREFIX, registry=REGISTRY
)
bridge_event_duration = Histogram(
    "bridge_event_duration_seconds",
    "From the body of a request to its answer",
    namespace=_PREFIX,
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
leader = Gauge("leader", "1 where this process may act, 0 where it stands by", namespace=_PREFIX, registry=REGISTRY)
build_info = Info("build", "Version of the operator", namespace=_PREFIX, registry=REGISTRY)


def observe_kubernetes_write(plural: str, code: str) -> None:
    """Count one write to the API server."""
    kubernetes_writes.labels(plural, code).inc()

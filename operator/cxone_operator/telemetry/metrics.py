"""Every metric, once, with a help text that says what is counted and in which unit.

Labels never carry names, e-mail addresses or ids of people. `tenant` is the namespace and name of a CxoneTenant, or
`environment`. What a tenant's gauges say is set when somebody reads them, from what the tenant's loop knows then; a
process that stands by knows no tenant and shows none.
"""

from __future__ import annotations

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics

REGISTRY = CollectorRegistry()
_PREFIX = "cxone_operator"
_counter = partial(Counter, namespace=_PREFIX, registry=REGISTRY)
_gauge = partial(Gauge, namespace=_PREFIX, registry=REGISTRY)
_histogram = partial(Histogram, namespace=_PREFIX, registry=REGISTRY)

# A second series for each counter and histogram, which no rule and no panel reads.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no annotation there

# Users.

users = _gauge(
    "users",
    "CxoneUser resources, by the status of their condition Ready and by whether CXone has the user active; "
    "active is unknown where CXone has no such user, or has not been looked at",
    ["tenant", "ready", "active"],
)
user_conditions = _gauge(
    "user_conditions",
    "CxoneUser resources, by condition; the type Deleting counts those that wait for their user to be deprovisioned, "
    "with the reason of their condition Ready",
    ["tenant", "type", "status", "reason"],
)
users_provisioned = _counter(
    "users_provisioned",
    "Users that were created in CXone (success), or whose creation CXone refused for good (failure)",
    ["tenant", "result"],
)
time_to_ready = _histogram(
    "time_to_ready_seconds",
    "From the first look at a new resource, or at a new spec, to Ready, in seconds; waits for seats included",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
)
drift = _counter(
    "drift", "Declared fields that were found changed in CXone by somebody else, by field", ["tenant", "field"]
)
deprovisioning_held = _gauge(
    "deprovisioning_held", "Users whose deprovisioning the guard holds until somebody approves it", ["tenant"]
)

tenant_status_refused = _counter(
    "tenant_status_refused", "Writes of the tenant's status that the API server has refused for good", ["tenant"]
)

# Seats.

licenses = _gauge(
    "licenses",
    "Seats of the tenant as last read: total, used, reserved for users whose creation is under way; "
    "and users that wait in the joiners' lane: waiting",
    ["tenant", "state"],
)
license_utilization = _gauge("license_utilization_percent", "Used seats of all seats, in percent", ["tenant"])

# Requests to CXone.

api_requests = _counter(
    "api_requests",
    "HTTP requests to CXone, by operation and by HTTP status, or by an error word where no answer came",
    ["tenant", "operation", "code"],
)
api_request_duration = _histogram(
    "api_request_duration_seconds",
    "From sending a request to CXone to its whole answer, in seconds; waits for the budget excluded",
    ["tenant", "operation"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30),
)
api_throttled = _counter("api_throttled", "Answers 429 of CXone", ["tenant"])
rate_budget_remaining = _gauge(
    "rate_budget_remaining", "Requests that could be sent to CXone now, of those in the sliding 60 seconds", ["tenant"]
)
circuit_open = _gauge(
    "circuit_open",
    "1 while CXone as a whole fails, or refuses the credentials, and is tried with one request at a time; 0 otherwise",
    ["tenant"],
)
directory_age = _gauge(
    "directory_age_seconds",
    "Since the last complete reading of CXone's users was begun, in seconds; absent before the first",
    ["tenant"],
)

# Work that waits.

queue_depth = _gauge("queue_depth", "Users that wait in a lane for their request to be sent", ["tenant", "lane"])
queue_wait = _histogram(
    "queue_wait_seconds",
    "From entering a lane to being sent, in seconds",
    ["lane"],
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600),
)
bulk_jobs = _gauge(
    "bulk_jobs",
    "Bulk jobs of CXone: running now, and abandoned since this process took the tenant over",
    ["tenant", "state"],
)
bulk_batch_size = _histogram(
    "bulk_batch_size", "Operations in a bulk request", buckets=(5, 10, 25, 50, 75, 100, 250, 500, 1000)
)

# Kubernetes.

kubernetes_writes = _counter(
    "kubernetes_writes",
    "Writes to the API server but for the Lease, by plural name of the resource; "
    "the code is 200 for any success, and an error word otherwise",
    ["kind", "code"],
)
leader = Gauge("leader", "1 where this process may act, 0 where it stands by", namespace=_PREFIX, registry=None)
"""Only shown once `run` has registered it: a process that never stands for election is not one that lost it."""

# The HR bridge.

bridge_events = _counter(
    "bridge_events",
    "Requests to the HR bridge, by action (none: it was no event) and result",
    ["action", "result"],
)
bridge_event_duration = _histogram(
    "bridge_event_duration_seconds",
    "From the body of a request to the HR bridge to its answer, in seconds",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

build_info = Info("build", "Version of the operator; always 1", namespace=_PREFIX, registry=REGISTRY)

TENANT_GAUGES = (
    users,
    user_conditions,
    deprovisioning_held,
    licenses,
    license_utilization,
    rate_budget_remaining,
    circuit_open,
    directory_age,
    queue_depth,
    bulk_jobs,
)
"""What is said of tenants as of now; what is not said again is not true any more."""


def observe_kubernetes_write(plural: str, code: str) -> None:
    """Count one write to the API server."""
    kubernetes_writes.labels(plural, code).inc()


def expect_tenant(tenant: str) -> None:
    """Show its counters from zero on, so that a first event is an increase."""
    for counter in (api_throttled, tenant_status_refused):
        counter.labels(tenant)
    for result in ("success", "failure"):
        users_provisioned.labels(tenant, result)


def forget_tenants() -> None:
    """Take all gauges of tenants back, before those are set that still hold."""
    for gauge in TENANT_GAUGES:
        gauge.clear()

"""What is shown when a step has failed: who runs where, what happened last, and what was logged."""

from __future__ import annotations

from e2e.cluster import Cluster, Json

_LINES = "40"
_ROWS = 400
"""More users than that are not shown one by one."""
_NAMESPACES = ("cxone-system", "kube-system")


def show(cluster: Cluster) -> None:
    """On standard output: the servers first, then what they serve."""
    for name, log in cluster.servers.logs():
        print(f"--- {name}\n{log}", flush=True)
    _say(cluster, "get", "nodes,pods", "--all-namespaces", "-o", "wide")
    _say(cluster, "get", "cxt,cxu", "--all-namespaces", "-o", "wide")
    for namespace in _NAMESPACES:
        _say(cluster, "-n", namespace, "get", "events", "--sort-by=.lastTimestamp")
        for pod in cluster.get("-n", namespace, "pods")["items"]:
            _show_logs(cluster, namespace, pod)


def _show_logs(cluster: Cluster, namespace: str, pod: Json) -> None:
    log = ("-n", namespace, "logs", pod["metadata"]["name"], f"--tail={_LINES}")
    _say(cluster, *log)
    if any(container["restartCount"] for container in pod["status"].get("containerStatuses", ())):
        _say(cluster, *log, "--previous")


def _say(cluster: Cluster, *arguments: str) -> None:
    answer = cluster.attempt(*arguments)
    rows = (answer.stdout + answer.stderr).splitlines()
    left_out = [f"[{len(rows) - _ROWS} more]"] if len(rows) > _ROWS else []
    print(f"$ kubectl {' '.join(arguments)}", *rows[:_ROWS], *left_out, sep="\n", flush=True)

"""Tuesday evening: what the page on observing shows, without anything installed for it."""

from __future__ import annotations

import json
import subprocess
import urllib.request

from e2e.cluster import StepFailed
from e2e.story.company import SYSTEM, Company, name

_PORT = 8081


def audit_trail_is_in_the_logs(company: Company) -> str:
    """The audit trail is among the logs of the pods"""
    selector = ("-l", "app.kubernetes.io/component=operator")
    logs = company.kubectl("-n", SYSTEM, "logs", *selector, "--prefix=false", "--tail=-1")
    audited = [json.loads(line) for line in logs.splitlines() if '"log":"audit"' in line]
    if not any(line.get("userName") == "ada@example.com" for line in audited):
        raise StepFailed(f"{len(audited)} lines, and nothing of Ada: {audited[-1:]}")
    return f"{len(audited)} lines"


def metrics_come_by_port_forward(company: Company) -> str:
    """Metrics are read through a port-forward"""
    command = company.cluster.command("-n", SYSTEM, "port-forward", f"pod/{name(company.leader())}", str(_PORT))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as forward:
        try:
            page = company.cluster.until(_metrics, "no metrics come")
        finally:
            forward.terminate()
    if "\ncxone_operator_leader 1.0\n" not in page:
        raise StepFailed("the leader does not say that it is")
    return "cxone_operator_leader is 1"


def _metrics() -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{_PORT}/metrics", timeout=5) as answer:
            return str(answer.read(), "utf-8")
    except OSError:
        return ""


STEPS = (audit_trail_is_in_the_logs, metrics_come_by_port_forward)

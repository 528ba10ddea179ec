"""Thursday: secrets are replaced while everybody works, as the page on security has it."""

from __future__ import annotations

import time

from demo.scenario import Person
from e2e.cluster import StepFailed
from e2e.story.company import BRIDGE, PEOPLE, SYSTEM, Company, new_hr_secret

_NODES_BRING_IT = 150.0
"""Seconds until a changed Secret is in the pods: the page says two minutes or so."""

_EVENTS = 5


def hr_gets_a_new_secret(company: Company) -> str:
    """HR's new secret is put beside the old one, and both are accepted"""
    started, new = time.monotonic(), new_hr_secret()
    company.store_hr_secrets(current=new, previous=company.hr_secret)
    company.cluster.until(lambda: _accepted(company, new), "the new secret is not accepted", _NODES_BRING_IT)
    brought = time.monotonic() - started
    if not _accepted(company, company.hr_secret):
        raise StepFailed("the old secret is not accepted any more")
    company.old_hr_secret, company.hr_secret = company.hr_secret, new
    return f"after {brought:.0f} s"


def old_one_is_dropped(company: Company) -> str:
    """The old one has leaked: it is dropped, and refused as soon as the bridge is started anew"""
    company.store_hr_secrets(company.hr_secret, company.hr_secret)
    company.kubectl("-n", SYSTEM, "rollout", "restart", "deployment", BRIDGE)
    company.rolled_out(BRIDGE, seconds=120)
    status = company.hire("mallory@example.com", company.old_hr_secret)
    if status != 401 or not _accepted(company, company.hr_secret):
        raise StepFailed(f"the old secret got {status}")
    return str(status)


def cxone_gets_a_new_secret(company: Company) -> str:
    """CXone takes another secret, and the tenant's follows without a restart"""
    before = _starts(company)
    company.change_client_secret()
    company.declare(Person("during-rotation"))
    wait = ("-n", PEOPLE, "wait", "cxt/default", "--timeout=150s")
    company.kubectl(*wait, "--for=condition=Authenticated=False")
    started = time.monotonic()
    company.store_credentials()
    company.kubectl(*wait, "--for=condition=Authenticated=True")
    followed = time.monotonic() - started
    company.until_ready(["during-rotation"])
    if _starts(company) != before:
        raise StepFailed("a pod was started anew")
    return f"after {followed:.0f} s"


def _accepted(company: Company, secret: str) -> bool:
    """By both pods, as far as chance can tell: it says which of them gets an event."""
    return all(company.hire("grace@example.com", secret) == 202 for _ in range(_EVENTS))


def _starts(company: Company) -> dict[str, int]:
    return {
        pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"]
        for pod in company.pods("operator")
    }


STEPS = (hr_gets_a_new_secret, old_one_is_dropped, cxone_gets_a_new_secret)

"""Thursday: secrets are replaced while everybody works, as the page on security has it."""

from __future__ import annotations

import time

from demo.scenario import Person
from e2e.cluster import StepFailed
from e2e.story import tokens
from e2e.story.company import BRIDGE, PEOPLE, SYSTEM, Company, new_hr_secret

_NODES_BRING_IT = 150.0
"""Seconds until a changed Secret is in the pods: the page says two minutes or so."""

_PODS_GO = 30.0
"""Seconds that a pod has to end; until then it may still be sent an event."""
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
    """The old one has leaked: it is dropped, the bridge started anew, and refused when the pods before are gone"""
    company.store_hr_secrets(company.hr_secret, company.hr_secret)
    company.kubectl("-n", SYSTEM, "rollout", "restart", "deployment", BRIDGE)
    company.rolled_out(BRIDGE, seconds=120)
    started = time.monotonic()
    company.cluster.until(lambda: _answered(company, company.old_hr_secret, 401), "it is still accepted", _PODS_GO)
    refused = time.monotonic() - started
    if not _accepted(company, company.hr_secret):
        raise StepFailed("the new one is refused, too")
    return f"after {refused:.0f} s"


def cxone_gets_a_new_secret(company: Company) -> str:
    """CXone takes another secret, and the tenant's follows without a restart"""
    before = company.lives("operator")
    company.change_client_secret()
    company.declare(Person("during-rotation"))
    wait = ("-n", PEOPLE, "wait", "cxt/default", "--timeout=150s")
    company.kubectl(*wait, "--for=condition=Authenticated=False")
    started = time.monotonic()
    company.store_credentials()
    company.kubectl(*wait, "--for=condition=Authenticated=True")
    followed = time.monotonic() - started
    company.until_ready(["during-rotation"])
    if company.lives("operator") != before:
        raise StepFailed("a pod was started anew")
    return f"after {followed:.0f} s"


def _accepted(company: Company, secret: str) -> bool:
    return _answered(company, secret, 202)


def _answered(company: Company, secret: str, status: int) -> bool:
    """By both pods, as far as chance can tell: it says which of them gets an event."""
    return all(company.hire("grace@example.com", secret) == status for _ in range(_EVENTS))


_TOKENS = tokens.Renewal()

STEPS = (
    _TOKENS.begins,
    hr_gets_a_new_secret,
    _TOKENS.is_noticed,
    old_one_is_dropped,
    cxone_gets_a_new_secret,
)

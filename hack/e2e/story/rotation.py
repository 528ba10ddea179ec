"""Thursday: secrets are replaced while everybody works, as the page on security has it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

from demo.scenario import Person
from e2e.cluster import Json, StepFailed
from e2e.story.company import BRIDGE, PEOPLE, SYSTEM, Company, name, new_hr_secret

_NODES_BRING_IT = 150.0
"""Seconds until a changed Secret is in the pods: the page says two minutes or so."""

_TOKENS_COME = 120.0
"""Seconds until the nodes have looked at all pods after their kubelets began anew."""
_TOKENS_ARE_READ = 90.0
"""Seconds until a pod has read its token again, which it does each minute."""
_CREDENTIAL = "authentication.kubernetes.io/credential-id"
_NUMBERS = itertools.count()

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


def account_tokens_are_renewed(company: Company) -> str:
    """The nodes bring new tokens of the service accounts, and all pods go on with these"""
    pods = [*company.pods("operator"), *company.pods("hr-bridge")]
    before, lives, holder = _tokens(company, pods), _starts(company), company.holder()
    started = time.monotonic()
    for node in company.cluster.nodes.values():
        node.restart_kubelet()
    for pod in pods:  # until their nodes know them again
        company.until_done("-n", SYSTEM, "exec", name(pod), "--", "python", "--version")
    company.cluster.until(lambda: not before & _tokens(company, pods), "an old token stays", _TOKENS_COME)
    brought, tokens = time.monotonic() - started, _tokens(company, pods)
    company.cluster.until(lambda: tokens <= _shown(company), "a new token is not used", _TOKENS_ARE_READ)
    used = time.monotonic() - started
    if (_starts(company), company.holder()) != (lives, holder):
        raise StepFailed("a pod was started anew, or the Lease has another holder")
    return f"brought after {brought:.0f} s, and used by all {len(tokens)} pods after {used:.0f} s"


def _tokens(company: Company, pods: Iterable[Json]) -> set[str]:
    """Their identities."""
    return {company.inside(SYSTEM, name(pod), "account_token") for pod in pods}


def _shown(company: Company) -> set[str]:
    """Which tokens the API server was shown; the bridge shows one when somebody is hired, whichever replica it is."""
    company.hire(f"hired-{next(_NUMBERS)}@example.com", company.hr_secret)
    users = [request["user"]["extra"] for request in company.cluster.servers.audited()]
    return {identity.removeprefix("JTI=") for extra in users for identity in extra[_CREDENTIAL]}


def _accepted(company: Company, secret: str) -> bool:
    return _answered(company, secret, 202)


def _answered(company: Company, secret: str, status: int) -> bool:
    """By both pods, as far as chance can tell: it says which of them gets an event."""
    return all(company.hire("grace@example.com", secret) == status for _ in range(_EVENTS))


def _starts(company: Company) -> dict[str, int]:
    return {name(pod): pod["status"]["containerStatuses"][0]["restartCount"] for pod in company.pods("operator")}


STEPS = (hr_gets_a_new_secret, old_one_is_dropped, cxone_gets_a_new_secret, account_tokens_are_renewed)

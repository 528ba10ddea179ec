"""Tokens of the service accounts: a node brings a new one long before the old one ends, and each pod must notice.

A kubelet that begins anew has forgotten which tokens it has fetched, and fetches others; nobody waits an hour for that.
The API server writes down by which token it was asked.
"""

from __future__ import annotations

import itertools
import time

from e2e.cluster import StepFailed
from e2e.story.company import SYSTEM, Company

_COMPONENTS = ("operator", "hr-bridge")
_BROUGHT_SECONDS = 120.0
"""A kubelet looks at each of its pods within that time."""
_READ_SECONDS = 90.0
"""A pod reads its token again each minute."""
_CREDENTIAL = "authentication.kubernetes.io/credential-id"
_NUMBERS = itertools.count()


class Renewal:
    """New tokens for all pods, while other things happen."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._holder = ""

    def begins(self, company: Company) -> str:
        """The nodes bring new tokens of the service accounts"""
        self._before, self._holder = company.lives(*_COMPONENTS), company.holder()
        old, started = self._tokens(company), time.monotonic()
        for node in company.cluster.nodes.values():
            node.restart_kubelet()
        for pod in self._before:  # until their nodes know them again
            company.until_done("-n", SYSTEM, "exec", pod, "--", "python", "--version")
        company.cluster.until(lambda: not old & self._tokens(company), "an old token stays", _BROUGHT_SECONDS)
        return f"after {time.monotonic() - started:.0f} s"

    def is_noticed(self, company: Company) -> str:
        """All pods go on with their new tokens, and none was started anew"""
        tokens = self._tokens(company)
        company.cluster.until(lambda: tokens <= _shown(company), "a new token is not used", _READ_SECONDS)
        if (company.lives(*_COMPONENTS), company.holder()) != (self._before, self._holder):
            raise StepFailed("a pod was started anew, or the Lease has another holder")
        return f"{len(tokens)} pods"

    def _tokens(self, company: Company) -> set[str]:
        """Their identities."""
        return {company.inside(SYSTEM, pod, "account_token") for pod in self._before}


def _shown(company: Company) -> set[str]:
    """By which tokens the API server was asked; the bridge asks it when somebody is hired, whichever replica it is."""
    company.hire(f"hired-{next(_NUMBERS)}@example.com", company.hr_secret)
    users = [request["user"]["extra"] for request in company.cluster.servers.audited()]
    return {identity.removeprefix("JTI=") for extra in users for identity in extra[_CREDENTIAL]}

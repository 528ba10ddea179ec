"""Friday morning: the network policies let through what the page on security says, and nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass

from e2e.cluster import StepFailed
from e2e.network import DNS
from e2e.story.company import BRIDGE, SYSTEM, Company, name

_FOLLOWED_SECONDS = 20.0
_API_SERVER = "kubernetes.default.svc.cluster.local:443"
_CXONE = "simulator.cxone.svc.cluster.local:80"
_WEBHOOK = f"{BRIDGE}.{SYSTEM}.svc.cluster.local:80"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one pod may reach, and what not."""

    namespace: str
    pod: str
    allowed: tuple[str, ...]
    denied: tuple[str, ...]


def ways_are_there(company: Company) -> str:
    """Without any policy each pod reaches all of it"""
    company.kubectl("-n", SYSTEM, "delete", "networkpolicies", "--all")
    rules = [Rule(rule.namespace, rule.pod, (*rule.allowed, *rule.denied), ()) for rule in _rules(company)]
    _until_so(company, rules)
    return f"{sum(len(rule.allowed) for rule in rules)} ways are open"


def policies_hold(company: Company) -> str:
    """With the policies it reaches what the page says, and nothing else"""
    company.kubectl("apply", "--server-side", "-k", str(company.overlay))
    company.apply_ours("allow-cxone")
    rules = _rules(company)
    _until_so(company, rules)
    allowed, denied = (sum(len(getattr(rule, kind)) for rule in rules) for kind in ("allowed", "denied"))
    return f"{allowed} ways are open, {denied} are closed"


def _rules(company: Company) -> list[Rule]:
    operator, bridge = (company.pods(component)[0] for component in ("operator", "hr-bridge"))
    metrics = tuple(f"{pod['status']['podIP']}:8081" for pod in (operator, bridge))
    neighbour = f"{company.cluster.get('-n', 'cxone', 'pods')['items'][0]['status']['podIP']}:8090"
    names = f"{DNS}:53"
    return [
        Rule(SYSTEM, name(operator), (names, _API_SERVER, _CXONE), (_WEBHOOK, metrics[1])),
        Rule(SYSTEM, name(bridge), (names, _API_SERVER), (_CXONE, neighbour, metrics[0])),
        Rule("ingress-nginx", "hr-system", (_WEBHOOK, _CXONE), metrics),
        Rule("monitoring", "prometheus", (*metrics, _CXONE), (_WEBHOOK,)),
        Rule("default", "stranger", (_CXONE,), (*metrics, _WEBHOOK)),
    ]


def _until_so(company: Company, rules: list[Rule]) -> None:
    """Nodes need a moment to follow a policy."""
    deadline = time.monotonic() + _FOLLOWED_SECONDS
    while wrong := [fault for rule in rules for fault in _faults(company, rule)]:
        if time.monotonic() > deadline:
            raise StepFailed("; ".join(wrong))


def _faults(company: Company, rule: Rule) -> list[str]:
    found = company.inside(rule.namespace, rule.pod, "reach", *rule.allowed, *rule.denied)
    expected = [True] * len(rule.allowed) + [False] * len(rule.denied)
    return [
        f"{rule.pod} {'reaches' if open_ else 'does not reach'} {address}"
        for address, open_, wanted in zip((*rule.allowed, *rule.denied), found, expected, strict=True)
        if open_ is not wanted
    ]


STEPS = (ways_are_there, policies_hold)

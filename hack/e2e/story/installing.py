"""Monday: the operator is installed as the page has it, by kustomize, with an overlay like `overlays/prod`."""

from __future__ import annotations

import time

from e2e.cluster import StepFailed
from e2e.images import VERSIONS
from e2e.network import NODES
from e2e.story.company import BRIDGE, OPERATOR, PEOPLE, SYSTEM, Company, name


def operator_is_installed(company: Company) -> str:
    """Namespaces, CRDs, policies and operator are applied"""
    company.write_overlay(VERSIONS[0])
    company.cluster.apply(company.sample("namespace"))
    company.kubectl("apply", "--server-side", "-k", str(company.overlay))
    company.rolled_out(OPERATOR)
    return f"{name(company.leader())} acts"


def replicas_are_apart(company: Company) -> str:
    """The replicas are on both nodes"""
    nodes = sorted(pod["spec"]["nodeName"] for pod in company.pods("operator"))
    if nodes != [node.name for node in NODES]:
        raise StepFailed(f"the replicas are on {nodes}")
    return " and ".join(nodes)


def old_certificate_is_no_obstacle(company: Company) -> str:
    """The API server's certificate is one of an older cluster, which Python by itself would refuse"""
    refused = company.inside(SYSTEM, name(company.leader()), "strict")
    if refused != "Missing Authority Key Identifier":
        raise StepFailed(f"Python says of it: {refused!r}")
    return str(refused)


def image_is_compiled(company: Company) -> str:
    """No module is compiled anew at a start"""
    found = company.inside(SYSTEM, name(company.leader()), "stale")
    if found["stale"]:
        raise StepFailed(f"{len(found['stale'])} of {found['modules']} modules are: {found['stale'][:5]}")
    return f"{found['modules']} modules"


def two_builds_are_the_same(company: Company) -> str:
    """Two builds of one source have the same files, to the byte"""
    first, second = (image.layers for image in company.images)
    if first != second:
        raise StepFailed(f"layers {first} and {second}")
    return f"{len(first)} layers"


def it_answers_over_ipv6(company: Company) -> str:
    """Health and events are answered over IPv6, too"""
    for pod, ports in ((company.leader(), (8081,)), (company.pods("hr-bridge")[0], (8080, 8081))):
        addresses = [f"::1:{port}" for port in ports]
        if not all(company.inside(SYSTEM, name(pod), "reach", *addresses)):
            raise StepFailed(f"{name(pod)} does not listen at {addresses}")
    return "at each of the ports"


def bridge_gets_its_secret(company: Company) -> str:
    """The HR bridge is there when its Secret is"""
    started = time.monotonic()
    company.store_hr_secrets(company.hr_secret, company.hr_secret)
    company.rolled_out(BRIDGE, seconds=120)
    return f"ready {time.monotonic() - started:.0f} s after it"


def tenant_is_ready(company: Company) -> str:
    """A tenant with its Secret is Ready"""
    company.apply_ours("simulator")
    company.apply_ours("neighbours")
    company.apply_ours("allow-cxone")
    company.cluster.rolled_out("simulator", "cxone")
    company.cxone().send("PATCH", "settings", {"clientSecret": company.client_secret})
    company.store_credentials()
    company.open_tenant()
    return f"cxt/default of {PEOPLE}"


STEPS = (
    operator_is_installed,
    replicas_are_apart,
    old_certificate_is_no_obstacle,
    image_is_compiled,
    two_builds_are_the_same,
    bridge_gets_its_secret,
    it_answers_over_ipv6,
    tenant_is_ready,
)

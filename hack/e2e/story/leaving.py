"""Friday afternoon: the people go, then the operator, in the order of the page on the uninstallation."""

from __future__ import annotations

from e2e.cluster import StepFailed
from e2e.story.company import APPROVERS, BRIDGE, PEOPLE, SYSTEM, Company

_OURS = ("cxone", "cxoneusers", "workforce")
"""Names of whatever is ours in a cluster."""
_CLUSTER_WIDE = (
    "namespaces,crds,clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings,"
    "mutatingadmissionpolicies,mutatingadmissionpolicybindings"
)


def bridge_stops(company: Company) -> str:
    """What creates users stops"""
    company.kubectl("-n", SYSTEM, "scale", "deployment", BRIDGE, "--replicas=0")
    return "no replica of the bridge"


def everybody_leaves(company: Company) -> str:
    """All people are deleted: the guard holds them, and they go when they are approved"""
    people = len(company.cluster.get("-n", PEOPLE, "cxu")["items"])
    company.kubectl("-n", PEOPLE, "delete", "cxu", "--all", "--wait=false")
    company.kubectl("-n", PEOPLE, "wait", "cxt/default", "--for=condition=DeprovisioningHeld", "--timeout=60s")
    if not any(company.accounts().values()):
        raise StepFailed("nobody was held")
    _approve(company)
    company.kubectl("-n", PEOPLE, "wait", "--for=delete", "cxu", "--all", "--timeout=5m")
    active = [name for name, still in company.accounts().items() if still]
    if active:
        raise StepFailed(f"still active in CXone: {active[:5]}")
    company.kubectl("-n", PEOPLE, "delete", "cxt", "--all")
    return f"{people} held, approved, and locked out"


def operator_is_taken_away(company: Company) -> str:
    """The policies go first, then the rest, then the namespace of the people"""
    manifests = company.checkout / "manifests"
    company.kubectl("delete", "-k", str(manifests / "admission"))
    company.until_done("delete", "-k", str(manifests / "base"), "--ignore-not-found")
    company.kubectl("delete", "namespace", PEOPLE)
    return nothing_is_left(company)


def nothing_is_left(company: Company) -> str:
    """Nothing of the installation is left in the cluster"""
    names = company.kubectl("get", _CLUSTER_WIDE, "-o", "name").split()
    left = [name for name in names if any(word in name for word in _OURS) and name != "namespace/cxone"]
    if left:
        raise StepFailed(f"left: {left}")
    return "nothing is left"


def _approve(company: Company) -> None:
    """Exactly this set, as the page has it; the hash is another one until everybody is counted."""
    company.cluster.until(lambda: _approved(company), "the approval is not enough", 60)


def _approved(company: Company) -> bool:
    plan = company.kubectl("-n", PEOPLE, "get", "cxt", "default", "-o", "jsonpath={.status.deprovisioning.planHash}")
    if plan:
        annotation = f"cxone.dev/approve-deprovisioning={plan}"
        who = ("--as=admin", f"--as-group={APPROVERS}", "--as-group=system:masters")
        company.kubectl("-n", PEOPLE, "annotate", "cxt", "default", annotation, "--overwrite", *who)
    held = company.cluster.get("-n", PEOPLE, "cxt", "default")["status"]["conditions"]
    return {"DeprovisioningHeld": "False"}.items() <= {entry["type"]: entry["status"] for entry in held}.items()


STEPS = (bridge_stops, everybody_leaves, operator_is_taken_away)

"""Admission policies: the rules that the API server keeps itself, if somebody has asked it to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cxone_operator.cluster.bodies import mapping, metadata
from cxone_operator.cluster.errors import Forbidden, Gone
from cxone_operator.cluster.server import ApiServer
from cxone_operator.doctor.check import Check, ok, skipped, warning
from cxone_operator.doctor.cluster import API_SERVER
from cxone_operator.doctor.visit import Step

POLICIES = {
    "cxone-protected-fields": "anybody who may write tenants may approve a flood of leavers, and lift the guard",
    "cxone-finalizers": "whoever replaces a resource drops its finalizer, and its account stays active",
    "cxone-crds": "whoever deletes the CRDs deletes every user with them",
}
"""Each with what happens without it. `cxone-finalizer-at-creation` is not among them: it saves a write, and no more."""
_NAME = "admission policies"
_BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
_REMEDY = "apply manifests/admission, or set admission.enabled in the chart (docs/how-to/secure.md)"


class Admission:
    """Of one cluster."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server

    def step(self) -> Step:
        """All of them together."""
        return Step(_NAME, self.look, (API_SERVER,))

    async def look(self) -> Sequence[Check]:
        """A policy is in force where something binds it; raises ClusterError."""
        try:
            body = await self._server.request("GET", _BINDINGS)
        except Forbidden:
            return [skipped(_NAME, "you may not list their bindings", "ask whoever may")]
        except Gone:
            return [warning(_NAME, "this API server has none", "run Kubernetes 1.36 or newer")]
        return judge(body)


def judge(body: Mapping[str, object]) -> list[Check]:
    """A line for each that is not bound; `body` is the list of bindings."""
    items = body.get("items")
    bindings = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    bound = {str(mapping(item.get("spec")).get("policyName") or metadata(item, "name")) for item in bindings}
    lines = [
        warning(_NAME, f"{policy} is not in force: {without}", _REMEDY)
        for policy, without in POLICIES.items()
        if policy not in bound
    ]
    return lines or [ok(_NAME, ", ".join(POLICIES))]

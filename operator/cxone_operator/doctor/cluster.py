"""The cluster: the API server, the CRDs as it serves them, and the operator that acts for the namespace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cxone_operator.api.meta import GROUP, VERSION
from cxone_operator.api.tenant import KIND as TENANT
from cxone_operator.api.tenant import CxoneTenant
from cxone_operator.api.user import KIND as USER
from cxone_operator.api.user import CxoneUser
from cxone_operator.cluster.errors import Forbidden, Gone
from cxone_operator.cluster.server import ApiServer
from cxone_operator.doctor import leases
from cxone_operator.doctor.check import Check, failed, ok, skipped, some, warning
from cxone_operator.doctor.schema import fields_of, served_fields
from cxone_operator.doctor.visit import Step

_KINDS: dict[str, type] = {USER: CxoneUser, TENANT: CxoneTenant}
_INSTALL = "kubectl apply --server-side -k crds/"
API_SERVER = "API server"
CRDS = "CRDs"


class Cluster:
    """One cluster, as far as one namespace needs it."""

    def __init__(self, server: ApiServer, namespace: str) -> None:
        self._server = server
        self._namespace = namespace

    def steps(self) -> list[Step]:
        """In their order."""
        return [
            Step(API_SERVER, self._api_server),
            Step(CRDS, self._crds, (API_SERVER,)),
            Step("operator", self._operator, (API_SERVER,)),
        ]

    async def _api_server(self) -> Sequence[Check]:
        body = await self._server.request("GET", "/version")
        return [ok(API_SERVER, f"Kubernetes {body.get('gitVersion', 'of an unknown version')}")]

    async def _crds(self) -> Sequence[Check]:
        """The OpenAPI document is for everybody (ClusterRole system:discovery); the CRDs themselves are not."""
        try:
            document = await self._server.request("GET", f"/openapi/v3/apis/{GROUP}/{VERSION}")
        except Gone:
            document = {}
        served = {kind: served_fields(document, kind) for kind in _KINDS}
        return [judge_crds(served)]

    async def _operator(self) -> Sequence[Check]:
        try:
            found = await leases.read(self._server)
        except Forbidden:
            return [skipped("operator", "you may not list Leases", "ask whoever may, or see the pods of the operator")]
        return [leases.judge(found, self._namespace, datetime.now(UTC))]


def judge_crds(served: dict[str, frozenset[str]]) -> Check:
    """From the fields of each kind that the API server keeps."""
    absent = [kind for kind, fields in served.items() if not fields]
    if absent:
        return failed(CRDS, f"{' and '.join(absent)} of {GROUP}/{VERSION} are not installed", f"run: {_INSTALL}")
    known = {kind: fields_of(typed) for kind, typed in _KINDS.items()}
    lost = sorted(f"{kind} {path}" for kind in known for path in known[kind] - served[kind])
    if lost:
        text = f"older than this version: they drop {some(lost)}"
        return failed(CRDS, text, f"install those of this version: {_INSTALL}")
    new = sorted(f"{kind} {path}" for kind in known for path in served[kind] - known[kind])
    if new:
        text = f"newer than this version, which does not know {some(new)}"
        return warning(CRDS, text, "run the version of the operator that the CRDs came with")
    return ok(CRDS, f"{' and '.join(served)}, as this version has them")

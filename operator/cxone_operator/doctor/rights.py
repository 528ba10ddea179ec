"""Rights: what the operator may do, asked one verb at a time, by reviews of access, which store nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.meta import GROUP
from cxone_operator.cluster.bodies import mapping
from cxone_operator.cluster.errors import Forbidden
from cxone_operator.cluster.server import ApiServer
from cxone_operator.doctor.check import Check, failed, ok
from cxone_operator.doctor.cluster import API_SERVER
from cxone_operator.doctor.visit import Step

RIGHTS = "rights"
_REVIEWS = "/apis/authorization.k8s.io/v1/"
_GRANT = "apply manifests/base, or the chart; for another Secret, or another account, see docs/how-to/secure.md"
_NOT_INSTALLED = (
    "apply manifests/base, or the chart; name another account with --service-account; nothing, where the operator runs "
    "on your machine, as you"
)
_LEASE = "cxone-operator"
"""The default of --lease-name."""


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """The service account of the operator."""

    namespace: str = "cxone-system"
    name: str = "cxone-operator"

    @property
    def user(self) -> str:
        """As Kubernetes calls it."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    @property
    def groups(self) -> tuple[str, ...]:
        """Those that every service account of the namespace is in."""
        return ("system:serviceaccounts", f"system:serviceaccounts:{self.namespace}", "system:authenticated")


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One verb on one resource; a test compares all of them with the manifests."""

    verb: str
    resource: str
    """With its subresource: cxoneusers/status."""
    group: str = GROUP
    name: str = ""
    """Of the object, empty for all."""
    namespace: str = ""

    @property
    def object(self) -> str:
        """What the verb is about."""
        name = f" {self.name}" if self.name else ""
        return f"{self.resource}{name} in {self.namespace}"

    @property
    def attributes(self) -> dict[str, str]:
        """For a review (authorization.k8s.io/v1, ResourceAttributes)."""
        resource, _, subresource = self.resource.partition("/")
        return {
            "verb": self.verb,
            "group": self.group,
            "resource": resource,
            "subresource": subresource,
            "name": self.name,
            "namespace": self.namespace,
        }


def needed(namespace: str, secret: str, lease_namespace: str) -> list[Right]:
    """What the operator does for one namespace; no Secret is named where the tenant has none."""
    users, tenants, leases = user_api.PLURAL, tenant_api.PLURAL, "coordination.k8s.io"
    rights = [Right(verb, users, namespace=namespace) for verb in ("get", "list", "watch", "patch")]
    rights += [Right(verb, tenants, namespace=namespace) for verb in ("list", "watch", "patch")]
    rights += [Right("patch", f"{kind}/status", namespace=namespace) for kind in (users, tenants)]
    rights += [Right("get", "secrets", "", secret, namespace)] if secret else []
    rights += [Right("create", "events", "", "", namespace)]
    rights += [Right("create", "leases", leases, "", lease_namespace)]
    return rights + [Right(verb, "leases", leases, _LEASE, lease_namespace) for verb in ("get", "patch")]


class Rights:
    """Of one service account; of ourselves where we may not ask for others."""

    def __init__(self, server: ApiServer, account: Account, rights: Callable[[], Sequence[Right]]) -> None:
        self._server = server
        self._account = account
        self._rights = rights

    def step(self) -> Step:
        """All of them together."""
        return Step(RIGHTS, self.look, (API_SERVER,))

    async def look(self) -> Sequence[Check]:
        """Raises ClusterError."""
        rights, subject = self._rights(), {"user": self._account.user, "groups": list(self._account.groups)}
        try:
            lacking = await self._lacking(rights, "subjectaccessreviews", subject)
            return judge(self._account.user, lacking, len(rights))
        except Forbidden:
            lacking = await self._lacking(rights, "selfsubjectaccessreviews", {})
        return judge("you, as you may not ask for others,", lacking, len(rights))

    async def _lacking(self, rights: Sequence[Right], plural: str, subject: Mapping[str, object]) -> list[Right]:
        answers = await asyncio.gather(*(self._allowed(right, plural, subject) for right in rights))
        return [right for right, allowed in zip(rights, answers, strict=True) if not allowed]

    async def _allowed(self, right: Right, plural: str, subject: Mapping[str, object]) -> bool:
        body = {"spec": {**subject, "resourceAttributes": right.attributes}}
        answer = await self._server.request("POST", _REVIEWS + plural, body=body)
        return mapping(answer.get("status")).get("allowed") is True


def judge(who: str, lacking: Sequence[Right], asked: int) -> list[Check]:
    """A line for each resource of which something is lacking; one for an account that nobody has installed."""
    if not lacking:
        return [ok(RIGHTS, f"{who} may do all that the operator does")]
    if len(lacking) == asked:
        return [failed(RIGHTS, f"{who} has none of the rights of the operator", _NOT_INSTALLED)]
    verbs: dict[str, list[str]] = {}
    for right in lacking:
        verbs.setdefault(right.object, []).append(right.verb)
    return [failed(RIGHTS, f"{who} may not {', '.join(those)} {what}", _GRANT) for what, those in verbs.items()]

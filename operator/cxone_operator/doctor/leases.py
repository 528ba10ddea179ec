"""Leases: which operators act, and for whom.

Two operators that keep different Leases both act; where they watch the same namespace, each undoes or repeats what the
other has done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cxone_operator.api.meta import ALL_NAMESPACES, WATCHES
from cxone_operator.cluster.bodies import mapping, metadata
from cxone_operator.cluster.lease import LEASE_LABELS
from cxone_operator.cluster.server import ApiServer
from cxone_operator.doctor.check import Check, failed, ok, warning

_CLOCKS = timedelta(seconds=60)
"""By how much the clock of the operator's machine may differ from ours before its Lease looks forgotten."""
_NAME = "operator"


@dataclass(frozen=True, slots=True)
class Office:
    """A Lease of an operator."""

    where: str
    """Its namespace and name."""
    holder: str
    """Empty where it was given up."""
    renewed: datetime | None
    duration: timedelta
    watched: frozenset[str]
    """Namespaces, or `*`."""

    def is_held(self, now: datetime) -> bool:
        """Its holder lives, as far as clocks can tell."""
        return bool(self.holder) and self.renewed is not None and abs(now - self.renewed) < self.duration + _CLOCKS

    def is_for(self, namespace: str) -> bool:
        """Its holder watches the namespace."""
        return bool(self.watched & {namespace, ALL_NAMESPACES})


async def read(server: ApiServer) -> list[Office]:
    """Those of operators in all namespaces; raises ClusterError."""
    selector = ",".join(f"{name}={value}" for name, value in LEASE_LABELS.items())
    body = await server.request("GET", "/apis/coordination.k8s.io/v1/leases", params={"labelSelector": selector})
    items = body.get("items")
    return [office_of(item) for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def office_of(body: Mapping[str, object]) -> Office:
    """From its JSON, whatever is missing in it."""
    spec, annotations = mapping(body.get("spec")), mapping(mapping(body.get("metadata")).get("annotations"))
    seconds = spec.get("leaseDurationSeconds")
    return Office(
        where=f"{metadata(body, 'namespace')}/{metadata(body, 'name')}",
        holder=str(spec.get("holderIdentity") or ""),
        renewed=_moment(str(spec.get("renewTime") or "")),
        duration=timedelta(seconds=seconds if isinstance(seconds, int) else 0),
        watched=frozenset(str(annotations.get(WATCHES, "")).split(",")),
    )


def judge(offices: Iterable[Office], namespace: str, now: datetime) -> Check:
    """One operator, and not more, acts for a namespace."""
    concerned = [office for office in offices if office.is_for(namespace)]
    acting = [office for office in concerned if office.is_held(now)]
    if len(acting) > 1:
        places = ", ".join(office.where for office in acting)
        text = f"several act for namespace {namespace}, each by a Lease of its own: {places}"
        remedy = "give them the same --lease-namespace and --lease-name, or each its own --namespace"
        return failed(_NAME, text, remedy)
    if acting:
        return ok(_NAME, f"{acting[0].holder.partition('_')[0]} acts, by the Lease {acting[0].where}")
    last = max((office.renewed for office in concerned if office.renewed is not None), default=None)
    since = f"; the last one was there at {last:%Y-%m-%dT%H:%M:%SZ}" if last is not None else ""
    remedy = "start it, see its pods and their logs, or correct the clock where it is known to run"
    return warning(_NAME, f"none acts for namespace {namespace}{since}", remedy)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None

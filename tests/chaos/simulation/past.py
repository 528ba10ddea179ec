"""The past: what the operator could have seen at any moment, as the checker's rules look at it.

It is told by the models' history and by the journal alone, for one tenant. Where the operator's clock went wrong, a
moment is shown with every time that the clock may have told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chaos.simulation.cluster_model import Body, Version, tenant_of
from chaos.simulation.journal import Entry, Journal, wall_clock

SLACK_SECONDS = 4.0
"""How old the operator's view of a resource may be when it decides: the watch's delay, a retried write, a re-read."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A CxoneUser, as far as the rules look at it."""

    body: Body

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def uid(self) -> str:
        return str(self.body["metadata"]["uid"])

    @property
    def key(self) -> str:
        return str(self.body["spec"]["userName"]).lower()

    @property
    def deleting(self) -> bool:
        return "deletionTimestamp" in self.body["metadata"]

    @property
    def claimed(self) -> bool:
        return bool(self.body["metadata"]["finalizers"])

    @property
    def full(self) -> bool:
        return bool(self.body["spec"].get("managementPolicy", "Full") == "Full")

    @property
    def adopts(self) -> bool:
        return bool(self.body["spec"].get("adoptionPolicy", "Adopt") == "Adopt")

    @property
    def suspended(self) -> bool:
        return bool(self.body["spec"].get("suspend", False))

    @property
    def policy(self) -> str:
        return str(self.body["spec"].get("deletionPolicy", "Deactivate"))

    @property
    def age_order(self) -> tuple[str, str]:
        return (self.body["metadata"]["creationTimestamp"], self.uid)

    @property
    def deprovisions(self) -> bool:
        """When it goes, its user is locked out."""
        return self.full and self.policy != "Retain"

    @property
    def dates(self) -> list[datetime]:
        """The moments at which the clock changes what is wanted."""
        spec = self.body["spec"]
        return [datetime.fromisoformat(spec[name]) for name in ("activeFrom", "activeUntil") if name in spec]

    def active(self, clock: datetime) -> bool:
        """The user is to have access at that time."""
        spec = self.body["spec"]
        begins, ends = spec.get("activeFrom"), spec.get("activeUntil")
        begun = begins is None or datetime.fromisoformat(begins) <= clock
        ended = ends is not None and datetime.fromisoformat(ends) <= clock
        return bool(spec.get("active", True)) and begun and not ended

    def condition(self, type_: str) -> dict[str, object]:
        """The condition of that type, empty where there is none."""
        found = [item for item in self.body["status"].get("conditions", []) if item["type"] == type_]
        return found[0] if found else {}


def owner_of(resources: Iterable[Resource]) -> Resource | None:
    """Who manages a user: the oldest that manages at all and is not being deleted."""
    contenders = [resource for resource in resources if resource.full and not resource.deleting]
    return min(contenders, key=lambda resource: resource.age_order, default=None)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the operator could have seen of one user."""

    resources: list[Resource]
    clock: datetime
    """What its clock may have told."""

    @property
    def owner(self) -> Resource | None:
        return owner_of(self.resources)


@dataclass(frozen=True, slots=True)
class Account:
    """A user in CXone, from its creation to its deletion."""

    id: str
    born: Entry
    gone: float


class Past:
    """What resources and accounts the tenants of one CXone had at any moment."""

    def __init__(self, history: Mapping[str, list[Version]], journal: Journal, *tenants: str) -> None:
        self._by_key: dict[str, list[list[Version]]] = {}
        self._tenants: list[list[Version]] = []
        for versions in history.values():
            body = versions[0].body
            if tenant_of(body) not in tenants:
                continue
            if "userName" in body["spec"]:
                self._by_key.setdefault(Resource(body).key, []).append(versions)
            else:
                self._tenants.append(versions)
        self._clock = [(entry.time, float(entry.detail)) for entry in journal if entry.verb == "clock"]

    def everybody(self) -> Iterable[str]:
        """Every userName that ever had a resource."""
        return self._by_key

    def lives(self, key: str) -> list[list[Version]]:
        """The versions of each resource of a user."""
        return self._by_key.get(key, [])

    def last(self, key: str) -> list[tuple[Resource, Version]]:
        """The last version of each resource of a user."""
        return [(Resource(versions[-1].body), versions[-1]) for versions in self.lives(key)]

    def ever(self, key: str) -> Iterator[Resource]:
        """Every version of every resource of a user."""
        for versions in self.lives(key):
            for version in versions:
                yield Resource(version.body)

    def moments(self, key: str, start: float, end: float) -> Iterator[Moment]:
        """A user at `start`, and after each change until `end`, also one that the clock makes."""
        lives = self.lives(key)
        changes = [(version.order, version.time) for life in lives for version in life if start < version.time <= end]
        before = max((version.order for life in lives for version in life if version.time <= start), default=0)
        times = sorted([(before, start), *changes])
        for (order, begins), (_, ends) in zip(times, [*times[1:], (0, end)], strict=True):
            found = [resource for life in lives if (resource := _as_of(life, order)) is not None]
            dates = [date for resource in found for date in resource.dates]
            if not dates:
                yield Moment(found, wall_clock(begins))
                continue
            for error in self._clock_errors(start, end):
                first, last = (wall_clock(time) + timedelta(seconds=error) for time in (begins, ends))
                for clock in (first, *(date for date in dates if first < date <= last)):
                    yield Moment(found, clock)

    def protects(self, key: str, start: float, end: float) -> bool:
        """All that time the tenant has said that this user is never changed."""
        versions = [version for life in self._tenants for version in life if version.time <= end]
        seen = [version for version in versions if version.time > start]
        before = max((version for version in versions if version.time <= start), key=_order, default=None)
        seen += [before] if before is not None else []
        return bool(seen) and all(is_protected(key, version.body) for version in seen)

    def _clock_errors(self, start: float, end: float) -> set[float]:
        before = [error for time, error in self._clock if time <= start]
        return {before[-1] if before else 0.0, *(error for time, error in self._clock if start < time <= end)}


def accounts_of(journal: Iterable[Entry]) -> dict[str, list[Account]]:
    """The accounts of each userName of one tenant, oldest first."""
    found: dict[str, list[Account]] = {}
    for entry in journal:
        if entry.verb == "create":
            found.setdefault(entry.subject, []).append(Account(entry.detail.split()[0], entry, float("inf")))
        elif entry.verb == "delete" and found.get(entry.subject):
            *others, last = found[entry.subject]
            found[entry.subject] = [*others, Account(last.id, last.born, entry.time)]
    return found


def is_protected(key: str, tenant: Body) -> bool:
    """The tenant names this user, or the beginning of it with a star."""
    patterns = [str(pattern).lower() for pattern in tenant["spec"].get("safety", {}).get("protectedUsers", [])]
    return any(key.startswith(item[:-1]) if item.endswith("*") else key == item for item in patterns)


def _as_of(versions: list[Version], order: int) -> Resource | None:
    seen = [version for version in versions if version.order <= order]
    return Resource(seen[-1].body) if seen and not seen[-1].gone else None


def _order(version: Version) -> int:
    return version.order

"""The checker: what must be true of a run, whatever happened in it. It knows the models, and nothing of the engine.

Rules about history hold at every moment: nobody is created unasked, nobody is locked out who should work, nothing is
created twice. Rules about the state hold once the dust has settled: leavers are out and their seats free, joiners
are in, deleted resources are gone, and every status tells the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chaos.simulation.cluster_model import TENANTS, USERS, Body, ClusterModel, Version
from chaos.simulation.journal import ADMINISTRATOR, Entry, Journal
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import Cut, Limits, Schedule, Seats, Setting

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
    def active(self) -> bool:
        return bool(self.body["spec"].get("active", True))

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

    def condition(self, type_: str) -> dict[str, object]:
        """The condition of that type, empty where there is none."""
        found = [item for item in self.body["status"].get("conditions", []) if item["type"] == type_]
        return found[0] if found else {}


def owner_of(resources: Iterable[Resource]) -> Resource | None:
    """Who manages a user: the oldest that manages at all and is not being deleted."""
    contenders = [resource for resource in resources if resource.full and not resource.deleting]
    return min(contenders, key=lambda resource: resource.age_order, default=None)


class Past:
    """What resources there were at any moment."""

    def __init__(self, history: dict[str, list[Version]]) -> None:
        self._by_key: dict[str, list[list[Version]]] = {}
        for versions in history.values():
            if "userName" in versions[0].body["spec"]:
                self._by_key.setdefault(Resource(versions[0].body).key, []).append(versions)

    def keys(self) -> Iterable[str]:
        """Every userName that ever had a resource."""
        return self._by_key

    def last(self, key: str) -> list[tuple[Resource, Version]]:
        """The last version of each resource of a user."""
        return [(Resource(versions[-1].body), versions[-1]) for versions in self._by_key.get(key, [])]

    def ever(self, key: str) -> Iterator[Resource]:
        """Every version of every resource of a user."""
        for versions in self._by_key.get(key, []):
            for version in versions:
                yield Resource(version.body)

    def moments(self, key: str, start: float, end: float) -> Iterator[list[Resource]]:
        """The resources of a user at `start`, and after each change until `end`."""
        lives = self._by_key.get(key, [])
        orders = [version.order for versions in lives for version in versions if start < version.time <= end]
        before = max((version.order for versions in lives for version in versions if version.time <= start), default=0)
        for order in sorted([before, *orders]):
            yield [found for versions in lives if (found := _as_of(versions, order)) is not None]


def _as_of(versions: list[Version], order: int) -> Resource | None:
    seen = [version for version in versions if version.order <= order]
    return Resource(seen[-1].body) if seen and not seen[-1].gone else None


# History.


def complaints_about_history(schedule: Schedule, cluster: ClusterModel, journal: Journal) -> list[str]:
    """What should never have happened."""
    past = Past(cluster.history)
    slack = SLACK_SECONDS + sum(step.event.seconds for step in schedule.steps if isinstance(step.event, Cut))
    return [
        *_created_unasked(past, journal, slack),
        *_locked_out_wrongly(past, journal, slack),
        *_created_twice(journal),
        *_seats_taken_from_active(journal, slack),
        *(_refused_for_seats(journal) if schedule.undisturbed else ()),
        *(() if schedule.clock_jumps else _beyond_limits(schedule.setting.limits, cluster, journal)),
    ]


def _effects(journal: Journal, *verbs: str) -> Iterator[Entry]:
    return (entry for entry in journal if entry.origin.operator and entry.verb in verbs)


def _created_unasked(past: Past, journal: Journal, slack: float) -> Iterator[str]:
    for entry in _effects(journal, "create", "activate"):
        owners = (owner_of(found) for found in past.moments(entry.subject, entry.origin.asked - slack, entry.time))
        if not any(owner is not None and owner.active and not owner.suspended for owner in owners):
            yield f"nobody asked for: {entry}"


def _locked_out_wrongly(past: Past, journal: Journal, slack: float) -> Iterator[str]:
    for entry in _effects(journal, "deactivate", "delete"):
        if entry.verb == "delete" and "inactive" in entry.detail:
            continue
        moments = past.moments(entry.subject, entry.origin.asked - slack, entry.time)
        if not any(map(_may_be_locked_out, moments)):
            yield f"locked out wrongly: {entry}"


def _may_be_locked_out(resources: list[Resource]) -> bool:
    owner = owner_of(resources)
    if owner is not None:
        return not owner.active and not owner.suspended
    return any(resource.deleting and resource.deprovisions for resource in resources)


def _created_twice(journal: Journal) -> Iterator[str]:
    present: Counter[str] = Counter()
    for entry in journal:
        if entry.verb == "create":
            present[entry.subject] += 1
            if present[entry.subject] > 1:
                yield f"created twice: {entry}"
        elif entry.verb == "delete":
            present[entry.subject] -= 1


def _seats_taken_from_active(journal: Journal, slack: float) -> Iterator[str]:
    """A seat may only be asked back from somebody who was inactive when, or shortly before, it was asked."""
    changes = ("create", "activate", "deactivate", "delete")
    for entry in _effects(journal, "refused"):
        if entry.detail.startswith("active users"):
            before = [one for one in journal if one.subject == entry.subject and one.verb in changes]
            asked = entry.origin.asked
            last = [one for one in before if one.time <= asked - slack][-1:]
            if all(
                one.verb in ("create", "activate")
                for one in [*last, *(one for one in before if asked - slack < one.time <= asked)]
            ):
                yield f"the seat of an active user was asked back: {entry}"


def _refused_for_seats(journal: Journal) -> Iterator[str]:
    for entry in _effects(journal, "refused"):
        if entry.detail.startswith("no seat"):
            yield f"sent without a seat: {entry}"


def _beyond_limits(limits: Limits, cluster: ClusterModel, journal: Journal) -> Iterator[str]:
    """No window sees more users locked out than the limits allow, before somebody approves more."""
    if not limits.tight:
        return
    names = [Resource(versions[0].body) for versions in cluster.history.values()]
    managed = len({resource.key for resource in names if "userName" in resource.body["spec"]})
    most = max(limits.min_users, min(limits.max_users, limits.max_percent * managed // 100))
    approved = min((entry.time for entry in journal if "approve-deprovisioning=" in entry.detail), default=float("inf"))
    gone = [entry for entry in _effects(journal, "deactivate", "delete") if "inactive" not in entry.detail]
    gone = [entry for entry in gone if entry.origin.asked < approved]
    for first in gone:
        window = {entry.subject for entry in gone if 0 <= entry.time - first.time < limits.window_seconds}
        if len(window) > most:
            yield f"{len(window)} locked out within the window, {most} are allowed: from {first}"
            return


# State.


def complaints_about_state(setting: Setting, cluster: ClusterModel, remote: RemoteModel) -> list[str]:
    """What is not yet, or not any more, as it should be."""
    past = Past(cluster.history)
    living = [Resource(body) for body in cluster.all(USERS)]
    closing = any("deletionTimestamp" in body["metadata"] for body in cluster.all(TENANTS))
    found = [f"{resource.name} is still being deleted" for resource in living if resource.deleting]
    for key in sorted({*past.keys(), *(user.state.user_name.lower() for user in remote.users.values())}):
        resources = [resource for resource in living if resource.key == key]
        found += _about_user(setting, key, resources, past, remote, closing=closing)
    return [*found, *_about_seats(setting, living, remote)]


def _about_user(
    setting: Setting, key: str, resources: list[Resource], past: Past, remote: RemoteModel, *, closing: bool
) -> Iterator[str]:
    """`closing`: the tenant is being deleted, so nobody gains access any more."""
    users = remote.named(key)
    if len(users) > 1:
        yield f"{key} exists {len(users)} times"
        return
    owner = owner_of(resources)
    if owner is None:
        if not resources and _left_for_good(key, past, remote.journal):
            yield from _about_leaver(setting, key, remote)
    elif not owner.suspended and not (closing and owner.active):
        yield from _about_owner(setting, owner, remote)
    for resource in resources:
        if resource is not owner and not resource.deleting:
            yield from _about_bystander(resource, owner)


def _left_for_good(key: str, past: Past, journal: Journal) -> bool:
    """The user was managed, all who managed it are gone by plain deletion, and no administrator came after that."""
    lasts = past.last(key)
    if not any(resource.claimed for resource in past.ever(key)):
        return False
    if not all(resource.deprovisions for resource in past.ever(key)):
        return False
    departed = max(version.time for _, version in lasts)
    granted = [entry for entry in journal if entry.subject == key and entry.verb in ("create", "activate")]
    return not any(_excuses(entry, departed) for entry in granted)


def _excuses(entry: Entry, departed: float) -> bool:
    """The user was let in by an administrator about when the last resource went."""
    return entry.origin.actor == ADMINISTRATOR and entry.time >= departed - SLACK_SECONDS


def _about_leaver(setting: Setting, key: str, remote: RemoteModel) -> Iterator[str]:
    for user in remote.named(key):
        if user.state.active:
            yield f"{key} has no resource any more and is still active"
        elif user.id in remote.holders and setting.license != "None":
            yield f"{key} has no resource any more and still holds a seat"


def _about_owner(setting: Setting, owner: Resource, remote: RemoteModel) -> Iterator[str]:
    user = next(iter(remote.named(owner.key)), None)
    if not owner.claimed:
        yield f"{owner.name} carries no finalizer"
    if owner.active and (user is None or not user.state.active):
        if setting.license == "None" or len(remote.holders) < remote.total:
            yield f"{owner.name} should be active and seats are free"
        yield from _says(owner, Ready=("False", "LicenseUnavailable"))
        return
    if not owner.active and user is not None and user.state.active:
        yield f"{owner.name} should be inactive"
    if not owner.active and user is not None and user.id in remote.holders and setting.seat_release is not Seats.LATER:
        yield f"{owner.name} is inactive and still holds a seat"
    if user is not None and user.state.roles != (owner.body["spec"]["role"],):
        yield f"{owner.name} has the roles {user.state.roles}"
    licensed = (None if setting.license == "None" else "True" if owner.active else "False", None)
    yield from _says(owner, Ready=("True", None), Synced=("True", None), Licensed=licensed)
    status = owner.body["status"]
    if status.get("userId") != (user.id if user is not None else None):
        yield f"{owner.name} says userId {status.get('userId')}"
    if user is not None and status.get("active") != user.state.active:
        yield f"{owner.name} says active {status.get('active')}"


def _about_bystander(resource: Resource, owner: Resource | None) -> Iterator[str]:
    if resource.suspended:
        yield from _says(resource, Ready=("Unknown", "Suspended"))
    elif resource.full and owner is not None:
        yield from _says(resource, Ready=("False", "OwnershipConflict"), Stalled=("True", "OwnershipConflict"))


def _says(resource: Resource, **expected: tuple[str | None, str | None]) -> Iterator[str]:
    """Each condition must have that status and reason, None meaning any, and speak of the present generation."""
    generation = resource.body["metadata"]["generation"]
    if resource.body["status"].get("observedGeneration") != generation:
        yield f"{resource.name} has observedGeneration {resource.body['status'].get('observedGeneration')}"
    for type_, (status, reason) in expected.items():
        condition = resource.condition(type_)
        wrong = status is not None and condition.get("status") != status
        if wrong or (reason is not None and condition.get("reason") != reason):
            said = f"{condition.get('status')} {condition.get('reason')}: {condition.get('message')}"
            yield f"{resource.name} says {type_}={said} instead of {status} {reason or ''}".rstrip()


def _about_seats(setting: Setting, living: list[Resource], remote: RemoteModel) -> Iterator[str]:
    if setting.license == "None":
        return
    keys = {resource.key for resource in living}
    stray = [user.id for user in remote.users.values() if user.state.active and user.id not in remote.holders]
    if stray:
        yield f"active without a seat: {stray} with resources of {sorted(keys)}"

"""Rules about the state: what must be true once the dust has settled. They know the models, and not the engine.

Leavers are out and their seats free, joiners are in, deleted resources are gone, protected users and somebody else's
accounts are left alone, and every status tells the truth. Each tenant is judged by itself.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime

from chaos.simulation.cluster_model import TENANTS, USERS, Body, ClusterModel, tenant_of
from chaos.simulation.excuses import complaints_about_differences, differing, may_stay_active, says
from chaos.simulation.journal import ADMINISTRATOR, Entry, Journal, wall_clock
from chaos.simulation.past import SLACK_SECONDS, Past, Resource, accounts_of, is_protected, owner_of
from chaos.simulation.people import SYNC_SECONDS
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import Listing, Seats, Setting
from chaos.simulation.title import Title, Titles
from cxone_operator.core.users import Field, RemoteUser

_REQUESTS_OF_TENANT = 8
"""In a sync period at rest: seats every ten seconds while somebody waits, two first pages, a token."""
_REQUESTS_OF_ONE = 2
"""The same for each resource and each account: a look, and what CXone does not heed."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One tenant at rest."""

    setting: Setting
    tenants: dict[str, Body]
    """By name, without those that were deleted together with their users."""
    living: list[Resource]
    past: Past
    remote: RemoteModel
    journal: Journal
    clock: datetime

    def closes(self, resource: Resource) -> bool:
        """Its tenant is being deleted, so nobody gains access any more."""
        tenant = self.tenants.get(tenant_of(resource.body))
        return tenant is not None and "deletionTimestamp" in tenant["metadata"]

    def holds(self, resource: Resource) -> bool:
        """Its tenant says that an approval is awaited."""
        tenant = self.tenants.get(tenant_of(resource.body))
        return tenant is not None and bool(tenant["status"].get("deprovisioning", {}).get("planHash"))

    def hides(self, resource: Resource) -> bool:
        """Nobody sees that there is an account, inactive as the resource wants it: it is in no list, nor named."""
        user = self.user(resource.key)
        unseen = user is not None and not user.state.active and self.setting.listing is Listing.ACTIVE_ONLY
        return unseen and not resource.active(self.clock)

    @property
    def hides_quota(self) -> bool:
        """Nobody is let in, as nobody knows how many seats there are."""
        return self.setting.license == "Quota" and not self.setting.shows_quota

    @property
    def free(self) -> int:
        """Seats."""
        return self.remote.total - len(self.remote.holders)

    def user(self, key: str) -> RemoteUser | None:
        """In CXone."""
        return next(iter(self.remote.named(key)), None)

    def namesakes(self, key: str) -> list[Resource]:
        """The resources of a user."""
        return [resource for resource in self.living if resource.key == key]

    def protects(self, key: str) -> bool:
        """This user is never changed."""
        return bool(self.setting.protected) and any(is_protected(key, tenant) for tenant in self.tenants.values())

    def titles(self, key: str) -> dict[str, Title]:
        """By uid, of all resources that ever were claimed, to the account that there is now; empty without one."""
        accounts = accounts_of(self.journal).get(key, [])
        if not accounts or accounts[-1].gone < float("inf"):
            return {}
        titles = Titles(self.past, self.journal)
        claimed = [life for life in self.past.lives(key) if any(Resource(version.body).claimed for version in life)]
        return {Resource(life[0].body).uid: titles.of(life, accounts[-1]) for life in claimed}

    def needed(self) -> int:
        """So many seats let somebody in who waits."""
        if self.setting.on_shortage != "HoldBatch":
            return 1
        owners = (owner_of(self.namesakes(key)) for key in self.past.everybody() if not self.protects(key))
        return sum(1 for owner in owners if owner is not None and self._waits(owner))

    def _waits(self, owner: Resource) -> bool:
        user = self.user(owner.key)
        return owner.active(self.clock) and not owner.suspended and (user is None or not user.state.active)


def complaints_about_state(setting: Setting, cluster: ClusterModel, remote: RemoteModel, now: float) -> list[str]:
    """What is not yet, or not any more, as it should be in a tenant."""
    names = setting.tenants_of(remote.name)
    tenants = {name: body for name in names if (body := cluster.find(TENANTS, name)) is not None}
    journal = cluster.journal.of(*names)
    living = [Resource(body) for body in cluster.all(USERS) if tenant_of(body) in names]
    past = Past(cluster.history, journal, *names)
    scene = Scene(setting, tenants, living, past, remote, journal, wall_clock(now))
    found = [complaint for one in living for complaint in _about_resource(scene, one)]
    for key in sorted({*past.everybody(), *(user.state.user_name.lower() for user in remote.users.values())}):
        found += _about_user(scene, key)
    return [*found, *_about_seats(scene)]


def complaints_about_writes(journal: Journal, tenants: Container[str], since: float) -> list[str]:
    """Nothing is written at rest; what CXone accepts and ignores is asked for once in a sync period."""
    found = [f"written at rest: {entry}" for entry in journal.written_since(since) if entry.tenant in tenants]
    last: dict[tuple[str, str], float] = {}
    for entry in journal:
        if entry.verb == "ignored" and entry.time >= since and entry.tenant in tenants:
            who = entry.tenant, entry.subject
            if entry.origin.asked - last.get(who, float("-inf")) < SYNC_SECONDS:
                found.append(f"asked again too soon: {entry}")
            last[who] = entry.origin.asked
    return found


def complaints_about_requests(setting: Setting, cluster: ClusterModel, remote: RemoteModel, requests: int) -> list[str]:
    """At rest a CXone is asked so often in a sync period, for its seats and users and for each person, and no more."""
    tenants = setting.tenants_of(remote.name)
    living = sum(1 for body in cluster.all(USERS) if tenant_of(body) in tenants)
    most = _REQUESTS_OF_TENANT * len(tenants) + _REQUESTS_OF_ONE * (living + len(remote.users))
    return [f"{requests} requests at rest, and {most} are enough"] if requests > most else []


def _about_resource(scene: Scene, resource: Resource) -> Iterator[str]:
    """Whoever it belongs to: it goes when it is to go, says nothing that is not so, and is told of by its tenant."""
    user = scene.user(resource.key)
    if resource.deleting and not scene.protects(resource.key) and not may_stay_active(scene.setting, resource):
        yield f"{resource.name} is still being deleted"
    ready = resource.condition("Ready")
    if ready.get("status") == "True" and user is not None and differing(resource, user, scene.clock):
        yield f"{resource.name} says that all is well, and CXone shows otherwise"
    if ready.get("reason") == "DeprovisioningHeld" and not scene.holds(resource):
        yield f"{resource.name} says that it is held, and its tenant says nothing of it"


def _about_user(scene: Scene, key: str) -> Iterator[str]:
    users, resources = scene.remote.named(key), scene.namesakes(key)
    if len(users) > 1:
        yield f"{key} exists {len(users)} times"
        return
    if scene.protects(key):
        yield from _about_protected(resources)
        return
    owner = owner_of(resources)
    if owner is None:
        if not resources and _left_for_good(scene, key):
            yield from _about_leaver(scene, key)
    elif not owner.suspended and not (scene.closes(owner) and owner.active(scene.clock)):
        yield from _about_manager(scene, owner)
    for resource in resources:
        if resource is not owner and not resource.deleting:
            yield from _about_bystander(resource, owner)


def _about_manager(scene: Scene, owner: Resource) -> Iterator[str]:
    """Whoever manages a user, if the account is theirs to manage; one that nobody shows is no trouble to anybody."""
    title = Title.GOOD if owner.adopts else scene.titles(owner.key).get(owner.uid, Title.GOOD)
    refused = owner.condition("Ready").get("reason") == "AlreadyExists"
    if refused and title is not Title.GOOD:
        yield from _about_refused(owner)
    elif title is not Title.NONE:
        yield from _about_owner(scene, owner)
    elif not scene.hides(owner):
        yield from _about_refused(owner)


def _about_protected(resources: list[Resource]) -> Iterator[str]:
    for resource in resources:
        if resource.full and not resource.deleting:
            yield from says(resource, Ready=("False", "ProtectedUser"), Stalled=("True", "ProtectedUser"))


def _about_refused(resource: Resource) -> Iterator[str]:
    yield from says(resource, Ready=("False", "AlreadyExists"), Stalled=("True", "AlreadyExists"))
    if resource.body["status"].get("userId") is not None:
        yield f"{resource.name} says userId {resource.body['status']['userId']} of somebody else's account"


def _left_for_good(scene: Scene, key: str) -> bool:
    """The user was managed, all who managed it are gone by plain deletion, and no administrator came after that."""
    lasts = scene.past.last(key)
    if not any(resource.claimed for resource in scene.past.ever(key)):
        return False
    if not all(resource.deprovisions for resource in scene.past.ever(key)):
        return False
    if scene.setting.never and Title.GOOD not in scene.titles(key).values():
        return False
    departed = max(version.time for _, version in lasts)
    granted = [entry for entry in scene.journal if entry.subject == key and entry.verb in ("create", "activate")]
    return not any(_excuses(entry, departed) for entry in granted)


def _excuses(entry: Entry, departed: float) -> bool:
    """The user was let in by an administrator about when the last resource went."""
    return entry.origin.actor == ADMINISTRATOR and entry.time >= departed - SLACK_SECONDS


def _about_leaver(scene: Scene, key: str) -> Iterator[str]:
    for user in scene.remote.named(key):
        if user.state.active:
            yield f"{key} has no resource any more and is still active"
        elif user.id in scene.remote.holders and scene.setting.license != "None":
            yield f"{key} has no resource any more and still holds a seat"


def _about_owner(scene: Scene, owner: Resource) -> Iterator[str]:
    setting, user, active = scene.setting, scene.user(owner.key), owner.active(scene.clock)
    if not owner.claimed:
        yield f"{owner.name} carries no finalizer"
    found = differing(owner, user, scene.clock) if user is not None else set()
    if active and (user is None or Field.ACTIVE in found):
        yield from _about_joiner(scene, owner, found)
        return
    if Field.ACTIVE in found:
        if not may_stay_active(setting, owner):
            yield f"{owner.name} should be inactive"
        return
    if not active and user is not None and user.id in scene.remote.holders and setting.seat_release is not Seats.LATER:
        yield f"{owner.name} is inactive and still holds a seat"
    yield from _about_fields(scene, owner, user, found)
    status = owner.body["status"]
    hidden = setting.listing is Listing.ACTIVE_ONLY and user is None and not active  # that it is gone, too
    if status.get("userId") != (user.id if user is not None else None) and not hidden:
        yield f"{owner.name} says userId {status.get('userId')}"
    if user is not None and status.get("active") != user.state.active:
        yield f"{owner.name} says active {status.get('active')}"


def _about_joiner(scene: Scene, owner: Resource, found: set[Field]) -> Iterator[str]:
    """Somebody who is to be active, and is not."""
    if Field.ACTIVE in found and scene.setting.ignored is Field.ACTIVE and _differs(owner):
        yield from complaints_about_differences(owner, found & scene.setting.unheeded)
    elif scene.hides_quota:
        yield from says(owner, Ready=("False", "PermissionDenied"))
    else:
        if scene.setting.license == "None" or scene.free >= scene.needed():
            yield f"{owner.name} should be active and seats are free"
        yield from says(owner, Ready=("False", "LicenseUnavailable"))


def _about_fields(scene: Scene, owner: Resource, user: RemoteUser | None, found: set[Field]) -> Iterator[str]:
    """Where CXone ignores what it is asked for, the resource names the fields; otherwise there are none."""
    for field in sorted(found - scene.setting.unheeded):
        value = getattr(user.state, field.attribute) if user is not None else None
        yield f"{owner.name} has the {field} {value}"
    if found:
        yield from complaints_about_differences(owner, found)
        return
    counts = scene.setting.license != "None"
    licensed = ("True" if owner.active(scene.clock) else "False", None) if counts else (None, None)
    yield from says(owner, Ready=("True", None), Synced=("True", None), Licensed=licensed)


def _differs(resource: Resource) -> bool:
    return resource.condition("Ready").get("reason") == "DifferencesFound"


def _about_bystander(resource: Resource, owner: Resource | None) -> Iterator[str]:
    if resource.suspended:
        yield from says(resource, Ready=("Unknown", "Suspended"))
    elif resource.full and owner is not None:
        yield from says(resource, Ready=("False", "OwnershipConflict"), Stalled=("True", "OwnershipConflict"))


def _about_seats(scene: Scene) -> Iterator[str]:
    if scene.setting.license == "None":
        return
    remote, keys = scene.remote, {resource.key for resource in scene.living}
    stray = [user.id for user in remote.users.values() if user.state.active and user.id not in remote.holders]
    if stray:
        yield f"active without a seat: {stray} with resources of {sorted(keys)}"

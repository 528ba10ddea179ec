"""Rules about the state: what must be true once the dust has settled. They know the models, and not the engine.

Leavers are out and their seats free, joiners are in, deleted resources are gone, protected users and somebody else's
accounts are left alone, and every status tells the truth. Each tenant is judged by itself.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime

from chaos.simulation.cluster_model import TENANTS, USERS, Body, ClusterModel, tenant_of
from chaos.simulation.journal import ADMINISTRATOR, Entry, Journal, wall_clock
from chaos.simulation.past import SLACK_SECONDS, Past, Resource, accounts_of, is_protected, owner_of
from chaos.simulation.people import SYNC_SECONDS
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import Seats, Setting
from chaos.simulation.title import Title, Titles
from cxone_operator.core.users import Field, RemoteUser


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
    found = [f"{one.name} is still being deleted" for one in living if one.deleting and not scene.protects(one.key)]
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
        title = Title.GOOD if owner.adopts else scene.titles(key).get(owner.uid, Title.GOOD)
        refused = owner.condition("Ready").get("reason") == "AlreadyExists"
        if title is Title.NONE or (title is Title.DOUBTFUL and refused):
            yield from _about_refused(owner)
        else:
            yield from _about_owner(scene, owner)
    for resource in resources:
        if resource is not owner and not resource.deleting:
            yield from _about_bystander(resource, owner)


def _about_protected(resources: list[Resource]) -> Iterator[str]:
    for resource in resources:
        if resource.full and not resource.deleting:
            yield from _says(resource, Ready=("False", "ProtectedUser"), Stalled=("True", "ProtectedUser"))


def _about_refused(resource: Resource) -> Iterator[str]:
    yield from _says(resource, Ready=("False", "AlreadyExists"), Stalled=("True", "AlreadyExists"))
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
    setting, remote, user, active = scene.setting, scene.remote, scene.user(owner.key), owner.active(scene.clock)
    if not owner.claimed:
        yield f"{owner.name} carries no finalizer"
    if active and (user is None or not user.state.active):
        if setting.license == "None" or scene.free >= scene.needed():
            yield f"{owner.name} should be active and seats are free"
        yield from _says(owner, Ready=("False", "LicenseUnavailable"))
        return
    if not active and user is not None and user.state.active:
        yield f"{owner.name} should be inactive"
    if not active and user is not None and user.id in remote.holders and setting.seat_release is not Seats.LATER:
        yield f"{owner.name} is inactive and still holds a seat"
    if user is not None and user.state.roles != (owner.body["spec"]["role"],):
        yield from _about_roles(setting, owner, user)
    else:
        licensed = (None if setting.license == "None" else "True" if active else "False", None)
        yield from _says(owner, Ready=("True", None), Synced=("True", None), Licensed=licensed)
    status = owner.body["status"]
    if status.get("userId") != (user.id if user is not None else None):
        yield f"{owner.name} says userId {status.get('userId')}"
    if user is not None and status.get("active") != user.state.active:
        yield f"{owner.name} says active {status.get('active')}"


def _about_roles(setting: Setting, owner: Resource, user: RemoteUser) -> Iterator[str]:
    """Where CXone ignores what it is asked for, the resource names the field."""
    if setting.ignored is not Field.ROLES:
        yield f"{owner.name} has the roles {user.state.roles}"
        return
    yield from _says(owner, Ready=("False", "DifferencesFound"), Synced=("False", "DifferencesFound"))
    named = [difference["field"] for difference in owner.body["status"].get("differences", [])]
    if named != [Field.ROLES.value]:
        yield f"{owner.name} names the fields {named}"


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


def _about_seats(scene: Scene) -> Iterator[str]:
    if scene.setting.license == "None":
        return
    remote, keys = scene.remote, {resource.key for resource in scene.living}
    stray = [user.id for user in remote.users.values() if user.state.active and user.id not in remote.holders]
    if stray:
        yield f"active without a seat: {stray} with resources of {sorted(keys)}"

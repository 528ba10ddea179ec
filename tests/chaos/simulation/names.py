"""Rules for runs in which names change hands: whose account is whose is judged by ids, as a name says little there.

Once the dust has settled, no account that the operator has made, or that a resource ever had, is active without a
living resource that wants it so, or that says that all is not well; what says that all is well has the account that it
names, under its own name; and nobody was made twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from chaos.simulation.cluster_model import USERS, ClusterModel, Version, tenant_of
from chaos.simulation.excuses import may_stay_active
from chaos.simulation.journal import wall_clock
from chaos.simulation.past import Resource
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import Setting

_SAYS_SO = (
    *("OwnershipConflict", "AmbiguousMatch", "AlreadyExists", "ProtectedUser", "LicenseUnavailable", "Suspended"),
    *("DifferencesFound", "TenantNotReady", "DeprovisioningHeld", "PermissionDenied"),
)
"""Reasons that tell a person what to do, or why nothing is done."""


def complaints_about_accounts(setting: Setting, cluster: ClusterModel, remote: RemoteModel, now: float) -> list[str]:
    """What is not yet, or not any more, as it should be in a CXone and in its tenants."""
    clock, tenants = wall_clock(now), setting.tenants_of(remote.name)
    living = [Resource(body) for body in cluster.all(USERS) if tenant_of(body) in tenants]
    managed = _managed(cluster, remote, tenants)
    found = [*_about_active(remote, managed, living, clock)]
    for resource in living:
        if resource.deleting:
            stays = _is_protected(resource) or may_stay_active(setting, resource)
            found += [] if stays else [f"{resource.name} is still being deleted"]
        elif resource.full:
            found += _about_resource(setting, remote, resource, living, clock)
    return found


def _about_active(remote: RemoteModel, managed: set[str], living: list[Resource], clock: datetime) -> Iterator[str]:
    for user in remote.users.values():
        if not user.state.active or user.id not in managed:
            continue
        holders = [one for one in living if one.body["status"].get("userId") == user.id]
        told = [one for one in living if user.id in str(one.condition("Ready").get("message"))]
        if not any(one.active(clock) or _says_so(one) for one in holders) and not told:
            yield f"{user.id} is active as {user.state.user_name}, and nobody wants it or says so"


def _managed(cluster: ClusterModel, remote: RemoteModel, tenants: Collection[str]) -> set[str]:
    """Accounts that resources had which are deprovisioned with their resource, always.

    Not so one that was renamed by hand before anybody could have seen its id: a job of CXone tells none, and whoever
    takes over from a resource that goes knows the account by its name until the first status.
    """
    kept: set[str] = set()
    found: set[str] = set()
    for versions in cluster.history.values():
        for version in versions:
            account = version.body.get("status", {}).get("userId")
            if account is None or tenant_of(version.body) not in tenants:
                continue
            found.add(account)
            if not Resource(version.body).deprovisions:
                kept.add(account)
    journal = cluster.journal.of(*tenants)
    made = {entry.detail.split()[0] for entry in journal if entry.verb == "create" and entry.origin.operator}
    by_hand = {entry.subject for entry in journal if entry.verb in ("activate", "create") and not entry.origin.operator}
    names = {id_: user.state.user_name.lower() for id_, user in remote.users.items()}
    found |= made - remote.renamed_by_hand
    found -= {account for account in found & remote.renamed_by_hand if _is_handed_over(cluster, account)}
    return {id_ for id_ in found if id_ not in kept and names.get(id_) not in by_hand}


def _is_handed_over(cluster: ClusterModel, account: str) -> bool:
    """All that ever named it are gone, and one of the same name was there when they went."""
    lives = cluster.history.values()
    named = [life for life in lives if any(one.body.get("status", {}).get("userId") == account for one in life)]
    heirs = [life for life in lives for old in named if _succeeds(life, old)]
    return bool(heirs) and all(life[-1].gone for life in named)


def _succeeds(life: list[Version], old: list[Version]) -> bool:
    last, ended = old[-1].body, life[-1].time if life[-1].gone else float("inf")
    namesakes = life is not old and "userName" in life[0].body["spec"]
    same = namesakes and Resource(life[0].body).key == Resource(last).key
    return same and life[0].time <= old[-1].time < ended


def _about_resource(
    setting: Setting, remote: RemoteModel, resource: Resource, living: list[Resource], clock: datetime
) -> Iterator[str]:
    ready = resource.condition("Ready")
    account = remote.users.get(str(resource.body["status"].get("userId")))
    if ready.get("status") != "True":
        if not _says_so(resource) and not _names_one_that_does(resource, living):
            yield f"{resource.name} says {ready.get('reason')}: {ready.get('message')}"
        stays = resource.active(clock) or resource.suspended or may_stay_active(setting, resource)
        if account is not None and account.state.active and not stays:
            yield f"{resource.name} should be inactive, whatever its name"
        return
    if account is None:
        if resource.active(clock):
            yield f"{resource.name} says that all is well, and has no account"
        return
    if account.state.user_name.lower() != resource.key:
        yield f"{resource.name} says that all is well, and its account is called {account.state.user_name}"
    if account.state.active is not resource.active(clock):
        yield f"{resource.name} says that all is well, and its account is {account.state.active}"


def _is_protected(resource: Resource) -> bool:
    return resource.condition("Ready").get("reason") == "ProtectedUser"


def _says_so(resource: Resource) -> bool:
    return resource.condition("Ready").get("reason") in _SAYS_SO


def _names_one_that_does(resource: Resource, living: list[Resource]) -> bool:
    """It waits for a name that another one cannot give away, as that waits for a seat, say."""
    message = str(resource.condition("Ready").get("message"))
    return any(_says_so(one) and f"'{one.name}'" in message for one in living)

"""Planning: gathers what a rehearsal begins with, from the cluster, from manifests, and from CXone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.meta import CLAIMED_AS, USER_FINALIZER
from cxone_operator.api.tenant import DEFAULT_NAME, CxoneTenant, TenantSpec, decode_tenant
from cxone_operator.api.user import CxoneUser, decode_user
from cxone_operator.cli.options import Place
from cxone_operator.cli.processes.session import Session
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.doctor import names
from cxone_operator.doctor.check import Outcome
from cxone_operator.manifests import applying
from cxone_operator.manifests.reading import Key, read_manifests, read_revision
from cxone_operator.rehearsal.rehearsal import Scene
from cxone_operator.rehearsal.remote import Accounts
from cxone_operator.scim.dialects import dialect_of
from cxone_operator.scim.dialects.dialect import BulkMode
from cxone_operator.scim.remote import Remote

Bodies = dict[Key, dict[str, Any]]

_SECRET = "rehearsal"  # noqa: S105 - the name of a Secret in which there is none
_ENVIRONMENT = "environment"
_DOUBTFUL = (Outcome.FAILED, Outcome.WARNING)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be planned, as the options say."""

    files: tuple[str, ...]
    """None of them: the resources as they are in the cluster."""
    since: str | None
    """Whoever is in this Git revision of the files, and not in them any more, is deleted."""
    prune: bool
    """Whoever is in the cluster and not in the files is deleted."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a rehearsal begins with, and the tenant that it is about."""

    scene: Scene
    tenant: str
    """By its name in the scene."""
    spec: TenantSpec

    def doubts(self) -> list[str]:
        """Roles and groups that people are to have, and that CXone does not know, each with a remedy."""
        bodies = (body for body in self.scene.bodies if body["kind"] == user_api.KIND)
        accounts = self.scene.accounts[self.tenant]
        offers = accounts.source.capabilities
        found = names.compared(map(decode_user, bodies), self.spec.defaults, accounts.users, offers, whole=offers.lists)
        return [f"{check.seen}; {check.remedy}" for check in found if check.outcome in _DOUBTFUL]


async def gather(session: Session, place: Place, wanted: Wanted) -> Gathered:
    """Read all that is needed, CXone's users once; raises ManifestError, ClusterError, ScimError."""
    live, now = await live_bodies(session), datetime.now(UTC)
    before = _carried_out(wanted, session.namespace, now)
    bodies = _wanted_bodies({**before, **live}, before, session.namespace, wanted, now)
    gathered = await scene_of(session, place, bodies)
    return replace(gathered, scene=_recorded(gathered, before.keys() - live.keys()))


async def scene_of(session: Session, place: Place, bodies: Bodies, *, everybody: bool = True) -> Gathered:
    """What these resources of a tenant would begin with; else than `everybody`, only whom they name is asked for."""
    now = datetime.now(UTC)
    tenant = _tenant(bodies, session.namespace, place.tenant)
    spec = session.spec(tenant)
    concerned = [body for body in bodies.values() if _belongs(body, place.tenant)]
    users = [decode_user(body) for body in concerned]
    accounts = await _accounts(await session.remote(tenant), spec, users, everybody=everybody)
    name = f"{session.namespace}/{place.tenant}" if tenant is not None else _ENVIRONMENT
    if tenant is not None:
        concerned.append(_reachable(bodies[tenant_api.KIND, session.namespace, place.tenant]))
    keys = dict.fromkeys(dialect_of(spec.api).grant.keys, "not needed")
    default = session.default if tenant is None else None
    secrets = {(session.namespace, _SECRET): keys}
    return Gathered(Scene(concerned, {name: accounts}, now, default, secrets), name, spec)


async def live_bodies(session: Session) -> Bodies:
    """The tenants and users of the namespace; raises ClusterError."""
    found: Bodies = {}
    for kind, plural in ((tenant_api.KIND, tenant_api.PLURAL), (user_api.KIND, user_api.PLURAL)):
        for body in await session.bodies(plural):
            whole = {**body, "kind": kind}
            found[applying.key_of(whole)] = whole
    return found


def _carried_out(wanted: Wanted, namespace: str, now: datetime) -> Bodies:
    """What was in Git is taken to be carried out: the operator looks after accounts of these names."""
    before = read_revision(wanted.since, wanted.files, namespace) if wanted.since is not None else {}
    return {key: _claimed(applying.applied(None, manifest, now)) for key, manifest in before.items()}


def _claimed(body: dict[str, Any]) -> dict[str, Any]:
    if body["kind"] != user_api.KIND:
        return body
    metadata = body["metadata"]
    annotations = {**metadata["annotations"], CLAIMED_AS: body["spec"]["userName"]}
    return {**body, "metadata": {**metadata, "finalizers": [USER_FINALIZER], "annotations": annotations}}


def _recorded(gathered: Gathered, keys: Collection[Key]) -> Scene:
    """With the account of each that was carried out, so that its next userName renames it."""
    ids: dict[str, list[str]] = defaultdict(list)
    for account in gathered.scene.accounts[gathered.tenant].users:
        ids[key_of(account.state.user_name)].append(account.id)
    bodies = [_with_account(body, ids) if applying.key_of(body) in keys else body for body in gathered.scene.bodies]
    return replace(gathered.scene, bodies=bodies)


def _with_account(body: Mapping[str, Any], ids: Mapping[str, list[str]]) -> Mapping[str, Any]:
    found = ids[key_of(decode_user(body).claimed_as)]
    return {**body, "status": {"userId": found[0]}} if len(found) == 1 else body


def _wanted_bodies(live: Bodies, before: Bodies, namespace: str, wanted: Wanted, now: datetime) -> Bodies:
    if not wanted.files:
        return live
    manifests = read_manifests(wanted.files, namespace)
    gone = before.keys() - manifests.keys()
    if wanted.prune:
        gone |= {key for key in live.keys() - manifests.keys() if key[0] == user_api.KIND}
    kept = {key: body for key, body in live.items() if key not in gone}
    leaving = {key: applying.deleted(live[key], now) for key in gone if key in live}
    changed = {key: applying.applied(live.get(key), manifest, now) for key, manifest in manifests.items()}
    return kept | changed | {key: body for key, body in leaving.items() if body is not None}


def _tenant(bodies: Bodies, namespace: str, name: str) -> CxoneTenant | None:
    body = bodies.get((tenant_api.KIND, namespace, name))
    return decode_tenant(body) if body is not None else None


def _belongs(body: Mapping[str, Any], tenant: str) -> bool:
    reference = (body["spec"].get("tenantRef") or {}).get("name", DEFAULT_NAME)
    return bool(body["kind"] == user_api.KIND and reference == tenant)


def _reachable(body: Mapping[str, Any]) -> dict[str, Any]:
    """CXone was reached already, wherever the credentials came from."""
    return {**body, "spec": {**body["spec"], "credentialsSecretRef": {"name": _SECRET}}}


async def _accounts(remote: Remote, spec: TenantSpec, users: list[CxoneUser], *, everybody: bool) -> Accounts:
    found: dict[str, RemoteUser] = {}
    if everybody and remote.capabilities.lists:
        async for page in remote.everybody(Lane.BACKGROUND):
            found.update((user.id, user) for user in page.users)
    else:
        names = {key_of(name): name for user in users for name in (user.spec.user_name, user.claimed_as)}
        for portion in remote.portions(names.values()):
            answer = await remote.find(portion, Lane.BACKGROUND)
            found.update((user.id, user) for user in answer.users)
    recorded = {user.status.user_id for user in users if user.status.user_id is not None}
    for id_ in sorted(recorded - found.keys()):
        hidden = await remote.get(id_, Lane.BACKGROUND)
        found.update({id_: hidden} if hidden is not None else {})
    quota = await remote.seats(Lane.BACKGROUND) if spec.license.mode == "Quota" else None
    jobs = dialect_of(spec.api).bulk is BulkMode.ASYNC_JOB
    return Accounts(tuple(found.values()), quota, jobs, remote)

"""What people and administrators do, as far as it makes sense at the moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chaos.simulation.cluster_model import TENANTS, USERS, Body, ClusterModel
from chaos.simulation.journal import ADMINISTRATOR, Origin
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import Act, Hand, Setting, TenantAct
from cxone_operator.api.meta import APPROVE_DEPROVISIONING, RECONCILE_REQUESTED_AT
from cxone_operator.core.users import Change, Email, Field, UserState
from cxone_operator.scim.errors import ScimError

TENANT = "default"
SYNC_SECONDS = 30
ROLES = ("Agent", "Supervisor")


class People:
    """Everybody but the operator."""

    def __init__(self, setting: Setting, cluster: ClusterModel, remote: RemoteModel) -> None:
        self._setting = setting
        self._cluster = cluster
        self._remote = remote
        self._made = 0

    def act(self, act: Act, who: int) -> None:
        """Somebody edits the newest resource of a person, or makes one."""
        current = self._current(who)
        match act:
            case Act.JOIN if current is None:
                self._create(who, f"p{who}")
            case Act.RECREATE if current is not None:
                self._cluster.delete(USERS, current)
                self._create(who)
            case Act.DUPLICATE if current is not None:
                self._create(who)
            case Act.DELETE if current is not None:
                self._cluster.delete(USERS, current)
            case Act.REQUEST if current is not None:
                self._cluster.annotate(USERS, current, RECONCILE_REQUESTED_AT, f"{self._cluster.now:.3f}")
            case Act.TOUCH if current is not None:
                self._cluster.annotate(USERS, current, "example.com/touched", f"{self._cluster.now:.3f}")
            case Act.MOVE if current is not None:
                role = self._cluster.objects[USERS, current]["spec"]["role"]
                self._cluster.edit(USERS, current, role=ROLES[1 - ROLES.index(role)])
            case _ if current is not None and act in _EDITS:
                self._cluster.edit(USERS, current, **_EDITS[act])

    def hand(self, hand: Hand, who: int) -> None:
        """An administrator changes a user in CXone."""
        origin, name = Origin(ADMINISTRATOR, self._cluster.now), f"p{who}@example.com"
        found = self._remote.named(name)
        try:
            if hand is Hand.CREATE:
                if not found:
                    self._remote.create(_state(name), origin)
            elif found and hand is Hand.DELETE:
                self._remote.delete(found[0].id, origin)
            elif found:
                self._edit_by_hand(found[0].id, found[0].state, hand, origin)
        except ScimError:
            return

    def tenant(self, act: TenantAct) -> None:
        """Something happens to the tenant, its Secret or its seats."""
        match act:
            case TenantAct.NO_SECRET:
                self._cluster.secret_data = None
            case TenantAct.SECRET:
                self._cluster.secret_data = {"clientId": "id", "clientSecret": f"secret {self._cluster.now}"}
            case TenantAct.REFUSED | TenantAct.ACCEPTED:
                self._remote.refuses_credentials = act is TenantAct.REFUSED
            case TenantAct.FEWER_SEATS | TenantAct.MORE_SEATS:
                self._remote.set_total(self._remote.total + (1 if act is TenantAct.MORE_SEATS else -1))
                self._edit_tenant(license=self._license())
            case TenantAct.SUSPEND | TenantAct.RESUME:
                self._edit_tenant(suspend=act is TenantAct.SUSPEND)
            case TenantAct.READDRESS:
                self._edit_tenant(baseURL=f"http://cxone-{self._cluster.now}.example.com")
            case TenantAct.DELETE if self._cluster.find(TENANTS, TENANT) is not None:
                self._cluster.delete(TENANTS, TENANT)

    def approve(self) -> None:
        """Agree to whatever the deprovisioning guard holds."""
        tenant = self._cluster.find(TENANTS, TENANT)
        held = tenant["status"].get("deprovisioning", {}).get("planHash") if tenant is not None else None
        if tenant is not None and held and tenant["metadata"]["annotations"].get(APPROVE_DEPROVISIONING) != held:
            self._cluster.annotate(TENANTS, TENANT, APPROVE_DEPROVISIONING, held)

    def heal(self) -> None:
        """Put everything right that the operator cannot."""
        self._cluster.secret_data = {"clientId": "id", "clientSecret": "secret healed"}
        self._remote.refuses_credentials = False
        self._remote.next_jobs.clear()
        if self._cluster.find(TENANTS, TENANT) is None:
            self.make_tenant()
        self._edit_tenant(suspend=False)

    def make_tenant(self) -> None:
        """The CxoneTenant."""
        self._cluster.create(TENANTS, TENANT, self._tenant_spec())

    def _tenant_spec(self) -> Body:
        setting, limits = self._setting, self._setting.limits
        return {
            "baseURL": "http://cxone.example.com",
            "credentialsSecretRef": {"name": "cxone"},
            "rateLimit": {"requestsPerMinute": setting.requests_per_minute},
            "bulk": {"minOperations": setting.min_operations, "maxOperations": 100, "jobTimeoutSeconds": 30},
            "license": self._license(),
            "safety": {
                "deprovisioning": {
                    "maxUsers": limits.max_users,
                    "maxPercent": limits.max_percent,
                    "minUsers": limits.min_users,
                    "windowSeconds": limits.window_seconds,
                },
                "allowDelete": True,
            },
            "syncPeriodSeconds": SYNC_SECONDS,
            "suspend": False,
        }

    def _license(self) -> Body:
        counts = self._setting.license == "CountUsers"
        return {"mode": self._setting.license, **({"limit": self._remote.total} if counts else {})}

    def _edit_tenant(self, **spec: Any) -> None:
        if self._cluster.find(TENANTS, TENANT) is not None:
            self._cluster.edit(TENANTS, TENANT, **spec)

    def _create(self, who: int, name: str = "") -> None:
        self._made += 1
        name = name or f"p{who}-{self._made}"
        if self._cluster.find(USERS, name) is not None:
            return
        spec = {
            "userName": f"p{who}@example.com" if self._made % 2 else f"P{who}@Example.com",
            "name": {"givenName": "Pat", "familyName": "Smith"},
            "role": ROLES[0],
            "active": True,
        }
        self._cluster.create(USERS, name, spec)

    def _current(self, who: int) -> str | None:
        """The newest resource of a person that is not being deleted."""
        found = [
            (int(body["metadata"]["uid"].split("-")[1]), body["metadata"]["name"])
            for body in self._cluster.all(USERS)
            if body["spec"]["userName"].lower() == f"p{who}@example.com" and "deletionTimestamp" not in body["metadata"]
        ]
        return max(found)[1] if found else None

    def _edit_by_hand(self, user_id: str, state: UserState, hand: Hand, origin: Origin) -> None:
        if hand is Hand.EDIT:
            change = Change(replace(state, roles=("Janitor",)), (Field.ROLES,))
        else:
            change = Change(replace(state, active=hand is Hand.ACTIVATE), (Field.ACTIVE,))
        self._remote.patch(user_id, change, origin)


_EDITS: dict[Act, dict[str, Any]] = {
    Act.LEAVE: {"active": False},
    Act.REHIRE: {"active": True},
    Act.SUSPEND: {"suspend": True},
    Act.RESUME: {"suspend": False},
    Act.OBSERVE: {"managementPolicy": "ObserveOnly"},
    Act.MANAGE: {"managementPolicy": "Full"},
    Act.RETAIN: {"deletionPolicy": "Retain"},
    Act.ERASE: {"deletionPolicy": "Delete"},
}


def _state(name: str) -> UserState:
    return UserState(name, "Pat", "Smith", active=True, emails=(Email(name, "work", primary=True),), roles=("Agent",))
